// @ts-check
/**
 * Facts about environments: which constants are new, what they are and rest on, and what the imported library holds.
 * Facts only; the verdict is the caller's (`prover/audit/embedded.py`).
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { LeanException } = require('./abi.cjs');
const { KIND, KINDS, makeDeclared } = require('./declared.cjs');

const PP_WIDTH = 100;
const CONSTANT_KIND_AXIOM = 2; // of Lean.ConstantKind
const [CONST, APP, LAMBDA, MDATA] = [4, 5, 6, 10]; // of Lean.Expr
const ODD_NAME = '⚠';
const STRING_BYTES = 20; // where the bytes of a string begin

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 */
function makeAudit(abi, lean) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, arrayItems, call, io, nameText, takeText, closure } = abi;
  const declared = makeDeclared(abi);

  const environmentOf = (/** @type {Obj} */ state) => field(state, lean.COMMAND_STATE.env);

  /** @type {[Obj, Obj][]} */
  let folded = [];
  const collect = closure(3, (acc, key, value) => {
    folded.push([key, value]);
    return acc;
  });

  /** Constants added after the imports. @param {Obj} env borrowed @returns {[Obj, Obj][]} name and ConstantInfo, owned */
  function localConstants(env) {
    folded = [];
    const map = call('l_Lean_Environment_constants', inc(env));
    dec(call('l_Lean_SMap_foldStage2___redArg', inc(collect), box(0), map));
    const result = folded;
    folded = [];
    return result;
  }

  /** @param {Obj} env borrowed @param {Obj} n borrowed @returns {Obj | null} ConstantInfo, owned */
  function find(env, n) {
    const r = call('l_Lean_Environment_find_x3f', inc(env), inc(n), box(0));
    if (isScalar(r)) return null;
    const info = inc(field(r, 0));
    dec(r);
    return info;
  }

  /**
   * A name as text that no other name has: Lean's own, unless it does not read back as the same name (a part that holds
   * a », say); then one that is marked, and that the verdict refuses.
   * @param {Obj} n borrowed @returns {string}
   */
  function keyOf(n) {
    const text = nameText(n);
    const back = nameOf(text);
    const same = flag('lean_name_eq', n, back);
    dec(back);
    return same ? text : `${ODD_NAME}${text}`;
  }

  /** The constants of a state that another one has not. @param {Obj} state @param {Obj} base @returns {Map<string, Obj>} owned */
  function newConstants(state, base) {
    /** @type {Map<string, Obj>} */
    const result = new Map();
    for (const [n, info] of localConstants(environmentOf(state))) {
      const known = find(environmentOf(base), n);
      let key = keyOf(n);
      if (flag('lean_name_eq', n, declared.name(info)) === false || result.has(key)) key = `${ODD_NAME}${key}`;
      dec(n);
      if (known === null) {
        result.set(key, info);
      } else {
        dec(known);
        dec(info);
      }
    }
    return result;
  }
  /** @param {Map<string, Obj>} constants */
  const release = (constants) => constants.forEach((info) => dec(info));

  /** @param {Obj} e owned @returns {string[]} */
  function usedConstants(e) {
    const a = call('l_Lean_Expr_getUsedConstants', e);
    const names = arrayItems(a).map(keyOf);
    dec(a);
    return names;
  }

  const typeOf = (/** @type {Obj} */ info) => call('l_Lean_ConstantInfo_type', inc(info));
  /** @param {Obj} info borrowed @returns {Obj | null} owned; theorems and opaque constants have one too */
  function valueOf(info) {
    const r = call('l_Lean_ConstantInfo_value_x3f', inc(info), box(1));
    if (isScalar(r)) return null;
    const value = inc(field(r, 0));
    dec(r);
    return value;
  }
  /** Functions that return an unboxed Bool. */
  const flag = (/** @type {string} */ f, /** @type {Obj} */ x, /** @type {Obj} */ y) => E[f](x, y) !== 0;
  const truth = (/** @type {string} */ f, /** @type {Obj[]} */ ...args) => unbox(call(f, ...args)) === 1;

  /** @param {Obj} e borrowed */
  const constantsOf = (e) => usedConstants(inc(e));
  /** Whether a definition is left to be filled: its value, its arguments aside, is a `sorry`. @param {Obj} info borrowed */
  function isOpen(info) {
    if (tag(info) !== KIND.definition) return false;
    let e = declared.value(info);
    while (tag(e) === LAMBDA || tag(e) === MDATA) e = field(e, tag(e) === LAMBDA ? 2 : 1);
    while (tag(e) === APP) e = field(e, 0);
    return tag(e) === CONST && nameText(field(e, 0)) === 'sorryAx';
  }

  const typeUsesOf = (/** @type {Obj} */ info) => usedConstants(typeOf(info));
  /** All that a constant rests on, the other members of its block included. @param {Obj} info borrowed @returns {Set<string>} */
  function usesOf(info) {
    const kind = tag(info);
    const value = valueOf(info);
    const uses = new Set(typeUsesOf(info));
    if (value !== null) usedConstants(value).forEach((u) => uses.add(u));
    const addAll = (/** @type {Obj[]} */ names) => names.map(keyOf).forEach((u) => uses.add(u));
    if (kind === KIND.inductive) addAll([...declared.inductive.block(info), ...declared.inductive.constructors(info)]);
    if (kind === KIND.constructor) addAll([declared.constructor.type(info)]);
    if (kind === KIND.recursor) addAll(declared.recursor.block(info));
    return uses;
  }

  /** Whether Lean made the name up; a private name of the author's is not such a name. @param {Obj} info borrowed */
  const isInternal = (info) =>
    truth('l_Lean_Name_isInternalDetail', call('l_Lean_privateToUserName', inc(declared.name(info))));

  /** Whether a text gives a constant to foreign code; such an attribute is noted and not obeyed, see confine.cjs. */
  let isForeign = (/** @type {Obj} */ _env, /** @type {string} */ _key) => false;

  /** What runs in place of a constant, as text; '' for its own compiled code. @param {Obj} env @param {Obj} info */
  function codeOf(env, info) {
    const n = declared.name(info);
    const implementation = call('l_Lean_Compiler_getImplementedBy_x3f', inc(env), inc(n));
    const implementedBy = isScalar(implementation) ? '' : nameText(field(implementation, 0));
    dec(implementation);
    return truth('l_Lean_isExtern', inc(env), inc(n)) || isForeign(env, keyOf(n)) ? `extern ${implementedBy}` : implementedBy;
  }

  /** @param {Obj} env borrowed @param {string} key @param {Obj} info borrowed */
  function describe(env, key, info) {
    const n = declared.name(info);
    const code = codeOf(env, info);
    return {
      name: key, kind: KINDS[tag(info)], uses: [...usesOf(info)], type_uses: typeUsesOf(info),
      internal: isInternal(info), open: isOpen(info),
      unsafe: truth('l_Lean_ConstantInfo_isUnsafe', inc(info)), partial: truth('l_Lean_ConstantInfo_isPartial', inc(info)),
      implemented_by: code === '' || code.startsWith('extern ') ? null : code, extern: code.startsWith('extern '),
      csimp: truth('l_Lean_Compiler_hasCSimpAttribute', inc(env), inc(n)),
    };
  }

  /**
   * Whether an imported constant was declared with `axiom`. Theorems, and definitions whose body is not exported, stand
   * in the imported library as axioms too; Lean keeps what they were. @param {Obj} env borrowed @param {string} key
   */
  function isAxiom(env, key) {
    const n = nameOf(key);
    const kind = call('l_Lean_getOriginalConstKind_x3f', inc(env), n);
    const axiom = !isScalar(kind) && unbox(field(kind, 0)) === CONSTANT_KIND_AXIOM;
    dec(kind);
    return axiom;
  }

  /**
   * The constants of a state that `base` has not, and the axioms of `base` that they mention.
   * @param {Obj} state @param {Obj} base
   */
  function constants(state, base) {
    const env = environmentOf(state);
    const found = newConstants(state, base);
    const described = [...found].map(([key, info]) => describe(env, key, info));
    const imported = new Set(described.flatMap((c) => c.uses).filter((key) => !found.has(key)));
    release(found);
    return { constants: described, imported_axioms: [...imported].filter((key) => isAxiom(environmentOf(base), key)) };
  }

  /** A name from its text, «» and numbers included. @param {string} text @returns {Obj} owned */
  function nameOf(text) {
    let n = box(0);
    for (const part of text.match(/«[^»]*»|[^.]+/g) ?? []) {
      if (/^\d+$/.test(part)) n = call('l_Lean_Name_num___override', n, natural(part));
      else n = call('l_Lean_Name_str___override', n, abi.str(part.replace(/^«(.*)»$/s, '$1')));
    }
    return n;
  }

  /** @param {string} digits @returns {Obj} owned */
  function natural(digits) {
    if (digits.length < 9) return box(Number(digits));
    const s = abi.str(digits);
    const n = E.lean_cstr_to_nat(s + STRING_BYTES) >>> 0;
    dec(s);
    return n;
  }

  /**
   * The imported library. Without `names`: every public constant with kind and module (cheap). With `names`: their
   * signatures as text (about a millisecond each).
   * @param {Obj} state @param {{names?: string[]}} request
   */
  function library(state, request) {
    const env = environmentOf(state);
    if (request?.names) return { signatures: signatures(state, request.names) };
    const modulesArray = call('l_Lean_Environment_allImportedModuleNames', inc(env));
    const modules = arrayItems(modulesArray).map(nameText);
    dec(modulesArray);
    const map = call('l_Lean_Environment_constants', inc(env));
    const found = [];
    for (const [n, info] of declared.imported(map)) {
      const text = nameText(n);
      if (/(^|\.)(_|«_)|\.(match_|proof_|eq_|_)\d*|_private/.test(text)) continue;
      const index = call('l_Lean_Environment_getModuleIdxFor_x3f', inc(env), inc(n));
      found.push([text, KINDS[tag(info)], isScalar(index) ? -1 : unbox(field(index, 0))]);
      dec(index);
    }
    dec(map);
    return { modules, constants: found };
  }

  /** @param {Obj} state @param {string[]} names @returns {(string | null)[]} */
  function signatures(state, names) {
    const proof = lean.anyProofState(state);
    const result = names.map((text) => {
      const refs = [proof.meta, proof.core].map((o) => abi.newRef(inc(o)));
      try {
        const r = io('l_Lean_PrettyPrinter_ppSignature', nameOf(text), inc(proof.metaCtx), inc(refs[0]), inc(proof.coreCtx), inc(refs[1]));
        const format = inc(field(r, 0));
        dec(r);
        return takeText(call('l_Std_Format_pretty', format, box(PP_WIDTH), box(0), box(0)));
      } catch (e) {
        if (!(e instanceof LeanException)) throw e;
        dec(e.object);
        return null;
      } finally {
        refs.forEach(dec);
      }
    });
    lean.releaseState(proof);
    return result;
  }

  return {
    declared, environmentOf, find, nameOf, codeOf, newConstants, release, keyOf, typeOf, valueOf, usesOf, typeUsesOf, truth, isInternal, isAxiom, natural, constantsOf, constants, library,
    setForeign: (/** @type {typeof isForeign} */ f) => void (isForeign = f),
  };
}

module.exports = { makeAudit };
