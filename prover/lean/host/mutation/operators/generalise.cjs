// @ts-check
/**
 * generalise: a literal becomes a variable, the way back of specialise, which Alchemy's reviewers asked for. Two forms: with
 * an equation that says what the variable is (always true; proved by substitution from the parent), and for every value,
 * where `omega` proves that (most facts about a number are false of others; those are refused).
 *
 * @typedef {import('../../abi.cjs').Obj} Obj
 * @typedef {import('../drafting.cjs').Parent} Parent
 * @typedef {import('../drafting.cjs').Candidate} Candidate
 * @typedef {import('../drafting.cjs').Draft} Draft
 */
'use strict';

const { EXPR } = require('../../terms.cjs');
const { NoMutant } = require('../limits.cjs');

const EQUATION = 0;
const EVERY = 1;
const ARITHMETIC = ['Eq', 'LT.lt', 'LE.le', 'Ne', 'GT.gt', 'GE.ge'];

/** @param {import('../engine.cjs').Engine} engine @returns {import('../drafting.cjs').Operator} */
function makeGeneralise({ abi, terms, drafting, naming }) {
  const { box, inc, dec, tag, field, isScalar, unbox, call } = abi;
  const { parentTerm, pseudo } = drafting;
  const LITERAL = terms.idOf('OfNat.ofNat');
  const TYPES = ['Nat', 'Int'].map((t) => terms.idOf(t));
  const HEADS = new Set(ARITHMETIC.map((t) => terms.idOf(t)));

  /** The literals of a statement, by what they say. @param {Obj} e @returns {Map<string, Obj>} borrowed */
  function literals(e) {
    /** @type {Map<string, Obj>} */
    const found = new Map();
    terms.closedSubterms(e, (x) => {
      const [head, args] = terms.spine(x);
      if (args.length !== 3 || tag(head) !== EXPR.const || terms.nameId(field(head, 0)) !== LITERAL) return;
      if (tag(args[0]) !== EXPR.const || !TYPES.includes(terms.nameId(field(args[0], 0))) || tag(args[1]) !== EXPR.lit) return;
      const value = field(field(args[1], 0), 0);
      if (isScalar(value)) found.set(`${unbox(value)} : ${terms.texts[terms.nameId(field(args[0], 0))]}`, x);
    });
    return found;
  }

  /** Whether it is a relation of numbers, which `omega` may know. @param {Obj} e */
  function isArithmetic(e) {
    const [head, args] = terms.spine(e);
    return tag(head) === EXPR.const && HEADS.has(terms.nameId(field(head, 0))) && args.length > 0
      && tag(args[0]) === EXPR.const && TYPES.includes(terms.nameId(field(args[0], 0)));
  }

  /** @type {import('../drafting.cjs').Operator['propose']} */
  function propose(p, add) {
    for (const text of literals(p.conclusion).keys()) {
      add(-1, pseudo(text, EQUATION));
      if (isArithmetic(p.conclusion)) add(-1, pseudo(text, EVERY));
    }
  }

  /** @param {Parent} p @param {Candidate} c @returns {Draft} */
  function draft(p, c) {
    const { frame } = p;
    const whole = naming.renamed(p.parent.type).type;
    const literal = literals(p.conclusion).get(c.entry.lemma.text);
    if (literal === undefined) throw new NoMutant('there is no such literal');
    const numbers = field(terms.spine(literal)[1][0], 0); // the name of the literal's type
    const type = call('l_Lean_Expr_const___override', inc(numbers), box(0));
    const abstracted = frame.run('l_Lean_Meta_kabstract', inc(whole), inc(literal), box(0));
    dec(whole);
    if (terms.looseRange(abstracted) === 0) throw new NoMutant('the literal is out of reach');
    let inside = abstracted;
    if (c.entry.at === EQUATION) {
      const one = call('l_Lean_Expr_liftLooseBVars', inside, box(0), box(1));
      const says = frame.run('l_Lean_Meta_mkEq', inc(literal), inc(literal)); // its left side becomes the variable
      const equation = call('l_Lean_Expr_app___override', call('l_Lean_Expr_app___override', inc(field(field(says, 0), 0)), call('l_Lean_Expr_bvar___override', box(0))), inc(literal));
      dec(says);
      inside = call('l_Lean_Expr_forallE___override', abi.name('hk'), equation, one, box(0));
    }
    const raw = call('l_Lean_Expr_forallE___override', abi.name('k'), type, inside, box(0));
    const closed = naming.renamed(raw);
    dec(raw);
    const before = c.entry.at === EQUATION ? 2 : 1;
    const lines = (/** @type {(i: number) => string} */ at) => (c.entry.at === EQUATION
      ? [`subst ${at(1)}`, `exact ${parentTerm(p, (i) => at(i + before))}`] : ['omega']);
    return { ...closed, lines };
  }

  return { name: 'generalise', propose, draft };
}

module.exports = makeGeneralise;
