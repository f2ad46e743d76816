// @ts-check
/**
 * The kernel once more: adds constants of a state to the environment of the imports alone, in the order of their
 * dependencies, each checked by Lean's kernel. Whatever reached the state without the kernel (an option that skips it, a
 * program that edits the environment) is found here.
 *
 * Beyond what this Lean's kernel does by itself, the types of new inductive types, of their constructors and recursors
 * are checked as terms once they are in the environment: nested inductive types with ill-typed parameters were accepted
 * without it until Lean 4.32.2 (leanprover/lean4 #14576, #14577). Other faults of its age: `faults.cjs`.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { KIND } = require('./declared.cjs');
const { makeFaults } = require('./faults.cjs');

/** Constructors of Lean.Declaration. */
const DECLARATION = { axiom: 0, definition: 1, theorem: 2, opaque: 3, inductive: 6 };

class Rejected extends Error {}

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeKernel(abi, lean, audit) {
  const { E, box, inc, dec, tag, field, byteAt, ctor, list, call, name, nameText } = abi;
  const { declared } = audit;

  const faults = makeFaults(abi, audit);
  /** @param {string | null} fault */
  function refuseFault(fault) {
    if (fault !== null) throw new Rejected(fault);
  }

  /**
   * @param {Obj} kernelEnv owned @param {Obj} declaration owned @param {string} what @returns {Obj} the larger environment
   */
  function add(kernelEnv, declaration, what) {
    const usize = ctor(0, [], [0, 0, 0, 0]); // no limit: the request has a deadline
    const result = call('l_Lean_Kernel_Environment_addDeclCore', kernelEnv, usize, declaration, box(0));
    const value = inc(field(result, 0));
    const ok = tag(result) === 1;
    dec(result);
    if (ok) return value;
    const text = lean.renderMessageData(call('l_Lean_Kernel_Exception_toMessageData', value, abi.constant('l_Lean_Options_empty')));
    throw new Rejected(`${what}: ${text}`);
  }

  /** Environment.find? of the kernel. @param {Obj} kernelEnv borrowed @param {Obj} n borrowed @returns {Obj | null} owned */
  function find(kernelEnv, n) {
    const r = call('lean_environment_find', inc(kernelEnv), inc(n));
    if (abi.isScalar(r)) return null;
    const info = inc(field(r, 0));
    dec(r);
    return info;
  }

  /**
   * @param {Obj} state @param {Obj} base the imports alone @param {string[]} names what to add; all else must be imported
   * @returns {{error: string | null, checked: number}}
   */
  function replay(state, base, names) {
    const fresh = audit.newConstants(state, base);
    const wanted = new Set(names);
    const done = new Set();
    const added = new Set();
    let kernelEnv = call('lean_elab_environment_to_kernel_env', inc(audit.environmentOf(base)));
    let step = 0;

    /** @param {number} constructor @param {Obj} val of the constant @param {string} key */
    function addOne(constructor, val, key) {
      const before = kernelEnv;
      kernelEnv = box(0); // what is refused takes it along
      kernelEnv = add(before, ctor(constructor, [inc(val)]), key);
    }

    /** The type as a term: `∀ _ : type, True` is a proposition whatever its universe. @param {Obj} info */
    function checkType(info) {
      const trueType = call('l_Lean_Expr_const___override', name('True'), box(0));
      const value = call('l_Lean_Expr_forallE___override', box(0), inc(declared.type(info)), trueType, box(0));
      const val = ctor(0, [name(`proofsmith.check.${++step}`), inc(declared.levelParams(info)), call('l_Lean_Expr_sort___override', box(0))]);
      const all = list([]);
      // DefinitionVal: toConstantVal, value, hints (opaque), all; safety (safe)
      const definition = ctor(DECLARATION.definition, [ctor(0, [val, value, box(0), all], [1])]);
      dec(add(inc(kernelEnv), definition, `the type of ${nameText(declared.name(info))}`));
    }

    /** @param {string} key */
    function visit(key) {
      if (done.has(key)) return;
      done.add(key);
      const info = fresh.get(key);
      if (info === undefined) return; // imported, or not there: then the kernel says so
      for (const used of audit.usesOf(info)) if (wanted.has(used)) visit(used);
      const kind = tag(info);
      const val = declared.val(info);
      if (kind === KIND.definition) addOne(DECLARATION.definition, val, key);
      else if (kind === KIND.theorem) addOne(DECLARATION.theorem, val, key);
      else if (kind === KIND.opaque) addOne(DECLARATION.opaque, val, key);
      else if (kind === KIND.axiom) addOne(DECLARATION.axiom, val, key);
      else if (kind === KIND.inductive && !added.has(key)) addInductive(info);
      else if (kind === KIND.quotient) throw new Rejected(`${key}: a quotient that is not the library's`);
      // Constructors and recursors come with their types, see `compareGenerated`.
    }

    /** @param {Obj} info of one of the types of a mutual block */
    function addInductive(info) {
      const all = declared.inductive.block(info).map((n) => audit.keyOf(n));
      const types = all.map((key) => {
        done.add(key);
        added.add(key);
        const one = fresh.get(key);
        if (one === undefined || tag(one) !== KIND.inductive) throw new Rejected(`${key} is not an inductive type`);
        return one;
      });
      const constructors = types.map((one) => declared.inductive.constructors(one).map((n) => {
        const found = fresh.get(audit.keyOf(n));
        if (found === undefined || tag(found) !== KIND.constructor) throw new Rejected(`${nameText(n)} is not a constructor`);
        return found;
      }));
      for (const one of [...types, ...constructors.flat()]) {
        for (const used of audit.typeUsesOf(one)) if (wanted.has(used) && !all.includes(used)) visit(used);
      }
      refuseFault(faults.ofBlock(audit.environmentOf(state), types, constructors));
      const described = types.map((one, i) => ctor(0, [
        inc(declared.name(one)), inc(declared.type(one)), list(constructors[i].map((c) => ctor(0, [inc(declared.name(c)), inc(declared.type(c))]))),
      ]));
      const declaration = ctor(DECLARATION.inductive, [inc(declared.levelParams(info)), inc(declared.inductive.params(info)), list(described)], [0]);
      const before = kernelEnv;
      kernelEnv = box(0);
      kernelEnv = add(before, declaration, all.join(', '));
      for (const one of [...types, ...constructors.flat()]) checkType(one);
    }

    /** Constructors and recursors must be what the kernel made of the types. @param {string} key @param {Obj} info */
    function compareGenerated(key, info) {
      const made = find(kernelEnv, declared.name(info));
      if (made === null || tag(made) !== tag(info)) throw new Rejected(`${key} belongs to no inductive type`);
      const same = (/** @type {Obj} */ x, /** @type {Obj} */ y) => E.lean_expr_eqv(x, y) !== 0;
      let equal = same(declared.type(made), declared.type(info));
      if (tag(info) === KIND.recursor) {
        const [x, y] = [made, info].map(declared.recursor.rules);
        equal &&= x.length === y.length && x.every((rule, i) => same(field(rule, 2), field(y[i], 2)));
        checkType(made);
        refuseFault(faults.ofRecursor(key, made));
      }
      dec(made);
      if (!equal) throw new Rejected(`${key} is not what the kernel makes of its inductive type`);
    }

    let error = null;
    try {
      for (const key of wanted) {
        const info = fresh.get(key);
        if (info === undefined) continue;
        refuseOpenTerms(key, info);
        refuseFault(faults.ofConstant(audit.environmentOf(state), key, info));
      }
      for (const key of wanted) visit(key);
      for (const key of wanted) {
        const info = fresh.get(key);
        if (info !== undefined && (tag(info) === KIND.constructor || tag(info) === KIND.recursor)) compareGenerated(key, info);
      }
    } catch (e) {
      if (!(e instanceof Rejected)) throw e;
      error = e.message;
    }
    dec(kernelEnv);
    audit.release(fresh);
    return { error, checked: wanted.size };
  }

  /** The kernel of this Lean does not look for free variables everywhere (leanprover/lean4 #14607). @param {string} key @param {Obj} info */
  function refuseOpenTerms(key, info) {
    const data = (/** @type {Obj} */ e) => byteAt(e, 5) & 0b111; // free variables, metavariables, level metavariables
    const value = audit.valueOf(info);
    const open = data(declared.type(info)) !== 0 || (value !== null && data(value) !== 0);
    if (value !== null) dec(value);
    if (open) throw new Rejected(`${key} has free variables or holes`);
    if (/(^|\.)«?_nested/.test(key)) throw new Rejected(`${key} has a name that the kernel keeps for itself`);
  }

  return { replay };
}

module.exports = { makeKernel };
