// @ts-check
/**
 * The paper's way, for comparison: a lemma is tried on a theorem whether it can match or not. `elaborated` pays one
 * elaboration an attempt, as Alchemy does; `exhaustive` asks Lean's own rewrite directly for every lemma, which is quick
 * enough to know everything that the term index of mutate.cjs should propose.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { LeanException } = require('../abi.cjs');
const { BINDER } = require('../terms.cjs');

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./mutate.cjs').makeMutate>} mutate
 */
function makeBruteForce(abi, mutate) {
  const cpu = () => {
    const used = process.cpuUsage();
    return (used.user + used.system) / 1e6;
  };

  /** @param {Obj} base @param {[string, string][]} pairs theorem and lemma, neither known to fit */
  function elaborated(base, pairs) {
    const lib = mutate.open(base);
    /** @type {[string, string, number][]} */
    const hits = [];
    let attempts = 0;
    let unreadable = 0;
    const began = cpu();
    for (const [root, lemma] of pairs) {
      const opened = mutate.openRoot(root);
      const { statement, term } = opened;
      opened.free();
      if (statement === null) {
        unreadable++;
        continue;
      }
      for (const arrow of ['', '← ']) {
        attempts++;
        const source = `theorem proofsmith_attempt${statement} := by\n  have this := ${term}\n  rw [${arrow}${lemma}] at this\n  exact test_sorry\n`;
        const { after, errors } = mutate.elaborate(lib.state, source);
        abi.dec(after);
        // The proof ends with a tactic that is not there, so an error behind the rewrite means that it was done.
        if (errors.length > 0 && errors.every((e) => /test_sorry|unsolved goals/.test(e))) hits.push([root, lemma, arrow === '' ? 0 : 1]);
      }
    }
    const cpu_s = cpu() - began;
    const verified = hits.filter(([root, lemma, at]) => {
      const opened = mutate.openRoot(root);
      try {
        return opened.attempt({ operator: 'rw', place: -1, entry: { lemma: /** @type {import('./library.cjs').Lemma} */ (lib.lemmas.get(lemma)), at, shape: null } });
      } catch (e) {
        if (!(e instanceof LeanException) && !(e instanceof mutate.NoMutant)) throw e;
        if (e instanceof LeanException) abi.dec(e.object);
        return false; // it leaves holes or asks for too much, or the result is trivial
      } finally {
        opened.free();
      }
    });
    return { attempts, unreadable, hits, verified, cpu_s };
  }

  /**
   * Every lemma on one theorem: rewriting the conclusion and each hypothesis in both directions, in the place of each hypothesis,
   * and on the conclusion with each of the lemma's own hypotheses.
   * @param {Obj} base @param {string} root @param {number} every only each so manieth lemma
   */
  function exhaustive(base, root, every) {
    const lib = mutate.open(base);
    const began = cpu();
    const opened = mutate.openRoot(root);
    const proposed = new Set(opened.candidates(['rw', 'apply']).filter((c) => c.occurrence === undefined).map(nameOf));
    /** @type {Record<string, {tried: number, found: number}>} */
    const counts = { rw: { tried: 0, found: 0 }, apply: { tried: 0, found: 0 } };
    /** @type {string[]} */
    const missed = [];
    let i = 0;
    for (const lemma of lib.lemmas.values()) {
      if (i++ % every !== 0 || lemma.text === root) continue;
      const own = mutate.terms.telescope(lemma.type).binders.flatMap((b, at) => (b.info === BINDER.default ? [at] : []));
      const all = [-1, ...opened.hypotheses].flatMap((place) => [0, 1].map((at) => ({ operator: 'rw', place, entry: { lemma, at, shape: null } })));
      all.push(...opened.hypotheses.map((place) => ({ operator: 'apply', place, entry: { lemma, at: -1, shape: null } })));
      all.push(...own.map((at) => ({ operator: 'apply', place: -1, entry: { lemma, at, shape: null } })));
      for (const c of all) {
        counts[c.operator].tried++;
        try {
          if (!opened.attempt(c)) continue;
          counts[c.operator].found++;
          if (!proposed.has(nameOf(c))) missed.push(nameOf(c));
        } catch (e) {
          if (!(e instanceof LeanException) && !(e instanceof mutate.NoMutant)) throw e;
          if (e instanceof LeanException) abi.dec(e.object);
        }
      }
    }
    opened.free();
    return { root, counts, missed, proposed: proposed.size, cpu_s: cpu() - began };
  }
  /** @param {import('./drafting.cjs').Candidate} c */
  const nameOf = (c) => `${c.operator} ${c.place} ${c.entry.lemma.text} ${c.entry.at}`;

  /** @param {(id: unknown) => Obj} stateOf @returns {Record<string, (r: any) => object>} what main.cjs serves */
  const operations = (stateOf) => ({
    brute_elaborated: ({ state, pairs }) => elaborated(stateOf(state), pairs),
    brute_exhaustive: ({ state, root, every = 1 }) => exhaustive(stateOf(state), root, every),
  });

  return { operations };
}

module.exports = { makeBruteForce };
