// @ts-check
/**
 * New theorems out of old ones (`data/mutation/` describes the operators). A term index over the library proposes lemmas
 * whose shape can match; Lean's own `rewrite` and unification build the new statement; it is printed with its proof, and
 * the printed text is elaborated: what Lean's kernel does not accept from that text is not returned as accepted.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 * @typedef {import('./terms.cjs').Shape} Shape
 * @typedef {{id: number, name: Obj, text: string, type: Obj, explicit: number[]}} Lemma
 * @typedef {{lemma: Lemma, at: number, shape: Shape}} Entry `at`: rw: 0 left to right, 1 right to left; consequence: which hypothesis
 * @typedef {{operator: string, place: number, entry: Entry}} Candidate `place`: binder of the parent, -1 the conclusion
 * @typedef {{name: string, nameObject: Obj, levels: Obj, type: Obj, state: Obj, round: number, statement: string | null, context: string}} Parent
 */
'use strict';

const { LeanException } = require('./abi.cjs');
const { makeTerms, hashText, random, EXPR, BINDER } = require('./terms.cjs');

const OPTIONS = ['pp.proofs true', 'pp.structureInstanceTypes true', 'pp.coercions.types true', 'pp.funBinderTypes true', 'pp.deepTerms true',
  'pp.maxSteps 20000', 'linter.all false', 'linter.unusedVariables false', 'Elab.async false', 'autoImplicit false'];
const WIDTH = 100;
const MAX_HEARTBEATS = 20_000_000;
const MAX_NEW_HYPOTHESES = 4;
const MAX_NEW_VARIABLES = 2;
const MAX_BINDERS = 40;
const GROWTH = 2;
const GROWTH_SLACK = 40;
const MAX_SIZE = 1500;
const USUAL_SIZE = 4000;
/** Names that are the machinery's own and no mathematics. */
const SKIPPED = /(^|\.)(_|«)|_private|\.(match_|proof_|eq_|_)\d*|(^|\.)(Internal|Grind|Omega|Linear|Tactic|Meta|Elab|Sat|BVDecide|Do|CCPO|Order)\.|^Lean\.|\.(sizeOf_spec|injEq|noConfusion\w*|ext_iff|below|brecOn)\b|^ST\.|^IO\.|\.(induct|induct_unfolding|fun_cases|fun_cases_unfolding|congr_simp|partial_fixpoint_induct)$/;
const OLD_NAME = /[✝⚠\s«»]/;

