// @ts-check
/**
 * Facts about environments: which constants are new, what they are and rest on, whether two environments agree on a
 * constant, whether the kernel accepts them again, and what the imported library holds. Facts only; the verdict is the
 * caller's (`prover/lean/audit.py`).
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { LeanException } = require('./abi.cjs');

const KINDS = ['axiom', 'definition', 'theorem', 'opaque', 'quotient', 'inductive', 'constructor', 'recursor'];
const PP_WIDTH = 100;

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 */
function makeAudit(abi, lean) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, arrayItems, listItems, call, io, name, nameText, takeText, closure,
    ctor, option } = abi;

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

  /** @param {Obj} e owned @returns {string[]} */
  function usedConstants(e) {
    const a = call('l_Lean_Expr_getUsedConstants', e);
    const names = arrayItems(a).map(nameText);
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
  const flag = (/** @type {string} */ f, /** @type {Obj[]} */ ...args) => unbox(call(f, ...args)) === 1;

  /** @param {Obj} env borrowed @param {Obj} n borrowed @param {Obj} info borrowed */
  function describe(env, n, info) {
    const kind = KINDS[tag(info)];
    const value = valueOf(info);
    const uses = new Set(usedConstants(typeOf(info)));
    if (value !== null) usedConstants(value).forEach((u) => uses.add(u));
    const val = field(info, 0);
    if (kind === 'inductive') listItems(field(val, 4)).map(nameText).forEach((u) => uses.add(u)); // its constructors
    if (kind === 'constructor') uses.add(nameText(field(val, 1))); // its type
    const implementation = call('l_Lean_Compiler_getImplementedBy_x3f', inc(env), inc(n));
    const implementedBy = isScalar(implementation) ? null : nameText(field(implementation, 0));
    dec(implementation);
    return {
      name: nameText(n), kind, uses: [...uses],
      unsafe: flag('l_Lean_ConstantInfo_isUnsafe', inc(info)), partial: flag('l_Lean_ConstantInfo_isPartial', inc(info)),
      implemented_by: implementedBy, extern: flag('l_Lean_isExtern', inc(env), inc(n)),
      csimp: flag('l_Lean_Compiler_hasCSimpAttribute', inc(env), inc(n)),
    };
  }

  /** @param {Obj} state @param {Obj | null} base constants of this state are left out @param {string[]} [names] only these */
  function constants(state, base, names) {
    const env = environmentOf(state);
    const wanted = names === undefined ? null : new Set(names);
    const result = [];
    for (const [n, info] of localConstants(env)) {
      const known = base === null ? null : find(environmentOf(base), n);
      if (known !== null) dec(known);
      else if (wanted === null || wanted.has(nameText(n))) result.push(describe(env, n, info));
      dec(n);
      dec(info);
    }
    return { constants: result };
  }

  /** Whether two states agree on constants, to the last bit of type and value. @param {Obj} a @param {Obj} b @param {string[]} names */
  function compare(a, b, names) {
    const same = (/** @type {Obj | null} */ x, /** @type {Obj | null} */ y) => {
      const equal = x === null || y === null ? x === y : E.lean_expr_eqv(x, y) !== 0;
      if (x !== null) dec(x);
      if (y !== null) dec(y);
      return equal;
    };
    return {
      constants: names.map((text) => {
        const n = nameOf(text);
        const x = find(environmentOf(a), n);
        const y = find(environmentOf(b), n);
        dec(n);
        let result;
        if (x === null || y === null) {
          result = { name: text, in_a: x !== null, in_b: y !== null };
        } else {
          const levels = (/** @type {Obj} */ i) => listItems(field(field(field(i, 0), 0), 1)).map(nameText).join(' ');
          result = {
            name: text, in_a: true, in_b: true, kind_a: KINDS[tag(x)], kind_b: KINDS[tag(y)],
            same_type: same(typeOf(x), typeOf(y)) && levels(x) === levels(y), same_value: same(valueOf(x), valueOf(y)),
          };
        }
        for (const o of [x, y]) if (o !== null) dec(o);
        return result;
      }),
    };
  }

  /** A name from its text, «» and numbers included. @param {string} text @returns {Obj} owned */
  function nameOf(text) {
    let n = box(0);
    for (const part of text.match(/«[^»]*»|[^.]+/g) ?? []) {
      if (/^\d+$/.test(part)) n = E.lean_name_mk_numeral ? call('l_Lean_Name_num___override', n, box(Number(part))) : n;
      else n = call('l_Lean_Name_str___override', n, abi.str(part.replace(/^«(.*)»$/s, '$1')));
    }
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
    for (const bucket of arrayItems(field(field(map, 0), 1))) {
      for (let l = bucket; !isScalar(l); l = field(l, 2)) {
        const n = field(l, 0);
        const text = nameText(n);
        if (/(^|\.)(_|«_)|\.(match_|proof_|eq_|_)\d*|_private/.test(text)) continue;
        const index = call('l_Lean_Environment_getModuleIdxFor_x3f', inc(env), inc(n));
        found.push([text, KINDS[tag(field(l, 1))], isScalar(index) ? -1 : unbox(field(index, 0))]);
        dec(index);
      }
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
  void ctor;
  void option;

  return { constants, compare, library };
}

module.exports = { makeAudit };
