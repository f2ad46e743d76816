// @ts-check
/**
 * iff: one direction of a conclusion that is an iff, one half of one that is a conjunction. Alchemy's reviewers asked for
 * the directions of an iff; a library states the iff, a proof needs a direction. It is a step forward with Iff.mp, Iff.mpr,
 * And.left or And.right, so the draft is that of apply.
 */
'use strict';

const makeApply = require('./apply.cjs');

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeIff(engine) {
  const { terms, libraries } = engine;

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    for (const entry of libraries.lookUp(libraries.library().logic, terms.shape(p.env, p.conclusion))) add(-1, entry);
  }

  return { name: 'iff', propose, draft: makeApply(engine).draft };
}

module.exports = makeIff;
