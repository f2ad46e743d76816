// @ts-check
/**
 * What Lean knows of a file's own constants, for the policy: constructors and their recursive fields, on which argument a
 * function recurses and which arguments its recursion changes. Read off the terms, so a type is what it is and not how it is called.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { KIND } = require('./declared.cjs');
const { EXPR, BINDER } = require('./terms.cjs');

const MOST = 200;
/** What the compilation of recursion and matching leaves beside a definition. */
const MADE_BY_LEAN = /(^|\.)(_|match_|brecOn|below|rec|induct|fun_cases|eq_|proof_|congr_)/;

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('./terms.cjs').makeTerms>} terms
 */
function makeDescribe(abi, audit, terms) {
  const { unbox, isScalar, dec, tag, field, nameText, name } = abi;
  const { declared } = audit;
  const plain = (/** @type {Obj} */ e) => {
    while (tag(e) === EXPR.mdata) e = field(e, 1);
    return e;
  };

  /** @param {Obj} type borrowed @param {string} of the inductive type @param {number} params */
  function constructor(type, of, params) {
    const { binders } = terms.telescope(type);
    const fields = binders.slice(params).filter((b) => b.info === BINDER.default);
    const own = terms.nameId(nameFor(of));
    return { fields: fields.map((b) => nameText(b.name)), recursive: fields.map((b) => terms.constantsIn(b.type).has(own)) };
  }

  /** @type {Map<string, Obj>} */
  const made = new Map();
  /** @param {string} text a name that is kept */
  function nameFor(text) {
    let n = made.get(text);
    if (n === undefined) made.set(text, (n = name(text)));
    return n;
  }

  /** @param {Obj} env borrowed @param {string} of @param {Obj} info borrowed */
  function inductive(env, of, info) {
    const params = declared.inductive.numParams(info);
    const { body } = terms.telescope(declared.type(info));
    const isProp = tag(body) === EXPR.sort && (isScalar(field(body, 0)) || tag(field(body, 0)) === 0);
    const constructors = declared.inductive.constructors(info).map((n) => {
      const found = audit.find(env, n);
      if (found === null) return null;
      const made = { name: nameText(n).split('.').pop(), ...constructor(declared.type(found), of, params) };
      dec(found);
      return made;
    });
    return { kind: 'inductive', prop: isProp, params, indices: declared.inductive.numIndices(info), constructors: constructors.filter((c) => c !== null) };
  }

  /**
   * Structural recursion is compiled to `T.brecOn … major F extra…`: the major premise is the argument recursed on, the extra
   * ones those that the recursion may change. Recursion by a measure is a fixed point, `WellFounded.fix … F x` or on numbers
   * `WellFounded.Nat.fix`, in which Lean leaves out the last argument where it can, or a call of one that takes what varies as a
   * tuple: what stands before the tuple never changes.
   * @param {Obj} value borrowed @param {number} arity of its type
   * @returns {{recurses: number[], changing: number[], measured: boolean} | null} places among all parameters
   */
  function recursion(value, arity) {
    let count = 0;
    let e = plain(value);
    while (tag(e) === EXPR.lam) {
      count += 1;
      e = plain(field(e, 2));
    }
    /** @param {Obj} x @param {number} inner binders between the parameters and here @returns {number | null} */
    const parameter = (x, inner) => {
      x = plain(x);
      if (tag(x) !== EXPR.bvar) return null;
      const index = unbox(field(x, 0)) - inner;
      return index >= 0 && index < count ? count - 1 - index : null;
    };
    const [head, args] = terms.spine(e);
    if (tag(head) !== EXPR.const && tag(head) !== EXPR.proj) return null;
    const text = tag(head) === EXPR.const ? nameText(field(head, 0)) : '';
    if (text.endsWith('.brecOn') || /\.brecOn_\d+$/.test(text)) {
      const places = args.map((a) => parameter(a, 0));
      const isFunction = (/** @type {Obj} */ a) => tag(plain(a)) === EXPR.lam;
      const motive = args.findIndex(isFunction);
      const step = args.findIndex((a, i) => i > motive && isFunction(a) && places[i - 1] !== null);
      if (step < 0) return null;
      const extra = places.slice(step + 1).filter((p) => p !== null);
      return { recurses: [Number(places[step - 1])], changing: extra.map(Number), measured: false };
    }
    const fix = ['WellFounded.fix', 'WellFounded.Nat.fix'].includes(text);
    if (!fix && !/\._unary$|\._mutual$/.test(text)) return null;
    const all = [...Array(arity).keys()];
    if (fix) {
      const own = args.slice(-1).map((a) => parameter(a, 0));
      return { recurses: all.filter((i) => i >= count || own.includes(i)), changing: [], measured: true };
    }
    const fixed = args.slice(0, -1).map((a) => parameter(a, 0));
    return { recurses: all.filter((i) => !fixed.includes(i)), changing: [], measured: true };
  }

  /** Functions of a `where` or `let rec` of a definition. @param {Obj} env @param {string} of @param {Obj} value borrowed */
  function localsOf(env, of, value) {
    return [...terms.constantsIn(value)].map((id) => terms.texts[id]).filter((text) => {
      if (!text.startsWith(`${of}.`) || MADE_BY_LEAN.test(text.slice(of.length + 1))) return false;
      const info = audit.find(env, nameFor(text));
      if (info === null) return false;
      const own = tag(info) === KIND.definition;
      dec(info);
      return own;
    });
  }

  /** @param {Obj} env borrowed @param {string} of @param {Obj} info borrowed */
  function definition(env, of, info) {
    const { binders } = terms.telescope(declared.type(info));
    const explicit = binders.flatMap((b, i) => (b.info === BINDER.default ? [i] : []));
    const at = (/** @type {number[]} */ places) => places.map((p) => explicit.indexOf(p)).filter((p) => p >= 0);
    const found = recursion(declared.value(info), binders.length);
    return {
      kind: 'definition', arity: explicit.length, parameters: explicit.map((i) => nameText(binders[i].name)),
      recursive: found !== null, recurses: at(found?.recurses ?? []), changing: at(found?.changing ?? []),
      measured: found?.measured ?? false,
      locals: localsOf(env, of, declared.value(info)),
    };
  }

  /** @param {Obj} env borrowed @param {string[]} names */
  function describe(env, names) {
    /** @type {Record<string, object>} */
    const result = {};
    for (const of of names.slice(0, MOST)) {
      const info = audit.find(env, nameFor(of));
      if (info === null) continue;
      if (tag(info) === KIND.inductive) result[of] = inductive(env, of, info);
      else if (tag(info) === KIND.definition) result[of] = definition(env, of, info);
      dec(info);
    }
    return { constants: result };
  }

  return { describe };
}

module.exports = { makeDescribe };
