// @ts-check
/**
 * conjoin: two hypotheses that stand side by side become one conjunction. Alchemy's reviewers asked for statements that are
 * built and not only rewritten; proofs of the result begin with taking a hypothesis apart.
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeConjoin({ abi, drafting }) {
  const { box, inc, dec, option } = abi;
  const { parentTerm, close, pseudo, connective } = drafting;

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    const hypotheses = p.hypotheses();
    for (let i = 0; i + 1 < hypotheses.length; i++) add(hypotheses[i], pseudo('And.intro', hypotheses[i + 1]));
  }

  /** Two hypotheses become one. @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const { frame } = p;
    const [first, second] = [c.place, c.entry.at];
    const both = frame.run('l_Lean_Meta_mkFreshExprMVar', option(connective('And', inc(p.types[first]), inc(p.types[second]))), box(0), abi.name('h'));
    const order = [...p.fvars.filter((_, i) => i !== first && i !== second), both];
    const closed = close(p, order, inc(p.conclusion));
    dec(both);
    const lines = (/** @type {(i: number) => string} */ at) => {
      const h = at(order.length - 1);
      const there = (/** @type {number} */ i) => at(i - Number(i > first) - Number(i > second));
      return [`exact ${parentTerm(p, (i) => (i === first ? `${h}.1` : i === second ? `${h}.2` : there(i)))}`];
    };
    return { ...closed, lines };
  }

  return { name: 'conjoin', propose, draft };
}

module.exports = makeConjoin;
