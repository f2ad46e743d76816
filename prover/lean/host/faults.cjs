// @ts-check
/**
 * Looks, on the terms, for what later kernels refuse and the embedded one does not: the faults found in Lean's kernel
 * between 4.28 and 4.34, by their numbers in leanprover/lean4. None can be written in a file without running a program,
 * and programs are refused; these checks hold for constants that come in by a way that nobody knows. What is looked for is told
 * in `prover/audit/trust.py`.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { KIND } = require('./declared.cjs');
const { EXPR } = require('./terms.cjs');

const LEVEL = { zero: 0, succ: 1, max: 2, imax: 3, param: 4 };
/** The kernel computes with these by their name alone. */
const KERNEL_NAMES = new Set([
  ...'add sub mul div mod gcd beq ble land lor xor shiftLeft shiftRight pow log2 succ zero rec'.split(' ').map((n) => `Nat.${n}`),
  'Nat', 'Lean.reduceBool', 'Lean.reduceNat', 'String.ofList', 'String.mk', 'Char.ofNat', 'eagerReduce', 'Quot', 'Quot.mk', 'Quot.lift', 'Quot.ind',
]);

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeFaults(abi, audit) {
  const { tag, field, listItems, isScalar, unbox, dec } = abi;
  const { declared } = audit;

  /** @param {Obj} e borrowed @returns {Obj} borrowed */
  function plain(e) {
    while (tag(e) === EXPR.mdata) e = field(e, 1);
    return e;
  }
  /** @param {Obj} e borrowed @returns {[Obj, Obj[]]} head and arguments */
  function spine(e) {
    const args = [];
    for (e = plain(e); tag(e) === EXPR.app; e = plain(field(e, 0))) args.unshift(field(e, 1));
    return [e, args];
  }
  /** @param {Obj} level @returns {boolean} whether it is above 0 whatever its parameters are */
  function neverZero(level) {
    switch (tag(level)) {
      case LEVEL.succ: return true;
      case LEVEL.max: return neverZero(field(level, 0)) || neverZero(field(level, 1));
      case LEVEL.imax: return neverZero(field(level, 1));
      default: return false;
    }
  }

  /**
   * The sort at the end of a type, where it is written there or behind definitions that need no computation.
   * @param {Obj} env borrowed @param {Obj} type borrowed @returns {Obj | null} a level, borrowed
   */
  function resultLevel(env, type) {
    for (let steps = 0, e = plain(type); steps < 1000; steps++) {
      if (tag(e) === EXPR.forall || tag(e) === EXPR.lam) e = plain(field(e, 2));
      else if (tag(e) === EXPR.sort) return field(e, 0);
      else {
        const [head] = spine(e);
        const info = tag(head) === EXPR.const ? audit.find(env, field(head, 0)) : null;
        if (info === null) return null;
        const isDefinition = tag(info) === KIND.definition;
        const value = isDefinition ? declared.value(info) : 0;
        // A definition with universes of its own would have to be instantiated; no honest type needs that.
        const plainLevels = listItems(field(head, 1)).length === 0;
        dec(info); // the environment holds it
        if (!isDefinition || !plainLevels) return null;
        e = plain(value);
      }
    }
    return null;
  }

  /** @param {Obj} env @param {Obj} type of an inductive type @returns {boolean} */
  function honestSort(env, type) {
    const level = resultLevel(env, type);
    return level !== null && (tag(level) === LEVEL.zero || neverZero(level));
  }

  /** @param {Obj} env @param {Obj} term borrowed @param {string} key @returns {string | null} */
  function projectionFault(env, term, key) {
    const seen = new Set();
    /** @type {string | null} */
    let fault = null;
    /** @param {Obj} e */
    function go(e) {
      if (fault !== null || seen.has(e)) return;
      seen.add(e);
      if (tag(e) === EXPR.proj) fault = badProjection(env, e, key);
      partsOf(e).forEach(go);
    }
    go(term);
    return fault;
  }

  /** @param {Obj} env @param {Obj} e a projection @param {string} key @returns {string | null} */
  function badProjection(env, e, key) {
    const info = audit.find(env, field(e, 0));
    const bad = (/** @type {string} */ what) => `${key} has a projection ${what}`;
    if (info === null) return bad('of nothing');
    try {
      const constructors = tag(info) === KIND.inductive ? declared.inductive.constructors(info) : [];
      if (constructors.length !== 1) return bad('of what is no structure');
      const constructor = audit.find(env, constructors[0]);
      const fields = constructor === null || tag(constructor) !== KIND.constructor ? -1 : declared.constructor.numFields(constructor);
      if (constructor !== null) dec(constructor);
      const index = field(e, 1);
      if (!isScalar(index) || unbox(index) >= fields) return bad('beyond the fields of its structure');
      return honestSort(env, declared.type(info)) ? null : bad('of a structure whose sort may be Prop');
    } finally {
      dec(info);
    }
  }

  /** Whether a constant that is new has one of the faults. @param {Obj} env with it @param {string} key @param {Obj} info @returns {string | null} */
  function ofConstant(env, key, info) {
    if (KERNEL_NAMES.has(key)) return `${key} has a name that the kernel computes with`;
    const value = audit.valueOf(info);
    const fault = projectionFault(env, declared.type(info), key) ?? (value === null ? null : projectionFault(env, value, key));
    if (value !== null) dec(value);
    return fault;
  }

  /** @param {Obj} env with the block @param {Obj[]} types infos of a mutual block @param {Obj[][]} constructors @returns {string | null} */
  function ofBlock(env, types, constructors) {
    const names = [...types, ...constructors.flat()].map((info) => audit.keyOf(declared.name(info)));
    if (new Set(names).size !== names.length) return `${names[0]}: a name stands twice in its block`;
    const block = new Set(names.slice(0, types.length));
    for (const [i, type] of types.entries()) {
      if (!honestSort(env, declared.type(type))) return `${names[i]} is in a sort that may be Prop without being it`;
      const params = declared.inductive.numParams(type);
      const levels = listItems(declared.levelParams(type)).map(audit.keyOf);
      for (const constructor of constructors[i]) {
        if (!uniform(declared.type(constructor), block, params, levels)) {
          return `${names[i]} occurs in ${audit.keyOf(declared.name(constructor))} with other parameters than its own`;
        }
        if (hidden(env, declared.type(constructor), block)) {
          return `${names[i]} occurs in ${audit.keyOf(declared.name(constructor))} behind a computation`;
        }
      }
    }
    return null;
  }

  /** Whether the types of a block occur with the parameters and universes of the block alone. @param {Obj} type of a constructor @param {Set<string>} block @param {number} params @param {string[]} levels */
  function uniform(type, block, params, levels) {
    let body = plain(type);
    for (let i = 0; i < params; i++) {
      if (tag(body) !== EXPR.forall || !good(field(body, 1), -1)) return false;
      body = plain(field(body, 2));
    }
    const seen = new Set();
    /** @param {Obj} e @param {number} depth binders inside the parameters; below 0: no type of the block may occur @returns {boolean} */
    function good(e, depth) {
      const known = `${e} ${depth}`;
      if (depth >= 0 && seen.has(known)) return true;
      if (depth >= 0) seen.add(known);
      const inner = depth < 0 ? depth : depth + 1;
      switch (tag(e)) {
        case EXPR.mdata: return good(field(e, 1), depth);
        case EXPR.lam: case EXPR.forall: return good(field(e, 1), depth) && good(field(e, 2), inner);
        case EXPR.let: return good(field(e, 1), depth) && good(field(e, 2), depth) && good(field(e, 3), inner);
        case EXPR.proj: return good(field(e, 2), depth);
        case EXPR.app: case EXPR.const: {
          const [head, args] = spine(e);
          if (tag(head) === EXPR.const && block.has(audit.keyOf(field(head, 0))) && !asDeclared(head, args, depth)) return false;
          return (tag(head) === EXPR.const || good(head, depth)) && args.every((a) => good(a, depth));
        }
        default: return true;
      }
    }
    /** @param {Obj} head @param {Obj[]} args @param {number} depth */
    function asDeclared(head, args, depth) {
      const own = listItems(field(head, 1));
      return depth >= 0 && args.length >= params && own.length === levels.length
        && own.every((l, i) => tag(l) === LEVEL.param && audit.keyOf(field(l, 0)) === levels[i])
        && args.slice(0, params).every((a, i) => tag(plain(a)) === EXPR.bvar && unbox(field(plain(a), 0)) === depth + params - 1 - i);
    }
    return good(body, 0);
  }

  /**
   * Whether a type of a block occurs where a computation has to uncover it: in an argument of a recursor, of a definition that
   * uses one, or of a function, or under a projection. Whether such an argument is recursive depends on how far the kernel computes.
   * @param {Obj} env @param {Obj} type of a constructor @param {Set<string>} block
   */
  function hidden(env, type, block) {
    /** @type {Map<Obj, boolean>} */
    const known = new Map();
    /** @param {Obj} e @returns {boolean} whether a type of the block occurs in it */
    function mentions(e) {
      let found = known.get(e);
      if (found === undefined) {
        found = tag(e) === EXPR.const ? block.has(audit.keyOf(field(e, 0))) : partsOf(e).some(mentions);
        known.set(e, found);
      }
      return found;
    }
    const seen = new Set();
    /** @param {Obj} e @returns {boolean} */
    function bad(e) {
      if (seen.has(e) || !mentions(e)) return false;
      seen.add(e);
      if (tag(e) === EXPR.proj) return true;
      if (tag(e) !== EXPR.app) return partsOf(e).some(bad);
      const [head, args] = spine(e);
      if (args.some(mentions) && (tag(head) === EXPR.lam || tag(head) === EXPR.proj || (tag(head) === EXPR.const && computes(env, field(head, 0), new Set())))) return true;
      return bad(head) || args.some(bad);
    }
    return bad(type);
  }
  /** @param {Obj} e @returns {Obj[]} the terms of which it is made, borrowed */
  function partsOf(e) {
    switch (tag(e)) {
      case EXPR.app: return [field(e, 0), field(e, 1)];
      case EXPR.lam: case EXPR.forall: return [field(e, 1), field(e, 2)];
      case EXPR.let: return [field(e, 1), field(e, 2), field(e, 3)];
      case EXPR.mdata: return [field(e, 1)];
      case EXPR.proj: return [field(e, 2)];
      default: return [];
    }
  }
  /** Whether a constant is a recursor or a definition that rests on one. @param {Obj} env @param {Obj} n name @param {Set<string>} seen @returns {boolean} */
  function computes(env, n, seen) {
    const key = audit.keyOf(n);
    if (seen.has(key)) return false;
    seen.add(key);
    const info = audit.find(env, n);
    if (info === null) return true;
    const kind = tag(info);
    const value = kind === KIND.definition ? field(field(info, 0), 1) : 0;
    dec(info); // the environment holds it
    if (value === 0) return kind === KIND.recursor || kind === KIND.quotient;
    const inside = new Set();
    /** @param {Obj} e @returns {boolean} */
    const walk = (e) => {
      if (inside.has(e)) return false;
      inside.add(e);
      if (tag(e) === EXPR.proj) return true;
      return tag(e) === EXPR.const ? computes(env, field(e, 0), seen) : partsOf(e).some(walk);
    };
    return walk(value);
  }

  /** Whether the rules of a recursor give each case as many arguments as its type takes. @param {string} key @param {Obj} recursor info @returns {string | null} */
  function ofRecursor(key, recursor) {
    const { numParams, numMotives, numMinors, rules } = declared.recursor;
    const [params, motives, minors] = [numParams, numMotives, numMinors].map((of) => of(recursor));
    const cases = [];
    let type = plain(declared.type(recursor));
    for (let i = 0; i < params + motives + minors; i++) {
      if (tag(type) !== EXPR.forall) return `${key} takes too few arguments`;
      if (i >= params + motives) cases.push(binders(field(type, 1)));
      type = plain(field(type, 2));
    }
    for (const rule of rules(recursor)) {
      const fields = unbox(field(rule, 1));
      let body = plain(field(rule, 2));
      for (let i = 0; i < params + motives + minors + fields; i++) {
        if (tag(body) !== EXPR.lam) return `a rule of ${key} takes too few arguments`;
        body = plain(field(body, 2));
      }
      const [head, args] = spine(body);
      const at = tag(head) === EXPR.bvar ? fields + minors - 1 - unbox(field(head, 0)) : -1;
      if (cases[at] !== args.length) return `a rule of ${key} gives its case another number of arguments than it takes`;
    }
    return null;
  }
  /** @param {Obj} e @returns {number} */
  function binders(e) {
    let count = 0;
    for (e = plain(e); tag(e) === EXPR.forall; e = plain(field(e, 2))) count++;
    return count;
  }

  return { ofConstant, ofBlock, ofRecursor };
}

module.exports = { makeFaults };
