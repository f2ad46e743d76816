// @ts-check
/**
 * What Lean keeps for the whole process, whatever environment it works in: references to tables of attributes, parsers,
 * linters, simprocs, handlers. A text that changes one (a program of it, or Lean on its behalf) would change the answer to
 * the next request, so they are put back after each stranger's text.
 *
 * We hold the content of each reference ourselves. So it has two owners, and Lean, which writes into an object only when
 * it has one, must make a new one for every change: the same address is the same content, all the way down.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { TAG } = require('./abi.cjs');

/**
 * Global constants of the build that are references, or lead to some; after `l_`. That no other constant leads to one is what
 * `tests/prover/audit/test_kernel_age.py` finds by going through all symbols.
 */
const NAMES = `
  IO_stdGenRef __private_Lean_ImportingFlag_0__Lean_importingRef __private_Lean_ImportingFlag_0__Lean_runInitializersRef
  __private_Lean_Data_Options_0__Lean_optionDeclsRef Lean_internalExceptionsRef Lean_searchPathRef
  __private_Lean_Environment_0__Lean_EnvExtension_envExtensionsRef Lean_persistentEnvExtensionsRef Lean_ppFnsRef
  Lean_builtinDeclRanges Lean_reservedNamePredicatesRef __private_Lean_DocString_Extension_0__Lean_builtinDocStrings
  Lean_inheritedTraceOptions Lean_compileDeclsRef Lean_attributeMapRef Lean_attributeImplBuilderTableRef
  Lean_scopedEnvExtensionsRef __private_Lean_ReservedNameAction_0__Lean_reservedNameActionsRef Lean_interpretedModInits
  Lean_Parser_categoryParserFnRef Lean_Parser_builtinTokenTable Lean_Parser_builtinSyntaxNodeKindSetRef
  Lean_Parser_builtinParserCategoriesRef Lean_Parser_parserAliasesRef Lean_Parser_parserAlias2kindRef
  Lean_Parser_parserAliases2infoRef Lean_Parser_parserAttributeHooks Lean_PrettyPrinter_Formatter_formatterAliasesRef
  Lean_PrettyPrinter_Parenthesizer_parenthesizerAliasesRef __private_Lean_Meta_Eqns_0__Lean_Meta_getEqnsFnsRef
  __private_Lean_Meta_Eqns_0__Lean_Meta_getUnfoldEqnFnsRef Lean_Meta_simpExtensionMapRef
  Lean_Meta_Simp_builtinSimprocDeclsRef Lean_Meta_Simp_builtinSimprocsRef Lean_Meta_Simp_builtinSEvalprocsRef
  Lean_Meta_Simp_simprocExtensionMapRef Lean_Elab_Term_derivableRef Lean_Doc_builtinDocRoles Lean_Doc_builtinDocCodeBlocks
  Lean_Doc_builtinDocDirectives Lean_Doc_builtinDocCommands Lean_Elab_builtinIncrementalElabs Lean_Elab_Command_lintersRef
  Lean_Linter_MissingDocs_builtinHandlersRef Lean_Elab_derivingHandlersRef Lean_labelExtensionMapRef
  Lean_Linter_builtinUnusedVariablesIgnoreFnsRef Lean_Server_requestHandlers Lean_Server_statefulRequestHandlers
  Lean_CodeAction_builtinCmdCodeActions __private_Lean_Widget_UserWidget_0__Lean_Widget_builtinModulesRef
  Lean_Meta_Grind_extensionMapRef __private_Lean_Meta_Tactic_Grind_Types_0__Lean_Meta_Grind_solverExtensionsRef
  Lean_Meta_Grind_builtinPropagatorsRef Lean_Elab_Tactic_BVDecide_Frontend_builtinBVNormalizeSimprocsRef
  Lean_Elab_Command_commandElabAttribute Lean_Elab_Term_termElabAttribute Lean_Elab_Tactic_tacticElabAttribute
  Lean_Elab_macroAttribute Lean_Elab_Term_Quotation_precheckAttribute Lean_Doc_builtinCodeBlockSuggestions
  Lean_Doc_builtinCodeSuggestions __private_Lean_DocString_Extension_0__Lean_builtinVersoDocStrings
  __private_Lean_Server_CodeActions_Basic_0__Lean_Server_builtinCodeActionProviders Lean_Server_freshWithRpcRefId
  __private_Lean_Server_Rpc_RequestHandling_0__Lean_Server_builtinRpcProcedures
  __private_Lean_Server_FileWorker_0__Lean_Server_FileWorker_importsLoadedRef Lean_Server_Completion_eligibleHeaderDeclsMutex
  Lean_Server_Test_Cancel_unblockedCancelTk Lean_Server_Test_Cancel_onceRef
  __private_Lean_LibrarySuggestions_SymbolFrequency_0__Lean_LibrarySuggestions_localSymbolFrequencyMapRef
  __private_Lean_LibrarySuggestions_SymbolFrequency_0__Lean_LibrarySuggestions_symbolFrequencyMapRef
  __private_Lean_LibrarySuggestions_SineQuaNon_0__Lean_LibrarySuggestions_SineQuaNon_sineQuaNonTriggersRef
  __private_Lean_Meta_Tactic_Rewrites_0__Lean_Meta_Rewrites_instInhabitedExtState
  __private_Lean_Meta_Tactic_LibrarySearch_0__Lean_Meta_LibrarySearch_instInhabitedLibSearchState`.trim().split(/\s+/).map((n) => `l_${n}`);
