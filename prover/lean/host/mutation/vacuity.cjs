// @ts-check
/**
 * Hypotheses that cannot hold make a theorem that says nothing. Two quick ways to see it before anything is printed: a
 * hypothesis without variables that evaluates to false (`decide`), and linear arithmetic over all hypotheses (`omega`).
 * Stronger refuters (simp_all, grind) are too slow for every variant; `prover/mutation/host.py` grades with them.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 */
'use strict';

const { EXPR, BINDER } = require('../terms.cjs');

const RELATIONS = ['Eq', 'Ne', 'LT.lt', 'LE.le', 'GT.gt', 'GE.ge', 'Not', 'Dvd.dvd', 'And', 'Or'];
const HEARTBEATS = 2_000_000;

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 * @param {ReturnType<typeof import('./library.cjs').makeLibrary>} libraries
 * @param {ReturnType<typeof import('./parent.cjs').makeParents>} parents
 * @param {ReturnType<typeof import('./drafting.cjs').makeDrafting>} drafting
 */
function makeVacuity(abi, lean, terms, libraries, parents, drafting) {
  const { E, box, inc, dec, tag, field, byteAt, list, option, call } = abi;
  const HEADS = new Set(RELATIONS.map((r) => terms.idOf(r)));
  const NUMBERS = new Set(['Nat', 'Int'].map((r) => terms.idOf(r)));

  /** Whether `omega` may have something to say about it. @param {Obj} e @returns {boolean} */
  function isArithmetic(e) {
    const [head, args] = terms.spine(e);
    if (tag(head) !== EXPR.const || !HEADS.has(terms.nameId(field(head, 0)))) return false;
    if (args.length < 2) return args.length === 1 && isArithmetic(args[0]);
    const type = args[0];
    return tag(type) === EXPR.const ? NUMBERS.has(terms.nameId(field(type, 0))) : args.length === 2 && (isArithmetic(args[0]) || isArithmetic(args[1]));
  }

  /** @param {Obj} type of a statement, closed @returns {string | null} what refutes the hypotheses */
  function refuter(type) {
    const explicit = terms.telescope(type).binders.filter((b) => b.info === BINDER.default);
    const constant = explicit.filter((b) => terms.looseRange(b.type) === 0 && isArithmetic(b.type));
    for (const b of constant) if (closes(drafting.connective('Not', inc(b.type)), 'decide')) return 'decide';
    if (!explicit.some((b) => isArithmetic(b.type))) return null;
    return closes(withConclusion(type), 'intros; omega') ? 'omega' : null;
  }

  /** The statement with False as its conclusion. @param {Obj} e borrowed @returns {Obj} owned */
  function withConclusion(e) {
    if (tag(e) === EXPR.mdata) return withConclusion(field(e, 1));
    if (tag(e) !== EXPR.forall) return drafting.connective('False');
    return call('l_Lean_Expr_forallE___override', inc(field(e, 0)), inc(field(e, 1)), withConclusion(field(e, 2)), box(byteAt(e, 8)));
  }

  /** @type {Map<string, Obj>} */
  const parsed = new Map();
  /** @param {Obj} goal owned @param {string} tactic */
  function closes(goal, tactic) {
    const { proof, state } = libraries.library();
    const frame = new parents.Frame(proof, field(state, 0));
    const mvar = frame.run('l_Lean_Meta_mkFreshExprMVar', option(goal), box(0), box(0));
    const [meta, core] = [frame.save(), E.lean_st_ref_get(frame.core) >>> 0];
    const start = { ...proof, meta, core, goals: list([inc(field(mvar, 0))]) };
    let stx = parsed.get(tactic);
    if (stx === undefined) {
      const r = lean.parseTactic(field(proof.core, 0), tactic);
      if (!('stx' in r)) throw new Error(`${tactic}: ${r.error}`);
      parsed.set(tactic, (stx = /** @type {Obj} */ (r.stx)));
    }
    const outcome = lean.runTactic(start, inc(stx), { heartbeats: HEARTBEATS, cancelToken: call('l_IO_CancelToken_new') });
    let done = false;
    if ('state' in outcome) {
      done = abi.listItems(outcome.state.goals).length === 0;
      dec(outcome.log);
      lean.releaseState(outcome.state);
    }
    [start.goals, meta, core, mvar].forEach(dec);
    frame.free();
    return done;
  }

  return { refuter };
}

module.exports = { makeVacuity };
