// @ts-check
/**
 * The loop that makes mutants of a root theorem: candidates from the operators, drafts, quality, text, kernel, rounds.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {import('./library.cjs').Lemma} Lemma
 * @typedef {import('./parent.cjs').ParentTheorem} ParentTheorem
 * @typedef {import('./drafting.cjs').Parent} Parent
 * @typedef {import('./drafting.cjs').Candidate} Candidate
 * @typedef {import('./drafting.cjs').Operator} Operator
 * @typedef {{abi: ReturnType<typeof import('../abi.cjs').makeAbi>, lean: ReturnType<typeof import('../lean.cjs').makeLean>,
 *   audit: ReturnType<typeof import('../audit.cjs').makeAudit>, terms: ReturnType<typeof import('../terms.cjs').makeTerms>,
 *   libraries: ReturnType<typeof import('./library.cjs').makeLibrary>, naming: ReturnType<typeof import('./naming.cjs').makeNaming>,
 *   parents: ReturnType<typeof import('./parent.cjs').makeParents>, quality: ReturnType<typeof import('./quality.cjs').makeQuality>,
 *   drafting: ReturnType<typeof import('./drafting.cjs').makeDrafting>, printing: ReturnType<typeof import('./printing.cjs').makePrinting>,
 *   vacuity: ReturnType<typeof import('./vacuity.cjs').makeVacuity>}} Engine
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { LeanException } = require('../abi.cjs');
const { hashText, random, EXPR, BINDER } = require('../terms.cjs');
const { NoMutant, MAX_SIZE } = require('./limits.cjs');

const MAKERS = ['rw', 'apply', 'iff', 'contrapose', 'conjoin', 'specialise', 'generalise'].map((name) => require(`./operators/${name}.cjs`));
const GIVEN_UP = 3;
/** Steps that always succeed: so many attempts of each for a parent. */
const MAX_PLAIN = 2;

