// @ts-check
/**
 * Refines variables on demand: a variable begins as a hole, and only where the evaluation asks for a hole is it given a constructor,
 * whose arguments are holes again. A whole set of values is dropped at once when what is known of them decides the question
 * (Runciman, Naylor and Lindblad, "SmallCheck and Lazy SmallCheck", Haskell 2008; needed narrowing). Iterative deepening on the number
 * of constructors.
 *
 * @typedef {any} Value
 * @typedef {{type: Value, thunk: any}} Hole
 */
'use strict';

/** Thrown where the evaluation needs the value of a hole: once an attempt, so without the stack that an Error would record. */
class Demand {
  /** @param {Hole} hole */
  constructor(hole) {
    this.hole = hole;
  }
}

/**
 * @param {ReturnType<typeof import('./evaluate.cjs').makeEvaluator>} evaluator
 * @param {any} machine @param {any} domains @param {any} logic
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeNarrowing({ Ctor, Type, Thunk, PROOF_THUNK, ready }, machine, domains, logic, terms) {
  /** @param {Value} type @returns {Hole} */
  function hole(type) {
    /** @type {Hole} */
    const made = { type, thunk: null };
    made.thunk = new Thunk(asks(made), null);
    return made;
  }
  const asks = (/** @type {Hole} */ h) => () => { throw new Demand(h); };

  /** @type {Map<string, boolean>} */
  const narrowable = new Map();
  /** Whether values of a type are refined constructor by constructor; others are taken whole. @param {Value} type */
  function isNarrowed(type) {
    if (!(type instanceof Type) || type.of.name === 'Nat' || type.of.name === 'Int' || type.of.indices > 0) return false;
    let known = narrowable.get(type.of.name);
    if (known === undefined) {
      known = type.of.constructors.every((/** @type {string} */ name) => {
        const c = machine.constructorOf(name);
        const { binders } = terms.telescope(c.expr);
        return binders.slice(c.params).every((b, i) => !logic.isPropExpr(b.type, binders, c.params + i));
      });
      narrowable.set(type.of.name, known);
    }
    return known;
  }

  /**
   * What a hole may be, with what it costs and the holes that it brings. @param {Hole} h @param {number} left
   * @returns {Generator<{value: Value, cost: number, holes: Hole[]}>}
   */
  function* options(h, left) {
    if (!isNarrowed(h.type)) {
      for (let size = 1; size <= left; size++) {
        for (const sample of domains.ofSize(h.type, size)) yield { value: sample.value, cost: size, holes: [] };
      }
      return;
    }
    for (const name of h.type.of.constructors) {
      const c = machine.constructorOf(name);
      const { binders } = terms.telescope(c.expr);
      let env = null;
      for (let i = 0; i < c.params; i++) env = { v: h.type.args[i], next: env };
      /** @type {Hole[]} */
      const holes = [];
      for (let i = c.params; i < binders.length; i++) {
        const field = hole(machine.compile(binders[i].type)(env));
        holes.push(field);
        env = { v: field.thunk, next: env };
      }
      yield { value: new Ctor(c, holes.map((f) => f.thunk)), cost: 1, holes };
    }
  }

  /** @param {Hole} h @param {Value} value */
  function fill(h, value) {
    h.thunk.code = null;
    h.thunk.value = value;
  }
  /** @param {Hole} h */
  function empty(h) {
    h.thunk.code = asks(h);
    h.thunk.value = undefined;
  }

  /**
   * Values at which `question` says yes. @param {Hole[]} variables
   * @param {(settled: boolean[]) => 'no' | 'yes' | {hole: Hole, settled: boolean[]}} question "no": whatever the holes are
   * @param {number} most constructors in all @param {() => boolean} late
   * @returns {'found' | 'none' | 'late' | 'cut'} "none": there are none; "cut": none so small
   */
  function search(variables, question, most, late) {
    let cut = false;
    /** @param {number} open @param {number} left @param {boolean[]} settled @returns {boolean | null} null: late */
    const go = (open, left, settled) => {
      if (late()) return null;
      const answer = question(settled);
      if (answer === 'no') return false;
      if (answer === 'yes') return true;
      const h = answer.hole;
      for (const option of options(h, left - (open - 1))) {
        const more = open - 1 + option.holes.length;
        if (left - option.cost < more) {
          cut = true;
          continue;
        }
        fill(h, option.value);
        const found = go(more, left - option.cost, answer.settled);
        if (found !== false) return found;
      }
      if (!isNarrowed(h.type)) cut = true;
      empty(h);
      return false;
    };
    const found = variables.length <= most ? go(variables.length, most, []) : ((cut = true), false);
    return found === null ? 'late' : found ? 'found' : cut ? 'cut' : 'none';
  }

  /** A value without holes: those that nobody asked for get the smallest value. @param {any} thunk @returns {Value} */
  function whole(thunk) {
    let value;
    try {
      value = machine.force(thunk);
    } catch (e) {
      if (!(e instanceof Demand)) throw e;
      value = domains.few(e.hole.type, 1).values[0];
      fill(e.hole, value);
      return whole(thunk);
    }
    if (value instanceof Ctor) value.fields.forEach((/** @type {any} */ f) => f !== PROOF_THUNK && whole(f));
    return value;
  }

  return { hole, search, whole, ready };
}

module.exports = { makeNarrowing, Demand };
