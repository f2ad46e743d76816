// @ts-check
/**
 * Tells closed terms apart by their structure. Lean's own hash counts annotations, too: `simp_all` leaves
 * `[mdata noImplicitLambda:1 …]` around a target, and a state that it did not change would be searched twice.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

/** Fields of `Lean.Expr` that are terms, by constructor; a constructor that is not named here has none. */
const TERMS = /** @type {Record<number, number[]>} */ ({ 5: [0, 1], 6: [1, 2], 7: [1, 2], 8: [1, 2, 3], 11: [2] });
const MDATA = 10;

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeFingerprint(abi) {
  const { tag, field, byteAt } = abi;

  /** Lean's hash, the first four bytes of the cached data. @param {Obj} e borrowed */
  const hashOf = (e) => (byteAt(e, 0) | (byteAt(e, 1) << 8) | (byteAt(e, 2) << 16) | (byteAt(e, 3) << 24)) >>> 0;

  /** A term's hash as if it had no annotations; terms that are the same but for names of variables have the same. @param {Obj} e borrowed @returns {number} */
  function fingerprint(e) {
    /** @type {Map<Obj, number>} */
    const known = new Map();
    /** @param {Obj} x @returns {number} */
    const go = (x) => {
      if (tag(x) === MDATA) return go(field(x, 1));
      const terms = TERMS[tag(x)];
      if (terms === undefined) return hashOf(x);
      let hash = known.get(x);
      if (hash === undefined) {
        hash = terms.reduce((h, i) => Math.imul(h ^ go(field(x, i)), 0x9e3779b1) ^ (h >>> 15), tag(x) + 0x51ed27) >>> 0;
        known.set(x, hash);
      }
      return hash;
    };
    return go(e);
  }

  return { fingerprint };
}

module.exports = { makeFingerprint };
