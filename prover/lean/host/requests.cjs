// @ts-check
/**
 * The shapes of all requests. A request is checked whole, the ids that it names included, before an operation begins: what
 * goes wrong after that is a fault of the process, and the process ends.
 *
 * A field is `kind` or `kind?`; the latter may be missing or null.
 */
'use strict';

class BadRequest extends Error {}

/** @type {Record<string, Record<string, string>>} operation → field → kind */
const REQUESTS = {
  hello: {},
  header: { text: 'text' },
  import: { modules: 'texts' },
  elaborate: { state: 'state', text: 'text', from: 'offset?', keep: 'flag?', guarded: 'flag?', until: 'number?', budget_ms: 'number?' },
  outline: { state: 'state', text: 'text', from: 'offset?' },
  enter: { state: 'state', text: 'text' },
  tactics: { sid: 'proof', tactics: 'texts', heartbeats: 'amount', timeout_ms: 'amount', stop_when_done: 'flag?', left_ms: 'number?' },
  release: { states: 'states?', proofs: 'proofs?' },
  forget: { from: 'amount' },
  constants: { state: 'state', base: 'state' },
  compare: { a: 'state', b: 'state', base_a: 'state', base_b: 'state', names: 'texts', open: 'texts?', negated: 'pairs?' },
  replay: { state: 'state', base: 'state', names: 'texts' },
  answers: { state: 'state', base: 'state', names: 'texts' },
  settle: {},
  attributes: {},
  commands: { state: 'state' },
  describe: { state: 'state', names: 'texts' },
  modules: { state: 'state' },
  same_types: { a: 'state', b: 'state', names: 'texts' },
  imported: { state: 'state' },
  library: { state: 'state', names: 'texts?' },
  memory: {},
  // refute/
  falsify: { sid: 'proof', budget_ms: 'number', max_tried: 'number?', from: 'amount?', lenient: 'flag?' },
  explore: { state: 'state', names: 'texts', max_size: 'amount', max_terms: 'amount', budget_ms: 'number' },
  // mutation/
  mutate_open: { state: 'state', keys: 'flag?', held_out: 'texts?' },
  mutate: {
    state: 'state', roots: 'texts', seed: 'number', rounds: 'amount', per_root: 'amount', attempts: 'amount', keep_parents: 'amount',
    operators: 'texts', negatives: 'number?',
  },
  statement_keys: { state: 'state', names: 'texts' },
  brute_elaborated: { state: 'state', pairs: 'couples' },
  brute_exhaustive: { state: 'state', root: 'text', every: 'amount?' },
  corpus_list: { state: 'state' },
  corpus: { state: 'state', names: 'texts', check: 'flag?' },
};

const isText = (/** @type {unknown} */ v) => typeof v === 'string';
const isNumber = (/** @type {any} */ v) => typeof v === 'number' && Math.abs(v) <= Number.MAX_SAFE_INTEGER;
const isId = (/** @type {unknown} */ v) => Number.isSafeInteger(v);
const listOf = (/** @type {(v: unknown) => boolean} */ one) => (/** @type {unknown} */ v) => Array.isArray(v) && v.every(one);
/** @type {Record<string, [string, (v: any, request: any) => boolean]>} */
const KINDS = {
  text: ['a text', isText],
  texts: ['a list of texts', listOf(isText)],
  flag: ['true or false', (v) => typeof v === 'boolean'],
  number: ['a number', isNumber],
  amount: ['a number from 0 on', (v) => isNumber(v) && v >= 0],
  offset: ['a byte offset into the text', (v, { text }) => isId(v) && v >= 0 && v <= Buffer.byteLength(text)],
  pairs: ['an object of texts', (v) => typeof v === 'object' && !Array.isArray(v) && Object.values(v).every(isText)],
  couples: ['a list of pairs of texts', listOf((v) => listOf(isText)(v) && /** @type {string[]} */ (v).length === 2)],
  state: ['the id of a state', isId],
  states: ['a list of ids of states', listOf(isId)],
  proof: ['the id of a proof state', isId],
  proofs: ['a list of ids of proof states', listOf(isId)],
};

/**
 * @param {unknown} request
 * @param {(kind: 'state' | 'proof', id: number) => void} there throws when there is no such state
 * @returns {any} the request, in which every field is of its kind; fields that are null are left out
 */
function checked(request, there) {
  const is = (/** @type {unknown} */ v) => `${JSON.stringify(v)}`.slice(0, 80);
  if (typeof request !== 'object' || request === null || Array.isArray(request)) throw new BadRequest(`${is(request)} is no request`);
  const { id, op, ...given } = /** @type {any} */ (request);
  const shape = typeof op === 'string' && Object.hasOwn(REQUESTS, op) ? REQUESTS[op] : undefined;
  if (shape === undefined) throw new BadRequest(`there is no operation ${is(op)}`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(shape, name)) throw new BadRequest(`${op} takes no ${is(name)}`);
    if (value === null) delete given[name];
  }
  for (const [name, kind] of Object.entries(shape)) {
    if (!Object.hasOwn(given, name)) {
      if (!kind.endsWith('?')) throw new BadRequest(`${op} needs ${name}`);
      continue;
    }
    const [words, fits] = KINDS[kind.replace('?', '')];
    if (!fits(given[name], given)) throw new BadRequest(`${name} of ${op} is ${is(given[name])}, not ${words}`);
  }
  for (const [name, kind] of Object.entries(shape)) {
    const [, what] = /^(state|proof)s?\??$/.exec(kind) ?? [];
    if (Object.hasOwn(given, name)) for (const one of what === undefined ? [] : [given[name]].flat()) there(/** @type {'state' | 'proof'} */ (what), one);
  }
  return { id, op, ...given };
}

module.exports = { REQUESTS, BadRequest, checked };
