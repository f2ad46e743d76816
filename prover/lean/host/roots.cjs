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

/** Global constants of the build that are references, or structures with one; after `l_`. */
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
  Lean_Elab_macroAttribute`.trim().split(/\s+/).map((n) => `l_${n}`);
const CONSTRUCTORS = 244; // tags up to here are constructors

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeRoots(abi) {
  const { inc, dec, tag, field, fieldCount, isScalar } = abi;

  /** @type {Map<string, Obj>} name → reference */
  const references = new Map();
  /** @type {Map<string, Obj>} name → content, owned */
  const contents = new Map();

  /** Global constants of the library that are references, or structures with a reference in them. */
  function find() {
    const known = new Set();
    const add = (/** @type {string} */ name, /** @type {Obj} */ reference) => {
      if (!known.has(reference)) references.set(name, reference);
      known.add(reference);
    };
    for (const name of NAMES) {
      const object = abi.constant(name);
      if (isScalar(object)) continue;
      const kind = tag(object);
      if (kind === TAG.ref) add(name, object);
      for (let i = 0; kind <= CONSTRUCTORS && i < fieldCount(object); i++) {
        const inner = field(object, i);
        if (inner !== 0 && !isScalar(inner) && tag(inner) === TAG.ref) add(`${name}.${i}`, inner);
      }
    }
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

  return { references, remember, settle };
}

module.exports = { makeRoots };
