// @ts-check
/**
 * Makes a module that starts fast out of `lean.wasm`: the same functions and the same data, but only the few exports that
 * the script mentions. Node makes a JavaScript object for each export, in every thread; there are 201,110. A function that
 * is no longer exported stands in the function table instead, where Lean's dynamic linker and the host find it by its slot
 * (`symbols.cjs`). Binary format: WebAssembly Core Specification 2.0, section 5.5.
 */
'use strict';

const SECTION = { import: 2, table: 4, global: 6, export: 7, element: 9 };
const KIND = { function: 0, table: 1, memory: 2, global: 3 };
const [I32_CONST, END, FUNCREF] = [0x41, 0x0b, 0x70];

/**
 * @typedef {{name: string, isData: boolean, value: number}} Symbol slot in the function table, or address of data
 * @typedef {{id: number, start: number, body: number, end: number}} Section
 */

/** @param {string} what @returns {never} */
function unknown(what) {
  throw new Error(`lean.wasm is not the build that this host knows: ${what}`);
}

/** Reads a buffer from `at`. */
class Reader {
  /** @param {Buffer} bytes @param {number} at */
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned number, LEB128. */
  unsigned() {
    let result = 0;
    for (let factor = 1; ; factor *= 128) {
      const b = this.byte();
      result += (b & 127) * factor;
      if (b < 128) return result;
    }
  }

  /** A signed number of 32 bits, LEB128. */
  signed() {
    let result = 0;
    for (let shift = 0; ; ) {
      const b = this.byte();
      result |= (b & 127) << shift;
      shift += 7;
      if (b < 128) return shift < 32 && (b & 64) !== 0 ? result | (-1 << shift) : result;
    }
  }

  name() {
    const length = this.unsigned();
    this.at += length;
    return this.bytes.toString('latin1', this.at - length, this.at);
  }

  /** The value of `i32.const`. */
  constant() {
    if (this.byte() !== I32_CONST) unknown('a value is not a constant');
    const value = this.signed();
    if (this.byte() !== END) unknown('a value is not a constant');
    return value;
  }

  limits() {
    const bounded = (this.byte() & 1) === 1;
    return { least: this.unsigned(), most: bounded ? this.unsigned() : null };
  }
}

/** @param {number} n @returns {number[]} LEB128 */
function unsigned(n) {
  return n < 128 ? [n] : [(n % 128) | 128, ...unsigned(Math.floor(n / 128))];
}

/** @param {number} n of 32 bits @returns {number[]} LEB128 */
function signed(n) {
  const b = n & 127;
  const rest = n >> 7;
  return (rest === 0 && b < 64) || (rest === -1 && b >= 64) ? [b] : [b | 128, ...signed(rest)];
}

/** @param {Buffer} bytes @returns {Section[]} */
function sectionsOf(bytes) {
  const sections = [];
  for (let at = 8; at < bytes.length; ) {
    const reader = new Reader(bytes, at);
    const id = reader.byte();
    const size = reader.unsigned();
    sections.push({ id, start: at, body: reader.at, end: reader.at + size });
    at = reader.at + size;
  }
  return sections;
}

/** @param {Reader} reader at the import section @returns {number} how many globals are imported */
function importedGlobals(reader) {
  let globals = 0;
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.name();
    reader.name();
    const kind = reader.byte();
    if (kind === KIND.function) reader.unsigned();
    else if (kind === KIND.memory) reader.limits();
    else if (kind === KIND.global) [globals, reader.at] = [globals + 1, reader.at + 2];
    else if (kind === KIND.table) [reader.at] = [reader.at + 1, reader.limits()];
    else unknown(`an import of kind ${kind}`);
  }
  return globals;
}

/** @param {Reader} reader at the global section @returns {(number | null)[]} values; null for one that can change */
function globalValues(reader) {
  const values = [];
  for (let left = reader.unsigned(); left > 0; left--) {
    reader.byte(); // type
    const mutable = reader.byte() === 1;
    const value = reader.constant() >>> 0;
    values.push(mutable ? null : value);
  }
  return values;
}

/** @param {Reader} reader at the element section @returns {{first: number, functions: number[]}} of its one segment */
function tableContents(reader) {
  if (reader.unsigned() !== 1 || reader.unsigned() !== 0) unknown('the element section is not one plain segment');
  const first = reader.constant();
  const functions = Array.from({ length: reader.unsigned() }, () => reader.unsigned());
  return { first, functions };
}

/**
 * @param {Buffer} bytes lean.wasm @param {ReadonlySet<string>} kept names of the exports that stay
 * @returns {{module: Buffer, symbols: Symbol[]}} the module, and every function and address that was exported
 */
function reduce(bytes, kept) {
  const sections = sectionsOf(bytes);
  const at = (/** @type {number} */ id) => new Reader(bytes, (sections.find((s) => s.id === id) ?? unknown(`no section ${id}`)).body);
  const offset = importedGlobals(at(SECTION.import));
  const globals = globalValues(at(SECTION.global));
  const { first, functions } = tableContents(at(SECTION.element));
  const slots = new Map(functions.map((f, i) => [f, first + i]));
  /** @type {Symbol[]} */
  const symbols = [];
  const exports = [];
  const reader = at(SECTION.export);
  for (let left = reader.unsigned(); left > 0; left--) {
    const from = reader.at;
    const name = reader.name();
    const kind = reader.byte();
    const index = reader.unsigned();
    const address = kind === KIND.global ? globals[index - offset] ?? null : null;
    if (kind === KIND.function) {
      let slot = slots.get(index);
      if (slot === undefined) {
        slot = first + functions.length;
        functions.push(index);
        slots.set(index, slot);
      }
      symbols.push({ name, isData: false, value: slot });
    } else if (address !== null) symbols.push({ name, isData: true, value: address });
    if (kept.has(name) || (kind !== KIND.function && address === null)) exports.push(bytes.subarray(from, reader.at));
  }
  const replaced = new Map([
    [SECTION.table, Buffer.from([1, FUNCREF, 0, ...unsigned(first + functions.length)])],
    [SECTION.export, Buffer.concat([Buffer.from(unsigned(exports.length)), ...exports])],
    [SECTION.element, Buffer.from([1, 0, I32_CONST, ...signed(first), END, ...unsigned(functions.length), ...functions.flatMap(unsigned)])],
  ]);
  const table = at(SECTION.table);
  if (table.unsigned() !== 1 || table.byte() !== FUNCREF || table.limits().most !== null) unknown('the table is bounded');
  const parts = sections.flatMap(({ id, start, end }) => {
    const body = replaced.get(id);
    return body === undefined ? [bytes.subarray(start, end)] : [Buffer.from([id, ...unsigned(body.length)]), body];
  });
  return { module: Buffer.concat([bytes.subarray(0, 8), ...parts]), symbols };
}

module.exports = { reduce };
