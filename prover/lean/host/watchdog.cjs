// @ts-check
/**
 * Ends a tactic that ran out of time without ending the process. Lean looks at a cancel token (a reference to a Bool)
 * while it works; the main thread is inside Lean and cannot set it, but wasm memory is shared, so a second thread can.
 *
 * One cell holds 4·turn + phase, so that a deadline of one turn can never touch the next.
 *
 * The same thread ends the process when Lean does not obey within a grace time, and when the program that started the
 * process is gone: nothing else can, while the main thread is inside Lean.
 */
'use strict';

const fs = require('fs');
const { Worker, isMainThread, workerData } = require('worker_threads');

const [IDLE, ARMED, FIRED] = [0, 1, 2];
const [STATE, MILLISECONDS, SET] = [0, 1, 2]; // cells; SET is the turn for which the token has been set
const GRACE_MS = 4000; // less than GRACE_S of prover/lean/embedded/worker.py
const LOOK_MS = 1000; // how often the thread looks for who started us
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
    this.cells[MILLISECONDS] = Math.min(0x7fffffff, Math.max(1, Math.floor(milliseconds)));
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
  const parent = process.ppid;

  /** Waits until the cell changes. @param {number} state @param {number} [milliseconds] @returns {boolean} whether it did in time */
  function changes(state, milliseconds = Infinity) {
    const end = performance.now() + milliseconds;
    for (;;) {
      const left = Math.max(0, Math.min(LOOK_MS, end - performance.now()));
      if (Atomics.wait(cells, STATE, state, left) !== 'timed-out') return true;
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
      if (performance.now() >= end) return false;
    }
  }

  for (;;) {
    const state = Atomics.load(cells, STATE);
    if (state % 4 !== ARMED) {
      changes(state);
    } else if (!changes(state, cells[MILLISECONDS]) &&
        Atomics.compareExchange(cells, STATE, state, state - ARMED + FIRED) === state) {
      Atomics.store(new Int32Array(memory.buffer), value, LEAN_TRUE);
      Atomics.store(cells, SET, (state - ARMED) / 4);
      if (!changes(state - ARMED + FIRED, GRACE_MS)) {
        fs.writeSync(2, 'Error: a tactic did not end when its time was over\n');
        process.kill(process.pid, 'SIGKILL');
      }
    }
  }
}

if (!isMainThread && workerData?.cells) watch();

module.exports = { Watchdog };
