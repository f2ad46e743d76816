// @ts-check
/**
 * Lean's object model as seen from JavaScript: wasm32, header of 8 bytes (count i32 at 0, size u16 at 4, number of
 * object fields u8 at 6, tag u8 at 7), fields from 8. Described in `lean.h` of the Lean sources.
 *
 * One rule of ownership: `call` consumes every argument and returns an owned result. It goes through the `___boxed`
 * entry of a function where there is one (that entry owns all its arguments, whatever the function itself borrows) and
 * directly where there is none (then the function owns them all). So every object here is released by whoever holds it.
 *
 * @typedef {number} Obj a Lean object: a pointer, or a boxed scalar (odd)
 */
'use strict';

/** A Lean `IO`/`EIO` action that ended in an error; the error object is owned by the exception. */
class LeanException extends Error {
  /** @param {Obj} object */
  constructor(object) {
    super('a Lean exception');
    this.object = object;
  }
}

const HEADER = 8;
const TAG = { closure: 245, array: 246, scalarArray: 248, string: 249, thunk: 251, task: 252, ref: 253 };

/**
 * @typedef {object} Internals what `glue.cjs` takes out of the script
 * @property {(name: string) => {value: number, isData: boolean} | undefined} symbol slot of a function in the table, or address of data
 * @property {WebAssembly.Memory} memory
 * @property {WebAssembly.Table} table
 * @property {(f: Function, sig: string) => number} addFunction
 */

/** Lean's compiled functions by their C names, looked up when first asked for. @param {Internals} internals @returns {Record<string, any>} */
function functionsOf(internals) {
  /** @type {Record<string, Function>} */
  const found = {};
  const unknown = new Proxy({}, {
    get(_, name) {
      const symbol = typeof name === 'string' ? internals.symbol(name) : undefined;
      if (symbol === undefined || symbol.isData) return undefined;
      return (found[String(name)] = internals.table.get(symbol.value));
    },
  });
  return Object.setPrototypeOf(found, unknown);
}

