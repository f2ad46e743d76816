// @ts-check
/**
 * What Lean keeps for the whole process, whatever environment it works in: references to tables of attributes, parsers,
 * linters, simprocs, handlers. A text that changes one (a program of it, or Lean on its behalf) would change the answer to
 * the next request, so they are put back after each stranger's text.
 *
 * We hold the content of each reference ourselves. So it has two owners, and Lean, which writes into an object only when
 * it has one, must make a new one for every change: the same address is the same content, all the way down.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { TAG } = require('./abi.cjs');

const CONSTRUCTORS = 244; // tags up to here are constructors

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeRoots(abi) {
  const { E, inc, dec, tag, field, fieldCount, isScalar } = abi;

  /** @type {Map<string, Obj>} name → reference */
  const references = new Map();
  /** @type {Map<string, Obj>} name → content, owned */
  const contents = new Map();

  /** Global constants of the library that are references, or structures with a reference in them. */
  function find() {
    const known = new Set();
    const add = (/** @type {string} */ name, /** @type {Obj} */ reference) => {
      if (!known.has(reference)) references.set(name, reference);
      known.add(reference);
    };
    for (const name of Object.keys(E)) {
      if (!name.startsWith('l_') || !(E[name] instanceof WebAssembly.Global)) continue;
      const object = abi.load(E[name].value);
      if (object === 0 || isScalar(object)) continue;
      const kind = tag(object);
      if (kind === TAG.ref) add(name, object);
      for (let i = 0; kind <= CONSTRUCTORS && i < fieldCount(object); i++) {
        const inner = field(object, i);
        if (inner !== 0 && !isScalar(inner) && tag(inner) === TAG.ref) add(`${name}.${i}`, inner);
      }
    }
  }

  /** Takes the present contents as those to come back to: after the start, and after an import. */
  function remember() {
    if (references.size === 0) find();
    for (const [name, reference] of references) {
      const content = field(reference, 0); // 0: taken out, or never set
      const before = contents.get(name);
      if (content === before) continue;
      contents.set(name, content === 0 ? 0 : inc(content));
      if (before) dec(before);
    }
  }

  /** Puts back what was changed. @returns {string[]} the names of what was */
  function settle() {
    const changed = [];
    for (const [name, reference] of references) {
      const [now, before] = [field(reference, 0), contents.get(name) ?? 0];
      if (now === before) continue;
      changed.push(name);
      abi.setField(reference, 0, before === 0 ? 0 : inc(before));
      if (now !== 0) dec(now);
    }
    return changed;
  }

  return { references, remember, settle };
}

module.exports = { makeRoots };
