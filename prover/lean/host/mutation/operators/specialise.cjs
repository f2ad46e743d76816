// @ts-check
/**
 * specialise: a variable gives way to a literal or to another variable of its type, a type variable to a type of the library
 * with its instances. Alchemy's reviewers asked for steps beyond rewriting; a prover has to see that a general fact settles
 * a particular case, which premise selection alone does not teach.
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

const { EXPR, BINDER } = require('../../terms.cjs');
const { NoMutant } = require('../limits.cjs');

/** @type {Record<string, string[]>} */
const LITERALS = { Nat: ['0', '1', '2', '3', '10'], Int: ['0', '1', '2', '-1'], Bool: ['true', 'false'] };
const TYPES = ['Nat', 'Int', 'Bool', 'String'];

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeSpecialise({ abi, terms, drafting, naming }) {
  const { E, box, inc, dec, tag, field, byteAt, list, option, call, constant, isScalar } = abi;
  const { parentTerm, pseudo, connective } = drafting;

  /** @param {Obj} type @returns {string} name of the constant that it is, or '' */
  const constantOf = (type) => (tag(type) === EXPR.const ? terms.texts[terms.nameId(field(type, 0))] : '');

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    for (let i = 0; i < p.types.length; i++) {
      if (p.infos[i] === BINDER.instance) continue;
      const type = p.types[i];
      if (tag(type) === EXPR.sort && p.infos.includes(BINDER.instance)) for (const text of TYPES) add(i, pseudo(text, -1));
      for (const text of LITERALS[constantOf(type)] ?? []) add(i, pseudo(text, -1));
      if (tag(type) === EXPR.sort || p.infos[i] !== BINDER.default) continue;
      for (let j = 0; j < i; j++) { // a hypothesis for another would leave the statement as it is
        if (E.lean_expr_eqv(p.types[j], type) !== 0 && !p.hypotheses().includes(i)) add(i, pseudo(p.names[j], j));
      }
    }
  }

  /** @param {string} text @param {string} type @returns {Obj} owned */
  function value(text, type) {
    if (TYPES.includes(text)) return connective(text);
    if (type === 'Bool') return connective(`Bool.${text}`);
    const nat = call('l_Lean_mkNatLit', box(Math.abs(Number(text))));
    if (type === 'Nat') return nat;
    dec(nat);
    return call('l_Lean_mkIntLit', box(Number(text)));
  }

  /** A type variable's universe made that of the types in TYPES. @param {Obj} type owned @param {Obj} sort borrowed @returns {Obj} owned */
  function settleLevel(type, sort) {
    const level = field(sort, 0);
    const [inner, to] = tag(level) === 1 ? [field(level, 0), 'l_Lean_levelZero'] : [level, 'l_Lean_levelOne'];
    if (isScalar(inner) || tag(inner) !== 4) return type;
    return call('l_Lean_Expr_instantiateLevelParams', type, list([inc(field(inner, 0))]), list([constant(to)]));
  }

  /** @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const first = c.place;
    const isType = tag(p.types[first]) === EXPR.sort;
    const from = naming.renamed(p.parent.type).type;
    let whole = isType ? settleLevel(from, p.types[first]) : from;
    /** @type {number[]} places that are gone */
    const gone = [];
    const replaceAt = (/** @type {number} */ place, /** @type {Obj} */ by) => {
      const now = without(whole, place - gone.length, by);
      dec(whole);
      dec(by);
      whole = now;
      gone.push(place);
    };
    const other = c.entry.at;
    replaceAt(first, other >= 0 ? call('l_Lean_Expr_bvar___override', box(first - 1 - other)) : value(c.entry.lemma.text, constantOf(p.types[first])));
    for (let i = first + 1; i < p.names.length; i++) {
      const binder = terms.telescope(whole).binders[i - gone.length];
      if (binder === undefined || binder.info !== BINDER.instance || terms.looseRange(binder.type) !== 0 || p.infos[i] !== BINDER.instance || !isType) continue;
      replaceAt(i, found(p, binder.type));
    }
    const { type, names } = naming.renamed(whole);
    dec(whole);
    const left = p.names.map((_, i) => i).filter((i) => !gone.includes(i));
    const lines = (/** @type {(i: number) => string} */ at) => [`exact ${parentTerm(p, (i) => {
      if (i === first) return other >= 0 ? at(left.indexOf(other)) : c.entry.lemma.text.startsWith('-') ? `(${c.entry.lemma.text})` : c.entry.lemma.text;
      return gone.includes(i) ? '_' : at(left.indexOf(i));
    })}`];
    return { type, names, lines };
  }

  /** @param {Parent} p @param {Obj} type borrowed @returns {Obj} owned */
  function found(p, type) {
    const r = p.frame.run('l_Lean_Meta_trySynthInstance', inc(type), option(null));
    const instance = tag(r) === 1 && !isScalar(r) ? inc(field(r, 0)) : null;
    dec(r);
    if (instance === null) throw new NoMutant('an instance is missing');
    return instance;
  }

  /** A telescope with a term in the place of one of its binders. @param {Obj} e borrowed @param {number} place @param {Obj} by borrowed @returns {Obj} owned */
  function without(e, place, by) {
    if (tag(e) === EXPR.mdata) return without(field(e, 1), place, by);
    if (place === 0) return call('l_Lean_Expr_instantiate1', inc(field(e, 2)), inc(by));
    return call('l_Lean_Expr_forallE___override', inc(field(e, 0)), inc(field(e, 1)), without(field(e, 2), place - 1, by), box(byteAt(e, 8)));
  }

  return { name: 'specialise', propose, draft };
}

module.exports = makeSpecialise;