class NoMutant extends Error {
  /** @param {string} reason a few words that can be counted @param {string} [detail] */
  constructor(reason, detail = '') {
    super(reason);
    this.detail = detail;
  }
}

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeMutate(abi, lean, audit) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, byteAt, ctor, copyWith, array, arrayItems, list, listItems, option,
    call, io, nameText, takeText } = abi;
  const terms = makeTerms(abi, audit);
  const environmentOf = audit.environmentOf;

  // ---------------------------------------------------------------- the library and its index

  /** @type {{state: Obj, base: Obj, proof: import('./lean.cjs').ProofState, lemmas: Map<string, Lemma>, rw: Index, apply: Index, consequence: Index, logic: Index, keys: Set<string> | null} | null} */
  let opened = null;

  /** @typedef {Map<number, Map<number, Entry[]>>} Index head and arity → id of the first argument's head or -1 → entries */

  /** @param {Shape} s not null */
  const headKey = (s) => s.id * 64 + Math.min(s.args.length, 63);
  /** @param {Shape} s */
  const firstKey = (s) => (s.args.length > 0 && s.args[0] !== null && s.args[0].rank === terms.RANK.rigid && s.args[0].id >= 0 ? s.args[0].id : -1);

  /** @param {Index} index @param {Entry} entry */
  function add(index, entry) {
    if (entry.shape === null) return;
    const key = headKey(entry.shape);
    let bucket = index.get(key);
    if (bucket === undefined) index.set(key, (bucket = new Map()));
    const first = firstKey(entry.shape);
    const entries = bucket.get(first);
    if (entries === undefined) bucket.set(first, [entry]);
    else entries.push(entry);
  }

  /** @param {Index} index @param {Shape} s @returns {Entry[]} */
  function lookUp(index, s) {
    if (s === null) return [];
    const bucket = index.get(headKey(s));
    if (bucket === undefined) return [];
    const first = firstKey(s);
    const found = [];
    for (const [key, entries] of bucket) {
      if (key !== -1 && first !== -1 && key !== first) continue;
      for (const e of entries) if (terms.mayUnify(e.shape, s)) found.push(e);
    }
    return found;
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
        const t = terms.telescope(field(field(field(info, 0), 0), 2));
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
    for (const bucket of arrayItems(field(field(map, 0), 1))) {
      for (let l = bucket; !isScalar(l); l = field(l, 2)) {
        const n = field(l, 0);
        const kind = tag(field(l, 1));
        if (kind !== 0 && kind !== terms.KIND.theorem) continue;
        const text = nameText(n);
        if (SKIPPED.test(text) || OLD_NAME.test(text)) continue;
        const original = call('l_Lean_getOriginalConstKind_x3f', inc(env), inc(n));
        const isTheorem = !isScalar(original) && unbox(field(original, 0)) === 1;
        dec(original);
        if (!isTheorem || unbox(call('l_Lean_Linter_isDeprecated', inc(env), inc(n))) === 1) continue;
        const type = field(field(field(field(l, 1), 0), 0), 2);
        lemmas.set(text, { id: terms.nameId(n), name: n, text, type, explicit: [] });
      }
    }
    dec(map);
    for (const lemma of lemmas.values()) {
      const { binders, body } = terms.telescope(lemma.type);
      if (binders.length > MAX_BINDERS || binders.some((b) => b.info === BINDER.strictImplicit)) continue;
      const [head, args] = terms.spine(body);
      if (tag(head) !== EXPR.const) continue;
      const id = terms.nameId(field(head, 0));
      if (id === EQ || id === IFF) {
        const sides = id === EQ ? [args[1], args[2]] : [args[0], args[1]];
        sides.forEach((side, at) => add(rw, { lemma, at, shape: terms.shape(env, side) }));
      }
      if (/congr/.test(lemma.text)) continue; // they conclude any equation and ask for others
      add(apply, { lemma, at: -1, shape: terms.shape(env, body) });
      const outer = binders.map((b) => b.type);
      binders.forEach((b, at) => {
        if (b.info !== BINDER.default || !looksLikeProp(env, b.type, outer.slice(0, at))) return;
        const s = terms.shape(env, b.type);
        if (s !== null && s.id >= 0 && tag(terms.plain(b.type)) !== EXPR.forall) add(consequence, { lemma, at, shape: s });
      });
    }
    /** @type {Index} */ const logic = new Map();
    for (const text of ['Iff.mp', 'Iff.mpr', 'And.left', 'And.right']) {
      const n = abi.name(text);
      const info = /** @type {Obj} */ (audit.find(env, n));
      const lemma = { id: terms.idOf(text), name: n, text, type: field(field(field(info, 0), 0), 2), explicit: [] };
      const at = 2; // behind the two propositions
      add(logic, { lemma, at, shape: terms.shape(env, terms.telescope(lemma.type).binders[at].type) });
    }
    opened = { state, base, proof: lean.anyProofState(state), lemmas, rw, apply, consequence, logic, keys: null };
    return opened;
  }
  const EQ = terms.idOf('Eq');
  const IFF = terms.idOf('Iff');
  const LITERAL = terms.idOf('OfNat.ofNat');
  const TRUE = terms.idOf('True');
  const FALSE = terms.idOf('False');

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

  // ---------------------------------------------------------------- MetaM

  /** Runs MetaM actions on one state that can be put back. */
  class Frame {
    /** @param {import('./lean.cjs').ProofState} proof borrowed @param {Obj} env borrowed */
    constructor(proof, env) {
      this.metaCtx = inc(proof.metaCtx);
      this.coreCtx = copyWith(proof.coreCtx, { 8: box(0), 9: box(MAX_HEARTBEATS) });
      this.core = abi.newRef(copyWith(proof.core, { 0: inc(env) }));
      this.meta = abi.newRef(inc(proof.meta));
    }

    /** @param {string} f @param {...Obj} args owned @returns {Obj} owned */
    run(f, ...args) {
      return io(f, ...args, inc(this.metaCtx), inc(this.meta), inc(this.coreCtx), inc(this.core));
    }

    save() {
      return E.lean_st_ref_get(this.meta) >>> 0;
    }

    /** @param {Obj} saved borrowed */
    restore(saved) {
      dec(this.meta);
      this.meta = abi.newRef(inc(saved));
    }

    /** @param {Obj} e owned @returns {Obj} owned */
    instantiate(e) {
      if (!terms.hasHoles(e)) return e;
      const meta = this.save();
      const pair = E.lean_instantiate_expr_mvars(inc(field(meta, 0)), e) >>> 0;
      const result = inc(field(pair, 1));
      dec(pair);
      dec(meta);
      return result;
    }

    free() {
      [this.metaCtx, this.coreCtx, this.core, this.meta].forEach(dec);
    }
  }

  // ---------------------------------------------------------------- names of binders

  /** @param {Obj} n borrowed @returns {string} without what Lean adds to names that cannot be written */
  function writable(n) {
    const text = isScalar(n) ? '' : nameText(n);
    const bare = text.replace(/\._@.*$/s, '').replace(/✝.*$/s, '').replace(/[«»]/g, '');
    return /^[\p{L}_][\p{L}\p{N}_'!?₀-₉]*$/u.test(bare) && !RESERVED.has(bare) ? bare : 'x';
  }
  const RESERVED = new Set(['this', 'fun', 'let', 'have', 'show', 'from', 'match', 'if', 'then', 'else', 'do', 'at', 'by', 'in', 'end', 'where', 'with',
    'for', 'Type', 'Prop', 'Sort', 'forall', 'exists', 'rec', 'open', 'section', 'variable', 'return', 'try', 'catch', 'sorry', 'as', 'λ', 'Σ', 'Π', '_']);
  const MACRO = /\._@|✝/;

  /**
   * The same statement with names that can be written and that differ from each other; instances keep hidden names.
   * @param {Obj} type borrowed @returns {{type: Obj, names: string[]}} the type owned
   */
  function renamed(type) {
    const { binders, body } = terms.telescope(type);
    const taken = new Set();
    const names = binders.map((b) => {
      if (b.info === BINDER.instance && (isScalar(b.name) || MACRO.test(nameText(b.name)))) return '_';
      const base = writable(b.name);
      let n = base;
      for (let i = 1; taken.has(n); i++) n = `${base}_${i}`;
      taken.add(n);
      return n;
    });
    let e = cleanInside(inc(body));
    for (let i = binders.length - 1; i >= 0; i--) {
      const n = names[i] === '_' ? inc(binders[i].name) : abi.name(names[i]);
      e = call('l_Lean_Expr_forallE___override', n, cleanInside(inc(binders[i].type)), e, box(binders[i].info));
    }
    return { type: e, names };
  }

  /** Hidden names of bound variables inside a term made writable. @param {Obj} e owned @returns {Obj} owned */
  function cleanInside(e) {
    if (!hasHidden(e)) return e;
    const t = tag(e);
    const parts = (/** @type {number[]} */ ...at) => at.map((i) => cleanInside(inc(field(e, i))));
    let result;
    if (t === EXPR.app) result = call('l_Lean_Expr_app___override', ...parts(0, 1));
    else if (t === EXPR.lam || t === EXPR.forall) {
      const hidden = isScalar(field(e, 0)) || MACRO.test(nameText(field(e, 0)));
      const n = hidden ? abi.name(writable(field(e, 0))) : inc(field(e, 0));
      result = call(t === EXPR.lam ? 'l_Lean_Expr_lam___override' : 'l_Lean_Expr_forallE___override', n, ...parts(1, 2), box(byteAt(e, 8)));
    } else return e;
    dec(e);
    return result;
  }
  /** @param {Obj} e */
  function hasHidden(e) {
    const seen = new Set();
    /** @param {Obj} x @returns {boolean} */
    const go = (x) => {
      if (seen.has(x)) return false;
      seen.add(x);
      const t = tag(x);
      if (t === EXPR.app) return go(field(x, 0)) || go(field(x, 1));
      if (t !== EXPR.lam && t !== EXPR.forall) return false;
      const n = field(x, 0);
      if (isScalar(n) || !abi.persistent(n) || hiddenName(n)) {
        if (isScalar(n) || MACRO.test(nameText(n))) {
          if (t === EXPR.lam || terms.looseRange(field(x, 2)) > 0) return true;
        }
      }
      return go(field(x, 1)) || go(field(x, 2));
    };
    return go(e);
  }
  /** @type {Map<Obj, boolean>} */
  const hiddenNames = new Map();
  /** @param {Obj} n of the library */
  function hiddenName(n) {
    let known = hiddenNames.get(n);
    if (known === undefined) hiddenNames.set(n, (known = MACRO.test(nameText(n))));
    return known;
  }

  // ---------------------------------------------------------------- a parent, opened

  /** A theorem with its binders introduced. */
  class Parent_ {
    /** @param {Parent} parent */
    constructor(parent) {
      const lib = /** @type {NonNullable<typeof opened>} */ (opened);
      this.parent = parent;
      this.env = environmentOf(parent.state);
      const { type, names } = renamed(parent.type);
      this.names = names;
      this.infos = terms.telescope(type).binders.map((b) => b.info);
      this.size = terms.size(type, USUAL_SIZE);
      this.frame = new Frame(lib.proof, this.env);
      /** @type {Obj[]} freed together */
      this.owned = [];
      const frame = this.frame;
      const mvar = frame.run('l_Lean_Meta_mkFreshExprMVar', option(type), box(0), box(0));
      const pair = frame.run('l_Lean_MVarId_introNP', inc(field(mvar, 0)), box(names.length));
      dec(mvar);
      this.fvars = arrayItems(field(pair, 0)).map((id) => this.own(call('l_Lean_Expr_fvar___override', inc(id))));
      this.goal = this.own(inc(field(pair, 1)));
      dec(pair);
      const decl = frame.run('l_Lean_MVarId_getDecl', inc(this.goal));
      this.conclusion = this.own(frame.instantiate(inc(field(decl, 2))));
      const context = copyWith(frame.metaCtx, { 2: inc(field(decl, 1)), 3: inc(field(decl, 4)) });
      dec(decl);
      dec(frame.metaCtx);
      frame.metaCtx = context;
      this.types = this.fvars.map((f) => this.own(frame.instantiate(frame.run('l_Lean_Meta_inferType', inc(f)))));
      this.saved = this.own(frame.save());
    }

    /** @param {Obj} o owned @returns {Obj} borrowed */
    own(o) {
      this.owned.push(o);
      return o;
    }

    /** Binders that are hypotheses: explicit propositions that nothing depends on. @returns {number[]} */
    hypotheses() {
      const found = [];
      for (let i = 0; i < this.fvars.length; i++) {
        if (this.infos[i] !== BINDER.default) continue;
        this.frame.restore(this.saved);
        if (unbox(this.frame.run('l_Lean_Meta_isProp', inc(this.types[i]))) !== 1) continue;
        found.push(i);
      }
      return found;
    }

    free() {
      this.frame.free();
      this.owned.forEach(dec);
    }
  }

  /** @param {Parent_} p @returns {Candidate[]} */
  function candidates(p, operators) {
    const lib = /** @type {NonNullable<typeof opened>} */ (opened);
    /** @type {Map<string, Candidate>} */
    const found = new Map();
    const propose = (/** @type {string} */ operator, /** @type {number} */ place, /** @type {Entry} */ entry) => {
      if (entry.lemma.text === p.parent.name) return;
      found.set(`${operator} ${place} ${entry.lemma.id} ${entry.at}`, { operator, place, entry });
    };
    const hypotheses = p.hypotheses();
    if (operators.has('rw')) {
      for (const place of [-1, ...hypotheses]) {
        terms.closedSubterms(place < 0 ? p.conclusion : p.types[place], (e) => {
          for (const entry of lookUp(lib.rw, terms.shape(p.env, e))) propose('rw', place, entry);
        });
      }
    }
    if (operators.has('apply')) {
      for (const place of hypotheses) for (const entry of lookUp(lib.apply, terms.shape(p.env, p.types[place]))) propose('apply', place, entry);
      for (const entry of lookUp(lib.consequence, terms.shape(p.env, p.conclusion))) propose('apply', -1, entry);
    }
    if (operators.has('iff')) for (const entry of lookUp(lib.logic, terms.shape(p.env, p.conclusion))) propose('iff', -1, entry);
    const plainConclusion = ![NOT, NE, FALSE].includes(terms.shape(p.env, p.conclusion)?.id ?? -1);
    if (operators.has('contrapose') && plainConclusion) {
      for (const place of hypotheses) if (![NOT, NE, FALSE].includes(terms.shape(p.env, p.types[place])?.id ?? -1)) propose('contrapose', place, pseudo('mt', place));
    }
    if (operators.has('conjoin')) {
      for (let i = 0; i + 1 < hypotheses.length; i++) propose('conjoin', hypotheses[i], pseudo('And.intro', hypotheses[i + 1]));
    }
    return [...found.values()];
  }

  /** For steps of logic, which need no lemma of the index. @param {string} text @param {number} at @returns {Entry} */
  const pseudo = (text, at) => ({ lemma: { id: terms.idOf(text), name: box(0), text, type: box(0), explicit: [] }, at, shape: null });

  // ---------------------------------------------------------------- operators

  const REWRITE_CONFIG = () => ctor(0, [box(0)], [3, 1, 0]); // all occurrences; transparency instances, offsets, new goals

  /**
   * A new statement and the lines that prove it.
   * @typedef {{type: Obj, names: string[], lines: (names: (i: number) => string) => string[]}} Draft type owned
   */

  /** `@parent x _ y`, with something else at one place. @param {Parent_} p @param {(i: number) => string} nameAt @param {number} hole @param {string} there */
  function parentTerm(p, nameAt, hole = -1, there = '?_') {
    const args = p.names.map((n, i) => (i === hole ? there : n === '_' ? '_' : nameAt(i)));
    return [`@${p.parent.name}`, ...args].join(' ');
  }

  /**
   * Closes a statement over variables and holes.
   * @param {Parent_} p @param {Obj[]} order borrowed @param {Obj} conclusion owned @returns {{type: Obj, names: string[]}}
   */
  function close(p, order, conclusion) {
    const raw = p.frame.instantiate(p.frame.run('l_Lean_Meta_mkForallFVars', array(order.map((o) => inc(o))), conclusion, box(0), box(0), box(0), box(0)));
    const bits = byteAt(raw, 5) & 0b111;
    if (bits !== 0 || terms.looseRange(raw) !== 0) {
      dec(raw);
      throw new NoMutant(bits & 1 ? 'another variable depends on the hypothesis' : 'something stays undetermined');
    }
    const result = renamed(raw);
    dec(raw);
    return result;
  }

  /** Holes that become hypotheses: propositions without further holes. @param {Parent_} p @param {Obj[]} mvars borrowed */
  function checkNew(p, mvars, variables = MAX_NEW_VARIABLES) {
    let data = 0;
    for (const m of mvars) {
      const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
      const isSort = tag(terms.telescope(type).body) === EXPR.sort;
      const isProp = !isSort && unbox(p.frame.run('l_Lean_Meta_isProp', inc(type))) === 1;
      dec(type);
      if (isSort) throw new NoMutant('an arbitrary proposition or type would be needed');
      if (!isProp) data++;
    }
    if (data > variables || mvars.length - data > MAX_NEW_HYPOTHESES) throw new NoMutant('too many new variables or hypotheses');
  }

  /**
   * Fills a hole whose type is that of a hypothesis at hand. @param {Parent_} p @param {Obj} m borrowed @param {number} except
   * @returns {number} the hypothesis, or -1
   */
  function discharge(p, m, except) {
    const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
    const i = p.types.findIndex((t, at) => at !== except && p.infos[at] === BINDER.default && E.lean_expr_eqv(t, type) !== 0);
    const isProp = i >= 0 && unbox(p.frame.run('l_Lean_Meta_isProp', inc(type))) === 1;
    dec(type);
    return isProp && unbox(p.frame.run('l_Lean_Meta_isExprDefEq', inc(m), inc(p.fvars[i]))) === 1 ? i : -1;
  }

  /** A new hypothesis that denies what the parent proves would be refuted by the parent. @param {Parent_} p @param {Obj} m */
  function refuseDenial(p, m) {
    const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
    const denies = deny(type, p.conclusion);
    dec(type);
    if (denies) throw new NoMutant('a new hypothesis denies what the parent proves');
  }
  /** Whether one statement denies another by its form. @param {Obj} x @param {Obj} y @returns {boolean} */
  function deny(x, y) {
    const same = (/** @type {Obj} */ a, /** @type {Obj} */ b) => E.lean_expr_eqv(a, b) !== 0;
    const [[hx, ax], [hy, ay]] = [terms.spine(x), terms.spine(y)];
    const [ix, iy] = [hx, hy].map((h) => (tag(h) === EXPR.const ? terms.nameId(field(h, 0)) : -1));
    if (ix === NOT && ax.length === 1 && same(ax[0], y)) return true;
    if (iy === NOT && ay.length === 1 && same(ay[0], x)) return true;
    if ((ix === NE && iy === EQ) || (ix === EQ && iy === NE)) return same(ax[1], ay[1]) && same(ax[2], ay[2]);
    return ix === EQ && iy === EQ && same(ax[1], ay[1]) && clash(ax[2], ay[2]);
  }
  /** Whether two terms begin with different constructors. @param {Obj} x @param {Obj} y */
  function clash(x, y) {
    const [a, b] = [x, y].map((e) => {
      const [h] = terms.spine(e);
      return tag(h) === EXPR.const ? terms.nameId(field(h, 0)) : -1;
    });
    return a !== b && CONSTRUCTORS.has(a) && CONSTRUCTORS.has(b);
  }
  /** False by its form. @param {Obj} e */
  function refuted(e) {
    const [head, args] = terms.spine(e);
    if (tag(head) !== EXPR.const) return false;
    const id = terms.nameId(field(head, 0));
    if (id === FALSE) return true;
    if (id === NOT) return args.length === 1 && trivial(args[0]);
    return id === EQ && args.length === 3 && clash(args[1], args[2]);
  }

  /** @param {Parent_} p @param {Candidate} c @returns {Draft} */
  function rewrite(p, c) {
    const { frame } = p;
    const term = c.place < 0 ? p.conclusion : p.types[c.place];
    const equation = frame.run('l_Lean_Meta_mkConstWithFreshMVarLevels', inc(c.entry.lemma.name));
    const r = frame.run('l_Lean_MVarId_rewrite', inc(p.goal), inc(term), equation, box(c.entry.at), REWRITE_CONFIG());
    const eNew = frame.instantiate(inc(field(r, 0)));
    const goals = listItems(field(r, 2)).map((m) => call('l_Lean_Expr_mvar___override', inc(m)));
    dec(r);
    try {
      if (E.lean_expr_eqv(eNew, term) !== 0) throw new NoMutant('the rewrite changes nothing');
      const sides = goals.filter((m) => discharge(p, m, c.place) < 0);
      sides.forEach((m) => refuseDenial(p, m));
      checkNew(p, sides, 0);
      const rule = `${c.entry.at === 1 ? '← ' : ''}${c.entry.lemma.text}`;
      const last = goals.length > 0 ? ' <;> assumption' : '';
      if (c.place < 0) {
        const draft = close(p, [...p.fvars, ...sides], inc(eNew));
        const lines = (/** @type {(i: number) => string} */ at) => [
          `have this := ${parentTerm(p, at)}`, `rw [${rule}] at this${last}`, ...(last ? [] : ['exact this']),
        ];
        return { ...draft, lines };
      }
      const replaced = frame.run('l_Lean_Meta_mkFreshExprMVar', option(inc(eNew)), box(0), inc(userName(p, c.place)));
      const rest = p.fvars.filter((_, i) => i !== c.place);
      const order = [...rest, ...sides, replaced];
      const draft = close(p, order, inc(p.conclusion));
      dec(replaced);
      const shift = (/** @type {(i: number) => string} */ at) => (/** @type {number} */ i) => at(i < c.place ? i : i - 1);
      const lines = (/** @type {(i: number) => string} */ at) => [
        `refine ${parentTerm(p, shift(at), c.place)}`, `rw [${rule}]${last}`, ...(last ? [] : [`exact ${at(order.length - 1)}`]),
      ];
      return { ...draft, lines };
    } finally {
      dec(eNew);
      goals.forEach(dec);
    }
  }
  /** @type {Map<string, Obj>} */
  const userNames = new Map();
  /** @param {Parent_} p @param {number} i @returns {Obj} borrowed */
  function userName(p, i) {
    const text = p.names[i] === '_' || i < 0 ? 'h' : p.names[i];
    let n = userNames.get(text);
    if (n === undefined) userNames.set(text, (n = abi.name(text)));
    return n;
  }

  /**
   * The lemma with its arguments as holes. @param {Parent_} p @param {Lemma} lemma
   * @returns {{mvars: Obj[], infos: number[], body: Obj}} owned
   */
  function instance(p, lemma) {
    const constant = p.frame.run('l_Lean_Meta_mkConstWithFreshMVarLevels', inc(lemma.name));
    const type = p.frame.run('l_Lean_Meta_inferType', constant);
    const r = p.frame.run('l_Lean_Meta_forallMetaTelescope', type, box(0));
    const mvars = arrayItems(field(r, 0)).map(inc);
    const infos = arrayItems(field(field(r, 1), 0)).map(unbox);
    const body = inc(field(field(r, 1), 1));
    dec(r);
    return { mvars, infos, body };
  }

  /** @param {Parent_} p @param {{mvars: Obj[], infos: number[]}} one finds the instances that unification left open */
  function findInstances(p, one) {
    one.mvars.forEach((m, i) => {
      if (one.infos[i] !== BINDER.instance) return;
      const now = p.frame.instantiate(inc(m));
      const isOpen = tag(now) === EXPR.mvar;
      dec(now);
      if (!isOpen) return;
      const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
      const found = p.frame.run('l_Lean_Meta_synthInstance', type, option(null));
      dec(p.frame.run('l_Lean_Meta_isExprDefEq', inc(m), found));
    });
  }

  /** The holes that are left, in order. @param {Parent_} p @param {Obj[]} mvars @param {number} except @returns {number[]} */
  function openHoles(p, mvars, except) {
    return [...mvars.keys()].filter((i) => {
      if (i === except) return false;
      const now = p.frame.instantiate(inc(mvars[i]));
      const isOpen = tag(now) === EXPR.mvar;
      dec(now);
      return isOpen;
    });
  }

  /** @param {Parent_} p @param {Candidate} c @returns {Draft} */
  function apply(p, c) {
    const { frame } = p;
    const lemma = c.entry.lemma;
    const one = instance(p, lemma);
    try {
      const towards = c.place >= 0; // a hypothesis gives way to what implies it; else the conclusion to what follows from it
      const left = towards ? inc(one.body) : frame.run('l_Lean_Meta_inferType', inc(one.mvars[c.entry.at]));
      const right = inc(towards ? p.types[c.place] : p.conclusion);
      if (unbox(frame.run('l_Lean_Meta_isExprDefEq', left, right)) !== 1) throw new NoMutant('it does not unify');
      findInstances(p, one);
      /** @type {Map<number, number>} argument → hypothesis of the parent that stands there */
      const given = new Map();
      for (const i of openHoles(p, one.mvars, towards ? -1 : c.entry.at)) {
        const by = one.infos[i] === BINDER.default ? discharge(p, one.mvars[i], c.place) : -1;
        if (by >= 0) given.set(i, by);
      }
      const holes = openHoles(p, one.mvars, towards ? -1 : c.entry.at);
      checkNew(p, holes.map((i) => one.mvars[i]));
      if (holes.some((i) => one.infos[i] === BINDER.instance)) throw new NoMutant('an instance is missing');
      holes.forEach((i) => refuseDenial(p, one.mvars[i]));
      const rest = towards ? p.fvars.filter((_, i) => i !== c.place) : p.fvars;
      const order = [...rest, ...holes.map((i) => one.mvars[i])];
      const conclusion = towards ? inc(p.conclusion) : frame.instantiate(inc(one.body));
      const draft = close(p, order, conclusion);
      const argument = (/** @type {(i: number) => string} */ at) => one.infos.flatMap((info, i) => {
        if (info !== BINDER.default) return [];
        if (!towards && i === c.entry.at) return ['this'];
        const hole = holes.indexOf(i);
        const by = given.get(i);
        if (by !== undefined) return [at(towards && by > c.place ? by - 1 : by)];
        return [hole < 0 ? '_' : at(rest.length + hole)];
      });
      const lines = (/** @type {(i: number) => string} */ at) => {
        const use = [lemma.text, ...argument(at)].join(' ');
        if (!towards) return [`have this := ${parentTerm(p, at)}`, `exact ${use}`];
        return [`refine ${parentTerm(p, (i) => at(i < c.place ? i : i - 1), c.place)}`, `exact ${use}`];
      };
      return { ...draft, lines };
    } finally {
      one.mvars.forEach(dec);
      dec(one.body);
    }
  }

  /** `f a b …`. @param {string} f @param {...Obj} args owned @returns {Obj} */
  const connective = (f, ...args) => args.reduce((e, a) => call('l_Lean_Expr_app___override', e, a), call('l_Lean_Expr_const___override', abi.name(f), list([])));

  /** A hypothesis and the conclusion change places, both denied. @param {Parent_} p @param {Candidate} c @returns {Draft} */
  function contrapose(p, c) {
    const { frame } = p;
    const denied = frame.run('l_Lean_Meta_mkFreshExprMVar', option(connective('Not', inc(p.conclusion))), box(0), abi.name('hn'));
    const order = [...p.fvars.filter((_, i) => i !== c.place), denied];
    const draft = close(p, order, connective('Not', inc(p.types[c.place])));
    dec(denied);
    const lines = (/** @type {(i: number) => string} */ at) => [
      'intro this', `exact ${at(order.length - 1)} (${parentTerm(p, (i) => at(i < c.place ? i : i - 1), c.place, 'this')})`,
    ];
    return { ...draft, lines };
  }

  /** Two hypotheses become one. @param {Parent_} p @param {Candidate} c @returns {Draft} */
  function conjoin(p, c) {
    const { frame } = p;
    const [first, second] = [c.place, c.entry.at];
    const both = frame.run('l_Lean_Meta_mkFreshExprMVar', option(connective('And', inc(p.types[first]), inc(p.types[second]))), box(0), abi.name('h'));
    const order = [...p.fvars.filter((_, i) => i !== first && i !== second), both];
    const draft = close(p, order, inc(p.conclusion));
    dec(both);
    const lines = (/** @type {(i: number) => string} */ at) => {
      const h = at(order.length - 1);
      const there = (/** @type {number} */ i) => at(i - Number(i > first) - Number(i > second));
      return [`exact ${parentTerm(p, (i) => (i === first ? `${h}.1` : i === second ? `${h}.2` : there(i)))}`];
    };
    return { ...draft, lines };
  }

  const OPERATORS = { rw: rewrite, apply, iff: apply, contrapose, conjoin };

  // ---------------------------------------------------------------- quality before the kernel

  /** @param {Parent_} p @param {Obj} type */
  function refuseWeak(p, type) {
    const limit = Math.min(MAX_SIZE, p.size * GROWTH + GROWTH_SLACK);
    if (terms.size(type, limit + 1) > limit) throw new NoMutant('the statement grew too large');
    const { binders, body } = terms.telescope(type);
    if (binders.length > MAX_BINDERS) throw new NoMutant('too many variables');
    if (trivial(body)) throw new NoMutant('the conclusion is trivial');
    if (refuted(body) && !refuted(p.conclusion)) throw new NoMutant('the conclusion is false, so the hypotheses are');
    refuseContradiction(binders);
    let at = 0;
    for (const b of binders) {
      const [head] = terms.spine(b.type);
      if (tag(head) === EXPR.const && refuted(b.type)) throw new NoMutant('a hypothesis is false');
      if (b.info === BINDER.default && trivial(b.type)) throw new NoMutant('a hypothesis is trivial');
      at++;
      // The conclusion among the hypotheses: compare with the variables counted from the same place.
      if (sameLifted(body, b.type, binders.length - at + 1)) throw new NoMutant('the conclusion is a hypothesis');
    }
  }
  /** Two hypotheses of which one denies the other in its form. @param {{type: Obj, info: number}[]} binders */
  function refuseContradiction(binders) {
    const lifted = binders.flatMap((b, i) => (b.info === BINDER.default
      ? [call('l_Lean_Expr_liftLooseBVars', inc(b.type), box(0), box(binders.length - i))] : []));
    try {
      lifted.forEach((x, i) => lifted.slice(i + 1).forEach((y) => {
        if (E.lean_expr_eqv(x, y) !== 0) throw new NoMutant('two hypotheses are the same');
        if (deny(x, y)) throw new NoMutant('the hypotheses contradict each other');
      }));
    } finally {
      lifted.forEach(dec);
    }
  }
  const NOT = terms.idOf('Not');
  const NE = terms.idOf('Ne');
  const CONSTRUCTORS = new Set(['Bool.true', 'Bool.false', 'Option.none', 'Option.some', 'List.nil', 'List.cons', 'Ordering.lt', 'Ordering.eq', 'Ordering.gt'].map((c) => terms.idOf(c)));

  /** @param {Obj} e */
  function trivial(e) {
    const [head, args] = terms.spine(e);
    if (tag(head) !== EXPR.const) return false;
    const id = terms.nameId(field(head, 0));
    if (id === TRUE) return true;
    if (id === EQ && args.length === 3) return E.lean_expr_eqv(args[1], args[2]) !== 0;
    return id === IFF && args.length === 2 && E.lean_expr_eqv(args[0], args[1]) !== 0;
  }
  /** Whether `inner` is `outer` seen from `by` binders further in. @param {Obj} inner @param {Obj} outer @param {number} by */
  function sameLifted(inner, outer, by) {
    if (tag(terms.spine(inner)[0]) !== tag(terms.spine(outer)[0])) return false;
    const lifted = call('l_Lean_Expr_liftLooseBVars', inc(outer), box(0), box(by));
    const same = E.lean_expr_eqv(lifted, inner) !== 0;
    dec(lifted);
    return same;
  }

  // ---------------------------------------------------------------- text and kernel

  /**
   * `name.{u} binders : type` as Lean prints it.
   * @param {Obj} env borrowed @param {Obj} name borrowed @param {Obj} levels borrowed @param {Obj} type borrowed, closed
   * @param {import('./lean.cjs').ProofState} [proof] whose options say how @returns {string}
   */
  function printed(env, name, levels, type, proof = /** @type {NonNullable<typeof opened>} */ (opened).proof) {
    const used = levelParameters(type);
    const kept = list(listItems(levels).filter((l) => used.has(nameText(l))).map((l) => inc(l)));
    const val = ctor(0, [inc(name), kept, inc(type)]);
    const declaration = ctor(0, [ctor(0, [val], [0])]); // an axiom, unchecked, in an environment that is thrown away
    const added = call('l_Lean_Environment_addDeclCore', inc(env), ctor(0, [], [0, 0, 0, 0]), declaration, box(0), box(0));
    if (tag(added) !== 1) {
      dec(added);
      throw new NoMutant('it cannot be declared');
    }
    const core = abi.newRef(copyWith(proof.core, { 0: inc(field(added, 0)) }));
    dec(added);
    const meta = abi.newRef(inc(proof.meta));
    try {
      const r = io('l_Lean_PrettyPrinter_ppSignature', inc(name), inc(proof.metaCtx), inc(meta), inc(proof.coreCtx), inc(core));
      const format = inc(field(r, 0));
      dec(r);
      return takeText(call('l_Std_Format_pretty', format, box(WIDTH), box(0), box(0)));
    } finally {
      dec(meta);
      dec(core);
    }
  }

  /** @param {Obj} e borrowed @returns {Set<string>} names of the universe parameters in it */
  function levelParameters(e) {
    /** @type {Set<string>} */
    const found = new Set();
    const seen = new Set();
    const level = (/** @type {Obj} */ l) => {
      if (isScalar(l)) return;
      const t = tag(l);
      if (t === 1) level(field(l, 0));
      else if (t === 2 || t === 3) { level(field(l, 0)); level(field(l, 1)); }
      else if (t === 4) found.add(nameText(field(l, 0)));
    };
    const go = (/** @type {Obj} */ x) => {
      if (seen.has(x) || (byteAt(x, 5) & 0b1000) === 0) return; // no universe parameter inside
      seen.add(x);
      switch (tag(x)) {
        case EXPR.sort: level(field(x, 0)); break;
        case EXPR.const: listItems(field(x, 1)).forEach(level); break;
        case EXPR.app: go(field(x, 0)); go(field(x, 1)); break;
        case EXPR.lam: case EXPR.forall: go(field(x, 1)); go(field(x, 2)); break;
        case EXPR.let: go(field(x, 1)); go(field(x, 2)); go(field(x, 3)); break;
        case EXPR.mdata: go(field(x, 1)); break;
        case EXPR.proj: go(field(x, 2)); break;
        default:
      }
    };
    go(e);
    return found;
  }

  /** The theorem's name from its root and its key. @param {string} root @param {string} key */
  const mutantName = (root, key) => `m_${root.replace(/[^\p{L}\p{N}_'₀-₉]/gu, '_')}_${key.slice(0, 10)}`;

  /**
   * Mutants of one root theorem.
   * @param {{name: string, seed: number, rounds: number, per_root: number, attempts: number, operators: string[], keep_parents?: number}} request
   */
  function mutateRoot(request) {
    const lib = /** @type {NonNullable<typeof opened>} */ (opened);
    const lemma = lib.lemmas.get(request.name);
    const t0 = performance.now();
    if (lemma === undefined) return { name: request.name, error: 'there is no such theorem', records: [], rejected: [], proposed: 0, attempted: 0, built: 0, ms: 0 };
    const rng = random(request.seed ^ hashText(request.name, 3));
    const operators = new Set(request.operators);
    const seen = new Set([terms.statementKey(lemma.type)]);
    const records = [];
    /** @type {Map<string, {operator: string, round: number, reason: string, count: number, example: object}>} */
    const rejected = new Map();
    const stages = { built: 0, attempted: 0, proposed: 0, drafting_ms: 0, printing_ms: 0, kernel_ms: 0 };
    const info = audit.find(environmentOf(lib.state), lemma.name);
    /** @type {Parent[]} */
    let parents = [{ name: lemma.text, nameObject: lemma.name, levels: field(field(field(info, 0), 0), 1), type: lemma.type, state: inc(lib.state), round: 0, statement: null, context: '' }];
    dec(info);
    for (let round = 1; round <= request.rounds && parents.length > 0; round++) {
      /** @type {Parent[]} */
      const next = [];
      for (const parent of parents) {
        let p;
        try {
          p = new Parent_(parent);
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
    return { name: request.name, records, rejected: [...rejected.values()], ...stages, ms: performance.now() - t0 };

    /** @param {Parent_} p @param {number} round @param {Parent[]} next */
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
        stages.attempted++;
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

    /** @param {Parent_} p @param {Candidate} c @param {number} round @param {Parent[]} next @returns {boolean} */
    function attempt(p, c, round, next) {
      const t1 = performance.now();
      let t2 = t1;
      p.frame.restore(p.saved);
      E.lean_io_set_heartbeats(0);
      let draft;
      try {
        draft = OPERATORS[/** @type {keyof typeof OPERATORS} */ (c.operator)](p, c);
      } finally {
        t2 = performance.now();
        stages.drafting_ms += t2 - t1;
      }
      try {
        refuseWeak(p, draft.type);
        const key = terms.statementKey(draft.type);
        if (seen.has(key)) throw new NoMutant('seen before');
        if (lib.keys !== null && lib.keys.has(key)) throw new NoMutant('the library has it');
        seen.add(key);
        stages.built++;
        const name = mutantName(request.name, key);
        const nameObject = abi.name(name);
        const statement = printed(p.env, nameObject, p.parent.levels, draft.type);
        const t3 = performance.now();
        stages.printing_ms += t3 - t2;
        const proof = draft.lines((i) => (draft.names[i] === '_' ? '_' : draft.names[i]));
        const source = `theorem ${statement} := by\n${proof.map((l) => `  ${l}`).join('\n')}\n`;
        const { after, errors } = elaborate(p.parent.state, source);
        stages.kernel_ms += performance.now() - t3;
        try {
          if (errors.length > 0) throw new NoMutant(reasonOf(errors[0]), `${source}\n${errors[0]}`);
          const made = audit.find(environmentOf(after), nameObject);
          if (made === null || tag(made) !== terms.KIND.theorem) throw new NoMutant('no theorem came of it', source);
          const type = field(field(field(made, 0), 0), 2);
          const finalKey = terms.statementKey(type);
          if (finalKey !== key) {
            if (seen.has(finalKey) || lib.keys?.has(finalKey)) { dec(made); throw new NoMutant('seen before'); }
            seen.add(finalKey);
          }
          records.push({
            name, root: request.name, parent: p.parent.name, round, operator: c.operator,
            direction: c.operator === 'rw' ? (c.entry.at === 0 ? '→' : '←') : c.place < 0 ? 'forward' : 'backward',
            place: c.place < 0 ? 'conclusion' : `hypothesis ${p.names[c.place]}`, lemma: c.entry.lemma.text, statement, proof: proof.join('\n'),
            context: p.parent.context, key: finalKey, as_drafted: finalKey === key, size: terms.size(type, MAX_SIZE), parent_size: p.size,
            head: headOf(type), hypotheses: terms.telescope(type).binders.filter((b) => b.info === BINDER.default).length,
          });
          if (round < request.rounds && next.length < (request.keep_parents ?? 2)) {
            next.push({ name, nameObject, levels: field(field(field(made, 0), 0), 1), type, state: inc(after), round, statement, context: `${p.parent.context}${source}` });
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
  const GIVEN_UP = 3;

  /** Candidates in an order that takes operators and places in turn, lemmas at random. @param {Candidate[]} all @param {() => number} rng */
  function balanced(all, rng) {
    /** @type {Map<string, Candidate[]>} */
    const groups = new Map();
    /** @type {Candidate[]} */
    const literals = [];
    for (const c of all) {
      if (c.operator === 'rw' && c.entry.shape !== null && c.entry.shape.id === LITERAL) { // 0 into something that is 0: last
        literals.push(c);
        continue;
      }
      const key = `${c.operator} ${c.operator === 'rw' ? c.entry.at : 0} ${Math.min(c.place, 0)}`;
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
    const queues = [...groups.values()];
    const result = [];
    for (let i = 0; queues.some((q) => i < q.length); i++) for (const q of queues) if (i < q.length) result.push(q[i]);
    return result.concat(literals);
  }

  /** A theorem of the library with its binders introduced, for comparisons. @param {string} root */
  function openRoot(root) {
    const lib = /** @type {NonNullable<typeof opened>} */ (opened);
    const lemma = /** @type {Lemma} */ (lib.lemmas.get(root));
    const info = /** @type {Obj} */ (audit.find(environmentOf(lib.state), lemma.name));
    const levels = field(field(field(info, 0), 0), 1);
    const p = new Parent_({ name: lemma.text, nameObject: lemma.name, levels, type: lemma.type, state: lib.state, round: 0, statement: null, context: '' });
    let statement = null;
    const { type } = renamed(lemma.type);
    try {
      statement = printed(p.env, userName(p, -1), levels, type).replace(/^h(?=[\s.{([:])/, '');
    } catch (e) {
      leanMessage(e);
    }
    dec(type);
    return {
      statement, term: parentTerm(p, (i) => p.names[i]),
      candidates: (/** @type {string[]} */ operators) => candidates(p, new Set(operators)),
      /** @param {Candidate} c @returns {boolean} whether it gives a statement */
      attempt: (c) => {
        p.frame.restore(p.saved);
        E.lean_io_set_heartbeats(0);
        const draft = OPERATORS[/** @type {keyof typeof OPERATORS} */ (c.operator)](p, c);
        try {
          refuseWeak(p, draft.type);
        } finally {
          dec(draft.type);
        }
        return true;
      },
      free: () => { p.free(); dec(info); },
    };
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

  /** @param {(id: unknown) => Obj} stateOf @returns {Record<string, (r: any) => object>} what main.cjs serves */
  const operations = (stateOf) => ({
    mutate_open: ({ state, keys = true }) => {
      const lib = open(stateOf(state));
      const all = keys ? [...libraryKeys(stateOf(state))] : [];
      return { roots: [...lib.lemmas.keys()], keys: all.length, entries: { rw: count(lib.rw), apply: count(lib.apply), consequence: count(lib.consequence) } };
    },
    mutate: ({ state, roots, ...request }) => {
      open(stateOf(state));
      failures.clear();
      const cpu = process.cpuUsage();
      const results = roots.map((/** @type {string} */ name) => mutateRoot({ ...request, name }));
      const used = process.cpuUsage(cpu);
      const total = process.cpuUsage();
      return { results, cpu_s: (used.user + used.system) / 1e6, process_cpu_s: (total.user + total.system) / 1e6 };
    },
  });
  /** @param {Index} index */
  const count = (index) => [...index.values()].reduce((sum, bucket) => sum + [...bucket.values()].reduce((n, entries) => n + entries.length, 0), 0);

  return { operations, openRoot, printed, renamed, withOptions, NoMutant, opened: () => opened, open, roots: (/** @type {Obj} */ base) => [...open(base).lemmas.keys()], mutateRoot, libraryKeys, terms, elaborate };
}

module.exports = { makeMutate };
