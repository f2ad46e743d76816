// @ts-check
/**
 * The paper's way, for comparison: a lemma is tried on a theorem whether it can match or not. `elaborated` pays one
 * elaboration an attempt, as Alchemy does; `exhaustive` asks Lean's own rewrite directly for every lemma, which is quick
 * enough to know everything that the term index of mutate.cjs should propose.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { LeanException } = require('./abi.cjs');

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
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
        return opened.attempt({ operator: 'rw', place: -1, entry: { lemma: /** @type {import('./mutation/library.cjs').Lemma} */ (lib.lemmas.get(lemma)), at, shape: null } });
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
   * Every lemma on one theorem's conclusion.
   * @param {Obj} base @param {string} root @param {number} every only each so manieth lemma
   */
  function exhaustive(base, root, every) {
    const lib = mutate.open(base);
    const began = cpu();
    const opened = mutate.openRoot(root);
    const proposed = new Set(opened.candidates(['rw']).filter((c) => c.place < 0).map((c) => `${c.entry.lemma.text} ${c.entry.at}`));
    let tried = 0;
    let found = 0;
    /** @type {string[]} */
    const missed = [];
    let i = 0;
    for (const lemma of lib.lemmas.values()) {
      if (i++ % every !== 0) continue;
      for (const at of [0, 1]) {
        tried++;
        try {
          if (!opened.attempt({ operator: 'rw', place: -1, entry: { lemma, at, shape: null } })) continue;
          found++;
          if (!proposed.has(`${lemma.text} ${at}`)) missed.push(`${lemma.text} ${at}`);
        } catch (e) {
          if (!(e instanceof LeanException) && !(e instanceof mutate.NoMutant)) throw e;
          if (e instanceof LeanException) abi.dec(e.object);
        }
      }
    }
    opened.free();
    return { root, tried, found, missed, proposed: proposed.size, cpu_s: cpu() - began };
  }

  /** @param {(id: unknown) => Obj} stateOf @returns {Record<string, (r: any) => object>} what main.cjs serves */
  const operations = (stateOf) => ({
    brute_elaborated: ({ state, pairs }) => elaborated(stateOf(state), pairs),
    brute_exhaustive: ({ state, root, every = 1 }) => exhaustive(stateOf(state), root, every),
  });

  return { operations };
}

module.exports = { makeBruteForce };
