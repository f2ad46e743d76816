// @ts-check
/**
 * Finds, in a parsed command, what would run a program of the file's author while Lean reads the file, or step outside
 * the safe language. Looked at before the command is elaborated; `prover/audit/embedded.py` asks for it. What a macro
 * builds is looked at when Lean meets it, in `confine.cjs`, by the same lists.
 *
 * Both lists are of what is allowed. A library command or a registered attribute that is on none of them is refused.
 *
 * @typedef {{category: string, what: string}} Refusal
 */
'use strict';

/** What each attribute that Lean registers can do, by what becomes of it; docs/audit.md shows it as a table. */
const ATTRIBUTES = /** @type {Record<'allowed' | 'confined' | 'judged' | 'refused', Record<string, string>>} */ (
  require('./attributes.json'));

/** Library commands that run no program of the file's author: `Lean.Parser.Command.` and what follows. */
const COMMANDS = new Set([
  ...`addDocString assertNotExists assertNotImported attribute binderPredicate check checkAssertions check_failure classAbbrev
  declaration deriving end exit export genInjectiveTheorems grindPattern guardCmd guardExprCmd import importPath in include
  macro macro_rules mixfix moduleDoc mutual namespace notation omit open print printAxioms printEqns printSig printTacTags
  recommended_spelling section set_option syntax syntaxAbbrev syntaxCat synth tactic_extension universe variable version
  where withExporting withWeakNamespace init_quot`.split(/\s+/).map((k) => `Lean.Parser.Command.${k}`),
  'Lean.Elab.Command.reprove', 'Lean.Grind.grindLintCheck', 'Lean.Grind.grindLintInspect', 'Lean.Grind.grindLintMute',
  'Lean.Grind.grindLintSkip', 'Lean.Parser.checkSimp', 'Lean.Parser.checkSimpFailure', 'Lean.Parser.checkTactic',
  'Lean.Parser.checkTacticFailure', 'Lean.Parser.commandSeal__', 'Lean.Parser.commandUnseal__', 'Lean.Parser.discrTreeKeyCmd',
  'Lean.Parser.discrTreeSimpKeyCmd', 'Lean.Parser.timeCmd', 'Lean.guardMsgsCmd', 'Lean.infoTreesCmd', 'Lean.reduceCmd',
  'Lean.«command__Unif_hint____Where_|_-⊢_»', 'commandDeclare_bitwise_int_theorems__', 'commandDeclare_bitwise_uint_theorems__',
  'commandDeclare_int_theorems__', 'commandDeclare_uint_theorems__',
]);
/** All other commands of Init and Lean. A command that is on neither list is refused as written, when it comes with an import. */
const REFUSED = new Set([
  'Lean.Elab.Tactic.commandConfigElab', 'Lean.Elab.Tactic.configElab',
  'Lean.Elab.Term.Quotation.commandElab_stx_quot_', 'Lean.Elab.elabConfigGetter',
  'Lean.Linter.«command_Register_linter_set_:=_»', 'Lean.Option.registerBuiltinOption', 'Lean.Option.registerOption',
  'Lean.Parser.Command.docs_to_verso', 'Lean.Parser.Command.dumpAsyncEnvState', 'Lean.Parser.Command.elab',
  'Lean.Parser.Command.elab_rules', 'Lean.Parser.Command.eval', 'Lean.Parser.Command.evalBang',
  'Lean.Parser.Command.grindAnnotated', 'Lean.Parser.Command.initGrindNorm', 'Lean.Parser.Command.initialize',
  'Lean.Parser.Command.registerErrorExplanationStx', 'Lean.Parser.Command.registerGrindAttr',
  'Lean.Parser.Command.registerLabelAttr', 'Lean.Parser.Command.registerSimpAttr',
  'Lean.Parser.Command.registerTryTactic', 'Lean.Parser.Command.register_tactic_tag',
  'Lean.Parser.Tactic.declareSimpLikeTactic', 'Lean.Parser.Tactic.normCastAddElim', 'Lean.Parser.resetGrindAttrs',
  'Lean.Parser.simprocPattern', 'Lean.Parser.simprocPatternBuiltin',
  'Lean.Parser.«command_Builtin_dsimproc_decl_(_):=_»', 'Lean.Parser.«command_Builtin_grind_propagator____:=_»',
  'Lean.Parser.«command_Builtin_simproc_decl_(_):=_»', 'Lean.Parser.«command_Dsimproc_decl_(_):=_»',
  'Lean.Parser.«command_Grind_propagator___(_):=_»', 'Lean.Parser.«command_Simproc_decl_(_):=_»',
  'Lean.Parser.«command__Builtin_dsimproc__[_]_(_):=_»', 'Lean.Parser.«command__Builtin_simproc__[_]_(_):=_»',
  'Lean.Parser.«command__Dsimproc__[_]_(_):=_»', 'Lean.Parser.«command__Simproc__[_]_(_):=_»',
  'Lean.Widget.showPanelWidgetsCmd', 'Lean.Widget.widgetCmd', 'Lean.runCmd', 'Lean.runElab', 'Lean.runMeta',
  'Lean.setLibrarySuggestionsCmd', 'commandDeclare_sint_simprocs_', 'commandDeclare_uint_simprocs_', 'testExternCmd',
]);
/** Terms and tactics of the library that run programs or read files: kind → how a person writes it. */
const TERMS = new Map([['Lean.byElab', 'by_elab'], ['Lean.includeStr', 'include_str'],
  ['Lean.«termRegister_parser_alias(Kind:=_)______»', 'register_parser_alias']]);
const TACTICS = new Map([['Lean.Parser.Tactic.runTac', 'run_tac'],
  ['Lean.Server.Test.Cancel.tacticWait_for_unblock_async', 'wait_for_unblock_async']]);
