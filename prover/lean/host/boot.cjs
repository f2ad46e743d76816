// @ts-check
/**
 * Starts Lean inside this process: loads the script and the module that set-up has made of the package (see prepare.cjs),
 * gives them a file system that holds the library read-only and nothing else, and runs Lean's own initialisation.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { makeAbi } = require('./abi.cjs');

/** Flags of open(2) in this build: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND. */
const WRITES = 1 | 2 | 64 | 512 | 1024;
const SYSROOT = '/lean';
/** Bytes of the stack that Lean's C code uses. The build gives 64 KB without a guard: deep recursion overwrote data. */
const STACK_BYTES = 128 * 1024 * 1024;

/** The library must not be writable from within Lean. @param {any} nodefs */
function readOnly(nodefs) {
  const openFile = nodefs.stream_ops.open;
  const refuse = () => {
    throw Object.assign(new Error('read-only file system'), { code: 'EROFS', errno: 69, name: 'ErrnoError' });
  };
  const nodeOps = { ...nodefs.node_ops };
  for (const op of ['setattr', 'mknod', 'rename', 'unlink', 'rmdir', 'symlink']) nodeOps[op] = refuse;
  const streamOps = { ...nodefs.stream_ops, write: refuse, setattr: refuse, allocate: refuse };
  // Not even opened for writing: a handle that cannot write could still be truncated.
  streamOps.open = (/** @type {any} */ stream) => {
    if ((stream.flags & WRITES) !== 0) refuse();
    openFile(stream);
  };
  return {
    ...nodefs,
    node_ops: nodeOps,
    stream_ops: streamOps,
  };
}

/** @typedef {{part: string, wall_ms: number, cpu_ms: number, rss_mb: number}} Part of a start, and the memory after it */

/** Measures a start by its parts; processor time is that of all threads. */
class Stopwatch {
  constructor() {
    /** @type {Part[]} */
    this.parts = [];
    this.wall = 0;
    this.cpu = 0;
  }

  /** @param {string} part what has just ended */
  lap(part) {
    const { user, system } = process.cpuUsage();
    const [wall, cpu] = [performance.now(), (user + system) / 1000]; // both since the process began
    const rss = Math.round(process.memoryUsage.rss() / 1e6);
    this.parts.push({ part, wall_ms: Math.round(wall - this.wall), cpu_ms: Math.round(cpu - this.cpu), rss_mb: rss });
    [this.wall, this.cpu] = [wall, cpu];
  }
}

/**
 * @param {string} folder made by prepare.cjs
 * @param {string} lib folder with Init.olean
 * @param {Stopwatch} watch
 * @returns {Promise<ReturnType<typeof makeAbi>>}
 */
async function boot(folder, lib, watch) {
  watch.lap('node');
  const script = path.join(folder, 'lean.cjs');
  // Lean's build prints progress to console.log; stdout belongs to the protocol.
  console.log = () => {};
  /** @type {any} */
  const Module = {
    noInitialRun: true,
    stdin: () => null, // the process's own belongs to the protocol
    print: () => {},
    printErr: (/** @type {string} */ s) => process.stderr.write(`lean: ${s}\n`),
    instantiateWasm: (/** @type {WebAssembly.Imports} */ imports, /** @type {Function} */ done) => {
      const module = new WebAssembly.Module(fs.readFileSync(path.join(folder, 'lean.wasm')));
      watch.lap('wasm read and compiled');
      done(new WebAssembly.Instance(module, imports), module);
      watch.lap('instantiated');
    },
  };
  const ready = new Promise((resolve, reject) => {
    Module.onRuntimeInitialized = () => resolve(undefined);
    Module.onAbort = reject;
  });
  const load = vm.compileFunction(
    fs.readFileSync(script, 'latin1'),
    ['Module', 'require', '__filename', '__dirname', 'module'],
    { filename: script },
  );
  watch.lap('script');
  load(Module, require, script, folder, { exports: {} });
  await ready;
  watch.lap('worker thread');

  const internals = Module.leanInternals;
  const abi = makeAbi(internals);
  const { E, io, str, list, dec } = abi;
  const stackEnd = E.malloc(STACK_BYTES);
  E.emscripten_stack_set_limits(stackEnd + STACK_BYTES, stackEnd);
  E._emscripten_stack_restore(stackEnd + STACK_BYTES);
  E.lean_initialize();
  watch.lap('lean_initialize');
  const FS = internals.FS;
  FS.mkdirTree(`${SYSROOT}/lib/lean`);
  const nodefs = internals.NODEFS;
  const ops = readOnly(nodefs);
  nodefs.node_ops = ops.node_ops;
  nodefs.stream_ops = ops.stream_ops;
  FS.mount(nodefs, { root: lib }, `${SYSROOT}/lib/lean`);
  dec(io('l_Lean_initSearchPath', str(SYSROOT), list([])));
  E.lean_enable_initializer_execution();
  E.lean_io_mark_end_initialization();
  E.lean_init_task_manager_using(1);
  return abi;
}

module.exports = { boot, Stopwatch };