/** @param {Engine} engine */
function makeEngine(engine) {
  const { abi, lean, audit, terms, libraries, naming, parents: { Parent }, quality, drafting, printing, vacuity } = engine;
  const { E, inc, dec, tag, field, call } = abi;
  /** @type {Map<string, Operator>} */
  const operatorOf = new Map(MAKERS.map((make) => make(engine)).map((one) => [one.name, one]));
  const LITERAL = terms.idOf('OfNat.ofNat');

  /** What the index proposes for a parent. @param {Parent} p @param {Set<string>} wanted operators @returns {Candidate[]} */
  function candidates(p, wanted) {
    const { heldOut } = libraries.library();
    const guarded = !heldOut.has(terms.idOf(p.parent.root));
    /** @type {Map<string, Candidate>} */
    const found = new Map();
    for (const [operator, { propose }] of operatorOf) {
      if (!wanted.has(operator)) continue;
      propose(p, (place, entry, occurrence) => {
        if (entry.lemma.text === p.parent.name || (guarded && heldOut.has(entry.lemma.id))) return;
        found.set(`${operator} ${place} ${entry.lemma.id} ${entry.at} ${occurrence ?? ''}`, { operator, place, entry, ...(occurrence === undefined ? {} : { occurrence }) });
      });
    }
    return [...found.values()];
  }

  /** @param {Parent} p @param {Candidate} c */
  const draftOf = (p, c) => /** @type {Operator} */ (operatorOf.get(c.operator)).draft(p, c);

  /** The theorem's name from its root and its key. @param {string} root @param {string} key */
  const mutantName = (root, key) => `m_${root.replace(/[^\p{L}\p{N}_'₀-₉]/gu, '_')}_${key.slice(0, 10)}`;

  /**
   * Mutants of one root theorem.
   * @param {{name: string, seed: number, rounds: number, per_root: number, attempts: number, operators: string[], keep_parents?: number}} request
   */
  function mutateRoot(request) {
    const lib = libraries.library();
    const lemma = lib.lemmas.get(request.name);
    const t0 = performance.now();
    if (lemma === undefined) return { name: request.name, error: 'there is no such theorem', records: [], rejected: [], proposed: 0, attempted: 0, built: 0, ms: 0 };
    const rng = random(request.seed ^ hashText(request.name, 3));
    const operators = new Set(request.operators);
    const seen = new Set([terms.statementKey(lemma.type)]);
    /** @type {object[]} */
    const records = [];
    /** @type {Map<string, {operator: string, round: number, reason: string, count: number, example: object}>} */
    const rejected = new Map();
    const stages = { built: 0, attempted: 0, proposed: 0, drafting_ms: 0, vacuity_ms: 0, printing_ms: 0, kernel_ms: 0 };
    /** @type {Record<string, {attempted: number, built: number, accepted: number}>} */
    const perOperator = {};
    const info = /** @type {Obj} */ (audit.find(audit.environmentOf(lib.state), lemma.name));
    /** @type {ParentTheorem[]} */
    let parents = [{ name: lemma.text, nameObject: lemma.name, levels: audit.declared.levelParams(info), type: lemma.type, state: inc(lib.state), root: lemma.text, round: 0, statement: null, context: '', lemmas: [] }];
    dec(info);
    for (let round = 1; round <= request.rounds && parents.length > 0; round++) {
      /** @type {ParentTheorem[]} */
      const next = [];
      for (const parent of parents) {
        let p;
        try {
          p = new Parent(parent);
        } catch (e) {
          reject(rejected, 'open', round, leanMessage(e), { lemma: parent.name });
          continue;
        }
        oneParent(p, round, next);
        p.free();
      }
      parents.forEach((one) => dec(one.state));
      parents = next;
    }
    parents.forEach((one) => dec(one.state));
    return { name: request.name, records, rejected: [...rejected.values()], ...stages, per_operator: perOperator, ms: performance.now() - t0 };

    /** @param {string} operator @param {'attempted' | 'built' | 'accepted'} what */
    function count(operator, what) {
      const of = (perOperator[operator] ??= { attempted: 0, built: 0, accepted: 0 });
      of[what]++;
      if (what !== 'accepted') stages[what]++;
    }

    /** @param {Parent} p @param {number} round @param {ParentTheorem[]} next */
    function oneParent(p, round, next) {
      const t1 = performance.now();
      const all = candidates(p, operators);
      stages.proposed += all.length;
      const queue = balanced(all, rng);
      stages.drafting_ms += performance.now() - t1;
      let attempts = 0;
      let accepted = 0;
      const wanted = round === 1 ? request.per_root : Math.max(1, request.per_root >> 1);
      for (const c of queue) {
        if (accepted >= wanted || attempts >= request.attempts) break;
        if ((failures.get(c.entry.lemma.id) ?? 0) >= GIVEN_UP) continue;
        attempts++;
        count(c.operator, 'attempted');
        try {
          if (attempt(p, c, round, next)) accepted++;
          failures.delete(c.entry.lemma.id);
        } catch (e) {
          if (!(e instanceof NoMutant)) failures.set(c.entry.lemma.id, (failures.get(c.entry.lemma.id) ?? 0) + 1);
          const detail = e instanceof NoMutant ? e.detail : '';
          reject(rejected, c.operator, round, leanMessage(e), { lemma: c.entry.lemma.text, parent: p.parent.name, detail });
        }
      }
    }

    /** @param {Parent} p @param {Candidate} c @param {number} round @param {ParentTheorem[]} next @returns {boolean} */
    function attempt(p, c, round, next) {
      const t1 = performance.now();
      let t2 = t1;
      p.frame.restore(p.saved);
      E.lean_io_set_heartbeats(0);
      let draft;
      try {
        draft = draftOf(p, c);
      } finally {
        t2 = performance.now();
        stages.drafting_ms += t2 - t1;
      }
      try {
        quality.refuseWeak(p, draft.type);
        const key = terms.statementKey(draft.type);
        if (seen.has(key)) throw new NoMutant('seen before');
        if (lib.keys !== null && lib.keys.has(key)) throw new NoMutant('the library has it');
        seen.add(key);
        const refuter = vacuity.refuter(draft.type);
        stages.vacuity_ms += performance.now() - t2;
        if (refuter !== null) throw new NoMutant(`the hypotheses are refuted by ${refuter}`);
        count(c.operator, 'built');
        const name = mutantName(request.name, key);
        const nameObject = abi.name(name);
        const statement = printing.printed(p.env, nameObject, p.parent.levels, draft.type);
        const t3 = performance.now();
        stages.printing_ms += t3 - t2;
        const proof = draft.lines((/** @type {number} */ i) => (draft.names[i] === '_' ? '_' : draft.names[i]));
        const source = `theorem ${statement} := by\n${proof.map((/** @type {string} */ l) => `  ${l}`).join('\n')}\n`;
        const { after, errors } = libraries.elaborate(p.parent.state, source);
        stages.kernel_ms += performance.now() - t3;
        try {
          if (errors.length > 0) throw new NoMutant(reasonOf(errors[0]), `${source}\n${errors[0]}`);
          const made = audit.find(audit.environmentOf(after), nameObject);
          if (made === null || tag(made) !== KIND.theorem) throw new NoMutant('no theorem came of it', source);
          const type = audit.declared.type(made);
          const finalKey = terms.statementKey(type);
          if (finalKey !== key) {
            if (seen.has(finalKey) || lib.keys?.has(finalKey)) { dec(made); throw new NoMutant('seen before'); }
            seen.add(finalKey);
          }
          count(c.operator, 'accepted');
          const lemmas = lib.lemmas.has(c.entry.lemma.text) ? [...new Set([...p.parent.lemmas, c.entry.lemma.text])] : p.parent.lemmas;
          records.push({
            name, root: request.name, parent: p.parent.name, round, operator: c.operator,
            direction: c.operator === 'rw' ? (c.entry.at === 0 ? '→' : '←') : c.place < 0 ? 'forward' : 'backward',
            place: placeOf(p, c), lemma: c.entry.lemma.text, statement, proof: proof.join('\n'),
            context: p.parent.context, lemmas, key: finalKey, as_drafted: finalKey === key, size: terms.size(type, MAX_SIZE), parent_size: p.size,
            head: headOf(type), hypotheses: terms.telescope(type).binders.filter((b) => b.info === BINDER.default).length,
          });
          if (round < request.rounds && next.length < (request.keep_parents ?? 2)) {
            next.push({ name, nameObject, levels: audit.declared.levelParams(made), type, state: inc(after), root: request.name, round, statement, context: `${p.parent.context}${source}`, lemmas });
          }
          dec(made);
          return true;
        } finally {
          dec(after);
        }
      } finally {
        dec(draft.type);
      }
    }
  }

  /** Where a step was made, in words. @param {Parent} p @param {Candidate} c */
  function placeOf(p, c) {
    const at = c.place < 0 ? 'conclusion' : `${p.hypotheses().includes(c.place) ? 'hypothesis' : 'variable'} ${p.names[c.place]}`;
    return c.occurrence === undefined ? at : `${at}, occurrence ${c.occurrence}`;
  }

  /** @param {Obj} type */
  function headOf(type) {
    const [head] = terms.spine(terms.telescope(type).body);
    return tag(head) === EXPR.const ? terms.texts[terms.nameId(field(head, 0))] : '';
  }

  /** @param {Map<string, any>} into @param {string} operator @param {number} round @param {string} reason @param {object} example */
  function reject(into, operator, round, reason, example) {
    const key = `${operator} ${round} ${reason}`;
    const known = into.get(key);
    if (known !== undefined) known.count++;
    else into.set(key, { operator, round, reason, count: 1, example });
  }

  /** @param {unknown} e @returns {string} */
  function leanMessage(e) {
    if (e instanceof NoMutant) return e.message;
    if (!(e instanceof LeanException)) throw e;
    return reasonOf(lean.renderMessageData(call('l_Lean_Exception_toMessageData', e.object)));
  }
  /** @param {string} message a message of Lean @returns {string} what kind it is */
  const reasonOf = (message) => message.split('\n')[0].replace(/`[^`]*`|'[^']*'|«[^»]*»/g, '…').replace(/\?[\w.]+/g, '…').slice(0, 80);

  /** @type {Map<number, number>} lemma → failures in a row within this request; reset, so that a shard does not depend on others */
  const failures = new Map();

  /** Candidates in an order that takes operators and places in turn, lemmas at random. @param {Candidate[]} all @param {() => number} rng */
  function balanced(all, rng) {
    /** @type {Map<string, Candidate[]>} */
    const groups = new Map();
    /** @type {Candidate[]} */
    const last = [];
    for (const c of all) {
      const literal = c.operator === 'rw' && c.entry.shape !== null && c.entry.shape.id === LITERAL; // 0 into something that is 0
      const anything = c.operator === 'apply' && c.entry.shape === null; // a lemma that fits everywhere says little
      if (literal || anything) {
        last.push(c);
        continue;
      }
      const key = `${c.operator} ${c.operator === 'rw' ? c.entry.at : 0} ${Math.min(c.place, 0)} ${c.occurrence === undefined}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [c]);
      else group.push(c);
    }
    for (const group of groups.values()) {
      for (let i = group.length - 1; i > 0; i--) {
        const j = Math.floor(rng() * (i + 1));
        [group[i], group[j]] = [group[j], group[i]];
      }
    }
    const queues = [...groups].map(([key, group]) => (key.startsWith('specialise') || key.startsWith('generalise') ? group.slice(0, MAX_PLAIN) : group));
    const result = [];
    for (let i = 0; queues.some((q) => i < q.length); i++) for (const q of queues) if (i < q.length) result.push(q[i]);
    return result.concat(last);
  }

  /** A theorem of the library with its binders introduced. @param {string} root */
  function openParent(root) {
    const lib = libraries.library();
    const lemma = /** @type {Lemma} */ (lib.lemmas.get(root));
    const info = /** @type {Obj} */ (audit.find(audit.environmentOf(lib.state), lemma.name));
    const levels = audit.declared.levelParams(info);
    const p = new Parent({ name: lemma.text, nameObject: lemma.name, levels, type: lemma.type, state: lib.state, root, round: 0, statement: null, context: '', lemmas: [] });
    return { p, lemma, levels, free: () => { p.free(); dec(info); } };
  }

  /** For comparisons: candidates of a theorem, and attempts with any lemma. @param {string} root */
  function openRoot(root) {
    const { p, lemma, levels, free } = openParent(root);
    let statement = null;
    const { type } = naming.renamed(lemma.type);
    try {
      statement = printing.printed(p.env, drafting.userName(p, -1), levels, type).replace(/^h(?=[\s.{([:])/, '');
    } catch (e) {
      leanMessage(e);
    }
    dec(type);
    return {
      statement, term: drafting.parentTerm(p, (i) => p.names[i]),
      hypotheses: p.hypotheses(),
      candidates: (/** @type {string[]} */ operators) => candidates(p, new Set(operators)),
      /** @param {Candidate} c @returns {boolean} whether it gives a statement */
      attempt: (c) => {
        p.frame.restore(p.saved);
        E.lean_io_set_heartbeats(0);
        const draft = draftOf(p, c);
        try {
          quality.refuseWeak(p, draft.type);
        } finally {
          dec(draft.type);
        }
        return true;
      },
      free,
    };
  }
  return { candidates, mutateRoot, openRoot, openParent, failures, leanMessage };
}

module.exports = { makeEngine };
