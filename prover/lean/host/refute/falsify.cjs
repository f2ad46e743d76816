// @ts-check
/**
 * Looks for values at which a closed statement is false: hypotheses known true, conclusion known false. Variables are refined on
 * demand (`narrow.cjs`), smallest values first, so that what contradicts a hypothesis is not gone on with. Type variables are `Nat`,
 * instances are those that Lean finds for it.
 *
 * Nothing here is trusted: values are found by an evaluator outside Lean, and the caller has Lean prove the negation from them.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {{name: string, kind: 'type' | 'instance' | 'data' | 'hypothesis' | 'let', type: Obj, evaluated?: any, code?: any, synth?: any}} Binder
 * @typedef {{found: {names: string[], texts: string[], kinds: string[], levels: Record<string, number>, unfolded: string[]} | null, tried: number, satisfied: number, exhausted: boolean, hypotheses: number, reason: string | null, size: number}} Search
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { EXPR, BINDER } = require('../terms.cjs');
const { COMPILED, makeEvaluator } = require('./evaluate.cjs');
const { makeTruth } = require('./truth.cjs');
const { makeDomains } = require('./domains.cjs');
const { makeNarrowing, Demand } = require('./narrow.cjs');

const FUEL = 200_000; // steps of one instance
const MAX_TOTAL = 40; // size of all values together
const LEVEL = { zero: 0, succ: 1, max: 2, imax: 3, param: 4 };

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeFalsify(abi, audit, terms) {
  const { unbox, inc, dec, tag, field, array, list, call } = abi;
  const evaluator = makeEvaluator(abi, audit, terms);
  const { Type, Pi, Sort, PROP, PROOF_THUNK, Stuck, ready, Machine } = evaluator;

  /** Everything that evaluates over one environment. @param {Obj} env borrowed */
  function open(env) {
    const machine = new Machine(env);
    /** @type {any} */
    const logic = {};
    const domains = makeDomains(evaluator, machine, logic, terms);
    Object.assign(logic, makeTruth(evaluator, machine, domains, terms, abi));
    machine.truth = logic.truth;
    machine.fuel = FUEL;
    return { machine, domains, logic, narrowing: makeNarrowing(evaluator, machine, domains, logic, terms) };
  }

  /**
   * @param {Obj} statement borrowed, closed, without holes
   * @param {Obj} env borrowed
   * @param {(type: Obj) => Obj} synthesise an instance of a closed class; owned both ways; throws what Lean does
   * @param {number} budgetMs @param {number} from total size to begin with
   * @param {boolean} lenient take a hypothesis `∀ x, …` to hold that holds of small values; the values then prove nothing
   * @param {number} maxTried evaluations at most: a budget that does not depend on the machine
   * @returns {Search}
   */
  function falsify(statement, env, synthesise, budgetMs, from = 0, lenient = false, maxTried = Infinity) {
    const { machine, domains, logic, narrowing } = open(env);
    const deadline = performance.now() + budgetMs;
    /** @type {Obj[]} */
    const owned = [];
    const state = { found: null, tried: 0, satisfied: 0, exhausted: false, hypotheses: 0, reason: /** @type {string | null} */ (null), size: from };
    try {
      const type = lowest(inc(statement));
      owned.push(type);
      const { binders, body } = opened(type, machine, logic, domains, synthesise, owned);
      const conclusion = machine.compile(body);
      const defined = definitions(binders, machine);
      const codes = binders.map((b) => machine.compile(b.type));
      const holes = binders.map((b, i) => (b.kind === 'data' && defined[i] === null ? narrowing.hole(b.evaluated) : null));
      const hypotheses = binders.flatMap((b, j) => (b.kind === 'hypothesis' ? [j] : []));
      state.hypotheses = hypotheses.length;

      /** The first n binders as an environment, made anew for each evaluation. @param {number} n */
      const scope = (n) => {
        let at = null;
        for (let i = 0; i < n; i++) {
          const before = at;
          if (binders[i].kind === 'let') {
            at = { v: new evaluator.Thunk(() => binders[i].code(before), null), next: at };
            continue;
          }
          const code = defined[i];
          const v = code !== null ? new evaluator.Thunk(() => code(scope(binders.length)), null) : holes[i]?.thunk ?? binders[i].synth ?? PROOF_THUNK;
          at = { v, next: at };
        }
        return at;
      };
      /** @param {() => boolean | null} f @returns {boolean | null | any} the hole that is asked for; null for what has no value */
      const asked = (f) => {
        machine.fuel = FUEL;
        try {
          return f();
        } catch (e) {
          if (e instanceof Demand) return e.hole;
          if (!(e instanceof Stuck || e instanceof RangeError)) throw e;
          state.reason ??= e.message;
          return null;
        }
      };
      /** @param {boolean[]} before @returns {'no' | 'yes' | {hole: any, settled: boolean[]}} */
      const question = (before) => {
        state.tried++;
        const settled = [...before];
        let hole = null;
        for (const j of hypotheses) {
          if (settled[j]) continue;
          const held = asked(() => (lenient ? logic.plausible : logic.truth)(codes[j](scope(j))));
          if (held === true) settled[j] = true;
          else if (held === false || held === null) return 'no';
          else hole ??= held;
        }
        if (hole === null) state.satisfied++;
        const concluded = asked(() => logic.truth(conclusion(scope(binders.length))));
        if (concluded === true || concluded === null) return 'no';
        if (concluded === false) return hole === null ? 'yes' : { hole, settled };
        return { hole: hole ?? concluded, settled };
      };
      const variables = holes.filter((h) => h !== null);
      for (let most = Math.max(from, variables.length); most <= MAX_TOTAL; most++) {
        state.size = most;
        const outcome = narrowing.search(variables, question, most, () => state.tried >= maxTried || performance.now() > deadline);
        if (outcome === 'found') {
          const values = binders.map((b, i) => (b.kind === 'data' ? domains.textOf(narrowing.whole(holes[i]?.thunk ?? new evaluator.Thunk(() => defined[i](scope(binders.length)), null))) : ''));
          state.found = /** @type {any} */ ({
            levels: Object.fromEntries(levelsOf(statement)), unfolded: own(machine),
            names: binders.map((b) => b.name), kinds: binders.map((b) => b.kind),
            texts: binders.map((b, i) => (b.kind === 'type' ? 'Nat' : b.kind === 'instance' ? 'inferInstance' : values[i])),
          });
        }
        state.exhausted = outcome === 'none';
        if (outcome !== 'cut') return state;
      }
      return state;
    } catch (e) {
      if (!(e instanceof Stuck || e instanceof RangeError)) throw e;
      state.reason = e.message;
      return state;
    } finally {
      machine.free();
      owned.forEach(dec);
    }
  }

  /** The definitions of the file itself that were computed with. @param {any} machine @returns {string[]} */
  function own(machine) {
    const found = new Set();
    for (const [compiled, info] of machine.infos) {
      const name = compiled.replace(COMPILED, '');
      if (tag(info) !== KIND.definition || (name === compiled && audit.isInternal(info))) continue;
      const n = audit.nameOf(name);
      const module = call('l_Lean_Environment_getModuleIdxFor_x3f', inc(machine.env), inc(n));
      const instance = unbox(call('l_Lean_Meta_isInstanceCore', inc(machine.env), n)) === 1;
      if (abi.isScalar(module) && !instance) found.add(name);
      dec(module);
    }
    return [...found];
  }

  /**
   * The binders of a statement, with what they are. @param {Obj} type borrowed @param {any} machine @param {any} logic @param {any} domains
   * @param {(type: Obj) => Obj} synthesise @param {Obj[]} owned
   */
  function opened(type, machine, logic, domains, synthesise, owned) {
    /** @type {Binder[]} */
    const binders = [];
    /** @type {Obj[]} terms that stand for the binders, in types of instances */
    const stand = [];
    /** @type {any} */
    let env = null;
    let e = terms.plain(type);
    while (tag(e) === EXPR.forall || tag(e) === EXPR.let) {
      const domain = field(e, 1);
      const name = abi.nameText(field(e, 0));
      /** @type {any} */
      let value;
      /** @type {Binder} */
      let binder = { name, kind: 'data', type: domain };
      machine.fuel = FUEL;
      if (tag(e) === EXPR.let) {
        const stands = call('l_Lean_Expr_instantiateRev', inc(field(e, 2)), array(stand.map(inc)));
        owned.push(stands);
        stand.push(stands);
        const code = machine.compile(field(e, 2));
        const at = env;
        binders.push({ ...binder, kind: 'let', code });
        env = { v: new evaluator.Thunk(() => code(at), null), next: env };
        e = terms.plain(field(e, 3));
        continue;
      }
      if (terms.binderInfo(e) === BINDER.instance) {
        const closed = call('l_Lean_Expr_instantiateRev', inc(domain), array(stand.map(inc)));
        if ((abi.byteAt(closed, 5) & 1) !== 0) {
          dec(closed);
          throw new Stuck('an instance that depends on a value');
        }
        const instance = synthesise(closed);
        owned.push(instance);
        stand.push(instance);
        binder = { ...binder, kind: 'instance', synth: (value = ready(machine.compile(instance)(null))) };
      } else {
        const evaluated = machine.compile(domain)(env);
        if (evaluated instanceof Sort && evaluated !== PROP) {
          const nat = call('l_Lean_Expr_const___override', abi.name('Nat'), list([]));
          owned.push(nat);
          stand.push(nat);
          binder = { ...binder, kind: 'type', synth: (value = ready(machine.named('Nat'))) };
        } else {
          const variable = call('l_Lean_Expr_fvar___override', abi.name(`proofsmith.x${binders.length}`));
          owned.push(variable);
          stand.push(variable);
          if (logic.isProp(evaluated)) {
            binder = { ...binder, kind: 'hypothesis' };
            value = PROOF_THUNK;
          } else {
            const sample = domains.few(evaluated, 1).values[0];
            if (sample === undefined) throw new Stuck(`${name} has a type without small values`);
            value = ready(sample);
            binder = { ...binder, evaluated };
          }
        }
      }
      binders.push(binder);
      env = { v: value, next: env };
      e = terms.plain(field(e, 2));
    }
    return { binders, body: e };
  }

  /**
   * Variables that a hypothesis `x = t` defines: they take the value of t, instead of every value.
   * @param {Binder[]} binders @param {any} machine @returns {(any | null)[]} code by binder, in the scope of all binders
   */
  function definitions(binders, machine) {
    /** @type {(any | null)[]} */
    const found = binders.map(() => null);
    /** @type {Set<number>[]} */
    const needs = binders.map(() => new Set());
    binders.forEach((b, j) => {
      if (b.kind !== 'hypothesis') return;
      const [head, args] = terms.spine(b.type);
      if (tag(head) !== EXPR.const || args.length !== 3 || abi.nameText(field(head, 0)) !== 'Eq') return;
      for (const [x, t] of [[args[1], args[2]], [args[2], args[1]]]) {
        if (tag(x) !== EXPR.bvar) continue;
        const i = j - 1 - unbox(field(x, 0));
        const used = usedBinders(t, j);
        if (i < 0 || binders[i].kind !== 'data' || found[i] !== null || used.has(i)) continue;
        if ([...used].some((u) => needs[u].has(i) || u === i)) continue;
        const later = binders.length - j; // t stands below j binders; all of them are in scope
        const code = machine.compile(t);
        found[i] = (/** @type {any} */ env) => {
          let at = env;
          for (let n = 0; n < later; n++) at = at.next;
          return code(at);
        };
        needs[i] = new Set([...used, ...[...used].flatMap((u) => [...needs[u]])]);
        binders.forEach((_, k) => needs[k].has(i) && needs[i].forEach((u) => needs[k].add(u)));
        return;
      }
    });
    return found;
  }

  /** The binders that a term uses. @param {Obj} e @param {number} depth binders around it @returns {Set<number>} */
  function usedBinders(e, depth) {
    /** @type {Set<number>} */
    const found = new Set();
    /** @type {Set<string>} */
    const seen = new Set();
    /** @param {Obj} x @param {number} inner */
    function go(x, inner) {
      if (terms.looseRange(x) <= inner) return;
      const k = `${x} ${inner}`;
      if (seen.has(k)) return;
      seen.add(k);
      switch (tag(x)) {
        case EXPR.bvar: found.add(depth - 1 - (unbox(field(x, 0)) - inner)); break;
        case EXPR.app: go(field(x, 0), inner); go(field(x, 1), inner); break;
        case EXPR.lam: case EXPR.forall: go(field(x, 1), inner); go(field(x, 2), inner + 1); break;
        case EXPR.let: go(field(x, 1), inner); go(field(x, 2), inner); go(field(x, 3), inner + 1); break;
        case EXPR.mdata: go(field(x, 1), inner); break;
        case EXPR.proj: go(field(x, 2), inner); break;
        default:
      }
    }
    go(e, 0);
    return found;
  }

  /** A statement at the least universes at which `Nat` fits its type variables. @param {Obj} e owned @returns {Obj} owned */
  function lowest(e) {
    const levels = levelsOf(e);
    if (levels.size === 0) return e;
    const names = [...levels.keys()];
    return call('l_Lean_Expr_instantiateLevelParams', e, list(names.map((n) => audit.nameOf(n))),
      list(names.map((n) => abi.constant(levels.get(n) === 1 ? 'l_Lean_levelOne' : 'l_Lean_levelZero'))));
  }

  /** Universe parameters of a statement and what they are to be. @param {Obj} e borrowed @returns {Map<string, number>} */
  function levelsOf(e) {
    /** @type {Map<string, number>} */
    const found = new Map();
    const seen = new Set();
    /** @param {Obj} level @param {number} least */
    function ofLevel(level, least) {
      if (abi.isScalar(level)) return;
      const t = tag(level);
      if (t === LEVEL.param) {
        const name = abi.nameText(field(level, 0));
        found.set(name, Math.max(found.get(name) ?? 0, least));
      } else if (t === LEVEL.succ) ofLevel(field(level, 0), 0);
      else if (t === LEVEL.max || t === LEVEL.imax) { ofLevel(field(level, 0), 0); ofLevel(field(level, 1), 0); }
    }
    /** @param {Obj} x */
    function go(x) {
      if (seen.has(x)) return;
      seen.add(x);
      switch (tag(x)) {
        case EXPR.sort: ofLevel(field(x, 0), tag(field(x, 0)) === LEVEL.param ? 1 : 0); break;
        case EXPR.const: abi.listItems(field(x, 1)).forEach((l) => ofLevel(l, 0)); break;
        case EXPR.app: go(field(x, 0)); go(field(x, 1)); break;
        case EXPR.lam: case EXPR.forall: go(field(x, 1)); go(field(x, 2)); break;
        case EXPR.let: go(field(x, 1)); go(field(x, 2)); go(field(x, 3)); break;
        case EXPR.mdata: go(field(x, 1)); break;
        case EXPR.proj: go(field(x, 2)); break;
        default:
      }
    }
    go(e);
    return found;
  }

  return { falsify, open, levelsOf, Pi, Type, evaluator };
}

module.exports = { makeFalsify };