const CONSTRUCTORS = 244; // tags up to here are constructors

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeRoots(abi) {
  const { inc, dec, tag, field, fieldCount, arrayItems, isScalar } = abi;

  /** @type {Map<string, Obj>} name → reference */
  const references = new Map();
  /** @type {Map<string, Obj>} name → content, owned */
  const contents = new Map();

  /** What an object holds. @param {Obj} o @returns {Obj[]} borrowed */
  function held(o) {
    const kind = tag(o);
    const fields = (/** @type {number} */ from, /** @type {number} */ count) => Array.from({ length: count }, (_, i) => field(o, from + i));
    if (kind <= CONSTRUCTORS) return fields(0, fieldCount(o));
    if (kind === TAG.closure) return fields(2, field(o, 1) >>> 16); // arity, and how many arguments it has
    if (kind === TAG.array) return arrayItems(o);
    return kind === TAG.ref || kind === TAG.task || kind === TAG.thunk ? [field(o, 0)] : [];
  }

  /** The references to which objects lead. @param {Iterable<[string, Obj]>} starts by name @param {(name: string, reference: Obj) => void} found */
  function reach(starts, found) {
    const seen = new Set();
    for (const [name, start] of starts) {
      const queue = [start];
      for (let o = queue.pop(); o !== undefined; o = queue.pop()) {
        if (o === 0 || isScalar(o) || seen.has(o)) continue;
        seen.add(o);
        if (tag(o) === TAG.ref) found(name, o);
        for (const inner of held(o)) queue.push(inner);
      }
    }
  }

  function find() {
    let count = 0;
    reach(NAMES.map((name) => [name, abi.constant(name)]), (name, reference) => references.set(`${name}.${count++}`, reference));
  }

  /** Takes the present contents as those to come back to: after the start, and after an import. */
  function remember() {
    if (references.size === 0) find();
    for (const [name, reference] of references) {
      const content = field(reference, 0); // 0: taken out, or never set
      const before = contents.get(name);
      if (content === before) continue;
      contents.set(name, content === 0 ? 0 : inc(content));
      if (before) dec(before);
    }
  }

  /** Puts back what was changed. @returns {string[]} the names of what was */
  function settle() {
    const changed = [];
    for (const [name, reference] of references) {
      const [now, before] = [field(reference, 0), contents.get(name) ?? 0];
      if (now === before) continue;
      changed.push(name);
      abi.setField(reference, 0, before === 0 ? 0 : inc(before));
      if (now !== 0) dec(now);
    }
    return changed;
  }

  return { references, reach, remember, settle };
}

module.exports = { makeRoots };