/** @param {Internals} internals */
function makeAbi(internals) {
  const E = functionsOf(internals);
  const memory = internals.memory;
  let u8 = new Uint8Array(memory.buffer);
  let u16 = new Uint16Array(memory.buffer);
  let i32 = new Int32Array(memory.buffer);
  let u32 = new Uint32Array(memory.buffer);
  let limit = memory.buffer.byteLength;
  /**
   * Memory grows, and views are then made again. It is shared memory: views of the old length stay good for what lies
   * below it, and asking for the buffer is slow, so whoever reads one known address gives it.
   * @param {number} [at] the highest address that is going to be touched
   */
  function fresh(at = Infinity) {
    if (at < limit || u8.buffer === memory.buffer) return;
    u8 = new Uint8Array(memory.buffer);
    u16 = new Uint16Array(memory.buffer);
    i32 = new Int32Array(memory.buffer);
    u32 = new Uint32Array(memory.buffer);
    limit = memory.buffer.byteLength;
  }
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();

  /** @param {number} n @returns {Obj} */
  const box = (n) => ((n << 1) | 1) >>> 0;
  /** @param {Obj} o */
  const unbox = (o) => o >>> 1;
  /** @param {Obj} o */
  const isScalar = (o) => (o & 1) === 1;

  /** @param {Obj} o @returns {Obj} the same object, one owner more */
  function inc(o) {
    if (isScalar(o)) return o;
    fresh(o + 8);
    const count = i32[o >> 2];
    if (count > 0) i32[o >> 2] = count + 1;
    else if (count < 0) Atomics.sub(i32, o >> 2, 1); // shared between threads: counted downwards
    return o;
  }

  /** @param {Obj} o one owner less; the last one frees it */
  function dec(o) {
    if (isScalar(o)) return;
    fresh(o + 8);
    const count = i32[o >> 2];
    if (count > 1) i32[o >> 2] = count - 1;
    else if (count !== 0) E.lean_dec_ref_cold(o);
  }

  /** @param {Obj} o */
  const tag = (o) => (isScalar(o) ? unbox(o) : (fresh(o + 8), u8[o + 7]));
  /** @param {Obj} o @param {number} i @returns {Obj} borrowed */
  const field = (o, i) => (fresh(o + HEADER + 4 * i + 4), u32[(o + HEADER + 4 * i) >> 2]);
  /** @param {Obj} o @param {number} offset in bytes after the object fields */
  const byteAt = (o, offset) => (fresh(o + HEADER + 4 * 64 + offset), u8[o + HEADER + 4 * u8[o + 6] + offset]);
  /** Whether an object lives as long as the process. @param {Obj} o */
  const persistent = (o) => isScalar(o) || (fresh(o + 8), i32[o >> 2] === 0);
  /** @param {Obj} o */
  const fieldCount = (o) => (fresh(o + 8), u8[o + 6]);

  /** @param {number} bytes @param {number} objects @param {number} t @returns {Obj} */
  function alloc(bytes, objects, t) {
    const size = (bytes + 7) & ~7;
    const o = E.lean_alloc_object(size) >>> 0;
    fresh();
    i32[o >> 2] = 1;
    u16[(o + 4) >> 1] = size;
    u8[o + 6] = objects;
    u8[o + 7] = t;
    return o;
  }

  /** @param {number} t @param {Obj[]} fields owned @param {number[]} [bytes] scalar bytes after them @returns {Obj} */
  function ctor(t, fields, bytes = []) {
    if (fields.length === 0 && bytes.length === 0) return box(t);
    const o = alloc(HEADER + 4 * fields.length + bytes.length, fields.length, t);
    fields.forEach((f, i) => (u32[(o + HEADER + 4 * i) >> 2] = f));
    bytes.forEach((b, i) => (u8[o + HEADER + 4 * fields.length + i] = b));
    return o;
  }

  /**
   * A copy of a constructor with some fields replaced.
   * @param {Obj} o borrowed @param {Record<number, Obj>} changes owned @param {Record<number, number>} [bytes] @returns {Obj}
   */
  function copyWith(o, changes, bytes = {}) {
    fresh();
    const size = u16[(o + 4) >> 1];
    const n = u8[o + 6];
    const copy = alloc(size, n, u8[o + 7]);
    u8.copyWithin(copy + HEADER, o + HEADER, o + size);
    for (let i = 0; i < n; i++) {
      if (i in changes) u32[(copy + HEADER + 4 * i) >> 2] = changes[i];
      else inc(field(copy, i));
    }
    for (const [offset, value] of Object.entries(bytes)) u8[copy + HEADER + 4 * n + Number(offset)] = value;
    return copy;
  }

  /** @param {string} s @returns {Obj} */
  function str(s) {
    const bytes = encoder.encode(s);
    const at = E.malloc(bytes.length + 1);
    fresh();
    u8.set(bytes, at);
    u8[at + bytes.length] = 0;
    const o = E.lean_mk_string_from_bytes(at, bytes.length) >>> 0;
    E.free(at);
    return o;
  }

  /** @param {Obj} o borrowed @returns {string} */
  function text(o) {
    fresh();
    const size = u32[(o + 8) >> 2] - 1;
    return decoder.decode(u8.slice(o + 20, o + 20 + size));
  }

  /** @param {Obj} o borrowed @returns {Obj[]} borrowed */
  function arrayItems(o) {
    fresh();
    const n = u32[(o + 8) >> 2];
    return Array.from(u32.subarray((o + 16) >> 2, ((o + 16) >> 2) + n));
  }

  /** @param {Obj[]} items owned @returns {Obj} */
  function array(items) {
    const o = alloc(16 + 4 * items.length, 0, TAG.array);
    u16[(o + 4) >> 1] = 0;
    u32[(o + 8) >> 2] = items.length;
    u32[(o + 12) >> 2] = items.length;
    items.forEach((x, i) => (u32[(o + 16 + 4 * i) >> 2] = x));
    return o;
  }

  /** @param {Obj} o borrowed @returns {Obj[]} borrowed */
  function listItems(o) {
    const items = [];
    for (let l = o; !isScalar(l); l = field(l, 1)) items.push(field(l, 0));
    return items;
  }

  /** @param {Obj[]} items owned @returns {Obj} */
  const list = (items) => items.reduceRight((rest, x) => ctor(1, [x, rest]), box(0));
  /** @param {Obj | null} o owned @returns {Obj} */
  const option = (o) => (o === null ? box(0) : ctor(1, [o]));

  /** @type {Map<string, number>} addresses by name */
  const constants = new Map();
  /** The object that a global constant of the library holds. @param {string} name @returns {Obj} owned */
  function constant(name) {
    let address = constants.get(name);
    if (address === undefined) {
      const symbol = internals.symbol(name);
      if (symbol === undefined || !symbol.isData) throw new Error(`this Lean has no constant ${name}`);
      address = symbol.value;
      constants.set(name, address);
    }
    fresh();
    return inc(u32[address >> 2]);
  }

  /** @type {Map<string, [Function, boolean]>} */
  const entries = new Map();
  /** @param {string} name @param {...Obj} args owned @returns {Obj} owned */
  function call(name, ...args) {
    let entry = entries.get(name);
    if (entry === undefined) {
      const boxed = E[`${name}___boxed`];
      const f = boxed ?? E[name];
      if (typeof f !== 'function') throw new Error(`this Lean has no function ${name}`);
      entry = [f, boxed !== undefined && boxed.length === args.length + 1];
      if (!entry[1] && f.length !== args.length) throw new Error(`${name} takes ${f.length} arguments, not ${args.length}`);
      entries.set(name, entry);
    }
    // The boxed entry of a function with effects has one argument more, for the erased world.
    return (entry[1] ? entry[0](...args, 1) : entry[0](...args)) >>> 0;
  }

  /** Runs an `IO` or `EIO` action. @param {string} name @param {...Obj} args owned @returns {Obj} owned */
  function io(name, ...args) {
    return ioResult(call(name, ...args));
  }

  /** @param {Obj} result owned @returns {Obj} owned */
  function ioResult(result) {
    const value = inc(field(result, 0));
    const ok = tag(result) === 0;
    dec(result);
    if (!ok) throw new LeanException(value);
    return value;
  }

  /** @param {Obj} value owned @returns {Obj} */
  const newRef = (value) => E.lean_st_mk_ref(value) >>> 0;
  /** @param {Obj} ref owned @returns {Obj} owned */
  function takeRef(ref) {
    const value = E.lean_st_ref_get(ref) >>> 0;
    dec(ref);
    return value;
  }

  /** Overwrites a field in place, for every holder of the object. @param {Obj} o @param {number} i @param {Obj} value owned */
  function setField(o, i, value) {
    fresh();
    u32[(o + HEADER + 4 * i) >> 2] = value;
  }
  /** Makes an object live as long as the process. @param {Obj} o @returns {Obj} the same */
  function forever(o) {
    fresh();
    i32[o >> 2] = 0;
    return o;
  }

  /** A closure over a JavaScript function of `arity` owned arguments. @param {number} arity @param {(...args: Obj[]) => Obj} f @returns {Obj} */
  function closure(arity, f) {
    const index = internals.addFunction(f, 'i'.repeat(arity + 1));
    const o = alloc(16, 0, TAG.closure);
    u32[(o + 8) >> 2] = index;
    u16[(o + 12) >> 1] = arity;
    u16[(o + 14) >> 1] = 0;
    return o;
  }

  /** @param {string} dotted a name without numbers or «» @returns {Obj} */
  const name = (dotted) => call('l_String_toName', str(dotted));
  /** @param {Obj} o borrowed @returns {string} */
  const nameText = (o) => takeText(call('l_Lean_Name_toString', inc(o), box(1)));
  /** @param {Obj} o owned @returns {string} */
  function takeText(o) {
    const t = text(o);
    dec(o);
    return t;
  }

  return {
    E, box, unbox, isScalar, inc, dec, tag, field, byteAt, persistent, fieldCount, ctor, copyWith, str, text, array, arrayItems, list,
    listItems, option, constant, call, io, ioResult, newRef, takeRef, closure, setField, forever, name, nameText, takeText,
    memory, memoryBytes: () => memory.buffer.byteLength,
  };
}

module.exports = { makeAbi, LeanException, TAG };
