// @ts-check
/**
 * What this host asks of Lean, in terms of Lean's own functions: import, parse and elaborate commands, keep proof
 * states, run tactics on them. Field numbers follow the structures of the Lean sources at the package's commit;
 * `checkLayouts` compares those that matter with live objects and refuses to go on when they differ.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 * @typedef {{severity: 'info' | 'warning' | 'error', text: string, start: number, end: number}} Message
 * @typedef {{tacCtx: Obj, termCtx: Obj, metaCtx: Obj, coreCtx: Obj, core: Obj, meta: Obj, term: Obj, goals: Obj}} ProofState
 *   everything that a tactic reads or writes; each object owned by the state
 */
'use strict';

const { LeanException } = require('./abi.cjs');
const { makeFingerprint } = require('./fingerprint.cjs');

/** What Lean itself reports, in words; any other error means that its memory can no longer be trusted. */
class LeanFailure extends Error {}

const COMMAND_STATE = { env: 0, messages: 1, scopes: 2 };
const SCOPE = { opts: 1, currNamespace: 2, openDecls: 3 };
const CORE_CONTEXT = { initHeartbeats: 8, maxHeartbeats: 9, cancelToken: 12, fields: 14 };
const CORE_STATE = { env: 0, messages: 6, infoState: 7, fields: 9 };
const META_CONTEXT = { lctx: 2, localInstances: 3 };
const META_STATE = { mctx: 0 };
const MVAR_DECL = { lctx: 1, type: 2, localInstances: 4 };
const SEVERITIES = /** @type {const} */ (['info', 'warning', 'error']);
const PP_WIDTH = 100;
/** Import everything that the files of a module hold, as a file without the module system does. */
const OLEAN_LEVEL_PRIVATE = 2;

