// @ts-check
/**
 * New theorems out of old ones. A term index over the library proposes lemmas whose shape can match; Lean's own `rewrite` and
 * unification build the new statement; it is printed with its proof, and the printed text is elaborated: what Lean's kernel
 * does not accept from that text is not returned as accepted. The parts are beside this file, an operator a file in
 * `operators/`; here they are put together.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { NoMutant } = require('./limits.cjs');
const { makeLibrary } = require('./library.cjs');
const { makeNaming } = require('./naming.cjs');
const { makeParents } = require('./parent.cjs');
const { makeQuality } = require('./quality.cjs');
const { makeDrafting } = require('./drafting.cjs');
const { makePrinting } = require('./printing.cjs');
const { makeVacuity } = require('./vacuity.cjs');
const { makeEngine } = require('./engine.cjs');
const { makeNegatives } = require('./negatives.cjs');

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeMutate(abi, lean, audit, terms) {
  const libraries = makeLibrary(abi, lean, audit, terms);
  const naming = makeNaming(abi, terms);
  const parents = makeParents(abi, audit, terms, libraries, naming);
  const quality = makeQuality(abi, terms);
  const drafting = makeDrafting(abi, terms, naming, quality);
  const printing = makePrinting(abi, libraries);
  const vacuity = makeVacuity(abi, lean, terms, libraries, parents, drafting);
  const parts = { abi, lean, audit, terms, libraries, naming, parents, quality, drafting, printing, vacuity };
  const engine = makeEngine(parts);
  const negatives = makeNegatives(parts, engine);
  const { open, libraryKeys, withOptions, elaborate, count } = libraries;

  /** @param {(id: unknown) => Obj} stateOf @returns {Record<string, (r: any) => object>} what main.cjs serves */
  const operations = (stateOf) => ({
    mutate_open: ({ state, keys = true, held_out: heldOut = [] }) => {
      const lib = open(stateOf(state));
      lib.heldOut = new Set(heldOut.map((/** @type {string} */ n) => terms.idOf(n)));
      const all = keys ? libraryKeys(stateOf(state)).size : 0;
      return { roots: [...lib.lemmas.keys()], keys: all, entries: { rw: count(lib.rw), apply: count(lib.apply), consequence: count(lib.consequence) } };
    },
    mutate: ({ state, roots, negatives: share = 0, ...request }) => {
      open(stateOf(state));
      engine.failures.clear();
      const cpu = process.cpuUsage();
      const results = roots.map((/** @type {string} */ name) => engine.mutateRoot({ ...request, name }));
      const made = share > 0 ? negatives.ofRoots(roots, request.seed, share) : { records: [], tried: 0, ms: 0 };
      const used = process.cpuUsage(cpu);
      const total = process.cpuUsage();
      return { results, negatives: made, cpu_s: (used.user + used.system) / 1e6, process_cpu_s: (total.user + total.system) / 1e6 };
    },
    statement_keys: ({ state, names }) => ({
      keys: names.map((/** @type {string} */ written) => {
        const n = audit.nameOf(written);
        const info = audit.find(audit.environmentOf(stateOf(state)), n);
        const key = info === null ? null : terms.statementKey(audit.declared.type(info));
        if (info !== null) abi.dec(info);
        abi.dec(n);
        return key;
      }),
    }),
  });

  return {
    operations, terms, NoMutant, open, library: libraries.library, withOptions, elaborate, libraryKeys, printed: printing.printed, renamed: naming.renamed,
    openRoot: engine.openRoot, mutateRoot: engine.mutateRoot,
  };
}

module.exports = { makeMutate };
