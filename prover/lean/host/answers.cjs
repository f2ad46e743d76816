// @ts-check
/**
 * The values that a submission gives to definitions that its target left open, as facts and as text. The text is made
 * without the submission's notation, which could show one number as another.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 */
'use strict';

const { LeanException } = require('./abi.cjs');
const { KINDS } = require('./declared.cjs');
const { EXPR } = require('./terms.cjs');

const PP_WIDTH = 100;
const CORE_STATE_ENV = 0;
const NO_NOTATION = 'set_option pp.notation false';
const MADE_OF = new Set(['inductive', 'constructor']);

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./lean.cjs').makeLean>} lean
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeAnswers(abi, lean, audit) {
  const { inc, dec, tag, field, box, call, io, copyWith, newRef, takeText } = abi;

  /** @param {Obj} state Command.State, borrowed @param {string} text one command @returns {Obj} owned */
  function after(state, text) {
    const input = lean.inputContext(text);
    const { stx, pos, log } = lean.parseCommand(input, state, 0);
    dec(log);
    const result = lean.elabCommand(input, state, stx, pos);
    dec(input);
    return result;
  }

  /** @param {import('./lean.cjs').ProofState} proof @param {Obj} env borrowed @param {Obj} e owned @returns {string | null} */
  function printed(proof, env, e) {
    const refs = [inc(proof.meta), copyWith(proof.core, { [CORE_STATE_ENV]: inc(env) })].map(newRef);
    try {
      const format = io('l_Lean_Meta_ppExpr', e, inc(proof.metaCtx), inc(refs[0]), inc(proof.coreCtx), inc(refs[1]));
      return takeText(call('l_Std_Format_pretty', format, box(PP_WIDTH), box(0), box(0)));
    } catch (error) {
      if (!(error instanceof LeanException)) throw error;
      dec(error.object);
      return null;
    } finally {
      refs.forEach(dec);
    }
  }

  /**
   * @param {Obj} state of the submission @param {Obj} base the imports @param {string[]} names of definitions
   * @returns {{answers: {name: string, value: string | null, words: string[], proposition: boolean}[]}} `words` are the constants of
   *   the value that are neither types nor constructors; `proposition`, whether it is a statement itself
   */
  function answers(state, base, names) {
    const env = audit.environmentOf(state);
    const fresh = audit.newConstants(state, base);
    const bare = after(base, NO_NOTATION);
    const [own, foreign] = [base, bare].map(lean.anyProofState);
    const result = names.flatMap((name) => {
      const info = fresh.get(name);
      const value = info === undefined ? null : audit.valueOf(info);
      if (info === undefined || value === null) return [];
      const uses = audit.constantsOf(value);
      const words = uses.filter((used) => !MADE_OF.has(kindOf(env, used)));
      const text = printed(uses.some((used) => fresh.has(used)) ? foreign : own, env, value);
      const type = audit.typeOf(info);
      const proposition = tag(type) === EXPR.sort && tag(field(type, 0)) === 0;
      dec(type);
      return [{ name, value: text, words, proposition }];
    });
    [own, foreign].forEach(lean.releaseState);
    dec(bare);
    audit.release(fresh);
    return { answers: result };
  }

  /** @param {Obj} env borrowed @param {string} key */
  function kindOf(env, key) {
    const n = audit.nameOf(key);
    const info = audit.find(env, n);
    dec(n);
    if (info === null) return '';
    const kind = KINDS[tag(info)];
    dec(info);
    return kind;
  }

  return { answers };
}

module.exports = { makeAnswers };
