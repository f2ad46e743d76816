// @ts-check
/**
 * Names of variables that can be written and that differ from each other.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { EXPR, BINDER } = require('../terms.cjs');

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeNaming(abi, terms) {
  const { box, isScalar, inc, dec, tag, field, byteAt, call, nameText } = abi;

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

  return { renamed };
}

module.exports = { makeNaming };
