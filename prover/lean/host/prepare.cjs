// @ts-check
/**
 * Makes what the host starts from, once, at set-up (`prover/lean/embedded/prepared.py`): the corrected script
 * (`glue.cjs`), the module with few exports (`wasm.cjs`) and the table of symbols (`symbols.cjs`).
 * Run as `node prepare.cjs PACKAGE_ROOT EMPTY_FOLDER`.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const glue = require('./glue.cjs');
const { reduce } = require('./wasm.cjs');
const { symbolFile } = require('./symbols.cjs');

const [root, folder] = process.argv.slice(2);
if (!root || !folder) throw new Error('usage: node prepare.cjs PACKAGE_ROOT EMPTY_FOLDER');
const script = glue.trim(fs.readFileSync(path.join(root, 'lean.js'), 'latin1'));
const { module: wasm, symbols } = reduce(fs.readFileSync(path.join(root, 'lean.wasm')), glue.exportsUsed(script));
fs.writeFileSync(path.join(folder, 'lean.cjs'), script, 'latin1');
fs.writeFileSync(path.join(folder, 'lean.wasm'), wasm);
fs.writeFileSync(path.join(folder, 'lean.symbols'), symbolFile(symbols));
