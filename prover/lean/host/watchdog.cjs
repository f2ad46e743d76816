// @ts-check
/**
 * Ends a tactic that ran out of time without ending the process. Lean looks at a cancel token (a reference to a Bool)
 * while it works; the main thread is inside Lean and cannot set it, but wasm memory is shared, so a second thread can.
 *
 * One cell holds 4·turn + phase, so that a deadline of one turn can never touch the next.
 */
'use strict';

const { Worker, isMainThread, workerData } = require('worker_threads');

const [IDLE, ARMED, FIRED] = [0, 1, 2];
const [STATE, MILLISECONDS, SET] = [0, 1, 2]; // cells; SET is the turn for which the token has been set
const LEAN_FALSE = 1; // box(0)
const LEAN_TRUE = 3; // box(1)

class Watchdog {
  /** @param {WebAssembly.Memory} memory @param {number} token address of a reference object that lives as long as the process */
  constructor(memory, token) {
    this.memory = memory;
    this.value = (token + 8) >> 2;
    this.turn = 0;
    this.cells = new Int32Array(new SharedArrayBuffer(12));
    this.thread = new Worker(__filename, { workerData: { memory, value: this.value, cells: this.cells } });
    this.thread.unref();
  }

  /** @param {number} milliseconds */
  arm(milliseconds) {
    this.turn = (this.turn + 1) % 0x10000000;
    Atomics.store(new Int32Array(this.memory.buffer), this.value, LEAN_FALSE);
    this.cells[MILLISECONDS] = Math.max(1, Math.floor(milliseconds));
    Atomics.store(this.cells, STATE, 4 * this.turn + ARMED);
    Atomics.notify(this.cells, STATE);
  }

  /** @returns {boolean} whether the time had run out */
  disarm() {
    const fired = Atomics.exchange(this.cells, STATE, 4 * this.turn + IDLE) === 4 * this.turn + FIRED;
    Atomics.notify(this.cells, STATE);
    while (fired && Atomics.load(this.cells, SET) !== this.turn); // the other thread is between two instructions
    return fired;
  }
}

function watch() {
  const { memory, value, cells } = /** @type {{memory: WebAssembly.Memory, value: number, cells: Int32Array}} */ (workerData);
  for (;;) {
    const state = Atomics.load(cells, STATE);
    if (state % 4 !== ARMED) {
      Atomics.wait(cells, STATE, state);
    } else if (Atomics.wait(cells, STATE, state, cells[MILLISECONDS]) === 'timed-out' &&
        Atomics.compareExchange(cells, STATE, state, state - ARMED + FIRED) === state) {
      Atomics.store(new Int32Array(memory.buffer), value, LEAN_TRUE);
      Atomics.store(cells, SET, (state - ARMED) / 4);
    }
  }
}

if (!isMainThread && workerData?.cells) watch();

module.exports = { Watchdog };
