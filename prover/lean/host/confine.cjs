// @ts-check
/**
 * Holds a stranger's text to what it may do while Lean elaborates it. Macros build syntax that no look at the file sees,
 * so the places where a program comes into Lean are watched themselves, in this process, from its start:
 *
 * - an attribute is applied or taken back: those that are not on the lists of `guard.cjs` are refused;
 * - an elaborator of a command, term or tactic that runs programs is called: refused;
 * - a definition is compiled: left out when it is not clean. What was never compiled cannot run.
 *
 * Clean is a definition whose code cannot step outside its types: all that it rests on is safe, without axioms but the
 * three, without `sorry`, and it does not take actions of IO apart. A false equation between types would let a pure
 * function (a macro, say) run an action or write into memory: `cast (h : IO Unit = …)`.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 * @typedef {import('./guard.cjs').Refusal} Refusal
 */
'use strict';

const { ALLOWED, CONFINED, JUDGED, REFUSED, TERMS, TACTICS, OPTIONS, program, attribute, erasure } = require('./guard.cjs');

const AXIOMS = new Set(['propext', 'Classical.choice', 'Quot.sound']);
/** Actions taken apart, threads and sleep: a value that does something when it is computed. */
const EFFECTS = /^(Void(\..*)?|EST\.Out(\..*)?|ST\.Out(\..*)?|IO\.RealWorld\..*|Task\.(spawn|map|bind)|dbgSleep|dbgStackTrace)$/;
const CORE_STATE_ENV = 0;
const RECURSION = '._unsafe_rec';
const KIND_AXIOM = 0;
const KIND_INDUCTIVE = 5;
const KIND_CONSTRUCTOR = 6;
const SET_OPTION = ['Lean.Parser.Command.set_option', 'Lean.Parser.Term.set_option', 'Lean.Parser.Tactic.set_option'];
const IMPLEMENTATION = { add: 1, erase: 2, fields: 3 }; // of Lean.AttributeImpl
const CORE = { name: 1 }; // of Lean.AttributeImplCore

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeConfine(abi, lean, audit) {
  const { E, inc, dec, field, tag, isScalar, ctor, str, call, io, constant, closure, name, nameText, arrayItems, listItems } = abi;

  /** Whether a stranger's text is being elaborated. */
  let active = false;
  /** @type {Refusal | null} */
  let refusal = null;
  /** Nothing of this text is compiled any more: constants came in that no kernel has seen. */
  let unchecked = false;
  /** Definitions that the text gives to foreign code; noted, never done. @type {Map<string, string>} */
  let foreign = new Map();
  /** Whether a constant is clean, while one text is read. @type {Map<string, boolean>} */
  const known = new Map();
  /** Programs of texts that were not held to anything, since this was last asked. @type {Set<string>} */
  const ran = new Set();
  /** Notes of `foreign` by environment. @type {Map<Obj, Map<string, string>>} */
  const notes = new Map();

  const ok = () => ctor(0, [abi.box(0)]);
  /** @param {Refusal} what @returns {Obj} an error for Lean; the refusal stands whatever the text does with the error */
  function refuse(what) {
    refusal ??= what;
    return ctor(1, [ctor(0, [abi.box(0), call('l_Lean_stringToMessageData', str(`not allowed here: ${what.what}`))])]);
  }
  const decline = () => ctor(1, [ctor(1, [constant('l_Lean_Elab_unsupportedSyntaxExceptionId'), constant('l_Lean_KVMap_empty')])]);
  /** @param {Obj} coreRef borrowed @returns {Obj} owned */
  function environmentIn(coreRef) {
    const state = E.lean_st_ref_get(coreRef) >>> 0;
    const env = inc(field(state, CORE_STATE_ENV));
    dec(state);
    return env;
  }

  // ---------------------------------------------------------------- clean definitions

  /** @param {Obj} env borrowed @param {Obj} n borrowed */
  function imported(env, n) {
    const index = call('l_Lean_Environment_getModuleIdxFor_x3f', inc(env), inc(n));
    const yes = !isScalar(index);
    dec(index);
    return yes;
  }

  /** @param {Obj} env borrowed @param {string} key of a constant of the library @param {boolean} unsafe whether only safe ones will do */
  function cleanImport(env, key, unsafe) {
    if (AXIOMS.has(key)) return true;
    if (EFFECTS.test(key) || audit.isAxiom(env, key)) return false;
    if (!unsafe) return true;
    const info = findKey(env, key);
    if (info === null) return false;
    const safe = !audit.truth('l_Lean_ConstantInfo_isUnsafe', info);
    return safe;
  }

  /** `partial def f` has its recursion in an unsafe `f._unsafe_rec` of the type of `f`, which has a value. @param {Obj} env @param {string} key @param {Obj} info */
  function isRecursionOf(env, key, info) {
    if (!key.endsWith(RECURSION)) return false;
    const base = findKey(env, key.slice(0, -RECURSION.length));
    if (base === null) return false;
    const [x, y] = [audit.typeOf(info), audit.typeOf(base)];
    const same = E.lean_expr_eqv(x, y) !== 0 && !audit.truth('l_Lean_ConstantInfo_isUnsafe', inc(base));
    [x, y, base].forEach(dec);
    return same;
  }

  /** Whether a value is made of constructors of the library alone, as `{ kernel := true }` is. @param {Obj} env @param {string} key */
  function isRecord(env, key) {
    const info = findKey(env, key);
    if (info === null) return false;
    const uses = [...audit.usesOf(info)];
    dec(info);
    return uses.every((used) => {
      const n = audit.nameOf(used);
      const one = imported(env, n) ? audit.find(env, n) : null;
      dec(n);
      const made = one !== null && (tag(one) === KIND_INDUCTIVE || tag(one) === KIND_CONSTRUCTOR);
      if (one !== null) dec(one);
      return made;
    });
  }

  /** @param {Obj} env borrowed @param {string} key @returns {Obj | null} owned */
  function findKey(env, key) {
    const n = audit.nameOf(key);
    const info = audit.find(env, n);
    dec(n);
    return info;
  }

  /** @param {Obj} env borrowed @param {string} root @returns {boolean} */
  function clean(env, root) {
    const settled = known.get(root);
    if (settled !== undefined) return settled;
    const seen = new Set([root]);
    if (unchecked) return isRecord(env, root);
    let result = true;
    for (const key of seen) { // grows
      if (!result) break;
      if (known.get(key) === true) continue;
      const n = audit.nameOf(key);
      const info = audit.find(env, n);
      if (info === null) result = false;
      else if (imported(env, n)) result = cleanImport(env, key, false);
      else {
        const unsafe = audit.truth('l_Lean_ConstantInfo_isUnsafe', inc(info));
        const uses = audit.usesOf(info);
        // Lean evaluates options and configurations by way of an unsafe definition; without recursion it is as good as a safe one.
        const tame = !unsafe || isRecursionOf(env, key, info) || (key === root && !uses.has(key));
        result = tag(info) !== KIND_AXIOM && known.get(key) !== false && !foreign.has(key) && tame;
        if (tag(info) < KIND_INDUCTIVE) {
          const code = audit.codeOf(env, info);
          if (code.startsWith('extern ')) result = false;
          else if (code !== '') uses.add(code);
        }
        for (const used of uses) {
          if (!result || seen.has(used)) continue;
          const m = audit.nameOf(used);
          if (imported(env, m)) result = cleanImport(env, used, unsafe || used === audit.codeOf(env, info));
          else seen.add(used);
          dec(m);
        }
      }
      if (info !== null) dec(info);
      dec(n);
    }
    if (result) for (const key of seen) known.set(key, true);
    else known.set(root, false);
    return result;
  }

  // ---------------------------------------------------------------- hooks

  /** @param {string} attributeName @param {Obj} add the attribute's own function @param {Obj[]} args declaration, syntax, kind, context, state, world */
  function applied(attributeName, add, args) {
    const [declaration, , , , coreRef] = args;
    if (!active && !ALLOWED.has(attributeName) && !CONFINED.has(attributeName) && !JUDGED.has(attributeName)) ran.add(attribute(attributeName).what);
    if (!active || ALLOWED.has(attributeName)) return E.lean_apply_6(inc(add), ...args) >>> 0;
    const key = audit.keyOf(declaration);
    let refused = null;
    if (attributeName === 'extern') {
      foreign.set(key, '');
      known.delete(key);
      [...args].forEach(dec);
      return ok();
    }
    if (CONFINED.has(attributeName)) {
      const env = environmentIn(coreRef);
      if (!clean(env, key)) refused = { category: 'program', what: `@[${attributeName}] of ${key}, whose code could do anything` };
      dec(env);
    } else if (JUDGED.has(attributeName)) {
      known.clear(); // what rests on it runs other code from now on
    } else {
      refused = attribute(attributeName);
    }
    if (refused === null) return E.lean_apply_6(inc(add), ...args) >>> 0;
    args.forEach(dec);
    return refuse(refused);
  }

  /**
   * `attribute [-tactic] f` would take away an elaborator, ours included. @param {string} attributeName
   * @param {Obj} erase the attribute's own function @param {Obj[]} args declaration, context, state, world
   */
  function erased(attributeName, erase, args) {
    const refused = erasure(attributeName);
    if (!active) ran.add(refused.what);
    if (!active) return E.lean_apply_4(inc(erase), ...args) >>> 0;
    args.forEach(dec);
    return refuse(refused);
  }

  /** @type {Set<Obj>} attributes whose `add` is ours already */
  const watched = new Set();
  /** @type {string[]} */
  const attributes = [];
  /** Puts ourselves between Lean and each attribute that is registered; again after imports, which may register more. */
  function watchAttributes() {
    const ref = constant('l_Lean_attributeMapRef');
    const map = E.lean_st_ref_get(ref) >>> 0;
    dec(ref);
    for (const bucket of arrayItems(field(map, 1))) {
      for (let l = bucket; !isScalar(l); l = field(l, 2)) {
        const implementation = field(l, 1);
        if (watched.has(implementation)) continue;
        if (abi.fieldCount(implementation) !== IMPLEMENTATION.fields) throw new Error('this is not the Lean that the host was written for: AttributeImpl');
        const attributeName = nameText(field(field(implementation, 0), CORE.name));
        const add = inc(field(implementation, IMPLEMENTATION.add));
        const hook = abi.forever(closure(6, (...args) => applied(attributeName, add, args)));
        abi.setField(implementation, IMPLEMENTATION.add, hook);
        if (!ALLOWED.has(attributeName)) {
          const erase = inc(field(implementation, IMPLEMENTATION.erase));
          abi.setField(implementation, IMPLEMENTATION.erase, abi.forever(closure(4, (...args) => erased(attributeName, erase, args))));
        }
        watched.add(inc(implementation));
        attributes.push(attributeName);
      }
    }
    dec(map);
  }

  /** @param {string} table @param {string} kind @param {number} arity with the world @param {(args: Obj[]) => Obj} run of owned arguments */
  function addElaborator(table, kind, arity, run) {
    const hook = closure(arity, (...args) => {
      const result = run(args);
      args.forEach(dec);
      return result;
    });
    const key = audit.nameOf(kind);
    dec(io('l_Lean_KeyedDeclsAttribute_addBuiltin___redArg', constant(table), key, name('proofsmith.confine'), hook));
  }
  const TABLE = { command: 'l_Lean_Elab_Command_commandElabAttribute', term: 'l_Lean_Elab_Term_termElabAttribute', tactic: 'l_Lean_Elab_Tactic_tacticElabAttribute' };

  /** @param {Obj[]} args the first is the syntax */
  function optionSet([stx]) {
    const option = lean.argsOf(stx)[1];
    const text = option === undefined || isScalar(option) || tag(option) !== 3 ? '' : nameText(field(option, 2)).replace(/\._@.*$/, '');
    if (text === 'Elab.async' && lean.kindOf(stx) === SET_OPTION[0]) return ok(); // left as it is: other threads have none of our functions
    if (active && text === 'debug.skipKernelTC') unchecked = true;
    if (active && OPTIONS.has(text)) return refuse({ category: 'program', what: `set_option ${text}` });
    return decline();
  }

  /** @param {Obj} compile Lean's own */
  const compiled = (/** @type {Obj} */ compile) => (/** @type {Obj[]} */ ...args) => {
    const [names, , coreRef] = args;
    if (active) {
      const env = environmentIn(coreRef);
      const all = (tag(names) === 246 ? arrayItems(names) : listItems(names)).map(audit.keyOf);
      const allowed = all.every((key) => clean(env, key));
      dec(env);
      if (!allowed) {
        args.forEach(dec);
        return ok();
      }
    }
    return E.lean_apply_4(inc(compile), ...args) >>> 0;
  };

  /** Once, before the first import. */
  function install() {
    watchAttributes();
    /** Where a program runs: refused in a stranger's text, noted in others. @param {Refusal} found */
    const here = (found) => () => (active ? refuse(found) : (ran.add(found.what), decline()));
    for (const kind of REFUSED) addElaborator(TABLE.command, kind, 4, here(program(kind)));
    for (const [kind, what] of TERMS) addElaborator(TABLE.term, kind, 9, here({ category: 'program', what }));
    for (const [kind, what] of TACTICS) addElaborator(TABLE.tactic, kind, 10, here({ category: 'program', what }));
    SET_OPTION.forEach((kind, i) => addElaborator(Object.values(TABLE)[i], kind, [4, 9, 10][i], optionSet));
    const ref = constant('l_Lean_compileDeclsRef');
    const compile = E.lean_st_ref_get(ref) >>> 0;
    dec(E.lean_st_ref_swap(ref, abi.forever(closure(4, compiled(compile)))));
    dec(ref);
  }

  /** Elaborates a stranger's text. @template T @param {() => T} run @returns {T} */
  function confined(run) {
    active = true;
    refusal = null;
    unchecked = false;
    foreign = new Map();
    known.clear();
    try {
      return run();
    } finally {
      active = false;
    }
  }

  /** The kinds of all commands that an environment reads. @param {Obj} env borrowed @returns {ReadonlySet<string>} */
  function commandKinds(env) {
    const category = call('l_Lean_Parser_getParserCategory_x3f', inc(env), name('command'));
    /** @type {Set<string>} */
    const kinds = new Set();
    /** A node of a PersistentHashMap. @param {Obj} node */
    const walk = (node) => {
      const first = field(node, 0);
      if (tag(node) !== 0) return arrayItems(first).forEach((kind) => kinds.add(nameText(kind)));
      for (const entry of arrayItems(first)) {
        if (isScalar(entry)) continue; // none
        if (tag(entry) === 0) kinds.add(nameText(field(entry, 0)));
        else walk(field(entry, 0));
      }
    };
    walk(field(field(category, 0), 1));
    dec(category);
    return kinds;
  }

  /** What the text tried since this was last asked. @returns {Refusal | null} */
  function tried() {
    const found = refusal;
    refusal = null;
    return found;
  }

  /** The programs that ran. @returns {string[]} */
  function programs() {
    const found = [...ran];
    ran.clear();
    return found;
  }

  /** Keeps what was noted of a text with its environment. @param {Obj} env */
  const note = (env) => void (foreign.size > 0 && notes.set(env, foreign));
  /** @param {Obj} env */
  const forget = (env) => void notes.delete(env);
  audit.setForeign((env, key) => notes.get(env)?.has(key) ?? (active && foreign.has(key)));

  return { install, attributes: () => attributes, watchAttributes, commandKinds, confined, tried, programs, note, forget };
}

module.exports = { makeConfine };
