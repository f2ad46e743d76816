// @ts-check
/**
 * apply: a hypothesis gives way to what implies it (backward; Alchemy, arXiv 2410.15748, section 3), or the conclusion to
 * what follows from it (forward: the same idea on the other side). Arguments of the lemma that unification leaves open are
 * taken from the parent's hypotheses, or become hypotheses and variables.
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

const { BINDER } = require('../../terms.cjs');
const { NoMutant } = require('../limits.cjs');

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeApply({ abi, terms, libraries, drafting }) {
  const { unbox, inc, dec } = abi;
  const { parentTerm, close, checkNew, discharge, refuseDenial, instance, findInstances, openHoles } = drafting;

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    const lib = libraries.library();
    for (const place of p.hypotheses()) {
      for (const entry of libraries.lookUp(lib.apply, terms.shape(p.env, p.types[place]))) add(place, entry);
    }
    for (const entry of libraries.lookUp(lib.consequence, terms.shape(p.env, p.conclusion))) add(-1, entry);
  }

  /** @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const { frame } = p;
    const lemma = c.entry.lemma;
    const one = instance(p, lemma);
    try {
      const towards = c.place >= 0; // a hypothesis gives way to what implies it; else the conclusion to what follows from it
      const left = towards ? inc(one.body) : frame.run('l_Lean_Meta_inferType', inc(one.mvars[c.entry.at]));
      const right = inc(towards ? p.types[c.place] : p.conclusion);
      if (unbox(frame.run('l_Lean_Meta_isExprDefEq', left, right)) !== 1) throw new NoMutant('it does not unify');
      findInstances(p, one);
      /** @type {Map<number, number>} argument → hypothesis of the parent that stands there */
      const given = new Map();
      for (const i of openHoles(p, one.mvars, towards ? -1 : c.entry.at)) {
        const by = one.infos[i] === BINDER.default ? discharge(p, one.mvars[i], c.place) : -1;
        if (by >= 0) given.set(i, by);
      }
      const holes = openHoles(p, one.mvars, towards ? -1 : c.entry.at);
      checkNew(p, holes.map((i) => one.mvars[i]));
      if (holes.some((i) => one.infos[i] === BINDER.instance)) throw new NoMutant('an instance is missing');
      holes.forEach((i) => refuseDenial(p, one.mvars[i]));
      const rest = towards ? p.fvars.filter((_, i) => i !== c.place) : p.fvars;
      const order = [...rest, ...holes.map((i) => one.mvars[i])];
      const conclusion = towards ? inc(p.conclusion) : frame.instantiate(inc(one.body));
      const closed = close(p, order, conclusion);
      const argument = (/** @type {(i: number) => string} */ at) => one.infos.flatMap((info, i) => {
        if (info !== BINDER.default) return [];
        if (!towards && i === c.entry.at) return ['this'];
        const hole = holes.indexOf(i);
        const by = given.get(i);
        if (by !== undefined) return [at(towards && by > c.place ? by - 1 : by)];
        return [hole < 0 ? '_' : at(rest.length + hole)];
      });
      const lines = (/** @type {(i: number) => string} */ at) => {
        const use = [lemma.text, ...argument(at)].join(' ');
        if (!towards) return [`have this := ${parentTerm(p, at)}`, `exact ${use}`];
        return [`refine ${parentTerm(p, (i) => at(i < c.place ? i : i - 1), c.place)}`, `exact ${use}`];
      };
      return { ...closed, lines };
    } finally {
      one.mvars.forEach(dec);
      dec(one.body);
    }
  }

  return { name: 'apply', propose, draft };
}

module.exports = makeApply;
