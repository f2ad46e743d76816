// @ts-check
/**
 * What is not worth printing: too large, trivial, or with hypotheses that contradict each other by their form.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { EXPR, BINDER } = require('../terms.cjs');
const { NoMutant, GROWTH, GROWTH_SLACK, MAX_SIZE, MAX_BINDERS } = require('./limits.cjs');

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeQuality(abi, terms) {
  const { E, box, unbox, inc, dec, tag, field, call } = abi;
  const EQ = terms.idOf('Eq');
  const IFF = terms.idOf('Iff');
  const TRUE = terms.idOf('True');
  const FALSE = terms.idOf('False');
  const NOT = terms.idOf('Not');
  const NE = terms.idOf('Ne');
  const CONSTRUCTORS = new Set(['Bool.true', 'Bool.false', 'Option.none', 'Option.some', 'List.nil', 'List.cons', 'Ordering.lt', 'Ordering.eq', 'Ordering.gt'].map((c) => terms.idOf(c)));

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

  /** @param {{size: number, conclusion: Obj}} p @param {Obj} type */
  function refuseWeak(p, type) {
    const limit = Math.min(MAX_SIZE, p.size * GROWTH + GROWTH_SLACK);
    if (terms.size(type, limit + 1) > limit) throw new NoMutant('the statement grew too large');
    const { binders, body } = terms.telescope(type);
    if (binders.length > MAX_BINDERS) throw new NoMutant('too many variables');
    if (trivial(body)) throw new NoMutant('the conclusion is trivial');
    if (refuted(body) && !refuted(p.conclusion)) throw new NoMutant('the conclusion is false, so the hypotheses are');
    refuseContradiction(type);
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
  /** Explicit binders that nothing mentions: hypotheses, not variables. @param {Obj} type @returns {number[]} */
  function hypotheses(type) {
    const found = [];
    let e = terms.plain(type);
    for (let i = 0; tag(e) === EXPR.forall; i++) {
      const rest = field(e, 2);
      if (terms.binderInfo(e) === BINDER.default && unbox(call('l_Lean_Expr_hasLooseBVar', inc(rest), box(0))) === 0) found.push(i);
      e = terms.plain(rest);
    }
    return found;
  }
  /** Two hypotheses that are the same, or of which one denies the other in its form. @param {Obj} type */
  function refuseContradiction(type) {
    const { binders } = terms.telescope(type);
    const lifted = hypotheses(type).map((i) => call('l_Lean_Expr_liftLooseBVars', inc(binders[i].type), box(0), box(binders.length - i)));
    try {
      lifted.forEach((x, i) => lifted.slice(i + 1).forEach((y) => {
        if (E.lean_expr_eqv(x, y) !== 0) throw new NoMutant('two hypotheses are the same');
        if (deny(x, y)) throw new NoMutant('the hypotheses contradict each other');
      }));
    } finally {
      lifted.forEach(dec);
    }
  }

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

  return { deny, refuted, refuseWeak, trivial, ids: { EQ, IFF, TRUE, FALSE, NOT, NE } };
}

module.exports = { makeQuality };
