// @ts-check
/**
 * Statements as Lean prints them.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { EXPR } = require('../terms.cjs');
const { NoMutant } = require('./limits.cjs');

const WIDTH = 100;

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./library.cjs').makeLibrary>} libraries
 */
function makePrinting(abi, libraries) {
  const { box, isScalar, inc, dec, tag, field, byteAt, ctor, copyWith, list, listItems, call, io, nameText, takeText } = abi;

  /**
   * `name.{u} binders : type` as Lean prints it.
   * @param {Obj} env borrowed @param {Obj} name borrowed @param {Obj} levels borrowed @param {Obj} type borrowed, closed
   * @param {import('../lean.cjs').ProofState} [proof] whose options say how @returns {string}
   */
  function printed(env, name, levels, type, proof = libraries.library().proof) {
    const used = levelParameters(type);
    const kept = list(listItems(levels).filter((l) => used.has(nameText(l))).map((l) => inc(l)));
    const val = ctor(0, [inc(name), kept, inc(type)]);
    const declaration = ctor(0, [ctor(0, [val], [0])]); // an axiom, unchecked, in an environment that is thrown away
    const added = call('l_Lean_Environment_addDeclCore', inc(env), ctor(0, [], [0, 0, 0, 0]), declaration, box(0), box(0));
    if (tag(added) !== 1) {
      dec(added);
      throw new NoMutant('it cannot be declared');
    }
    const core = abi.newRef(copyWith(proof.core, { 0: inc(field(added, 0)) }));
    dec(added);
    const meta = abi.newRef(inc(proof.meta));
    try {
      const r = io('l_Lean_PrettyPrinter_ppSignature', inc(name), inc(proof.metaCtx), inc(meta), inc(proof.coreCtx), inc(core));
      const format = inc(field(r, 0));
      dec(r);
      return takeText(call('l_Std_Format_pretty', format, box(WIDTH), box(0), box(0)));
    } finally {
      dec(meta);
      dec(core);
    }
  }

  /** @param {Obj} e borrowed @returns {Set<string>} names of the universe parameters in it */
  function levelParameters(e) {
    /** @type {Set<string>} */
    const found = new Set();
    const seen = new Set();
    const level = (/** @type {Obj} */ l) => {
      if (isScalar(l)) return;
      const t = tag(l);
      if (t === 1) level(field(l, 0));
      else if (t === 2 || t === 3) { level(field(l, 0)); level(field(l, 1)); }
      else if (t === 4) found.add(nameText(field(l, 0)));
    };
    const go = (/** @type {Obj} */ x) => {
      if (seen.has(x) || (byteAt(x, 5) & 0b1000) === 0) return; // no universe parameter inside
      seen.add(x);
      switch (tag(x)) {
        case EXPR.sort: level(field(x, 0)); break;
        case EXPR.const: listItems(field(x, 1)).forEach(level); break;
        case EXPR.app: go(field(x, 0)); go(field(x, 1)); break;
        case EXPR.lam: case EXPR.forall: go(field(x, 1)); go(field(x, 2)); break;
        case EXPR.let: go(field(x, 1)); go(field(x, 2)); go(field(x, 3)); break;
        case EXPR.mdata: go(field(x, 1)); break;
        case EXPR.proj: go(field(x, 2)); break;
        default:
      }
    };
    go(e);
    return found;
  }

  return { printed };
}

module.exports = { makePrinting };
