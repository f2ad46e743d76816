// @ts-check
/**
 * The imported library as modules: what each imports, which theorems it states, and whether a statement elaborated
 * again is the same. For benchmarks made of the library (`prover/evaluation/library.py`).
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const HEADER = { moduleNames: 3, moduleData: 5, fields: 6 }; // of Lean.EnvironmentHeader, object fields
const MODULE_DATA = { imports: 0, constNames: 1 }; // of Lean.ModuleData
const CONSTANT_KIND_THEOREM = 1; // of Lean.ConstantKind
/** Names that Lean made, not a person. */
const MADE = /(^|\.)(_|«_|inst[A-Z])|\.(match_|proof_|eq_|_|eq_def$|eq_unfold|congr_simp$|hcongr|injEq$|inj$|sizeOf_spec|noConfusion|induct|mutual_|brecOn|below|rec$|recOn|casesOn|binductionOn|fun_cases)\d*|_private|_hyg|_cstage/;

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeModules(abi, audit) {
  const { E, isScalar, unbox, inc, dec, field, fieldCount, arrayItems, listItems, call, nameText } = abi;

  /** Names of all imported modules, those that imports bring with them included. @param {Obj} state Command.State, borrowed */
  function imported(state) {
    const names = call('l_Lean_Environment_allImportedModuleNames', inc(audit.environmentOf(state)));
    const modules = arrayItems(names).map(nameText);
    dec(names);
    return { modules };
  }

  /**
   * Each imported module's name, the modules that its file imports, and the names of its theorems that a person gave.
   * @param {Obj} state Command.State, borrowed
   */
  function modules(state) {
    const env = audit.environmentOf(state);
    const header = call('l_Lean_Environment_header', inc(env));
    if (fieldCount(header) !== HEADER.fields) throw new Error('this is not the Lean that the host was written for: EnvironmentHeader');
    const names = imported(state).modules;
    const found = arrayItems(field(header, HEADER.moduleData)).map((data, index) => ({
      name: names[index],
      imports: [...new Set(arrayItems(field(data, MODULE_DATA.imports)).map((i) => nameText(field(i, 0))))],
      theorems: arrayItems(field(data, MODULE_DATA.constNames)).filter((n) => isTheorem(env, n)).map(nameText),
    }));
    dec(header);
    return { modules: found };
  }

  /** @param {Obj} env borrowed @param {Obj} n borrowed */
  function isTheorem(env, n) {
    if (MADE.test(nameText(n))) return false;
    const kind = call('l_Lean_getOriginalConstKind_x3f', inc(env), inc(n));
    const theorem = !isScalar(kind) && unbox(field(kind, 0)) === CONSTANT_KIND_THEOREM;
    dec(kind);
    return theorem;
  }

  /**
   * Whether constants have the same type in two states: equal to the last bit, names of bound variables aside, with the
   * same universe parameters. @param {Obj} a borrowed @param {Obj} b borrowed @param {string[]} names
   */
  function sameTypes(a, b, names) {
    return {
      same: names.map((text) => {
        const n = audit.nameOf(text);
        const [x, y] = [a, b].map((state) => audit.find(audit.environmentOf(state), n));
        dec(n);
        let same = false;
        if (x !== null && y !== null) {
          const levels = (/** @type {Obj} */ i) => listItems(audit.declared.levelParams(i)).map(nameText).join(' ');
          const types = [x, y].map(audit.typeOf);
          same = levels(x) === levels(y) && E.lean_expr_eqv(...types) !== 0;
          types.forEach(dec);
        }
        for (const info of [x, y]) if (info !== null) dec(info);
        return same;
      }),
    };
  }

  return { imported, modules, sameTypes };
}

module.exports = { makeModules };
