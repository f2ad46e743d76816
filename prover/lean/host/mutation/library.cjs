// @ts-check
/**
 * The library as the mutation engine sees it: its theorems, and an index of what each can be used for.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {import('../terms.cjs').Shape} Shape
 * @typedef {{id: number, name: Obj, text: string, type: Obj, explicit: number[]}} Lemma
 * @typedef {{lemma: Lemma, at: number, shape: Shape}} Entry `at`: rw: 0 left to right, 1 right to left; consequence: which hypothesis
 * @typedef {Map<number, Map<number, Entry[]>>} Index head and arity → id of the first argument's head or -1 → entries
 * @typedef {{state: Obj, base: Obj, proof: import('../lean.cjs').ProofState, lemmas: Map<string, Lemma>, rw: Index, apply: Index,
 *   consequence: Index, logic: Index, keys: Set<string> | null, heldOut: Set<number>}} Library `heldOut`: ids of names
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { EXPR, BINDER } = require('../terms.cjs');
const { MAX_BINDERS } = require('./limits.cjs');

const OPTIONS = ['pp.proofs true', 'pp.structureInstanceTypes true', 'pp.coercions.types true', 'pp.funBinderTypes true', 'pp.deepTerms true',
  'pp.maxSteps 20000', 'linter.all false', 'linter.unusedVariables false', 'Elab.async false', 'autoImplicit false'];
/** Names that are the machinery's own and no mathematics. */
const SKIPPED = /(^|\.)(_|«)|_private|\.(match_|proof_|eq_|_)\d*|(^|\.)(Internal|Grind|Omega|Linear|Tactic|Meta|Elab|Sat|BVDecide|Do|CCPO|Order)\.|^Lean\.|\.(sizeOf_spec|injEq|noConfusion\w*|ext_iff|below|brecOn)\b|^ST\.|^IO\.|\.(induct|induct_unfolding|fun_cases|fun_cases_unfolding|congr_simp|partial_fixpoint_induct)$/;
const OLD_NAME = /[✝⚠\s«»]/;

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeLibrary(abi, lean, audit, terms) {
  const { unbox, isScalar, inc, dec, tag, field, call, nameText } = abi;
  const { environmentOf } = audit;
  const EQ = terms.idOf('Eq');
  const IFF = terms.idOf('Iff');
  /** Key of entries whose head is a variable: they may match whatever is a proposition. */
  const ANYTHING = -1;

  /** @type {Library | null} */
  let opened = null;

  /** @param {NonNullable<Shape>} s */
  const headKey = (s) => s.id * 64 + Math.min(s.args.length, 63);
  /** @param {NonNullable<Shape>} s */
  const firstKey = (s) => (s.args.length > 0 && s.args[0] !== null && s.args[0].rank === terms.RANK.rigid && s.args[0].id >= 0 ? s.args[0].id : -1);

  /** @param {Index} index @param {Entry} entry */
  function add(index, entry) {
    const key = entry.shape === null ? ANYTHING : headKey(entry.shape);
    let bucket = index.get(key);
    if (bucket === undefined) index.set(key, (bucket = new Map()));
    const first = entry.shape === null ? -1 : firstKey(entry.shape);
    const entries = bucket.get(first);
    if (entries === undefined) bucket.set(first, [entry]);
    else entries.push(entry);
  }

  /** @param {Index} index @param {Shape} s @returns {Entry[]} */
  function lookUp(index, s) {
    const open = index.get(ANYTHING)?.get(-1) ?? [];
    if (s === null) return open;
    const bucket = index.get(headKey(s));
    if (bucket === undefined) return open;
    const first = firstKey(s);
    const found = [];
    for (const [key, entries] of bucket) {
      if (key !== -1 && first !== -1 && key !== first) continue;
      for (const e of entries) if (terms.mayUnify(e.shape, s)) found.push(e);
    }
    return found.concat(open);
  }

  /** Whether a type under some binders is a proposition, as far as its form tells. @param {Obj} env @param {Obj} e @param {Obj[]} outer types, innermost last */
  function looksLikeProp(env, e, outer) {
    e = terms.plain(e);
    const types = [...outer];
    while (tag(e) === EXPR.forall) {
      types.push(field(e, 1));
      e = terms.plain(field(e, 2));
    }
    const [head, args] = terms.spine(e);
    if (tag(head) === EXPR.const) return resultIsProp(env, head, args.length);
    if (tag(head) === EXPR.bvar) {
      const type = types[types.length - 1 - unbox(field(head, 0))];
      return type !== undefined && endsInProp(type, args.length);
    }
    return false;
  }
  /** @type {Map<number, number>} name id → number of arguments after which it is a proposition, or -1 */
  const propArity = new Map();
  /** @param {Obj} env @param {Obj} constant @param {number} n */
  function resultIsProp(env, constant, n) {
    const id = terms.nameId(field(constant, 0));
    let arity = propArity.get(id);
    if (arity === undefined) {
      const info = audit.find(env, field(constant, 0));
      arity = -1;
      if (info !== null) {
        const t = terms.telescope(audit.declared.type(info));
        if (isPropSort(t.body)) arity = t.binders.length;
        dec(info);
      }
      propArity.set(id, arity);
    }
    return arity === n;
  }
  /** @param {Obj} e */
  const isPropSort = (e) => tag(e) === EXPR.sort && tag(field(e, 0)) === 0;
  /** @param {Obj} type @param {number} n */
  function endsInProp(type, n) {
    const t = terms.telescope(type);
    return t.binders.length === n && isPropSort(t.body);
  }

  /**
   * Reads the library once: its theorems, indexed by what they can be used for.
   * @param {Obj} base Command.State after the imports, borrowed
   */
  function open(base) {
    if (opened !== null && opened.base === base) return opened;
    const state = withOptions(base);
    const env = environmentOf(state);
    /** @type {Index} */ const rw = new Map();
    /** @type {Index} */ const apply = new Map();
    /** @type {Index} */ const consequence = new Map();
    /** @type {Map<string, Lemma>} */
    const lemmas = new Map();
    const map = call('l_Lean_Environment_constants', inc(env));
    for (const [n, info] of audit.declared.imported(map)) {
      const kind = tag(info);
      if (kind !== KIND.axiom && kind !== KIND.theorem) continue;
      const text = nameText(n);
      if (SKIPPED.test(text) || OLD_NAME.test(text)) continue;
      const original = call('l_Lean_getOriginalConstKind_x3f', inc(env), inc(n));
      const isTheorem = !isScalar(original) && unbox(field(original, 0)) === 1;
      dec(original);
      if (!isTheorem || unbox(call('l_Lean_Linter_isDeprecated', inc(env), inc(n))) === 1) continue;
      lemmas.set(text, { id: terms.nameId(n), name: n, text, type: audit.declared.type(info), explicit: [] });
    }
    dec(map);
    for (const lemma of lemmas.values()) {
      const { binders, body } = terms.telescope(lemma.type);
      if (binders.length > MAX_BINDERS || binders.some((b) => b.info === BINDER.strictImplicit)) continue;
      const [head, args] = terms.spine(body);
      if (tag(head) !== EXPR.const && tag(head) !== EXPR.bvar) continue;
      const id = tag(head) === EXPR.const ? terms.nameId(field(head, 0)) : -1;
      if (id === EQ || id === IFF) {
        const sides = id === EQ ? [args[1], args[2]] : [args[0], args[1]];
        sides.forEach((side, at) => {
          const shape = terms.shape(env, side);
          if (shape !== null) add(rw, { lemma, at, shape }); // `rw` refuses a variable as a pattern
        });
      }
      if (/congr/.test(lemma.text)) continue; // they conclude any equation and ask for others
      add(apply, { lemma, at: -1, shape: terms.shape(env, body) });
      const outer = binders.map((b) => b.type);
      binders.forEach((b, at) => {
        if (b.info !== BINDER.default || !looksLikeProp(env, b.type, outer.slice(0, at))) return;
        const s = terms.shape(env, b.type);
        const isOpen = s === null && tag(terms.spine(b.type)[0]) === EXPR.bvar;
        if (isOpen || (s !== null && s.id >= 0 && tag(terms.plain(b.type)) !== EXPR.forall)) add(consequence, { lemma, at, shape: s });
      });
    }
    /** @type {Index} */ const logic = new Map();
    for (const text of ['Iff.mp', 'Iff.mpr', 'And.left', 'And.right']) {
      const n = abi.name(text);
      const info = /** @type {Obj} */ (audit.find(env, n));
      const lemma = { id: terms.idOf(text), name: n, text, type: audit.declared.type(info), explicit: [] };
      const at = 2; // behind the two propositions
      add(logic, { lemma, at, shape: terms.shape(env, terms.telescope(lemma.type).binders[at].type) });
    }
    opened = { state, base, proof: lean.anyProofState(state), lemmas, rw, apply, consequence, logic, keys: null, heldOut: new Set() };
    return opened;
  }

  /** What `open` has read. @returns {Library} */
  function library() {
    if (opened === null) throw new Error('the library has not been read');
    return opened;
  }

  /** @param {Obj} base @param {string[]} [more] options @returns {Obj} owned */
  function withOptions(base, more = []) {
    let state = inc(base);
    for (const one of [...[...OPTIONS, ...more].map((o) => `set_option ${o}`), 'noncomputable section']) {
      const { after, errors } = elaborate(state, one);
      if (errors.length > 0) throw new Error(`${one}: ${errors[0]}`);
      dec(state);
      state = after;
    }
    return state;
  }

  /** One command. @param {Obj} state borrowed @param {string} source @returns {{after: Obj, errors: string[]}} */
  function elaborate(state, source) {
    const input = lean.inputContext(source);
    const { stx, pos, log } = lean.parseCommand(input, state, 0);
    const syntaxErrors = errorsOf(log);
    dec(log);
    if (syntaxErrors.length > 0 || pos < Buffer.byteLength(source.trimEnd())) {
      dec(stx);
      dec(input);
      return { after: inc(state), errors: syntaxErrors.length > 0 ? syntaxErrors : ['the text is more than one command'] };
    }
    const after = lean.elabCommand(input, state, stx, pos);
    dec(input);
    return { after, errors: errorsOf(field(after, lean.COMMAND_STATE.messages)) };
  }
  /** @param {Obj} log borrowed @returns {string[]} errors, and uses of sorry */
  function errorsOf(log) {
    return lean.messagesOf(log, () => 0).filter((m) => m.severity === 'error' || /declaration uses .?sorry/.test(m.text)).map((m) => m.text);
  }

  /** Keys of all the library's theorems, so that a mutant that is one of them is known. @param {Obj} base */
  function libraryKeys(base) {
    const lib = open(base);
    if (lib.keys === null) {
      lib.keys = new Set();
      for (const l of lib.lemmas.values()) lib.keys.add(terms.statementKey(l.type));
    }
    return lib.keys;
  }

  /** @param {Index} index */
  const count = (index) => [...index.values()].reduce((sum, bucket) => sum + [...bucket.values()].reduce((n, entries) => n + entries.length, 0), 0);

  return { open, library, lookUp, withOptions, elaborate, libraryKeys, count };
}

module.exports = { makeLibrary };
