// @ts-check
/**
 * Whether a statement says the same in two states: its type is the same term, and every constant of the files that it
 * rests on is declared in the same way in both. Names that Lean makes up for auxiliary definitions (`foo.match_1`,
 * `foo._proof_2`) depend on what was elaborated before, so two of them are the same when what they stand for is.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { KINDS } = require('./declared.cjs');

const ANOTHER = 'the statement is another one';
const EXPR = { bvar: 0, fvar: 1, mvar: 2, sort: 3, const: 4, app: 5, lam: 6, forall: 7, let: 8, lit: 9, mdata: 10, proj: 11 };

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeCompare(abi, audit) {
  const { E, dec, tag, field, listItems, nameText } = abi;
  const { declared } = audit;

  /**
   * @param {Obj} a @param {Obj} b states @param {Obj} baseA @param {Obj} baseB what they import
   * @param {string[]} names of theorems of `a`
   * @param {string[]} open definitions of `a` that `b` may fill as it likes
   * @param {Record<string, string>} negated theorems of `a` → theorems of `b` that shall state the negation
   * @returns {{comparisons: {name: string, kind_a: string | null, kind_b: string | null, differences: string[]}[]}}
   *   `differences` in plain words; none: the same statement
   */
  function compare(a, b, baseA, baseB, names, open = [], negated = {}) {
    const filled = new Set(open);
    const [environmentA, environmentB] = [audit.environmentOf(a), audit.environmentOf(b)];
    const [newA, newB] = [audit.newConstants(a, baseA), audit.newConstants(b, baseB)];
    /** @type {Map<string, boolean>} a pair under way counts as the same */
    const pairs = new Map();
    /** @type {Map<string, boolean>} */
    const terms = new Map();
    /** @type {string[]} */
    let differences = [];
    /** @type {Obj[]} terms whose addresses are in `terms` */
    const kept = [];

    /** Whatever differs anywhere leaves a word here, so what was taken for the same meanwhile does not matter. @param {string} what */
    function differ(what) {
      differences.push(what);
      return false;
    }

    /** @param {string} x name in a @param {string} y name in b @returns {boolean} */
    function sameConstant(x, y) {
      const [infoA, infoB] = [newA.get(x), newB.get(y)];
      if (infoA === undefined || infoB === undefined || (x !== y && !(audit.isInternal(infoA) && audit.isInternal(infoB)))) {
        if (x !== y) return differ(`it has ${y} where the target has ${x}`);
        if (infoA === undefined && infoB === undefined) return true; // the library's
        if (infoA === undefined) return differ(`${x} is not the library's`);
        return differ(isImported(baseB, y) ? `${x} is another one, from the library` : `${x} is missing`);
      }
      const pair = `${x} ${y}`;
      const known = pairs.get(pair);
      if (known !== undefined) return known;
      pairs.set(pair, true);
      const why = difference(infoA, infoB);
      pairs.set(pair, why === null);
      return why === null || differ(`${x} ${why}`);
    }

    /** @param {Obj} x @param {Obj} y ConstantInfo @returns {string | null} */
    function difference(x, y) {
      const kind = KINDS[tag(x)];
      if (tag(x) !== tag(y)) return `is a ${KINDS[tag(y)]} and not a ${kind}`;
      if (levels(x) !== levels(y)) return 'has other universe parameters';
      if (!sameTerm(declared.type(x), declared.type(y))) return 'has another type';
      if (audit.codeOf(environmentA, x) !== audit.codeOf(environmentB, y)) return 'has another implementation (implemented_by, extern)';
      for (const [property, f] of /** @type {const} */ ([['unsafe', 'l_Lean_ConstantInfo_isUnsafe'], ['partial', 'l_Lean_ConstantInfo_isPartial']])) {
        if (audit.truth(f, abi.inc(x)) !== audit.truth(f, abi.inc(y))) return `is ${property} in one of the files only`;
      }
      if ((kind === 'definition' && !filled.has(audit.keyOf(declared.name(x)))) || kind === 'opaque') {
        if (!sameTerm(declared.value(x), declared.value(y))) return 'has another value';
      }
      if (kind === 'inductive') {
        for (const members of [declared.inductive.block, declared.inductive.constructors]) {
          const [m, n] = [x, y].map((i) => members(i).map((o) => audit.keyOf(o)));
          if (m.join(' ') !== n.join(' ')) return 'has other constructors';
          if (!m.every((one) => sameConstant(one, one))) return 'has another constructor';
        }
        if (declared.inductive.numParams(x) !== declared.inductive.numParams(y)) return 'has other parameters';
      }
      if (kind === 'constructor' || kind === 'recursor') {
        const owner = (/** @type {Obj} */ i) => (kind === 'constructor' ? [declared.constructor.type(i)] : declared.recursor.block(i));
        const [m, n] = [owner(x), owner(y)].map((list) => list.map((o) => audit.keyOf(o)));
        if (m.length !== n.length || !m.every((one, i) => sameConstant(one, n[i]))) return 'belongs to another type';
      }
      return null;
    }

    /** @param {Obj} x borrowed @param {Obj} y borrowed @returns {boolean} */
    function sameTerm(x, y) {
      while (!abi.isScalar(x) && tag(x) === EXPR.mdata) x = field(x, 1);
      while (!abi.isScalar(y) && tag(y) === EXPR.mdata) y = field(y, 1);
      if (tag(x) !== tag(y)) return false; // whoever asked says so
      const key = `${x} ${y}`;
      const known = terms.get(key);
      if (known !== undefined) return known;
      const result = sameNode(x, y);
      terms.set(key, result);
      if (!result && differences.length === 0) differ(ANOTHER);
      return result;
    }

    /** @param {Obj} x @param {Obj} y of one kind @returns {boolean} */
    function sameNode(x, y) {
      const both = (/** @type {number} */ i) => sameTerm(field(x, i), field(y, i));
      switch (tag(x)) {
        case EXPR.const: {
          if (!sameLevels(field(x, 1), field(y, 1))) return false;
          return sameConstant(audit.keyOf(field(x, 0)), audit.keyOf(field(y, 0)));
        }
        case EXPR.app: return both(0) && both(1);
        case EXPR.lam:
        case EXPR.forall: return both(1) && both(2);
        case EXPR.let: return both(1) && both(2) && both(3);
        case EXPR.proj:
          return field(x, 1) === field(y, 1) && sameConstant(audit.keyOf(field(x, 0)), audit.keyOf(field(y, 0))) && both(2);
        default: return E.lean_expr_eqv(x, y) !== 0; // bound variables, sorts, literals
      }
    }

    /** @param {Obj} x @param {Obj} y lists of levels */
    function sameLevels(x, y) {
      const [m, n] = [listItems(x), listItems(y)];
      return m.length === n.length && m.every((l, i) => E.lean_level_eq(l, n[i]) !== 0);
    }

    const comparisons = names.map((name) => {
      differences = [];
      pairs.clear();
      terms.clear();
      const counter = Object.hasOwn(negated, name) ? negated[name] : null;
      const [x, y] = [newA.get(name), newB.get(counter ?? name)];
      if (x !== undefined && y !== undefined) {
        const stated = counter === null ? abi.inc(declared.type(y)) : refuted(x, y);
        if (stated === null) differences.push('it does not state the negation');
        else if (counter === null && levels(x) !== levels(y)) differences.push('the statement has other universe parameters');
        else if (!sameTerm(declared.type(x), stated) && differences.length === 0) differences.push(ANOTHER);
        if (stated !== null) kept.push(stated);
      }
      return {
        name, kind_a: x === undefined ? null : KINDS[tag(x)], kind_b: y === undefined ? null : KINDS[tag(y)],
        differences: inWords(differences),
      };
    });
    kept.forEach(dec);
    audit.release(newA);
    audit.release(newB);
    return { comparisons };
  }

  /** The general remark is for when there is nothing better. @param {string[]} differences */
  const inWords = (differences) => {
    const special = [...new Set(differences)].filter((d) => d !== ANOTHER);
    return special.length > 0 || differences.length === 0 ? special : [ANOTHER];
  };
  /** What a theorem says is false (`¬ p`, `p → False`), in the universes of another; null: nothing. @param {Obj} x @param {Obj} y @returns {Obj | null} owned */
  function refuted(x, y) {
    let e = declared.type(y);
    while (tag(e) === EXPR.mdata) e = field(e, 1);
    const isConst = (/** @type {Obj} */ f, /** @type {string} */ name) => tag(f) === EXPR.const && nameText(field(f, 0)) === name;
    let inner = null;
    if (tag(e) === EXPR.app && isConst(field(e, 0), 'Not')) inner = field(e, 1);
    else if (tag(e) === EXPR.forall && isConst(field(e, 2), 'False')) inner = field(e, 1);
    const [mine, theirs] = [x, y].map(declared.levelParams);
    if (inner === null || listItems(mine).length !== listItems(theirs).length) return null;
    const universes = abi.list(listItems(mine).map((n) => abi.call('l_Lean_Level_param___override', abi.inc(n))));
    return abi.call('l_Lean_Expr_instantiateLevelParams', abi.inc(inner), abi.inc(theirs), universes);
  }
  const levels = (/** @type {Obj} */ info) => listItems(declared.levelParams(info)).map(nameText).join(' ');

  /** @param {Obj} base @param {string} name */
  function isImported(base, name) {
    const n = audit.nameOf(name);
    const info = audit.find(audit.environmentOf(base), n);
    dec(n);
    if (info === null) return false;
    dec(info);
    return true;
  }

  return { compare };
}

module.exports = { makeCompare };
