// @ts-check
/**
 * The host process: JSON requests, one a line, on stdin; JSON replies, one a line, on stdout. `prover/lean/embedded/protocol.py`
 * mirrors the messages. Run as `node main.cjs PREPARED_FOLDER LIBRARY_FOLDER FIRST_ID [refute,mutation]`: the folders of
 * further programs that the process may load; an audit's may load none.
 *
 * A request is `{"id": n, "op": "...", ...}`; its reply `{"id": n, "ok": {...}}` or
 * `{"id": n, "error": {"kind": "bad_request" | "gone" | "import" | "elaboration" | "crash", "message": "..."}}`.
 * A request is checked whole (requests.cjs) before Lean's memory is touched. After a "crash" the process ends: what that memory
 * holds can no longer be trusted.
 */
'use strict';

const fs = require('fs');
const { boot, Stopwatch } = require('./boot.cjs');
const { LeanException } = require('./abi.cjs');
const { makeLean, LeanFailure } = require('./lean.cjs');
const { makeAudit } = require('./audit.cjs');
const { makeModules } = require('./modules.cjs');
const { makeCompare } = require('./compare.cjs');
const { makeKernel } = require('./kernel.cjs');
const { makeTerms } = require('./terms.cjs');
const { makeDescribe } = require('./describe.cjs');
const { ATTRIBUTES, COMMANDS, REFUSED, refusedIn } = require('./guard.cjs');
const { makeConfine } = require('./confine.cjs');
const { makeRoots } = require('./roots.cjs');
const { makeAnswers } = require('./answers.cjs');
const { Watchdog } = require('./watchdog.cjs');
const { BadRequest, REQUESTS, checked } = require('./requests.cjs');

