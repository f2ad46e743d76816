// @ts-check
/**
 * A theorem that mutants are to come from, with its binders introduced in a MetaM state that can be put back.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {{name: string, nameObject: Obj, levels: Obj, type: Obj, state: Obj, root: string, round: number, statement: string | null, context: string, lemmas: string[]}} ParentTheorem
 */
'use strict';

const { BINDER } = require('../terms.cjs');
const { USUAL_SIZE } = require('./limits.cjs');

const MAX_HEARTBEATS = 20_000_000;

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 * @param {ReturnType<typeof import('./library.cjs').makeLibrary>} libraries
 * @param {ReturnType<typeof import('./naming.cjs').makeNaming>} naming
 */
function makeParents(abi, audit, terms, libraries, naming) {
  const { E, box, unbox, inc, dec, field, copyWith, arrayItems, option, call, io } = abi;

  /** Runs MetaM actions on one state that can be put back. */
  class Frame {
    /** @param {import('../lean.cjs').ProofState} proof borrowed @param {Obj} env borrowed */
    constructor(proof, env) {
      this.metaCtx = inc(proof.metaCtx);
      this.coreCtx = copyWith(proof.coreCtx, { 8: box(0), 9: box(MAX_HEARTBEATS) });
      this.core = abi.newRef(copyWith(proof.core, { 0: inc(env) }));
      this.meta = abi.newRef(inc(proof.meta));
    }

    /** @param {string} f @param {...Obj} args owned @returns {Obj} owned */
    run(f, ...args) {
      return io(f, ...args, inc(this.metaCtx), inc(this.meta), inc(this.coreCtx), inc(this.core));
    }

    save() {
      return E.lean_st_ref_get(this.meta) >>> 0;
    }

    /** @param {Obj} saved borrowed */
    restore(saved) {
      dec(this.meta);
      this.meta = abi.newRef(inc(saved));
    }

    /** @param {Obj} e owned @returns {Obj} owned */
    instantiate(e) {
      if (!terms.hasHoles(e)) return e;
      const meta = this.save();
      const pair = E.lean_instantiate_expr_mvars(inc(field(meta, 0)), e) >>> 0;
      const result = inc(field(pair, 1));
      dec(pair);
      dec(meta);
      return result;
    }

    free() {
      [this.metaCtx, this.coreCtx, this.core, this.meta].forEach(dec);
    }
  }

  /** A theorem with its binders introduced. */
  class Parent {
    /** @param {ParentTheorem} parent */
    constructor(parent) {
      const lib = libraries.library();
      this.parent = parent;
      /** @type {number[] | null} */
      this.found = null;
      this.env = audit.environmentOf(parent.state);
      const { type, names } = naming.renamed(parent.type);
      this.names = names;
      this.infos = terms.telescope(type).binders.map((b) => b.info);
      this.size = terms.size(type, USUAL_SIZE);
      this.frame = new Frame(lib.proof, this.env);
      /** @type {Obj[]} freed together */
      this.owned = [];
      const frame = this.frame;
      const mvar = frame.run('l_Lean_Meta_mkFreshExprMVar', option(type), box(0), box(0));
      const pair = frame.run('l_Lean_MVarId_introNP', inc(field(mvar, 0)), box(names.length));
      dec(mvar);
      this.fvars = arrayItems(field(pair, 0)).map((id) => this.own(call('l_Lean_Expr_fvar___override', inc(id))));
      this.goal = this.own(inc(field(pair, 1)));
      dec(pair);
      const decl = frame.run('l_Lean_MVarId_getDecl', inc(this.goal));
      this.conclusion = this.own(frame.instantiate(inc(field(decl, 2))));
      const context = copyWith(frame.metaCtx, { 2: inc(field(decl, 1)), 3: inc(field(decl, 4)) });
      dec(decl);
      dec(frame.metaCtx);
      frame.metaCtx = context;
      this.types = this.fvars.map((f) => this.own(frame.instantiate(frame.run('l_Lean_Meta_inferType', inc(f)))));
      this.saved = this.own(frame.save());
    }

    /** @param {Obj} o owned @returns {Obj} borrowed */
    own(o) {
      this.owned.push(o);
      return o;
    }

    /** Binders that are hypotheses: explicit propositions that nothing depends on. @returns {number[]} */
    hypotheses() {
      if (this.found !== null) return this.found;
      /** @type {number[]} */
      const found = [];
      for (let i = 0; i < this.fvars.length; i++) {
        if (this.infos[i] !== BINDER.default) continue;
        this.frame.restore(this.saved);
        if (unbox(this.frame.run('l_Lean_Meta_isProp', inc(this.types[i]))) !== 1) continue;
        found.push(i);
      }
      return (this.found = found);
    }

    free() {
      this.frame.free();
      this.owned.forEach(dec);
    }
  }

  return { Parent, Frame };
}

module.exports = { makeParents };
