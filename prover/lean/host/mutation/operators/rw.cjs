// @ts-check
/**
 * rw: the conclusion or a hypothesis is rewritten with an equation or an iff of the library, in either direction.
 * Alchemy (arXiv 2410.15748), section 3: `have := parent; rw [lemma] at this`. Every occurrence of the first subterm that fits
 * gives way, as `rw` does it; where several subterms fit, a candidate may name one of them (`occurrence`). What the lemma asks
 * for becomes a hypothesis, unless the parent has it.
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

const { NoMutant } = require('../limits.cjs');

/** Of several subterms that fit, so many are candidates of their own. */
const MAX_OCCURRENCES = 3;

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeRw({ abi, terms, libraries, drafting }) {
  const { E, box, inc, dec, field, ctor, list, listItems, option, call } = abi;
  const { parentTerm, close, checkNew, discharge, refuseDenial, userName } = drafting;

  /** Lean.Meta.Rewrite.Config: occurrences; transparency instances, offsets, new goals. @param {number | undefined} occurrence */
  const config = (occurrence) => ctor(0, [occurrence === undefined ? box(0) : ctor(1, [list([box(occurrence)])])], [3, 1, 0]);

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    const lib = libraries.library();
    for (const place of [-1, ...p.hypotheses()]) {
      /** @type {Map<import('../library.cjs').Entry, number>} */
      const fits = new Map();
      terms.closedSubterms(place < 0 ? p.conclusion : p.types[place], (e, times) => {
        for (const entry of libraries.lookUp(lib.rw, terms.shape(p.env, e))) fits.set(entry, (fits.get(entry) ?? 0) + times);
      });
      for (const [entry, times] of fits) {
        add(place, entry);
        if (times > 1) for (let k = 1; k <= Math.min(times, MAX_OCCURRENCES); k++) add(place, entry, k);
      }
    }
  }

  /** @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const { frame } = p;
    const term = c.place < 0 ? p.conclusion : p.types[c.place];
    const equation = frame.run('l_Lean_Meta_mkConstWithFreshMVarLevels', inc(c.entry.lemma.name));
    const r = frame.run('l_Lean_MVarId_rewrite', inc(p.goal), inc(term), equation, box(c.entry.at), config(c.occurrence));
    const eNew = frame.instantiate(inc(field(r, 0)));
    const goals = listItems(field(r, 2)).map((m) => call('l_Lean_Expr_mvar___override', inc(m)));
    dec(r);
    try {
      if (E.lean_expr_eqv(eNew, term) !== 0) throw new NoMutant('the rewrite changes nothing');
      const sides = goals.filter((m) => discharge(p, m, c.place) < 0);
      sides.forEach((m) => refuseDenial(p, m));
      checkNew(p, sides, 0);
      const rw = c.occurrence === undefined ? 'rw' : `rw (occs := .pos [${c.occurrence}])`;
      const rule = `${c.entry.at === 1 ? '← ' : ''}${c.entry.lemma.text}`;
      const last = goals.length > 0 ? ' <;> assumption' : '';
      if (c.place < 0) {
        const closed = close(p, [...p.fvars, ...sides], inc(eNew));
        const lines = (/** @type {(i: number) => string} */ at) => [
          `have this := ${parentTerm(p, at)}`, `${rw} [${rule}] at this${last}`, ...(last ? [] : ['exact this']),
        ];
        return { ...closed, lines };
      }
      const replaced = frame.run('l_Lean_Meta_mkFreshExprMVar', option(inc(eNew)), box(0), inc(userName(p, c.place)));
      const rest = p.fvars.filter((_, i) => i !== c.place);
      const order = [...rest, ...sides, replaced];
      const closed = close(p, order, inc(p.conclusion));
      dec(replaced);
      const shift = (/** @type {(i: number) => string} */ at) => (/** @type {number} */ i) => at(i < c.place ? i : i - 1);
      const lines = (/** @type {(i: number) => string} */ at) => [
        `refine ${parentTerm(p, shift(at), c.place)}`, `${rw} [${rule}]${last}`, ...(last ? [] : [`exact ${at(order.length - 1)}`]),
      ];
      return { ...closed, lines };
    } finally {
      dec(eNew);
      goals.forEach(dec);
    }
  }

  return { name: 'rw', propose, draft };
}

module.exports = makeRw;
