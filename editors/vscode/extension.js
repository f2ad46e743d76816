// Starts `proofsmith lsp` and adds three commands; everything else is the language client's.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

/** @type {LanguageClient | undefined} */
let client;

function makeClient() {
  const settings = vscode.workspace.getConfiguration('proofsmith');
  const run = { command: settings.get('command', 'proofsmith'), args: settings.get('arguments', ['lsp']) };
  return new LanguageClient('proofsmith', 'Proofsmith', { run, debug: run }, {
    documentSelector: [{ scheme: 'file', language: 'lean4' }, { scheme: 'untitled', language: 'lean4' }],
    initializationOptions: { diagnostics: settings.get('diagnostics', true) },
  });
}

async function start() {
  client = makeClient();
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(
      `Proofsmith does not start: ${error}. Is it installed (pip install proofsmith), and does "proofsmith.command" name it?`);
  }
}

/** The open Lean file and the cursor, as the server's commands want them. */
function here() {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined || editor.document.languageId !== 'lean4') {
    vscode.window.showInformationMessage('Proofsmith works in Lean 4 files.');
    return undefined;
  }
  const { line, character } = editor.selection.active;
  return [editor.document.uri.toString(), { line, character }];
}

/** @param {string} command @param {unknown[]} args */
async function ask(command, args) {
  try {
    return await client?.sendRequest('workspace/executeCommand', { command, arguments: args });
  } catch (error) {
    vscode.window.showWarningMessage(String(error instanceof Error ? error.message : error));
    return undefined;
  }
}

async function suggest() {
  const place = here();
  if (place === undefined || client === undefined) return;
  const options = { location: vscode.ProgressLocation.Window, title: 'Proofsmith tries tactics' };
  const found = await vscode.window.withProgress(options, () => ask('proofsmith.suggestions', place));
  if (found === undefined) return;
  const items = found.map((/** @type {any} */ s) => ({
    label: s.tactic.split('\n')[0], description: s.closes ? 'closes the goal' : `${s.goals.length} goals`,
    detail: s.goals.map((/** @type {string} */ g) => g.slice(g.lastIndexOf('⊢')).replace(/\s+/g, ' ')).join('   '), edit: s.edit,
  }));
  if (items.length === 0) {
    vscode.window.showInformationMessage('No tactic that was tried helps here.');
    return;
  }
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: 'Next tactic', matchOnDetail: true });
  if (chosen) await vscode.workspace.applyEdit(await client.protocol2CodeConverter.asWorkspaceEdit(chosen.edit));
}

async function activate(/** @type {vscode.ExtensionContext} */ context) {
  const command = (/** @type {string} */ name, /** @type {() => unknown} */ run) =>
    context.subscriptions.push(vscode.commands.registerCommand(name, run));
  command('proofsmith.suggestHere', suggest);
  command('proofsmith.proveHere', () => { const place = here(); if (place) return ask('proofsmith.prove', place); });
  command('proofsmith.proveFile', () => { const place = here(); if (place) return ask('proofsmith.proveAll', place.slice(0, 1)); });
  command('proofsmith.restart', async () => { await client?.stop(); await start(); });
  await start();
}

module.exports = { activate, deactivate: () => client?.stop() };
