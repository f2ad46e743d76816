// @ts-check
/**
 * Starts Lean inside this process: loads the package's script (see glue.cjs), gives it a file system that holds the
 * library read-only and nothing else, and runs Lean's own initialisation.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const glue = require('./glue.cjs');
const { makeAbi } = require('./abi.cjs');

/** Flags of open(2) in this build: O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND. */
const WRITES = 1 | 2 | 64 | 512 | 1024;
const SYSROOT = '/lean';
/** Bytes of the stack that Lean's C code uses. The build gives 64 KB without a guard: deep recursion overwrote data. */
const STACK_BYTES = 128 * 1024 * 1024;

/** The corrected script, made once beside the package and then reused. @param {string} root @returns {string} its path */
function scriptFile(root) {
  const file = path.join(root, `lean.host-${glue.VERSION}.cjs`);
  if (!fs.existsSync(file)) {
    const temporary = `${file}.${process.pid}`;
    fs.writeFileSync(temporary, glue.trim(fs.readFileSync(path.join(root, 'lean.js'), 'latin1')), 'latin1');
    fs.renameSync(temporary, file);
  }
  return file;
}

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

/**
 * @param {string} root folder of the package: lean.js, lean.wasm
 * @param {string} lib folder with Init.olean
 * @returns {Promise<ReturnType<typeof makeAbi>>}
 */
async function boot(root, lib) {
  const file = scriptFile(root);
  // Lean's build prints progress to console.log; stdout belongs to the protocol.
  console.log = () => {};
  /** @type {any} */
  const Module = {
    noInitialRun: true,
    locateFile: (/** @type {string} */ p) => path.join(root, p),
    stdin: () => null, // the process's own belongs to the protocol
    print: () => {},
    printErr: (/** @type {string} */ s) => process.stderr.write(`lean: ${s}\n`),
  };
  const ready = new Promise((resolve, reject) => {
    Module.onRuntimeInitialized = () => resolve(undefined);
    Module.onAbort = reject;
  });
  const load = vm.compileFunction(
    fs.readFileSync(file, 'latin1'),
    ['Module', 'require', '__filename', '__dirname', 'module'],
    { filename: file },
  );
  load(Module, require, file, root, { exports: {} });
  await ready;

  const internals = Module.leanInternals;
  const abi = makeAbi(internals);
  const { E, io, str, list, dec } = abi;
  const stackEnd = E.malloc(STACK_BYTES);
  E.emscripten_stack_set_limits(stackEnd + STACK_BYTES, stackEnd);
  E._emscripten_stack_restore(stackEnd + STACK_BYTES);
  E.lean_initialize();
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

module.exports = { boot };