/** How a person writes commands whose kind does not say it. */
const WRITTEN = new Map(Object.entries({
  evalBang: '#eval!', eval: '#eval', runCmd: 'run_cmd', runElab: 'run_elab', runMeta: 'run_meta', elab_rulesKind: 'elab_rules',
  registerSimpAttr: 'register_simp_attr', registerOption: 'register_option', registerBuiltinOption: 'register_builtin_option',
  configElab: 'declare_config_elab', commandConfigElab: 'declare_command_config_elab', declareSimpLikeTactic: 'declare_simp_like_tactic',
  setLibrarySuggestionsCmd: 'set_library_suggestions', widgetCmd: '#widget', showPanelWidgetsCmd: 'show_panel_widgets',
  testExternCmd: 'test_extern', commandElab_stx_quot_: 'elab_stx_quot', elabConfigGetter: 'declare_config_getter',
  registerLabelAttr: 'register_label_attr', registerGrindAttr: 'register_grind_attr', registerTryTactic: 'register_try_tactic',
}));
/** Options that change which code runs. */
const OPTIONS = new Set(['interpreter.prefer_native']);
const SIMPROC = /(^|[._«])(builtin_)?(d?simproc|sevalproc)/i;
const UNSAFE = new Set(['Lean.Parser.Command.unsafe', 'Lean.Parser.Term.unsafe', 'Lean.Parser.Tactic.unsafe']);
const IDENTIFIER = 3; // constructor of Syntax
const ATTRIBUTE = 'Lean.Parser.Term.attrInstance';
const ERASE = 'Lean.Parser.Command.eraseAttr';
const MACROS = new Set(['Lean.Parser.Attr.simple', 'Lean.Parser.Attr.macro']);

const last = (/** @type {string} */ kind) => kind.slice(kind.lastIndexOf('.') + 1).replace(/^«|»$/g, '');
/** The names by which Lean registers attributes. @param {keyof typeof ATTRIBUTES} fate */
const named = (fate) => new Set(Object.keys(ATTRIBUTES[fate]));
const [ALLOWED, CONFINED, JUDGED] = [named('allowed'), named('confined'), named('judged')];
const KNOWN = new Set(Object.values(ATTRIBUTES).flatMap((some) => Object.keys(some)));
/** Attributes that are macros for others, or whose syntax has another name than the attribute. */
const ALIASES = new Map([['attrApp_delab_', 'app_delab'], ['grindPropagatorBuiltinAttr', 'builtin_grind_propagator'],
  ['simprocAttr', 'simproc'], ['simprocBuiltinAttr', 'builtin_simproc'], ['sevalprocAttr', 'sevalproc'],
  ['sevalprocBuiltinAttr', 'builtin_sevalproc']]);

/** `command_Builtin_grind_propagator____:=_` as it begins. @param {string} word */
const plain = (word) => word.replace(/^command_*/, '').replace(/_{2,}.*$/, '').replace(/^[A-Z]/, (c) => c.toLowerCase());

/** @param {string} kind of a command @returns {Refusal} */
function program(kind) {
  const word = last(kind);
  return { category: 'program', what: SIMPROC.test(kind) ? 'simproc' : WRITTEN.get(word) ?? plain(word) };
}

/** @param {string} name as Lean registers it @returns {Refusal} */
const attribute = (name) => ({ category: 'program', what: SIMPROC.test(name) ? 'simproc' : `@[${ALIASES.get(name) ?? name}]` });

/** @param {string} name of an attribute that is taken back @returns {Refusal} */
const erasure = (name) => ({ category: 'program', what: `attribute [-${ALIASES.get(name) ?? name}]` });

/**
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean @param {import('./abi.cjs').Obj} stx borrowed
 * @param {ReadonlySet<string>} commands kinds of all commands of the library
 * @returns {Refusal | null}
 */
function refusedIn(lean, stx, commands) {
  /** @type {Refusal | null} */
  let found = null;
  const { tag, field, nameText } = lean.abi;
  lean.walk(stx, (written, node) => {
    if (found !== null || written === '') return;
    const kind = written.replace(/^.*\b_root_\./, ''); // Lean keeps the namespace in front of `_root_`
    if ((REFUSED.has(kind) || commands.has(kind)) && !COMMANDS.has(kind)) found = program(kind);
    else if (/\.elab_rulesKind$/.test(kind)) found = program(kind);
    else if (UNSAFE.has(kind)) found = { category: 'unsafe', what: 'unsafe' };
    else {
      const what = TERMS.get(kind) ?? TACTICS.get(kind);
      if (what !== undefined) found = { category: 'program', what };
    }
    if (kind === ERASE) {
      const name = nameText(field(lean.argsOf(node)[1], 2)).replace(/\._@.*$/, '');
      if (KNOWN.has(name) && !ALLOWED.has(name)) found ??= erasure(name);
    }
    if (kind === ATTRIBUTE) {
      const inner = lean.argsOf(node)[1];
      const innerKind = lean.kindOf(inner);
      const identifier = MACROS.has(innerKind) ? lean.argsOf(inner)[0] : undefined;
      const simple = innerKind === 'Lean.Parser.Attr.simple' && identifier !== undefined && tag(identifier) === IDENTIFIER;
      const name = simple ? nameText(field(identifier, 2)).replace(/\._@.*$/, '') : last(innerKind);
      const known = KNOWN.has(name) || ALIASES.has(name);
      if (known && !ALLOWED.has(name) && !JUDGED.has(name)) found ??= attribute(name);
    }
  });
  return found;
}

module.exports = { ATTRIBUTES, ALLOWED, CONFINED, JUDGED, COMMANDS, REFUSED, TERMS, TACTICS, OPTIONS, program, attribute, erasure, refusedIn };
