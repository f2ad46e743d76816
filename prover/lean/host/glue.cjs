// @ts-check
/**
 * Makes a small, corrected copy of the package's `lean.js`.
 *
 * Of its 89 MB, 88 MB assign every one of 201,110 exports to a variable and to a field of `Module`; we find
 * functions by name elsewhere (`symbols.cjs`), so only those that the rest of the script mentions are kept. What remains starts in
 * milliseconds instead of seconds, in the worker threads too. Every edit must match exactly once, or we refuse to go on:
 * another build of the package would need another look.
 */
'use strict';

const { openSymbols, hashOf } = require('./symbols.cjs');

const DENIED = 'throw new Error("Lean may not do this")';

const NO_NETWORK = 'for(const name of["fetch","WebSocket","EventSource","XMLHttpRequest"])delete globalThis[name];';

/** `leanSymbol(name)`, in every thread; the file is opened when it is first needed. */
const SYMBOLS =
  'var leanSymbols;var leanSymbol=name=>' +
  `(leanSymbols??=(${openSymbols})(require("path").join(__dirname,"lean.symbols"),require("fs"),${hashOf}))(name);`;

/** Variables of a thread; the script asks for them when a thread begins. */
const THREAD_LOCAL = ['__THREW__', '__threwValue', '_mi_heap_default'];

/** @type {[string, string][]} */
const EDITS = [
  // One thread in the pool: each of the four cost a second and 600 MB; with none the task manager asserts.
  ['var pthreadPoolSize=4;', 'var pthreadPoolSize=1;'],
  // Symbols are found in the file of symbols, not among 200,000 exports; what JavaScript defines goes before, as ever.
  [
    'newSymIndex=Object.keys(lib.exports).indexOf(symbol);',
    'if(lib.name=="__main__"&&!(symbol in lib.exports)){const known=leanSymbol(symbol);if(known!==undefined)return known.value}' +
      'newSymIndex=Object.keys(lib.exports).indexOf(symbol);',
  ],
  // Every function stands in the table already; to look at each one there would make 150,000 objects.
  ['functionsInTableMap=new WeakMap;updateTableMap(0,wasmTable.length)', 'functionsInTableMap=new WeakMap'],
  // Node's permission model knows no process.binding.
  ['var flags=process.binding("constants")["fs"];', 'var flags=require("fs").constants;'],
  // Lean's C library has ways to run programs, to run JavaScript and to reach the network, and `@[extern]` in a Lean
  // file gets as far as calling them. There is nothing behind them.
  ['_emscripten_run_script=ptr=>{eval(UTF8ToString(ptr))}', `_emscripten_run_script=ptr=>{${DENIED}}`],
  ['_emscripten_run_script_int=ptr=>eval(UTF8ToString(ptr))|0', `_emscripten_run_script_int=ptr=>{${DENIED}}`],
  ['var s=eval(UTF8ToString(ptr));', `${DENIED};var s=null;`],
  ['var cp=require("child_process");', `${DENIED};var cp=null;`],
  ['WebSocketConstructor=require("ws")', DENIED],
  ['var WebSocketServer=require("ws").Server;', `${DENIED};var WebSocketServer=null;`],
  // Give the host what is private to the script.
  [
    'if(!ENVIRONMENT_IS_PTHREAD){createWasm();run()}',
    'Module["leanInternals"]={symbol:leanSymbol,get memory(){return wasmMemory},get table(){return wasmTable},addFunction,' +
      'FS,NODEFS:typeof NODEFS=="undefined"?undefined:NODEFS,PThread};' +
      'if(!ENVIRONMENT_IS_PTHREAD){createWasm();run()}',
  ],
];

/**
 * @param {string} text @param {string} needle @param {string} replacement @returns {string}
 */
function replaceOnce(text, needle, replacement) {
  const at = text.indexOf(needle);
  if (at < 0 || text.indexOf(needle, at + 1) >= 0) {
    throw new Error(`lean.js is not the build that this host knows: ${JSON.stringify(needle)} must occur exactly once`);
  }
  return text.slice(0, at) + replacement + text.slice(at + needle.length);
}

/**
 * @param {string} text the whole of lean.js
 * @returns {string}
 */
function trim(text) {
  const head = 'wasmTable;function assignWasmExports(wasmExports){';
  const bodyStart = text.indexOf(head) + head.length;
  const varsStart = text.lastIndexOf('var _main,', bodyStart);
  const bodyEnd = text.indexOf('}', bodyStart);
  if (bodyStart < head.length || varsStart < 0 || bodyEnd < 0) {
    throw new Error('lean.js is not the build that this host knows: assignWasmExports was not found');
  }
  const rest = text.slice(0, varsStart) + text.slice(bodyEnd);
  const used = new Set(rest.match(/[A-Za-z_$][\w$]*/g));
  const kept = text
    .slice(bodyStart, bodyEnd)
    .split(';')
    .filter((statement) => {
      const name = statement.slice(0, statement.indexOf('='));
      return used.has(name) || name.startsWith('Module');
    });
  const names = kept.map((s) => s.slice(0, s.indexOf('='))).filter((n) => !n.startsWith('Module'));
  let small =
    text.slice(0, varsStart) +
    `var ${[...new Set([...names, 'wasmTable'])].join(',')};function assignWasmExports(wasmExports){${kept.join(';')}` +
    text.slice(bodyEnd);
  for (const [needle, replacement] of EDITS) small = replaceOnce(small, needle, replacement);
  return NO_NETWORK + SYMBOLS + small; // read by each worker thread, too
}

/** @param {string} script the corrected one @returns {Set<string>} names of the exports that it mentions */
function exportsUsed(script) {
  return new Set([...script.matchAll(/wasmExports\["([^"]+)"\]/g)].map((match) => match[1]).concat(THREAD_LOCAL));
}

module.exports = { trim, exportsUsed };