class Refused extends Error {
  /** @param {string} kind @param {string} message */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** Tactics that leave the proof: they give up, trust the compiler, or run programs. */
const GIVES_UP = new Set(['Lean.Parser.Term.sorry', 'Lean.Parser.Tactic.tacticSorry', 'Lean.Parser.Tactic.tacticAdmit',
  'Lean.Parser.Tactic.tacticStop_']);
const FORBIDDEN = new Set(['Lean.Parser.Tactic.nativeDecide', 'Lean.Parser.Tactic.runTac', 'Lean.byElab',
  'Lean.runElab', 'Lean.Parser.Tactic.set_option', 'Lean.Parser.Term.set_option', 'Lean.runMeta',
  'Lean.Parser.Tactic.unsafe', 'Lean.Parser.Term.unsafe', 'Lean.Parser.Tactic.bvDecide', 'Lean.Parser.Tactic.bvCheck',
  'Lean.Parser.Tactic.tryTrace']); // `try?` ends this build of Lean
const CONFIGURES = /(^|\.)(neg|pos|val)?[cC]onfig(Item)?$/; // `+native`, `(native := true)`, `(config := {native := true})`
/** Sequences of tactics, and the child that holds them with their separators. */
const SEQUENCES = new Map([['Lean.Parser.Tactic.tacticSeq1Indented', 0], ['Lean.Parser.Tactic.tacticSeqBracketed', 1]]);
const IDENTIFIER = 3; // constructor of Syntax
const DECLARATION = 'Lean.Parser.Command.declaration';
const END_OF_INPUT = new Set(['Lean.Parser.Command.eoi', 'Lean.Parser.Command.exit', 'Lean.Parser.Module.eoi']);

async function main() {
  const [prepared, lib, firstId = '1', further = ''] = process.argv.slice(2);
  if (!prepared || !lib) throw new Error('usage: node main.cjs PREPARED_FOLDER LIBRARY_FOLDER [FIRST_ID [FURTHER]]');
  const watch = new Stopwatch();
  const abi = await boot(prepared, lib, watch);
  const lean = makeLean(abi);
  const audit = makeAudit(abi, lean);
  const library = makeModules(abi, audit);
  const comparison = makeCompare(abi, audit);
  const kernel = makeKernel(abi, lean, audit);
  const terms = makeTerms(abi, audit);
  const describer = makeDescribe(abi, audit, terms);
  lean.installCapture();
  const confine = makeConfine(abi, lean, audit);
  confine.install();
  const roots = makeRoots(abi);
  roots.remember();
  const { inc, dec, field, listItems } = abi;
  const cancelToken = abi.call('l_IO_CancelToken_new');
  const watchdog = new Watchdog(abi.memory, cancelToken);

  /** @type {Map<string, number>} modules joined by a space → Command.State */
  const imported = new Map();
  /** @type {Map<number, number>} state id → Command.State, owned */
  const states = new Map();
  /** @type {Map<number, import('./lean.cjs').ProofState>} sid → proof state, owned */
  const proofs = new Map();
  let nextId = Number(firstId);
  let layoutsChecked = false;

  /** @template T @param {Map<number, T>} map @param {number} id @param {string} what @returns {T} */
  function get(map, id, what) {
    const found = map.get(id);
    if (found === undefined) throw new Refused('gone', `there is no ${what} ${JSON.stringify(id)}: it was never made here, or was released`);
    return found;
  }
  /** @param {number} commandState owned */
  function keep(commandState) {
    states.set(nextId, commandState);
    return nextId++;
  }

  /** The state after importing some modules. @param {string[]} modules @returns {number} Command.State, borrowed */
  function importOnce(modules) {
    const key = modules.join(' ');
    let state = imported.get(key);
    if (state === undefined) {
      roots.settle(); // an import reads the tables, and adds to them for good
      try {
        state = lean.importModules(modules);
      } catch (e) {
        if (!(e instanceof LeanFailure)) throw e;
        throw new Refused('import', e.message);
      }
      imported.set(key, state);
      confine.watchAttributes();
      roots.remember();
    }
    return state;
  }

  /**
   * Elaborates the commands of a text one after the other.
   * @param {number} base Command.State, borrowed @param {string} source @param {number} from byte offset
   * @param {boolean} keepEach keep the state before each command
   * @param {boolean} guarded stop in front of a command that would run a program, see guard.cjs
   * @param {{until?: number | null, budget_ms?: number | null}} [pause] stop in front of a command that starts behind
   *   `until` (bytes), or when that much time is over; the reply then has `stop.kind` "paused" and where to go on
   */
  function elaborate(base, source, from, keepEach, guarded = false, pause = {}) {
    const t0 = performance.now();
    const input = lean.inputContext(source);
    const offset = lean.offsetIn(source);
    const known = guarded ? confine.commandKinds(audit.environmentOf(base)) : new Set();
    const commands = [];
    let state = inc(base);
    let pos = from;
    let refused = null;
    let stop;
    for (;;) {
      const { stx, pos: next, log } = lean.parseCommand(input, state, pos);
      const kind = lean.kindOf(stx);
      const syntaxMessages = lean.messagesOf(log, offset);
      dec(log);
      if (END_OF_INPUT.has(kind)) {
        if (syntaxMessages.length > 0) {
          commands.push({ kind, start: pos, end: next, messages: syntaxMessages, namespace: '' });
        }
        stop = { kind, start: pos };
        dec(stx);
        break;
      }
      const [start, end] = lean.rangeOf(stx) ?? [pos, next];
      const late = commands.length > 0 && pause.budget_ms != null && performance.now() - t0 > pause.budget_ms;
      if (late || (pause.until != null && start > pause.until)) {
        stop = { kind: 'paused', start: pos };
        dec(stx);
        break;
      }
      refused = guarded ? refusedIn(lean, stx, known) : null;
      if (refused !== null) {
        stop = { kind, start };
        dec(stx);
        break;
      }
      const parts = declarationParts(stx);
      let after;
      try {
        after = lean.elabCommand(input, state, stx, next);
      } catch (e) {
        if (!(e instanceof LeanFailure)) throw e;
        dec(state);
        dec(input);
        throw new Refused('elaboration', e.message);
      }
      refused = guarded ? confine.tried() : null;
      if (refused !== null) {
        stop = { kind, start };
        dec(after);
        break;
      }
      const namespace = lean.namespaceOf(state);
      commands.push({
        kind, start, end, namespace, ...parts, depth: lean.scopeDepth(after),
        messages: [...syntaxMessages, ...lean.messagesOf(field(after, lean.COMMAND_STATE.messages), offset)],
        ...(keepEach ? { before: keep(inc(state)) } : {}),
      });
      dec(state);
      state = after;
      pos = next;
    }
    dec(input);
    if (guarded) confine.note(audit.environmentOf(state));
    return { state: keep(state), commands, stop, refused };
  }

  /**
   * What a declaration is called and where its proof stands. @param {number} stx borrowed
   */
  function declarationParts(stx) {
    if (lean.kindOf(stx) !== DECLARATION) {
      // `set_option … in theorem …`, `open … in theorem …`
      if (lean.kindOf(stx) === 'Lean.Parser.Command.in') return declarationParts(lean.argsOf(stx)[2]);
      return {};
    }
    const declaration = lean.argsOf(stx)[1];
    const kind = lean.kindOf(declaration).replace('Lean.Parser.Command.', '');
    const parts = lean.argsOf(declaration);
    const named = parts.flatMap((p) => (lean.kindOf(p) === 'null' ? lean.argsOf(p) : [p])); // an instance's name is optional
    const idAt = named.find((p) => lean.kindOf(p) === 'Lean.Parser.Command.declId');
    const id = idAt === undefined ? null : abi.nameText(field(lean.argsOf(idAt)[0], 2));
    const value = parts.find((p) => /^Lean\.Parser\.Command\.(declVal|whereStructInst$)/.test(lean.kindOf(p)));
    const isSimple = value !== undefined && lean.kindOf(value) === 'Lean.Parser.Command.declValSimple';
    const body = isSimple ? lean.argsOf(value)[1] : null;
    let sorries = 0;
    if (value !== undefined) lean.walk(value, (k) => void (sorries += Number(k === 'Lean.Parser.Term.sorry' || k === 'Lean.Parser.Tactic.tacticSorry')));
    return {
      declaration: kind, id, sorries, keyword: parts[0] ? lean.rangeOf(parts[0]) : null,
      modifiers: lean.argsOf(stx)[0] ? lean.rangeOf(lean.argsOf(stx)[0]) : null,
      value: value === undefined ? null : lean.rangeOf(value),
      body: body === null ? null : lean.rangeOf(body),
    };
  }

  /**
   * Where in a command its tactics stand, outer ones first, and every `sorry`; nothing is elaborated.
   * @param {number} base Command.State, borrowed @param {string} source @param {number} from byte offset
   */
  function outline(base, source, from) {
    const input = lean.inputContext(source);
    const { stx, pos: next, log } = lean.parseCommand(input, base, from);
    /** @type {{start: number, end: number}[]} */
    const tactics = [];
    /** @type {{start: number, end: number, tactic: boolean}[]} */
    const sorries = [];
    /** @template {object} T @param {number} inner @param {T} more */
    const note = (inner, more) => {
      const range = lean.rangeOf(inner);
      return range === null ? [] : [{ start: range[0], end: range[1], ...more }];
    };
    lean.walk(stx, (kind, node) => {
      const sequence = SEQUENCES.get(kind);
      if (sequence !== undefined) {
        const items = lean.argsOf(node)[sequence];
        if (items !== undefined) lean.argsOf(items).forEach((item, i) => i % 2 === 0 && tactics.push(...note(item, {})));
      }
      if (kind === 'Lean.Parser.Tactic.tacticSorry') sorries.push(...note(node, { tactic: true }));
      if (kind === 'Lean.Parser.Term.sorry') sorries.push(...note(node, { tactic: false }));
    });
    const [start, end] = lean.rangeOf(stx) ?? [from, next];
    const complete = lean.messagesOf(log, () => 0).length === 0;
    [stx, log, input].forEach(dec);
    return { start, end, next, complete, tactics, sorries };
  }

  /** @param {import('./lean.cjs').ProofState} state owned */
  function keepProof(state) {
    const goals = listItems(state.goals);
    const described = goals.map((g) => lean.describeGoal(state, g));
    const sid = nextId++;
    proofs.set(sid, state);
    // Goals that mention no metavariables do not depend on each other: each becomes a state of its own.
    const independent = goals.length > 1 && described.every((d) => d.hash !== null);
    const parts = !independent ? [] : goals.map((g) => {
      const part = { ...state };
      for (const o of Object.values(part)) inc(o);
      dec(part.goals);
      part.goals = abi.list([inc(g)]);
      proofs.set(nextId, part);
      return nextId++;
    });
    return { sid, goals: described, parts };
  }

  /** @type {Record<string, (r: any) => object>} */
  const operations = {
    hello: () => ({ lean: lean.version(), start: watch.parts, pid: process.pid }),

    header: ({ text: source }) => {
      const { end, messages } = lean.headerEnd(source);
      const header = Buffer.from(source).subarray(0, end).toString();
      return { end, messages, modules: lean.parseImports(header) };
    },

    import: ({ modules }) => ({ state: keep(inc(importOnce(modules))) }),

    elaborate: ({ state, text: source, from = 0, keep: keepEach = false, guarded = false, until = null, budget_ms = null }) => {
      const run = () => elaborate(get(states, state, 'state'), source, from, keepEach, guarded, { until, budget_ms });
      return guarded ? confine.confined(run) : run();
    },

    outline: ({ state, text: source, from = 0 }) => outline(get(states, state, 'state'), source, from),

    enter: ({ state, text: source }) => {
      const before = nextId;
      const [result, captured, at] = lean.capturing(() => elaborate(get(states, state, 'state'), source, 0, false));
      for (let id = before; id < nextId; id++) {
        if (states.has(id)) dec(get(states, id, 'state'));
        states.delete(id);
      }
      const messages = result.commands.flatMap((c) => c.messages);
      if (!layoutsChecked && captured.length > 0) lean.checkLayouts(captured[0]);
      layoutsChecked ||= captured.length > 0;
      return { messages, proofs: captured.map((s, i) => ({ ...keepProof(s), at: at[i] })) };
    },

    /** `left_ms` is for all of them; `running` says in front of each that it begins, so that it is known which one never ends. */
    tactics: ({ id, sid, tactics, heartbeats, timeout_ms: timeoutMs, stop_when_done: stop = false, left_ms: leftMs = null }) => {
      const state = get(proofs, sid, 'proof state');
      const results = [];
      const t0 = performance.now();
      for (const [number, tactic] of tactics.entries()) {
        const left = leftMs === null ? Infinity : leftMs - (performance.now() - t0);
        if (left <= 0) {
          results.push({ error: 'no time was left for it', timeout: true, ms: 0 });
          continue;
        }
        send({ id, running: number });
        results.push(runOne(state, tactic, heartbeats, Math.min(timeoutMs, left)));
        if (stop && 'done' in results[results.length - 1]) break;
      }
      return { results };
    },

    release: ({ states: stateIds = [], proofs: proofIds = [] }) => {
      for (const id of stateIds) {
        confine.forget(audit.environmentOf(get(states, id, 'state')));
        dec(get(states, id, 'state'));
        states.delete(id);
      }
      for (const id of proofIds) {
        lean.releaseState(get(proofs, id, 'proof state'));
        proofs.delete(id);
      }
      return { states: states.size, proofs: proofs.size };
    },

    /** Lets go of all states that were made since. */
    forget: ({ from }) => {
      const since = (/** @type {Map<number, unknown>} */ map) => [...map.keys()].filter((id) => id >= from);
      return operations.release({ states: since(states), proofs: since(proofs) });
    },

    constants: ({ state, base }) => audit.constants(get(states, state, 'state'), get(states, base, 'state')),
    compare: ({ a, b, base_a, base_b, names, open = [], negated = {} }) => {
      const [x, y, baseX, baseY] = [a, b, base_a, base_b].map((s) => get(states, s, 'state'));
      return comparison.compare(x, y, baseX, baseY, names, open, negated);
    },
    replay: ({ state, base, names }) => kernel.replay(get(states, state, 'state'), get(states, base, 'state'), names),
    answers: ({ state, base, names }) => makeAnswers(abi, lean, audit).answers(get(states, state, 'state'), get(states, base, 'state'), names),
    settle: () => ({ changed: roots.settle(), ran: confine.programs() }),
    attributes: () => ({ registered: confine.attributes(), fates: ATTRIBUTES }),
    commands: ({ state }) => ({ kinds: [...confine.commandKinds(audit.environmentOf(get(states, state, 'state')))], allowed: [...COMMANDS], refused: [...REFUSED] }),
    describe: ({ state, names }) => describer.describe(audit.environmentOf(get(states, state, 'state')), names),
    modules: ({ state }) => library.modules(get(states, state, 'state')),
    same_types: ({ a, b, names }) => library.sameTypes(get(states, a, 'state'), get(states, b, 'state'), names),
    imported: ({ state }) => library.imported(get(states, state, 'state')),
    library: ({ state, names }) => audit.library(get(states, state, 'state'), { names }),
    memory: () => ({ wasm_bytes: abi.memoryBytes(), rss_bytes: process.memoryUsage().rss, states: states.size, proofs: proofs.size }),
  };

  /** Programs in folders of their own, which an audit has no use for and its process may not even read; asked for at the start. */
  const FURTHER = {
    refute() {
      const refuter = require('./refute/falsify.cjs').makeFalsify(abi, audit, terms);
      const explorer = require('./refute/explore.cjs').makeExplore(abi, audit, terms);
      /** Values at which a goal is false, see refute/falsify.cjs. @param {import('./lean.cjs').ProofState} state @param {number} goal borrowed @param {number} budgetMs @param {number} from @param {boolean} lenient @param {number} maxTried */
      function falsifyGoal(state, goal, budgetMs, from, lenient, maxTried) {
        return lean.withRefs(state, (refs) => {
          const closed = lean.closedGoal(state, goal, refs, true);
          if (closed === null || lean.exprData(closed).hasMVar) {
            if (closed !== null) dec(closed);
            return { found: null, tried: 0, satisfied: 0, exhausted: false, hypotheses: 0, reason: 'the goal has holes', size: from };
          }
          const context = [state.metaCtx, refs.meta, state.coreCtx, refs.core];
          const synthesise = (/** @type {number} */ type) => abi.io('l_Lean_Meta_synthInstance', type, abi.option(null), ...context.map(inc));
          try {
            return refuter.falsify(closed, field(state.core, 0), synthesise, budgetMs, from, lenient, maxTried);
          } catch (e) {
            if (!(e instanceof LeanException)) throw e;
            dec(e.object);
            return { found: null, tried: 0, satisfied: 0, exhausted: false, hypotheses: 0, reason: 'it has no instance at `Nat`', size: from };
          } finally {
            dec(closed);
          }
        });
      }
      return {
        falsify: (/** @type {any} */ { sid, budget_ms: budgetMs, max_tried: maxTried = Infinity, from = 0, lenient = false }) => {
          const state = get(proofs, sid, 'proof state');
          const found = listItems(state.goals).map((goal) => falsifyGoal(state, goal, budgetMs, from, lenient, maxTried));
          return { goals: found };
        },
        explore: (/** @type {any} */ { state, names, ...limits }) => explorer.explore(audit.environmentOf(get(states, state, 'state')), names, limits),
      };
    },
    mutation() {
      const stateOf = (/** @type {any} */ id) => get(states, id, 'state');
      const mutate = require('./mutation/mutate.cjs').makeMutate(abi, lean, audit, terms);
      const bruteForce = require('./mutation/bruteforce.cjs').makeBruteForce(abi, mutate);
      const corpus = require('./mutation/corpus.cjs').makeCorpus(abi, lean, audit, mutate);
      return Object.assign({}, ...[mutate, bruteForce, corpus].map((one) => one.operations(stateOf)));
    },
  };
  for (const name of further.split(',').filter((n) => n !== '')) Object.assign(operations, FURTHER[/** @type {keyof typeof FURTHER} */ (name)]());
  for (const name of Object.keys(operations)) if (!Object.hasOwn(REQUESTS, name)) throw new Error(`requests.cjs has no shape of ${name}`);

  /** @param {import('./lean.cjs').ProofState} state @param {string} source @param {number} heartbeats @param {number} timeoutMs */
  function runOne(state, source, heartbeats, timeoutMs) {
    const [t0, cpu0] = [performance.now(), process.cpuUsage()];
    const cost = () => {
      const { user, system } = process.cpuUsage(cpu0);
      return { ms: Math.round((performance.now() - t0) * 1000) / 1000, cpu_ms: (user + system) / 1000 };
    };
    const parsed = lean.parseTactic(field(state.core, 0), source);
    if ('error' in parsed) return { error: parsed.error, ...cost() };
    let gaveUp = false;
    let forbidden = '';
    lean.walk(parsed.stx, (kind, stx) => {
      gaveUp ||= GIVES_UP.has(kind);
      if (FORBIDDEN.has(kind)) forbidden = kind;
      if (CONFIGURES.test(kind)) {
        lean.walk(stx, (_, inner) => {
          if (abi.tag(inner) === IDENTIFIER && abi.nameText(field(inner, 2)) === 'native') forbidden = '+native';
        });
      }
    });
    if (gaveUp || forbidden) {
      dec(parsed.stx);
      return gaveUp ? { gave_up: true, ...cost() } : { error: `${forbidden} is not allowed in a proof`, ...cost() };
    }
    watchdog.arm(timeoutMs);
    const outcome = lean.runTactic(state, parsed.stx, { heartbeats: Math.min(heartbeats, 1_000_000_000), cancelToken: inc(cancelToken) });
    const late = watchdog.disarm();
    if ('error' in outcome) {
      const deterministic = outcome.error.includes('maximum number of heartbeats');
      return late || deterministic ? { timeout: true, error: outcome.error, ...cost() } : { error: outcome.error, ...cost() };
    }
    const messages = lean.messagesOf(outcome.log, () => 0);
    dec(outcome.log);
    const error = messages.find((m) => m.severity === 'error');
    const sorry = messages.some((m) => m.text.includes('declaration uses'));
    if (error !== undefined || sorry) {
      lean.releaseState(outcome.state);
      return { error: error?.text ?? 'the tactic uses sorry', ...cost() };
    }
    // Looked at after each tactic: `apply sorryAx` leaves a goal that an honest tactic closes.
    const written = listItems(state.goals).map((g) => lean.instantiateGoal(outcome.state, g));
    const unfinished = written.some((e) => lean.exprData(e).hasMVar);
    const usesSorry = written.some((e) => abi.unbox(abi.call('l_Lean_Expr_hasSorry', inc(e))) === 1);
    written.forEach(dec);
    const elapsed = cost();
    const notes = messages.map((m) => m.text);
    if (usesSorry) {
      lean.releaseState(outcome.state);
      return { gave_up: true, notes, ...elapsed };
    }
    if (listItems(outcome.state.goals).length === 0) {
      if (unfinished) {
        lean.releaseState(outcome.state);
        return { error: 'the goals are closed, but the proof still has holes', ...elapsed };
      }
      const sid = nextId++;
      lean.releaseState(outcome.state);
      return { done: true, sid, goals: [], parts: [], notes, ...elapsed };
    }
    return { ...keepProof(outcome.state), notes, ...elapsed };
  }

  /** @param {object} message written whole, however long and however slowly the reader takes it */
  function send(message) {
    let rest = Buffer.from(`${JSON.stringify(message)}\n`);
    while (rest.length > 0) {
      try {
        rest = rest.subarray(fs.writeSync(1, rest));
      } catch (e) {
        if (/** @type {NodeJS.ErrnoException} */ (e).code !== 'EAGAIN') throw e;
      }
    }
  }

  let inside = 0;
  /** @param {string} line */
  function serve(line) {
    let id = null;
    let reply;
    let begun = false;
    const t0 = performance.now();
    try {
      const sent = JSON.parse(line);
      id = sent?.id ?? null;
      const request = checked(sent, (kind, one) => void (kind === 'state' ? get(states, one, 'state') : get(proofs, one, 'proof state')));
      if (!Object.hasOwn(operations, request.op)) throw new BadRequest(`this process was started without ${request.op}`);
      begun = true;
      reply = { id, ok: operations[request.op](request) };
    } catch (e) {
      const error = /** @type {Error} */ (e);
      const kind = e instanceof Refused ? e.kind : begun ? 'crash' : 'bad_request';
      reply = { id, error: { kind, message: `${error?.message ?? e}${process.env.PROOFSMITH_DEBUG ? `\n${error?.stack}` : ''}` } };
    }
    inside += performance.now() - t0;
    send({ ...reply, inside_ms: Math.round(inside) });
    if ('error' in reply && reply.error.kind === 'crash') process.exit(70);
  }

  let pending = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (chunk) => {
    pending += chunk;
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') serve(line);
  });
  process.stdin.on('end', () => process.exit(0));
  watch.lap('host');
  serve('{"id": 0, "op": "hello"}');
}

main().catch((e) => {
  process.stderr.write(`the Lean host could not start: ${e?.stack ?? e}\n`);
  process.exit(71);
});
