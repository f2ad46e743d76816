// @ts-check
/**
 * The imported library as records: what is declared, where, its signature as text, its type as a term, what it mentions.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { LeanException } = require('../abi.cjs');
const { EXPR, BINDER } = require('../terms.cjs');

/** Lean.ConstantKind, in the order of its constructors. */
const ORIGINAL = ['definition', 'theorem', 'axiom', 'opaque', 'quotient', 'inductive', 'constructor', 'recursor'];
const WANTED = new Set(['theorem', 'definition']);
const COMPILER = [['inline', 'l_Lean_Compiler_hasInlineAttribute'], ['specialize', 'l_Lean_Compiler_hasSpecializeAttribute'],
  ['csimp', 'l_Lean_Compiler_hasCSimpAttribute'], ['match_pattern', 'l_Lean_hasMatchPatternAttribute']];
const TERM_LIMIT = 6000;
const MARKS = { [BINDER.default]: '', [BINDER.implicit]: '{}', [BINDER.strictImplicit]: '{{}}', [BINDER.instance]: '[]' };

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('./mutate.cjs').makeMutate>} mutate
 */
function makeCorpus(abi, lean, audit, mutate) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, arrayItems, call, io, name, nameText, text } = abi;
  const { terms } = mutate;
  const truth = (/** @type {string} */ f, /** @type {Obj[]} */ ...args) => unbox(call(f, ...args)) === 1;

  /** Every public theorem, definition and instance. @param {Obj} base Command.State */
  function list(base) {
    const env = audit.environmentOf(base);
    const modulesArray = call('l_Lean_Environment_allImportedModuleNames', inc(env));
    const modules = arrayItems(modulesArray).map(nameText);
    dec(modulesArray);
    const map = call('l_Lean_Environment_constants', inc(env));
    const found = [];
    for (const [n] of audit.declared.imported(map)) {
      if (truth('l_Lean_Name_isInternalDetail', inc(n))) continue;
      const original = call('l_Lean_getOriginalConstKind_x3f', inc(env), inc(n));
      const kind = isScalar(original) ? '' : ORIGINAL[unbox(field(original, 0))];
      dec(original);
      if (!WANTED.has(kind)) continue;
      const written = nameText(n);
      if (/_private|⚠/.test(written)) continue;
      const index = call('l_Lean_Environment_getModuleIdxFor_x3f', inc(env), inc(n));
      const isInstance = kind === 'definition' && truth('l_Lean_Meta_isInstanceCore', inc(env), inc(n));
      found.push([written, isInstance ? 'instance' : kind, isScalar(index) ? -1 : unbox(field(index, 0))]);
      dec(index);
    }
    dec(map);
    const imports = modules.map((_, i) => importsOf(env, i));
    return { modules, imports, constants: found };
  }

  /** The modules that a module imports. @param {Obj} env @param {number} index @returns {string[]} */
  function importsOf(env, index) {
    const header = call('l_Lean_Environment_header', inc(env));
    const data = arrayItems(field(header, HEADER_MODULE_DATA))[index];
    const names = arrayItems(field(data, 0)).map((i) => nameText(field(i, 0)));
    dec(header);
    return names;
  }
  const HEADER_MODULE_DATA = 5;

  /** A term as an S-expression; null when it is very large. @param {Obj} e borrowed @returns {string | null} */
  function asTerm(e) {
    if (terms.size(e, TERM_LIMIT) > TERM_LIMIT) return null;
    /** @param {Obj} x @returns {string} */
    const go = (x) => {
      x = terms.plain(x);
      switch (tag(x)) {
        case EXPR.bvar: return `#${unbox(field(x, 0))}`;
        case EXPR.sort: return 'Sort';
        case EXPR.const: return nameText(field(x, 0));
        case EXPR.app: {
          const [head, args] = terms.spine(x);
          return `(${[head, ...args].map(go).join(' ')})`;
        }
        case EXPR.lam: return `(λ${mark(x)} ${go(field(x, 1))} ${go(field(x, 2))})`;
        case EXPR.forall: return `(∀${mark(x)} ${go(field(x, 1))} ${go(field(x, 2))})`;
        case EXPR.let: return `(let ${go(field(x, 1))} ${go(field(x, 2))} ${go(field(x, 3))})`;
        case EXPR.lit: return literal(field(x, 0));
        case EXPR.proj: return `(proj ${nameText(field(x, 0))} ${unbox(field(x, 1))} ${go(field(x, 2))})`;
        default: return '?';
      }
    };
    return go(e);
  }
  const mark = (/** @type {Obj} */ x) => MARKS[/** @type {0 | 1 | 2 | 3} */ (abi.byteAt(x, 8))];
  /** @param {Obj} l */
  const literal = (l) => (tag(l) === 1 ? JSON.stringify(text(field(l, 0)))
    : isScalar(field(l, 0)) ? String(unbox(field(l, 0))) : abi.takeText(call('l_Nat_reprFast', inc(field(l, 0)))));

  /** @param {Obj} env @param {Obj} n @param {Obj} info @returns {string[]} */
  function attributes(env, n, info) {
    const found = [];
    if (truth('l_Lean_Meta_isInstanceCore', inc(env), inc(n))) found.push('instance');
    if (E.lean_is_class(inc(env), inc(n)) !== 0) found.push('class');
    if (truth('l_Lean_Linter_isDeprecated', inc(env), inc(n))) found.push('deprecated');
    const status = unbox(call('l_Lean_getReducibilityStatusCore', inc(env), inc(n)));
    if (tag(info) === KIND.definition && status === 0) found.push('reducible');
    if (tag(info) === KIND.definition && status === 2) found.push('irreducible');
    const code = audit.codeOf(env, info);
    if (code !== '') found.push(code.startsWith('extern') ? 'extern' : 'implemented_by');
    if (truth('l_Lean_ConstantInfo_isUnsafe', inc(info))) found.push('unsafe');
    if (truth('l_Lean_Meta_isCoeDecl', inc(env), inc(n))) found.push('coe');
    for (const [attribute, f] of COMPILER) if (truth(f, inc(env), inc(n))) found.push(attribute);
    return found.concat(tacticAttributes(n));
  }

  /** @type {{of: import('../lean.cjs').ProofState, core: Obj, simp: Obj} | null} what tactics know of the library, read once */
  let known = null;
  /** Attributes that tell tactics of a declaration, as far as the library exports them. @param {Obj} n @returns {string[]} */
  function tacticAttributes(n) {
    const { proof } = mutate.library();
    if (known === null || known.of !== proof) {
      const core = abi.newRef(inc(proof.core));
      known = { of: proof, core, simp: io('l_Lean_Meta_getSimpTheorems', inc(proof.coreCtx), inc(core)) };
    }
    const { core, simp } = known;
    const asked = (/** @type {string} */ f) => unbox(io(f, inc(n), inc(proof.coreCtx), inc(core))) === 1;
    const found = [];
    // @[simp] may be used after the subterms, before them (↓), or from right to left (←)
    const isLemma = [[1, 0], [0, 0], [1, 1]].some((flags) => truth('l_Lean_Meta_SimpTheorems_isLemma', inc(simp), abi.ctor(0, [inc(n)], flags)));
    if (isLemma || truth('l_Lean_Meta_SimpTheorems_isDeclToUnfold', inc(simp), inc(n))) found.push('simp');
    if (asked('l_Lean_Meta_Simp_isSimproc')) found.push('simproc');
    if (asked('l_Lean_Meta_Ext_isExtTheorem')) found.push('ext');
    return found;
  }

  /** @param {Obj} env @param {Obj} n @returns {string | null} */
  function docstring(env, n) {
    const r = io('l_Lean_findDocString_x3f', inc(env), inc(n), box(1));
    const found = isScalar(r) ? null : text(field(r, 0));
    dec(r);
    return found;
  }

  /** @param {Obj} base @param {string} written @param {boolean} check elaborate the signature again and compare */
  function record(base, written, check) {
    const lib = mutate.open(base);
    const env = audit.environmentOf(lib.state);
    const n = audit.nameOf(written);
    const info = audit.find(env, n);
    if (info === null) return { name: written, error: 'there is no such constant' };
    const raw = audit.declared.type(info);
    const levels = audit.declared.levelParams(info);
    const { type } = mutate.renamed(raw);
    const own = name('proofsmith_corpus_entry');
    /** @type {string | null} */ let signature = null;
    /** @type {string | null} */ let error = null;
    /** @type {boolean | null} */ let elaborates = null;
    try {
      signature = mutate.printed(env, own, levels, type).replace('proofsmith_corpus_entry', '');
      if (check) {
        error = readBack(lib.state, own, signature, type);
        if (error !== null) { // with every argument written out
          const long = mutate.printed(env, own, levels, type, explicitly(base)).replace('proofsmith_corpus_entry', '');
          if (readBack(lib.state, own, long, type) === null) [signature, error] = [long, null];
        }
        elaborates = error === null;
      }
    } catch (e) {
      if (!(e instanceof LeanException) && !(e instanceof mutate.NoMutant)) throw e;
      error = e instanceof LeanException ? lean.renderMessageData(call('l_Lean_Exception_toMessageData', e.object)).split('\n')[0] : e.message;
    }
    const result = {
      name: written, signature, elaborates, error, type: asTerm(type), key: terms.statementKey(raw), size: terms.size(raw, 100000),
      uses: [...terms.constantsIn(raw)].map((id) => terms.texts[id]), value_uses: valueUses(info), attributes: attributes(env, n, info),
      docstring: docstring(env, n),
    };
    [type, own, n, info].forEach(dec);
    return result;
  }

  /** @type {import('../lean.cjs').ProofState | null} */
  let explicit = null;
  /** @param {Obj} base */
  function explicitly(base) {
    explicit ??= lean.anyProofState(mutate.withOptions(base, ['pp.explicit true', 'pp.fieldNotation false', 'pp.notation false', 'pp.match false']));
    return explicit;
  }

  /** Why a signature does not read back as its type; null: it does. @param {Obj} state @param {Obj} own @param {string} signature @param {Obj} type */
  function readBack(state, own, signature, type) {
    const { after, errors } = mutate.elaborate(state, `axiom proofsmith_corpus_entry${signature}\n`);
    const made = errors.length > 0 ? null : audit.find(audit.environmentOf(after), own);
    let error = errors.length > 0 ? errors[0].split('\n')[0] : 'nothing came of it';
    if (made !== null) {
      const now = audit.declared.type(made);
      const same = E.lean_expr_eqv(now, type) !== 0 || terms.statementKey(now) === terms.statementKey(type);
      error = same ? '' : 'it reads back as another statement';
      dec(made);
    }
    dec(after);
    return error === '' ? null : error;
  }

  /** @param {Obj} info @returns {string[]} empty where the library does not export the value */
  function valueUses(info) {
    const value = audit.valueOf(info);
    if (value === null) return [];
    const ids = terms.constantsIn(value);
    dec(value);
    return [...ids].map((id) => terms.texts[id]);
  }

  /** @param {(id: unknown) => Obj} stateOf @returns {Record<string, (r: any) => object>} what main.cjs serves */
  const operations = (stateOf) => ({
    corpus_list: ({ state }) => list(stateOf(state)),
    corpus: ({ state, names, check = false }) => ({ records: names.map((/** @type {string} */ n) => record(stateOf(state), n, check)) }),
  });

  return { operations };
}

module.exports = { makeCorpus };
