// @ts-check
/**
 * What operators share: a draft is a new statement, closed, and the lines that prove it from the parent.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {InstanceType<ReturnType<typeof import('./parent.cjs').makeParents>['Parent']>} Parent
 * @typedef {import('./library.cjs').Lemma} Lemma
 * @typedef {import('./library.cjs').Entry} Entry
 * @typedef {{operator: string, place: number, entry: Entry, occurrence?: number}} Candidate `place`: binder of the parent, -1 the conclusion;
 *   `occurrence`: which of several fitting subterms, from 1
 * @typedef {{type: Obj, names: string[], lines: (names: (i: number) => string) => string[]}} Draft `type`: the new statement, owned; `lines` prove it
 * @typedef {{name: string, propose: (p: Parent, propose: (place: number, entry: Entry, occurrence?: number) => void) => void,
 *   draft: (p: Parent, c: Candidate) => Draft}} Operator
 */
'use strict';

const { EXPR, BINDER } = require('../terms.cjs');
const { NoMutant, MAX_NEW_HYPOTHESES, MAX_NEW_VARIABLES } = require('./limits.cjs');

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 * @param {ReturnType<typeof import('./naming.cjs').makeNaming>} naming
 * @param {ReturnType<typeof import('./quality.cjs').makeQuality>} quality
 */
function makeDrafting(abi, terms, naming, quality) {
  const { E, box, unbox, inc, dec, tag, field, byteAt, array, arrayItems, list, option, call } = abi;

  /** For steps of logic, which need no lemma of the index. @param {string} text @param {number} at @returns {Entry} */
  const pseudo = (text, at) => ({ lemma: { id: terms.idOf(text), name: box(0), text, type: box(0), explicit: [] }, at, shape: null });

  /** `@parent x _ y`, with something else at one place. @param {Parent} p @param {(i: number) => string} nameAt @param {number} hole @param {string} there */
  function parentTerm(p, nameAt, hole = -1, there = '?_') {
    const args = p.names.map((n, i) => (i === hole ? there : n === '_' ? '_' : nameAt(i)));
    return [`@${p.parent.name}`, ...args].join(' ');
  }

  /**
   * Closes a statement over variables and holes.
   * @param {Parent} p @param {Obj[]} order borrowed @param {Obj} conclusion owned @returns {{type: Obj, names: string[]}}
   */
  function close(p, order, conclusion) {
    const raw = p.frame.instantiate(p.frame.run('l_Lean_Meta_mkForallFVars', array(order.map((o) => inc(o))), conclusion, box(0), box(0), box(0), box(0)));
    const bits = byteAt(raw, 5) & 0b111;
    if (bits !== 0 || terms.looseRange(raw) !== 0) {
      dec(raw);
      throw new NoMutant(bits & 1 ? 'another variable depends on the hypothesis' : 'something stays undetermined');
    }
    const result = naming.renamed(raw);
    dec(raw);
    return result;
  }

  /** Holes that become hypotheses: propositions without further holes. @param {Parent} p @param {Obj[]} mvars borrowed */
  function checkNew(p, mvars, variables = MAX_NEW_VARIABLES) {
    let data = 0;
    for (const m of mvars) {
      const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
      const isSort = tag(terms.telescope(type).body) === EXPR.sort;
      const isProp = !isSort && unbox(p.frame.run('l_Lean_Meta_isProp', inc(type))) === 1;
      dec(type);
      if (isSort) throw new NoMutant('an arbitrary proposition or type would be needed');
      if (!isProp) data++;
    }
    if (data > variables || mvars.length - data > MAX_NEW_HYPOTHESES) throw new NoMutant('too many new variables or hypotheses');
  }

  /**
   * Fills a hole whose type is that of a hypothesis at hand. @param {Parent} p @param {Obj} m borrowed @param {number} except
   * @returns {number} the hypothesis, or -1
   */
  function discharge(p, m, except) {
    const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
    const i = p.types.findIndex((t, at) => at !== except && p.infos[at] === BINDER.default && E.lean_expr_eqv(t, type) !== 0);
    const isProp = i >= 0 && unbox(p.frame.run('l_Lean_Meta_isProp', inc(type))) === 1;
    dec(type);
    return isProp && unbox(p.frame.run('l_Lean_Meta_isExprDefEq', inc(m), inc(p.fvars[i]))) === 1 ? i : -1;
  }

  /** A new hypothesis that denies what the parent proves would be refuted by the parent. @param {Parent} p @param {Obj} m */
  function refuseDenial(p, m) {
    const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
    const denies = quality.deny(type, p.conclusion);
    dec(type);
    if (denies) throw new NoMutant('a new hypothesis denies what the parent proves');
  }
  /** @type {Map<string, Obj>} */
  const userNames = new Map();
  /** @param {Parent} p @param {number} i @returns {Obj} borrowed */
  function userName(p, i) {
    const text = p.names[i] === '_' || i < 0 ? 'h' : p.names[i];
    let n = userNames.get(text);
    if (n === undefined) userNames.set(text, (n = abi.name(text)));
    return n;
  }

  /**
   * The lemma with its arguments as holes. @param {Parent} p @param {Lemma} lemma
   * @returns {{mvars: Obj[], infos: number[], body: Obj}} owned
   */
  function instance(p, lemma) {
    const constant = p.frame.run('l_Lean_Meta_mkConstWithFreshMVarLevels', inc(lemma.name));
    const type = p.frame.run('l_Lean_Meta_inferType', constant);
    const r = p.frame.run('l_Lean_Meta_forallMetaTelescope', type, box(0));
    const mvars = arrayItems(field(r, 0)).map(inc);
    const infos = arrayItems(field(field(r, 1), 0)).map(unbox);
    const body = inc(field(field(r, 1), 1));
    dec(r);
    return { mvars, infos, body };
  }

  /** @param {Parent} p @param {{mvars: Obj[], infos: number[]}} one finds the instances that unification left open */
  function findInstances(p, one) {
    one.mvars.forEach((m, i) => {
      if (one.infos[i] !== BINDER.instance) return;
      const now = p.frame.instantiate(inc(m));
      const isOpen = tag(now) === EXPR.mvar;
      dec(now);
      if (!isOpen) return;
      const type = p.frame.instantiate(p.frame.run('l_Lean_Meta_inferType', inc(m)));
      const found = p.frame.run('l_Lean_Meta_synthInstance', type, option(null));
      dec(p.frame.run('l_Lean_Meta_isExprDefEq', inc(m), found));
    });
  }

  /** The holes that are left, in order. @param {Parent} p @param {Obj[]} mvars @param {number} except @returns {number[]} */
  function openHoles(p, mvars, except) {
    return [...mvars.keys()].filter((i) => {
      if (i === except) return false;
      const now = p.frame.instantiate(inc(mvars[i]));
      const isOpen = tag(now) === EXPR.mvar;
      dec(now);
      return isOpen;
    });
  }

  /** `f a b …`. @param {string} f @param {...Obj} args owned @returns {Obj} */
  const connective = (f, ...args) => args.reduce((e, a) => call('l_Lean_Expr_app___override', e, a), call('l_Lean_Expr_const___override', abi.name(f), list([])));

  return { pseudo, parentTerm, close, checkNew, discharge, refuseDenial, userName, instance, findInstances, openHoles, connective };
}

module.exports = { makeDrafting };
