// @ts-check
/**
 * contrapose: a hypothesis and the conclusion change places, both denied. Alchemy's reviewers asked for steps of logic, and
 * libraries state a fact in one of its two forms only.
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeContrapose({ abi, terms, drafting, quality }) {
  const { box, inc, dec, option } = abi;
  const { parentTerm, close, pseudo, connective } = drafting;
  const { NOT, NE, FALSE } = quality.ids;

  /** Already a denial, of which the contrapositive would be a double one. @param {Parent} p @param {number} e */
  const denies = (p, e) => [NOT, NE, FALSE].includes(terms.shape(p.env, e)?.id ?? -1);

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    if (denies(p, p.conclusion)) return;
    for (const place of p.hypotheses()) if (!denies(p, p.types[place])) add(place, pseudo('mt', place));
  }

  /** A hypothesis and the conclusion change places, both denied. @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const { frame } = p;
    const denied = frame.run('l_Lean_Meta_mkFreshExprMVar', option(connective('Not', inc(p.conclusion))), box(0), abi.name('hn'));
    const order = [...p.fvars.filter((_, i) => i !== c.place), denied];
    const closed = close(p, order, connective('Not', inc(p.types[c.place])));
    dec(denied);
    const lines = (/** @type {(i: number) => string} */ at) => [
      'intro this', `exact ${at(order.length - 1)} (${parentTerm(p, (i) => at(i < c.place ? i : i - 1), c.place, 'this')})`,
    ];
    return { ...closed, lines };
  }

  return { name: 'contrapose', propose, draft };
}

module.exports = makeContrapose;
