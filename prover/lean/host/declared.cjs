// @ts-check
/**
 * A declaration (Lean.ConstantInfo) by the names of its fields, at the embedded commit. Everything is borrowed.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const KIND = { axiom: 0, definition: 1, theorem: 2, opaque: 3, quotient: 4, inductive: 5, constructor: 6, recursor: 7 };
const KINDS = Object.keys(KIND);

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeDeclared(abi) {
  const { field, arrayItems, listItems, isScalar, unbox } = abi;
  /** The structure inside, for example a DefinitionVal; its field 0 is the ConstantVal. @param {Obj} info */
  const val = (info) => field(info, 0);
  /** @param {Obj} info @param {number} at */
  const common = (info, at) => field(field(val(info), 0), at);
  /** @param {number} at @returns {(info: Obj) => Obj} */
  const object = (at) => (info) => field(val(info), at);
  /** @param {number} at @returns {(info: Obj) => Obj[]} */
  const listed = (at) => (info) => listItems(field(val(info), at));
  /** @param {number} at @returns {(info: Obj) => number} */
  const counted = (at) => (info) => unbox(field(val(info), at));

  /** What the modules of an environment declare. @param {Obj} map its `constants`, borrowed @returns {Generator<[Obj, Obj]>} name, ConstantInfo */
  function* imported(map) {
    const buckets = field(field(map, 0), 1);
    for (const bucket of arrayItems(buckets)) for (let l = bucket; !isScalar(l); l = field(l, 2)) yield [field(l, 0), field(l, 1)];
  }

  return {
    val, imported,
    name: (/** @type {Obj} */ info) => common(info, 0),
    levelParams: (/** @type {Obj} */ info) => common(info, 1),
    type: (/** @type {Obj} */ info) => common(info, 2),
    /** Of definitions, theorems and opaque constants. */
    value: object(1),
    inductive: { numParams: counted(1), params: object(1), numIndices: counted(2), block: listed(3), constructors: listed(4) },
    constructor: { type: object(1), numFields: counted(4) },
    recursor: { block: listed(1), numParams: counted(2), numMotives: counted(4), numMinors: counted(5), rules: listed(6) },
  };
}

module.exports = { makeDeclared, KIND, KINDS };