/** @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi */
function makeLean(abi) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, byteAt, fieldCount, ctor, copyWith, str, text, takeText, array,
    arrayItems, listItems, option, constant, call, io, ioResult, newRef, takeRef, closure, name, nameText } = abi;
  const { fingerprint } = makeFingerprint(abi);

  // ---------------------------------------------------------------- positions and syntax

  /** @param {Obj} stx @returns {boolean} */
  const isNode = (stx) => !isScalar(stx) && tag(stx) === 1;
  /** @param {Obj} stx borrowed */
  const kindOf = (stx) => (isNode(stx) ? nameText(field(stx, 1)) : '');
  /** @param {Obj} stx borrowed @returns {Obj[]} borrowed */
  const argsOf = (stx) => (isNode(stx) ? arrayItems(field(stx, 2)) : []);

  /** Byte range of the source that a syntax tree was read from. @param {Obj} stx borrowed @returns {[number, number] | null} */
  function rangeOf(stx) {
    if (isScalar(stx)) return null;
    const info = field(stx, 0);
    if (!isScalar(info) && tag(info) === 0) return [unbox(field(info, 1)), unbox(field(info, 3))];
    if (!isScalar(info) && tag(info) === 1) return [unbox(field(info, 0)), unbox(field(info, 1))];
    const ranges = argsOf(stx).map(rangeOf).filter((r) => r !== null);
    if (ranges.length === 0) return null;
    return [ranges[0][0], ranges[ranges.length - 1][1]];
  }

  /** Visits every node. @param {Obj} stx borrowed @param {(kind: string, stx: Obj) => void} visit */
  function walk(stx, visit) {
    if (isScalar(stx)) return;
    visit(kindOf(stx), stx);
    for (const a of argsOf(stx)) walk(a, visit);
  }

  // ---------------------------------------------------------------- messages and errors

  /** @param {Obj} messageData owned @returns {string} */
  function renderMessageData(messageData) {
    const result = call('l_Lean_MessageData_toString', messageData);
    return takeText(!isScalar(result) && tag(result) === 249 ? result : ioResult(result));
  }

  /** @param {Obj} exception owned @returns {string} */
  function renderException(exception) {
    return renderMessageData(call('l_Lean_Exception_toMessageData', exception));
  }

  /** @param {unknown} error @returns {string} the message of a Lean IO error; other errors are thrown again */
  function renderIoError(error) {
    if (!(error instanceof LeanException)) throw error;
    return takeText(call('lean_io_error_to_string', error.object));
  }

  /**
   * @param {Obj} log borrowed @param {(line: number, column: number) => number} offset @returns {Message[]}
   */
  function messagesOf(log, offset) {
    const l = call('l_Lean_MessageLog_toList', inc(log));
    const messages = listItems(l).map((m) => {
      const pos = field(m, 1);
      const end = field(m, 2);
      const at = (/** @type {Obj} */ p) => offset(unbox(field(p, 0)), unbox(field(p, 1)));
      return {
        severity: SEVERITIES[byteAt(m, 1)],
        text: renderMessageData(inc(field(m, 4))),
        start: at(pos),
        end: isScalar(end) ? at(pos) : at(field(end, 0)),
      };
    });
    dec(l);
    return messages;
  }

  const emptyLog = () => constant('l_Lean_MessageLog_empty');

  // ---------------------------------------------------------------- import and commands

  /** @param {string} header text of the import lines @returns {string[]} the modules named, `Init` included */
  function parseImports(header) {
    const r = io('l_Lean_Elab_parseImports', str(header), option(null));
    const modules = arrayItems(field(r, 0)).map((i) => nameText(field(i, 0)));
    dec(r);
    return [...new Set(modules)];
  }

  /** @param {string[]} modules @returns {Obj} a Command.State over a fresh environment @throws {Error} module not found */
  function importModules(modules) {
    // Import: module, importAll, isExported, isMeta
    const imports = array(modules.map((m) => ctor(0, [name(m)], [0, 1, 0])));
    const opts = constant('l_Lean_Options_empty');
    try {
      const env = io('l_Lean_importModules', imports, inc(opts), box(0), array([]), box(0), box(1),
        box(OLEAN_LEVEL_PRIVATE), box(1));
      return call('l_Lean_Elab_Command_mkState', env, emptyLog(), opts);
    } catch (e) {
      throw new LeanFailure(renderIoError(e));
    }
  }

  /** @param {string} source @returns {Obj} */
  const inputContext = (source) =>
    call('l_Lean_Parser_mkInputContext___redArg', str(source), str('<input>'), box(1), box(Buffer.byteLength(source)));

  /** What a parser of commands returns: (syntax, (state, messages)). @param {Obj} r borrowed */
  function parsed(r) {
    const rest = field(r, 1);
    return { stx: field(r, 0), end: unbox(field(field(rest, 0), 0)), log: field(rest, 1) };
  }

  /** Byte offset of the end of the header (imports). @param {string} source */
  function headerEnd(source) {
    const r = io('l_Lean_Parser_parseHeader', inputContext(source));
    const { end, log } = parsed(r);
    const messages = messagesOf(log, offsetIn(source));
    dec(r);
    return { end, messages };
  }

  /** Turns Lean's line (from 1) and column (codepoints) into a byte offset. @param {string} source */
  function offsetIn(source) {
    const lines = source.split('\n');
    const starts = [0];
    for (const line of lines) starts.push(starts[starts.length - 1] + Buffer.byteLength(line) + 1);
    return (/** @type {number} */ line, /** @type {number} */ column) => {
      const at = Math.min(line, lines.length) - 1;
      return starts[at] + Buffer.byteLength([...lines[at]].slice(0, column).join(''));
    };
  }

  /** The innermost scope: `open`, `variable`, `namespace`, options. @param {Obj} commandState borrowed */
  const scopeOf = (commandState) => field(field(commandState, COMMAND_STATE.scopes), 0);

  /**
   * Parses one command. @param {Obj} inputCtx borrowed @param {Obj} commandState borrowed @param {number} pos
   * @returns {{stx: Obj, pos: number, log: Obj}} owned
   */
  function parseCommand(inputCtx, commandState, pos) {
    const scope = scopeOf(commandState);
    const context = ctor(0, [
      inc(field(commandState, COMMAND_STATE.env)), inc(field(scope, SCOPE.opts)),
      inc(field(scope, SCOPE.currNamespace)), inc(field(scope, SCOPE.openDecls)),
    ]);
    const r = call('l_Lean_Parser_parseCommand', inc(inputCtx), context, ctor(0, [box(pos)], [0]), emptyLog());
    const { stx, end, log } = parsed(r);
    inc(stx);
    inc(log);
    dec(r);
    return { stx, pos: end, log };
  }

  /**
   * Elaborates a parsed command. @param {Obj} inputCtx borrowed @param {Obj} commandState borrowed @param {Obj} stx owned
   * @param {number} pos @returns {Obj} the Command.State after it, with only its own messages
   */
  function elabCommand(inputCtx, commandState, stx, pos) {
    const before = copyWith(commandState, { [COMMAND_STATE.messages]: emptyLog() });
    const parserState = ctor(0, [box(pos)], [0]);
    const ref = newRef(ctor(0, [before, parserState, box(pos), array([])]));
    E.lean_io_set_heartbeats(0);
    try {
      dec(io('l_Lean_Elab_Frontend_elabCommandAtFrontend', stx, inc(inputCtx), inc(ref)));
    } catch (e) {
      dec(ref);
      throw new LeanFailure(renderIoError(e));
    }
    const state = takeRef(ref);
    const after = inc(field(state, 0));
    dec(state);
    return after;
  }

  /** @param {Obj} commandState borrowed @returns {string} */
  const namespaceOf = (commandState) =>
    nameText(field(scopeOf(commandState), SCOPE.currNamespace));
  /** @param {Obj} commandState borrowed */
  const scopeDepth = (commandState) => listItems(field(commandState, COMMAND_STATE.scopes)).length;

  // ---------------------------------------------------------------- proof states

  /** @type {ProofState[] | null} where the `sorry` tactic leaves the states that it meets; null: it does nothing */
  let captured = null;
  /** @type {([number, number] | null)[]} where in the text each of them stood */
  let capturedAt = [];

  /**
   * Lets `sorry`, where a capture is under way, note the proof state before it does what it always does. The tactic is a
   * macro for `exact sorry`, so this is an elaborator for `exact` that records its contexts and declines, whereupon Lean
   * goes on to its own.
   */
  function installCapture() {
    const capture = (/** @type {Obj[]} */ ...args) => {
      const [stx, tacCtx, tacRef, termCtx, termRef, metaCtx, metaRef, coreCtx, coreRef] = args;
      if (captured !== null && kindOf(argsOf(stx)[1]) === 'Lean.Parser.Term.sorry') {
        capturedAt.push(rangeOf(stx));
        captured.push({
          tacCtx: inc(tacCtx), termCtx: inc(termCtx), metaCtx: inc(metaCtx), coreCtx: inc(coreCtx),
          goals: E.lean_st_ref_get(tacRef) >>> 0, term: E.lean_st_ref_get(termRef) >>> 0,
          meta: E.lean_st_ref_get(metaRef) >>> 0, core: E.lean_st_ref_get(coreRef) >>> 0,
        });
      }
      [stx, tacCtx, tacRef, termCtx, termRef, metaCtx, metaRef, coreCtx, coreRef].forEach(dec);
      // Exception.internal unsupportedSyntaxExceptionId {}
      return ctor(1, [ctor(1, [constant('l_Lean_Elab_unsupportedSyntaxExceptionId'), constant('l_Lean_KVMap_empty')])]);
    };
    dec(io('l_Lean_KeyedDeclsAttribute_addBuiltin___redArg', constant('l_Lean_Elab_Tactic_tacticElabAttribute'),
      name('Lean.Parser.Tactic.exact'), name('proofsmith.capture'), closure(10, capture)));
  }

  /** @template T @param {() => T} run @returns {[T, ProofState[], ([number, number] | null)[]]} */
  function capturing(run) {
    captured = [];
    capturedAt = [];
    try {
      return [run(), captured, capturedAt];
    } finally {
      captured = null;
    }
  }

  /** @param {ProofState} s */
  function releaseState(s) {
    for (const o of Object.values(s)) dec(o);
  }

  /** Refuses to work on a Lean whose structures are not those written down above. @param {ProofState} s */
  function checkLayouts(s) {
    const BIG_NUMBER = 250;
    const wrong = [];
    if (fieldCount(s.coreCtx) !== CORE_CONTEXT.fields) wrong.push(`Core.Context has ${fieldCount(s.coreCtx)} fields`);
    if (fieldCount(s.core) !== CORE_STATE.fields) wrong.push(`Core.State has ${fieldCount(s.core)} fields`);
    // Any number: the file may have set it. Small ones are boxed (odd), large ones objects of the tag for big numbers.
    const heartbeats = field(s.coreCtx, CORE_CONTEXT.maxHeartbeats);
    if ((heartbeats & 1) !== 1 && abi.tag(heartbeats) !== BIG_NUMBER) wrong.push('maxHeartbeats is elsewhere');
    const decl = withRefs(s, (refs) => io('l_Lean_MVarId_getDecl', inc(field(s.goals, 0)), ...meta(s, refs)));
    // The same object in front of the first tactic; behind an `intro` one of the same form.
    const [outer, own] = [field(s.metaCtx, META_CONTEXT.lctx), field(decl, MVAR_DECL.lctx)];
    const alike = outer === own
      || (((outer | own) & 1) === 0 && abi.tag(outer) === abi.tag(own) && fieldCount(outer) === fieldCount(own));
    if (!alike) wrong.push('Meta.Context.lctx is elsewhere');
    dec(decl);
    if (wrong.length > 0) throw new Error(`this is not the Lean that the host was written for: ${wrong.join('; ')}`);
  }

  /**
   * @template T @param {ProofState} s @param {(refs: {tac: Obj, term: Obj, meta: Obj, core: Obj}) => T} run @returns {T}
   */
  function withRefs(s, run) {
    const refs = { tac: newRef(inc(s.goals)), term: newRef(inc(s.term)), meta: newRef(inc(s.meta)), core: newRef(inc(s.core)) };
    try {
      return run(refs);
    } finally {
      Object.values(refs).forEach(dec);
    }
  }

  /** The arguments of a MetaM action. @param {ProofState} s @param {{meta: Obj, core: Obj}} refs @param {Obj} [metaCtx] owned */
  const meta = (s, refs, metaCtx) => [metaCtx ?? inc(s.metaCtx), inc(refs.meta), inc(s.coreCtx), inc(refs.core)];

  /** @param {Obj} e borrowed @returns {{hash: number, hasMVar: boolean}} */
  function exprData(e) {
    const b = (/** @type {number} */ i) => byteAt(e, i);
    return {
      hash: (b(0) | (b(1) << 8) | (b(2) << 16) | (b(3) << 24)) >>> 0,
      hasMVar: (b(5) & 0b110) !== 0, // bits 41 and 42 of the cached data: expression and level metavariables
    };
  }

  /** @param {Obj} lctx borrowed @param {Obj} fvar borrowed */
  function isVisible(lctx, fvar) {
    const found = call('lean_local_ctx_find', inc(lctx), inc(field(fvar, 0)));
    const hidden = isScalar(found) || unbox(call('l_Lean_LocalDecl_isImplementationDetail', inc(field(found, 0)))) === 1;
    dec(found);
    return !hidden;
  }

  /**
   * A goal as a closed statement: its hypotheses and variables bound by ∀. Null where Lean refuses to bind them.
   * @param {ProofState} s @param {Obj} goal borrowed @param {{meta: Obj, core: Obj}} refs
   * @param {boolean} [visible] without the theorem itself and other hypotheses that Lean hides @returns {Obj | null} owned
   */
  function closedGoal(s, goal, refs, visible = false) {
    const decl = io('l_Lean_MVarId_getDecl', inc(goal), ...meta(s, refs));
    const lctx = field(decl, MVAR_DECL.lctx);
    const context = copyWith(s.metaCtx, {
      [META_CONTEXT.lctx]: inc(lctx), [META_CONTEXT.localInstances]: inc(field(decl, MVAR_DECL.localInstances)),
    });
    try {
      const pair = E.lean_instantiate_expr_mvars(inc(field(s.meta, META_STATE.mctx)), inc(field(decl, MVAR_DECL.type))) >>> 0;
      const target = inc(field(pair, 1));
      dec(pair);
      const all = call('l_Lean_LocalContext_getFVars', inc(lctx));
      const fvars = visible ? array(arrayItems(all).filter((f) => isVisible(lctx, f)).map(inc)) : inc(all);
      dec(all);
      // The fifth argument generalises the variable of a `have`, whose proof is another goal: its value would be a metavariable here.
      const bound = io('l_Lean_Meta_mkForallFVars', fvars, target, box(0), box(0), box(1), box(1), ...meta(s, refs, context));
      const result = E.lean_instantiate_expr_mvars(inc(field(s.meta, META_STATE.mctx)), bound) >>> 0;
      const statement = inc(field(result, 1));
      dec(result);
      return statement;
    } catch (e) {
      if (!(e instanceof LeanException)) throw e;
      dec(e.object);
      return null;
    } finally {
      dec(decl);
    }
  }

  /**
   * One goal as text, and a fingerprint of its closed statement (null when it mentions metavariables).
   * @param {ProofState} s @param {Obj} goal borrowed @returns {{pp: string, hash: number | null, sorry: boolean}}
   */
  function describeGoal(s, goal) {
    return withRefs(s, (refs) => {
      const format = io('l_Lean_Meta_ppGoal', inc(goal), ...meta(s, refs));
      const pp = takeText(call('l_Std_Format_pretty', format, box(PP_WIDTH), box(0), box(0)));
      const closed = closedGoal(s, goal, refs);
      const hash = closed === null || exprData(closed).hasMVar ? null : fingerprint(closed);
      const sorry = closed !== null && unbox(call('l_Lean_Expr_hasSorry', inc(closed))) === 1;
      if (closed !== null) dec(closed);
      return { pp, hash, sorry };
    });
  }

  /** @param {Obj} env borrowed @param {string} source @returns {{stx: Obj} | {error: string}} */
  function parseTactic(env, source) {
    const attempt = (/** @type {string} */ t) => {
      const r = call('l_Lean_Parser_runParserCategory', inc(env), name('tactic'), str(t), str('<tactic>'));
      const value = inc(field(r, 0));
      const ok = tag(r) === 1;
      dec(r);
      return ok ? { stx: value } : { error: takeText(value) };
    };
    if (!/[\n;]/.test(source)) return attempt(source);
    const sequence = attempt(`(\n${source}\n)`); // perhaps several tactics, one a line or with semicolons
    return 'stx' in sequence ? sequence : attempt(source);
  }

  /**
   * Runs one tactic. @param {ProofState} s borrowed @param {Obj} stx owned
   * @param {{heartbeats: number, cancelToken: Obj}} limits the token is owned
   * @returns {{state: ProofState, log: Obj} | {error: string}}
   */
  function runTactic(s, stx, limits) {
    const coreCtx = copyWith(s.coreCtx, {
      [CORE_CONTEXT.initHeartbeats]: box(0),
      [CORE_CONTEXT.maxHeartbeats]: box(limits.heartbeats),
      [CORE_CONTEXT.cancelToken]: option(limits.cancelToken),
    });
    const infoState = field(s.core, CORE_STATE.infoState);
    const core = copyWith(s.core, {
      [CORE_STATE.messages]: emptyLog(),
      [CORE_STATE.infoState]: copyWith(infoState, {}, { 0: 0 }), // record no info trees
    });
    const tacCtx = copyWith(s.tacCtx, {}, { 0: 0 }); // recover := false: the first error ends the tactic
    const run = { ...s, core, coreCtx, tacCtx };
    E.lean_io_set_heartbeats(0);
    try {
      return withRefs(run, (refs) => {
        const context = () => [inc(tacCtx), inc(refs.tac), inc(s.termCtx), inc(refs.term), ...meta(run, refs)];
        dec(io('l_Lean_Elab_Tactic_evalTactic', stx, ...context()));
        dec(io('l_Lean_Elab_Tactic_getUnsolvedGoals', ...context())); // also drops the solved ones from the state
        const after = {
          tacCtx: inc(s.tacCtx), termCtx: inc(s.termCtx), metaCtx: inc(s.metaCtx), coreCtx: inc(s.coreCtx),
          goals: E.lean_st_ref_get(refs.tac) >>> 0, term: E.lean_st_ref_get(refs.term) >>> 0,
          meta: E.lean_st_ref_get(refs.meta) >>> 0, core: E.lean_st_ref_get(refs.core) >>> 0,
        };
        return { state: after, log: inc(field(after.core, CORE_STATE.messages)) };
      });
    } catch (e) {
      if (!(e instanceof LeanException)) throw e;
      return { error: renderException(e.object) };
    } finally {
      [coreCtx, core, tacCtx].forEach(dec);
    }
  }

  /** The proof found so far, instantiated. @param {ProofState} s @param {Obj} goal borrowed @returns {Obj} owned Expr */
  function instantiateGoal(s, goal) {
    const pair = E.lean_instantiate_expr_mvars(inc(field(s.meta, META_STATE.mctx)), call('l_Lean_Expr_mvar___override', inc(goal))) >>> 0;
    const e = inc(field(pair, 1));
    dec(pair);
    return e;
  }

  /** A proof state of no interest but for its contexts. @param {Obj} commandState borrowed @returns {ProofState} owned */
  function anyProofState(commandState) {
    const source = 'example : True := by sorry';
    const input = inputContext(source);
    const { stx, pos, log } = parseCommand(input, commandState, 0);
    dec(log);
    const [after, states] = capturing(() => elabCommand(input, commandState, stx, pos));
    dec(after);
    dec(input);
    return states[0];
  }

  const version = () => text(constant('l_Lean_versionString'));

  return {
    version, anyProofState, COMMAND_STATE, parseImports, importModules, inputContext, headerEnd, offsetIn, parseCommand, elabCommand, messagesOf,
    namespaceOf, scopeDepth, kindOf, argsOf, rangeOf, walk, installCapture, capturing, releaseState, checkLayouts,
    describeGoal, closedGoal, withRefs, parseTactic, runTactic, instantiateGoal, exprData, abi, text, renderMessageData,
  };
}

module.exports = { makeLean, LeanFailure };
