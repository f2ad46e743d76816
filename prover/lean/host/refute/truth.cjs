// @ts-check
/**
 * Truth of evaluated propositions, three-valued: true, false, or null where that is not known (Kleene's strong logic).
 * Quantifiers range over small values, so `∀` is known false by one value and known true over finite types only.
 * Inductive predicates are decided by their constructors: an instance holds if a constructor's conclusion matches it and its
 * premises hold, and fails if none does and every one was decided (resolution over ground goals, to a bounded depth).
 *
 * @typedef {any} Value
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { EXPR } = require('../terms.cjs');
const { Demand } = require('./narrow.cjs');

const QUANTIFIED = 24; // values of a quantifier's type that are looked at
const PLAUSIBLE = 5; // the same, of one that is only to be plausible
const MAX_DEPTH = 40;

/**
 * @param {ReturnType<typeof import('./evaluate.cjs').makeEvaluator>} evaluator
 * @param {any} machine
 * @param {{few: (type: Value, limit: number) => {values: Value[], complete: boolean}}} domains
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 */
function makeTruth({ Fn, Ctor, Type, Pi, PROOF, PROOF_THUNK, Stuck, ready }, machine, domains, terms, abi) {
  const force = (/** @type {any} */ t) => machine.force(t);
  let depth = 0;

  /** @param {() => boolean | null} f @returns {boolean | null} null too where a value cannot be had */
  function known(f) {
    try {
      return f();
    } catch (e) {
      if (e instanceof Stuck && machine.fuel > 0) return null;
      throw e;
    }
  }

  const not = (/** @type {boolean | null} */ a) => (a === null ? null : !a);
  /** Looks at all parts, also behind one that asks for a hole. @param {Iterable<() => boolean | null>} parts @returns {boolean | null} */
  function all(parts) {
    let sure = true;
    let asked = null;
    for (const part of parts) {
      try {
        const value = known(part);
        if (value === false) return false;
        if (value === null) sure = false;
      } catch (e) {
        if (!(e instanceof Demand)) throw e;
        asked ??= e;
      }
    }
    if (asked !== null) throw asked;
    return sure ? true : null;
  }
  const any = (/** @type {(() => boolean | null)[]} */ parts) => not(all(parts.map((p) => () => not(known(p)))));

  /** @param {Value} v a proposition @returns {boolean | null} */
  function truth(v) {
    if (v === PROOF) return null;
    if (++depth > MAX_DEPTH) {
      depth--;
      return null;
    }
    try {
      if (v instanceof Pi) return ofPi(v);
      if (v instanceof Type) return ofType(v);
      return null;
    } finally {
      depth--;
    }
  }

  /** @param {any} t a thunk */
  const truthOf = (t) => truth(force(t));

  /** Whether an evaluated type is a proposition. @param {Value} v @returns {boolean} */
  function isProp(v) {
    if (v instanceof Type) return v.of.prop;
    if (!(v instanceof Pi)) return false;
    try {
      const domain = force(v.domain);
      const sample = isProp(domain) ? PROOF_THUNK : domains.few(domain, 1).values.map(ready)[0] ?? PROOF_THUNK;
      return isProp(v.codomain(sample));
    } catch (e) {
      if (e instanceof Stuck) return false;
      throw e;
    }
  }

  /** @param {any} v @returns {boolean | null} */
  function ofPi(v) {
    const domain = force(v.domain);
    if (isProp(domain)) {
      return any([() => not(truth(domain)), () => truth(v.codomain(PROOF_THUNK))]);
    }
    const { values, complete } = domains.few(domain, QUANTIFIED);
    const found = all(values.map((x) => () => truth(v.codomain(ready(x)))));
    return found === true && !complete ? null : found;
  }

  /** Like `truth`, but `∀` over a type of which only some values were looked at counts as true. @param {Value} v @returns {boolean | null} */
  function plausible(v) {
    if (!(v instanceof Pi)) return truth(v);
    const domain = force(v.domain);
    if (isProp(domain)) return any([() => not(truth(domain)), () => plausible(v.codomain(PROOF_THUNK))]);
    return all(domains.few(domain, PLAUSIBLE).values.map((x) => () => plausible(v.codomain(ready(x)))));
  }

  /** @param {any} v @returns {boolean | null} */
  function ofType(v) {
    const a = v.args;
    switch (v.of.name) {
      case 'True': return true;
      case 'False': return false;
      case 'And': return all([() => truthOf(a[0]), () => truthOf(a[1])]);
      case 'Or': return any([() => truthOf(a[0]), () => truthOf(a[1])]);
      case 'Iff': {
        const [p, q] = [known(() => truthOf(a[0])), known(() => truthOf(a[1]))];
        return p === null || q === null ? null : p === q;
      }
      case 'Eq': return a[1] === a[2] ? true : same(force(a[1]), force(a[2]), a[0]);
      case 'HEq': return same(force(a[1]), force(a[3]), a[0]);
      case 'Nat.le': return force(a[0]) <= force(a[1]);
      case 'Int.NonNeg': return force(a[0]).of.index === 0;
      case 'Exists': {
        const { values, complete } = domains.few(force(a[0]), QUANTIFIED);
        const p = force(a[1]);
        const found = any(values.map((x) => () => truth(machine.apply(p, ready(x)))));
        return found === false && !complete ? null : found;
      }
      case 'List.Perm': return permutation(items(force(a[1])), items(force(a[2])), a[0]);
      case 'List.Pairwise': {
        const r = force(a[1]);
        const xs = items(force(a[2]));
        return all(xs.flatMap((x, i) => xs.slice(i + 1).map((y) => () => truth(machine.applyAll(r, [x, y])))));
      }
      case 'Nonempty': case 'Inhabited': return domains.few(force(a[0]), 1).values.length > 0 ? true : null;
      default: return v.of.prop ? byConstructors(v) : null;
    }
  }

  /** The elements of a list. @param {Value} v @returns {any[]} thunks */
  function items(v) {
    const found = [];
    while (v instanceof Ctor && v.fields.length === 2) {
      found.push(v.fields[0]);
      v = force(v.fields[1]);
    }
    return found;
  }

  /** @param {any[]} xs @param {any[]} ys @param {any} type @returns {boolean | null} */
  function permutation(xs, ys, type) {
    if (xs.length !== ys.length) return false;
    const rest = [...ys];
    for (const x of xs) {
      const found = rest.map((y) => same(force(x), force(y), type));
      if (found.includes(null)) return null;
      const at = found.indexOf(true);
      if (at < 0) return false;
      rest.splice(at, 1);
    }
    return true;
  }

  /** Whether two values are equal. @param {Value} x @param {Value} y @param {any} type a thunk, looked at for functions only @returns {boolean | null} */
  function same(x, y, type) {
    if (x === y || x === PROOF || y === PROOF) return true;
    if (typeof x === 'bigint' || typeof x === 'string') return typeof x === typeof y ? x === y : null;
    if (x instanceof Ctor && y instanceof Ctor) {
      if (--machine.fuel < 0) throw new Stuck('out of fuel');
      if (x.of.name !== y.of.name) return false;
      let sure = true;
      for (let i = 0; i < x.fields.length; i++) {
        if (x.fields[i] === y.fields[i]) continue;
        const found = same(force(x.fields[i]), force(y.fields[i]), null);
        if (found === false) return false;
        if (found === null) sure = false;
      }
      return sure ? true : null;
    }
    if (x instanceof Type && y instanceof Type && x.of.prop && y.of.prop) {
      const [p, q] = [truth(x), truth(y)];
      return p === null || q === null ? null : p === q;
    }
    const pi = type === null ? null : force(type);
    if (x instanceof Fn && y instanceof Fn && pi instanceof Pi) {
      const { values, complete } = domains.few(force(pi.domain), QUANTIFIED);
      const found = all(values.map((v) => () => {
        const arg = ready(v);
        return same(machine.apply(x, arg), machine.apply(y, arg), ready(pi.codomain(arg)));
      }));
      return found === true && !complete ? null : found;
    }
    return null;
  }

  // ---------------------------------------------------------------- inductive predicates

  /** @param {any} v an applied inductive predicate @returns {boolean | null} */
  function byConstructors(v) {
    let open = false;
    for (const name of v.of.constructors) {
      const found = known(() => byConstructor(v, machine.constructorOf(name)));
      if (found === true) return true;
      if (found === null) open = true;
    }
    return open ? null : false;
  }

  /** @param {any} v @param {any} c @returns {boolean | null} */
  function byConstructor(v, c) {
    const { binders, body } = terms.telescope(c.expr);
    const [, results] = terms.spine(body);
    /** @type {(any | null)[]} thunks of what is known so far, by binder */
    const bound = binders.map((_, i) => (i < c.params ? v.args[i] : null));
    const later = [];
    for (let i = c.params; i < results.length; i++) {
      const fits = match(results[i], v.args[i], bound, binders.length);
      if (fits === false) return false;
      if (fits === null) later.push(i);
    }
    const premises = [];
    for (let i = c.params; i < binders.length; i++) if (bound[i] === null) premises.push(i);
    const proofs = premises.filter((i) => isPropExpr(binders[i].type, binders, i));
    if (proofs.length < premises.length) return null; // a field that the indices do not determine
    for (const i of proofs) bound[i] = PROOF_THUNK;
    return all([
      ...later.map((i) => () => same(machine.compile(results[i])(scope(bound, binders.length)), force(v.args[i]), null)),
      ...proofs.map((i) => () => truth(machine.compile(binders[i].type)(scope(bound, i)))),
    ]);
  }

  /** The first `n` binders as an environment. @param {any[]} bound @param {number} n */
  function scope(bound, n) {
    let env = null;
    for (let i = 0; i < n; i++) env = { v: bound[i] ?? UNKNOWN, next: env };
    return env;
  }
  const UNKNOWN = { code: () => { throw new Stuck('a field that is not known'); }, env: null, value: undefined };

  /**
   * Matches a constructor's index against a value. @param {number} e borrowed Expr @param {any} t thunk @param {any[]} bound
   * @param {number} n binders in scope @returns {boolean | null} null: it has to be evaluated
   */
  function match(e, t, bound, n) {
    const [head, args] = terms.spine(e);
    if (abi.tag(head) === EXPR.bvar && args.length === 0) {
      const at = n - 1 - abi.unbox(abi.field(head, 0));
      if (bound[at] !== null) return null;
      bound[at] = t;
      return true;
    }
    if (abi.tag(head) !== EXPR.const) return null;
    const name = abi.nameText(abi.field(head, 0));
    let value;
    if (name === 'HAdd.hAdd' && args.length === 6) { // n + 1 stands for the successor
      const [literal] = terms.spine(args[5]);
      if (abi.tag(literal) === EXPR.const && abi.nameText(abi.field(literal, 0)) === 'OfNat.ofNat') {
        value = force(t);
        const step = machine.compile(args[5])(null);
        if (typeof value !== 'bigint' || typeof step !== 'bigint') return null;
        return value < step ? false : match(args[4], ready(value - step), bound, n);
      }
      return null;
    }
    if (known(() => abi.tag(machine.infoOf(name)) === KIND.constructor) !== true) return null;
    const c = machine.constructorOf(name);
    value = machine.viewed(force(t));
    if (value.of.name !== name) return false;
    let sure = true;
    for (let i = 0; i < c.arity; i++) {
      const fits = match(args[c.params + i], value.fields[i], bound, n);
      if (fits === false) return false;
      if (fits === null) sure = false;
    }
    return sure ? true : null;
  }

  /** Whether a binder's type is a proposition, by its head. @param {number} e @param {{type: number}[]} binders @param {number} i @returns {boolean} */
  function isPropExpr(e, binders, i) {
    const { binders: inner, body } = terms.telescope(e);
    const [head] = terms.spine(body);
    if (abi.tag(head) === EXPR.const) {
      try {
        const result = terms.telescope(abi.field(abi.field(abi.field(machine.infoOf(abi.nameText(abi.field(head, 0))), 0), 0), 2)).body;
        return abi.tag(result) === EXPR.sort && abi.tag(abi.field(result, 0)) === 0;
      } catch (e) {
        if (e instanceof Stuck) return false;
        throw e;
      }
    }
    if (abi.tag(head) === EXPR.bvar) {
      const at = i + inner.length - 1 - abi.unbox(abi.field(head, 0));
      if (at < 0 || at >= i) return false;
      const result = terms.telescope(binders[at].type).body;
      return abi.tag(result) === EXPR.sort && abi.tag(abi.field(result, 0)) === 0;
    }
    return false;
  }

  return { truth, plausible, same, isProp, isPropExpr, known, items };
}

module.exports = { makeTruth };
