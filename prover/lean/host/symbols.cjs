// @ts-check
/**
 * The symbols of `lean.wasm` as a file: a hash table that is read where it is asked, so that nobody holds 200,000 names in
 * memory. All numbers little-endian, 32 bits.
 *
 *     0   number of slots N, a power of two
 *     4   N slots of 8 bytes: hash of the name, position of the entry (0: the slot is free)
 *         entries: value, 1 for data or 0 for a function, length of the name, the name
 */
'use strict';

const SLOTS = 1 << 19; // at 201,108 symbols two fifths are taken

/** FNV-1a. @param {string} name @returns {number} */
function hashOf(name) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** @param {import('./wasm.cjs').Symbol[]} symbols @returns {Buffer} */
function symbolFile(symbols) {
  const slots = Buffer.alloc(4 + 8 * SLOTS);
  slots.writeUInt32LE(SLOTS, 0);
  const entries = [];
  let position = slots.length;
  for (const { name, isData, value } of symbols) {
    const hash = hashOf(name);
    let slot = hash % SLOTS;
    while (slots.readUInt32LE(8 + 8 * slot) !== 0) slot = (slot + 1) % SLOTS;
    slots.writeUInt32LE(hash, 4 + 8 * slot);
    slots.writeUInt32LE(position, 8 + 8 * slot);
    const entry = Buffer.alloc(12 + name.length);
    [value, Number(isData), name.length].forEach((n, i) => entry.writeUInt32LE(n, 4 * i));
    entry.write(name, 12, 'latin1');
    entries.push(entry);
    position += entry.length;
  }
  return Buffer.concat([slots, ...entries]);
}

/**
 * Opens a file of symbols. Its text is copied into Lean's script (`glue.cjs`), which calls it in each thread; so it uses
 * nothing of this module but what it is given.
 * @param {string} file @param {typeof import('fs')} fs @param {(name: string) => number} hashOf
 * @returns {(name: string) => {value: number, isData: boolean} | undefined}
 */
function openSymbols(file, fs, hashOf) {
  const fd = fs.openSync(file, 'r');
  const numbers = Buffer.alloc(12);
  const read = (/** @type {Buffer} */ into, /** @type {number} */ length, /** @type {number} */ at) => {
    if (fs.readSync(fd, into, 0, length, at) !== length) throw new Error(`${file} is too short`);
    return into;
  };
  const slots = read(numbers, 4, 0).readUInt32LE(0);
  return (name) => {
    const hash = hashOf(name);
    for (let slot = hash % slots; ; slot = (slot + 1) % slots) {
      read(numbers, 8, 4 + 8 * slot);
      const position = numbers.readUInt32LE(4);
      if (position === 0) return undefined;
      if (numbers.readUInt32LE(0) !== hash) continue;
      read(numbers, 12, position);
      const [value, isData, length] = [0, 4, 8].map((at) => numbers.readUInt32LE(at));
      if (read(Buffer.alloc(length), length, position + 12).toString('latin1') === name) return { value, isData: isData === 1 };
    }
  };
}

module.exports = { symbolFile, openSymbols, hashOf };
