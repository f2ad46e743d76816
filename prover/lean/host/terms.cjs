// @ts-check
/**
 * Lean terms as JavaScript reads them: telescopes, sizes, fingerprints for the term index, and a key that two statements
 * share when they differ only in the names of variables, the order of hypotheses, binder kinds or universes.
 *
 * @typedef {import('./abi.cjs').Obj} Obj
 * @typedef {{id: number, rank: number, args: Shape[], e: Obj, hole?: number} | null} Shape what the index sees of a term; null: anything.
 *   `e` is the term while it is looked up; `hole` is a pattern's variable, which must be the same term wherever it stands
 */
'use strict';

const { KIND } = require('./declared.cjs');

const EXPR = { bvar: 0, fvar: 1, mvar: 2, sort: 3, const: 4, app: 5, lam: 6, forall: 7, let: 8, lit: 9, mdata: 10, proj: 11 };
const BINDER = { default: 0, implicit: 1, strictImplicit: 2, instance: 3 };
/** How surely two different heads cannot be unified: not at all, class projections among themselves, always. */
const RANK = { loose: 0, projection: 1, rigid: 2 };
const SHAPE_DEPTH = 5;
/** Of a term that shares much of itself, so many places are looked at again. */
const MAX_NODES = 5000;

/**
 * @param {ReturnType<typeof import('./abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('./audit.cjs').makeAudit>} audit
 */
function makeTerms(abi, audit) {
  const { E, box, unbox, isScalar, inc, dec, tag, field, byteAt, call, name, nameText } = abi;

  // ---------------------------------------------------------------- names

  /** @type {Map<Obj, number>} names of the library are never freed, so their addresses stand for them */
  const idOfPointer = new Map();
  /** @type {Map<string, number>} */
  const idOfText = new Map();
  /** @type {string[]} */
  const texts = [];

  /** @param {string} text */
  function idOf(text) {
    let id = idOfText.get(text);
    if (id === undefined) {
      id = texts.length;
      texts.push(text);
      idOfText.set(text, id);
    }
    return id;
  }

  /** @param {Obj} n borrowed name @returns {number} */
  function nameId(n) {
    const known = idOfPointer.get(n);
    if (known !== undefined) return known;
    const id = idOf(nameText(n));
    if (!isScalar(n) && abi.persistent(n)) idOfPointer.set(n, id);
    return id;
  }

  // ---------------------------------------------------------------- reading

  /** @param {Obj} e */
  const kindOf = (e) => tag(e);
  /** @param {Obj} e borrowed @returns {Obj} borrowed */
  function plain(e) {
    while (tag(e) === EXPR.mdata) e = field(e, 1);
    return e;
  }
  /** @param {Obj} e borrowed @returns {[Obj, Obj[]]} head and arguments, borrowed */
  function spine(e) {
    const args = [];
    e = plain(e);
    while (tag(e) === EXPR.app) {
      args.push(field(e, 1));
      e = plain(field(e, 0));
    }
    args.reverse();
    return [e, args];
  }
  /** @param {Obj} e @returns {number} 0: closed */
  const looseRange = (e) => (byteAt(e, 5) >> 4) | (byteAt(e, 6) << 4) | (byteAt(e, 7) << 12);
  /** @param {Obj} e */
  const hasHoles = (e) => (byteAt(e, 5) & 0b110) !== 0;
  /** @param {Obj} e of a binder @returns {number} */
  const binderInfo = (e) => byteAt(e, 8);

  /** @param {Obj} type borrowed @returns {{binders: {name: Obj, type: Obj, info: number}[], body: Obj}} borrowed */
  function telescope(type) {
    const binders = [];
    let e = plain(type);
    while (tag(e) === EXPR.forall) {
      binders.push({ name: field(e, 0), type: field(e, 1), info: binderInfo(e) });
      e = plain(field(e, 2));
    }
    return { binders, body: e };
  }

  /** Nodes of the term as a tree, counting stops at `limit`. @param {Obj} e @param {number} limit */
  function size(e, limit) {
    let count = 0;
    /** @param {Obj} x */
    function visit(x) {
      if (++count > limit) return;
      switch (tag(x)) {
        case EXPR.app: visit(field(x, 0)); visit(field(x, 1)); break;
        case EXPR.lam: case EXPR.forall: visit(field(x, 1)); visit(field(x, 2)); break;
        case EXPR.let: visit(field(x, 1)); visit(field(x, 2)); visit(field(x, 3)); break;
        case EXPR.mdata: visit(field(x, 1)); break;
        case EXPR.proj: visit(field(x, 2)); break;
        default:
      }
    }
    visit(e);
    return count;
  }

  /** @param {Obj} e borrowed @param {(x: Obj, times: number) => void} visit every closed subterm once for each address */
  function closedSubterms(e, visit) {
    /** @type {Map<Obj, number>} */
    const times = new Map();
    let budget = MAX_NODES;
    /** @param {Obj} x @param {boolean} inSpine */
    function go(x, inSpine) {
      const t = tag(x);
      if (t === EXPR.mdata) return go(field(x, 1), inSpine);
      if (!inSpine) {
        const known = times.get(x);
        if (known !== undefined && --budget < 0) return;
        if (looseRange(x) === 0 || known === undefined) times.set(x, (known ?? 0) + 1);
      }
      if (t === EXPR.app) { go(field(x, 0), true); go(field(x, 1), false); }
      else if (t === EXPR.lam || t === EXPR.forall) { go(field(x, 1), false); go(field(x, 2), false); }
      else if (t === EXPR.let) { go(field(x, 1), false); go(field(x, 2), false); go(field(x, 3), false); }
      else if (t === EXPR.proj) go(field(x, 2), false);
    }
    go(e, false);
    for (const [x, n] of times) if (looseRange(x) === 0) visit(x, n);
  }

  /** @param {Obj} e borrowed @param {Set<number>} [into] @returns {Set<number>} ids of the constants */
  function constantsIn(e, into = new Set()) {
    const seen = new Set();
    /** @param {Obj} x */
    function go(x) {
      if (seen.has(x)) return;
      seen.add(x);
      switch (tag(x)) {
        case EXPR.const: into.add(nameId(field(x, 0))); break;
        case EXPR.app: go(field(x, 0)); go(field(x, 1)); break;
        case EXPR.lam: case EXPR.forall: go(field(x, 1)); go(field(x, 2)); break;
        case EXPR.let: go(field(x, 1)); go(field(x, 2)); go(field(x, 3)); break;
        case EXPR.mdata: go(field(x, 1)); break;
        case EXPR.proj: into.add(nameId(field(x, 0))); go(field(x, 2)); break;
        default:
      }
    }
    go(e);
    return into;
  }

  // ---------------------------------------------------------------- shapes

  /** @type {Map<number, {rank: number, instances: boolean[]}>} */
  const heads = new Map();

  /** What unification may do with a constant, and which of its arguments are instances. @param {Obj} env @param {number} id @param {Obj} n */
  function headInfo(env, id, n) {
    let known = heads.get(id);
    if (known !== undefined) return known;
    const info = audit.find(env, n);
    known = { rank: RANK.loose, instances: [] };
    if (info !== null) {
      known.instances = telescope(audit.declared.type(info)).binders.map((b) => b.info === BINDER.instance);
      known.rank = rankOf(env, n, tag(info), texts[id]);
      dec(info);
    }
    heads.set(id, known);
    return known;
  }

  /** @param {Obj} env @param {Obj} n @param {number} kind @param {string} text */
  function rankOf(env, n, kind, text) {
    if (text === 'OfNat.ofNat' || text === 'Nat.succ' || text === 'Nat.zero') return RANK.loose;
    if (kind === KIND.constructor) return /\.mk$/.test(text) ? RANK.loose : RANK.rigid; // a structure's: eta makes it of anything
    if (kind === KIND.inductive) return RANK.rigid;
    const projection = call('l_Lean_Environment_getProjectionFnInfo_x3f', inc(env), inc(n));
    // A structure's own projection of a hole unifies with anything, by eta; a class's does not.
    const rank = isScalar(projection) ? null : byteAt(field(projection, 0), 0) !== 0 ? RANK.projection : RANK.loose;
    dec(projection);
    if (rank !== null) return rank;
    if (kind === KIND.recursor || /\.match_\d+$|\.casesOn$|\.rec$/.test(text)) return RANK.loose;
    if (kind !== KIND.definition) return RANK.rigid;
    const status = unbox(call('l_Lean_getReducibilityStatusCore', inc(env), inc(n)));
    const instance = unbox(call('l_Lean_Meta_isInstanceCore', inc(env), inc(n))) === 1;
    return status === 0 || status > 2 || instance ? RANK.loose : RANK.rigid;
  }

  const FORALL = idOf('∀');
  const LAMBDA = idOf('λ');
  const SORT = idOf('Sort');
  const HOLE = idOf('#');

  /**
   * What the index sees of a term.
   * @param {Obj} env @param {Obj} e borrowed @param {number} depth @returns {Shape}
   */
  function shape(env, e, depth = 0) {
    const [head, args] = spine(e);
    switch (tag(head)) {
      case EXPR.const: {
        const n = field(head, 0);
        const id = nameId(n);
        const { rank, instances } = headInfo(env, id, n);
        if (depth > 0 && rank === RANK.loose) return null;
        if (depth >= SHAPE_DEPTH) return { id, rank, args: [], e };
        return { id, rank, args: args.map((a, i) => (instances[i] ? null : shape(env, a, depth + 1))), e };
      }
      case EXPR.fvar: return { id: -head, rank: RANK.rigid, args: depth >= SHAPE_DEPTH ? [] : args.map((a) => shape(env, a, depth + 1)), e };
      case EXPR.bvar: return depth === 0 || args.length > 0 ? null : { id: HOLE, rank: RANK.loose, args: [], e, hole: unbox(field(head, 0)) };
      case EXPR.forall: return depth > 0 ? null : { id: FORALL, rank: RANK.rigid, args: [shape(env, field(head, 1), 1)], e };
      case EXPR.lam: return depth > 0 ? null : { id: LAMBDA, rank: RANK.loose, args: [], e };
      case EXPR.sort: return depth > 0 ? null : { id: SORT, rank: RANK.loose, args: [], e };
      default: return null; // a pattern's variable, a literal, a projection
    }
  }

  /** @type {Map<number, Obj>} */
  const bound = new Map();
  /** Whether unification could make a pattern a term. @param {Shape} p @param {Shape} q @returns {boolean} */
  function mayUnify(p, q) {
    bound.clear();
    return fits(p, q);
  }
  /** @param {Shape} p @param {Shape} q @returns {boolean} */
  function fits(p, q) {
    if (p === null || q === null) return true;
    if (p.hole !== undefined) {
      const before = bound.get(p.hole);
      if (before === undefined) bound.set(p.hole, q.e);
      return before === undefined || before === q.e || q.rank === RANK.loose || E.lean_expr_eqv(before, q.e) !== 0;
    }
    if (p.id === q.id) {
      if (p.rank !== RANK.rigid && p.rank !== RANK.projection) return true;
      if (p.args.length !== q.args.length) return p.args.length === 0 || q.args.length === 0;
      for (let i = 0; i < p.args.length; i++) if (!fits(p.args[i], q.args[i])) return false;
      return true;
    }
    if (p.rank === RANK.loose || q.rank === RANK.loose) return true;
    if (p.rank === q.rank || p.id < 0 || q.id < 0) return false;
    return p.rank === RANK.projection ? implementedBy(p.id, q.id) : implementedBy(q.id, p.id);
  }
  /** Whether an instance may unfold a class's projection to a function: HAdd.hAdd to Nat.add. @param {number} projection @param {number} id */
  const implementedBy = (projection, id) => lastPart(texts[projection]) === lastPart(texts[id]) || (id === EQ && RELATIONS.has(projection));
  /** Their instances may be equations: `k ∈ m` is `m.contains k = true`. */
  const RELATIONS = new Set(['Membership.mem', 'LE.le', 'LT.lt'].map(idOf));
  const EQ = idOf('Eq');
  /** @param {string} text */
  const lastPart = (text) => text.slice(text.lastIndexOf('.') + 1).toLowerCase().replace(/^getelem/, 'get').replace(/^h(?=add$|sub$|mul$|div$|mod$|pow$|and$|or$|xor$|shift|append$)/, '');

  // ---------------------------------------------------------------- keys

  const mix = (/** @type {number} */ h, /** @type {number} */ x) => {
    h = Math.imul(h ^ x, 0x9e3779b1);
    return (h ^ (h >>> 15)) | 0;
  };
  /** @type {Map<number, [number, number]>} */
  const nameHashes = new Map();
  /** @param {number} id @returns {[number, number]} the same in every process */
  function nameHash(id) {
    let known = nameHashes.get(id);
    if (known === undefined) {
      // Lean makes a new matcher up for each `match`; which one it is says nothing.
      const text = /\.match_\d+$/.test(texts[id]) ? 'match' : texts[id];
      known = [hashText(text, 17), hashText(text, 91)];
      nameHashes.set(id, known);
    }
    return known;
  }

  /**
   * A key of a closed statement: equal for statements that differ in names of variables, order of hypotheses, binder
   * kinds, universes or annotations. 16 hexadecimal digits.
   * @param {Obj} type borrowed
   */
  function statementKey(type) {
    const { binders, body } = telescope(type);
    /** @type {number[]} */
    const colour = binders.map(() => 0);
    let next = 1;
    let assign = false;
    /** Two hashes at once. @type {Map<Obj, [number, number]>} closed terms only */
    const memo = new Map();
    let a = 0;
    let b = 0;
    const put = (/** @type {number} */ x) => { a = mix(a, x); b = mix(b, x + 0x51ed27); };

    /** @param {Obj} e @param {number} depth binders inside @param {number} outer binders of the telescope in scope */
    function go(e, depth, outer) {
      while (tag(e) === EXPR.mdata) e = field(e, 1);
      const t = tag(e);
      const closed = t >= EXPR.app && looseRange(e) === 0;
      if (closed) {
        let known = memo.get(e);
        if (known === undefined) {
          const [x, y] = [a, b];
          [a, b] = [t, t];
          inside(e, t, depth, outer);
          known = [a, b];
          memo.set(e, known);
          [a, b] = [x, y];
        }
        a = mix(a, known[0]);
        b = mix(b, known[1]);
        return;
      }
      put(t);
      inside(e, t, depth, outer);
    }
    /** @param {Obj} e @param {number} t @param {number} depth @param {number} outer */
    function inside(e, t, depth, outer) {
      switch (t) {
        case EXPR.bvar: {
          const i = unbox(field(e, 0));
          if (i < depth) return put(1000 + i);
          const at = outer - 1 - (i - depth);
          if (assign && colour[at] === 0) colour[at] = next++;
          return put(5000 + colour[at]);
        }
        case EXPR.const: { const h = nameHash(nameId(field(e, 0))); a = mix(a, h[0]); b = mix(b, h[1]); return; }
        case EXPR.app: go(field(e, 0), depth, outer); go(field(e, 1), depth, outer); return put(7);
        case EXPR.lam: case EXPR.forall: go(field(e, 1), depth, outer); go(field(e, 2), depth + 1, outer); return put(8);
        case EXPR.let: go(field(e, 1), depth, outer); go(field(e, 2), depth, outer); go(field(e, 3), depth + 1, outer); return put(9);
        case EXPR.lit: {
          const h = literalHash(e);
          return put(h);
        }
        case EXPR.proj: go(field(e, 2), depth, outer); return put(isScalar(field(e, 1)) ? unbox(field(e, 1)) : 0);
        default: // sorts and universes do not count
      }
    }
    /** @param {Obj} e @param {number} outer @returns {[number, number]} */
    function hashOf(e, outer) {
      [a, b] = [1, 1];
      go(e, 0, outer);
      return [a, b];
    }

    assign = true;
    hashOf(body, binders.length);
    // Hypotheses in an order that does not depend on how they were written.
    const rest = new Set(binders.keys());
    while (rest.size > 0) {
      assign = false;
      let best = -1;
      let bestHash = [0, 0];
      for (const i of rest) {
        const h = hashOf(binders[i].type, i);
        h[0] = mix(h[0], colour[i]); // one that is used already has its place
        if (best < 0 || h[0] < bestHash[0] || (h[0] === bestHash[0] && h[1] < bestHash[1])) [best, bestHash] = [i, h];
      }
      assign = true;
      hashOf(binders[best].type, best);
      rest.delete(best);
      if (rest.size > 0 && binders.length > 24) { // long telescopes: as written
        for (const i of rest) hashOf(binders[i].type, i);
        rest.clear();
      }
    }
    assign = false;
    const parts = binders.map((one, i) => { const h = hashOf(one.type, i); return [mix(h[0], colour[i]), mix(h[1], colour[i])]; });
    const conclusion = hashOf(body, binders.length);
    parts.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
    let [x, y] = conclusion;
    for (const p of parts) { x = mix(x, p[0]); y = mix(y, p[1]); }
    return (x >>> 0).toString(16).padStart(8, '0') + (y >>> 0).toString(16).padStart(8, '0');
  }

  /** @param {Obj} e a literal */
  function literalHash(e) {
    const literal = field(e, 0);
    const value = field(literal, 0);
    if (tag(literal) === 0) return isScalar(value) ? unbox(value) : 77;
    return hashText(abi.text(value), 5);
  }

  return { EXPR, BINDER, RANK, texts, idOf, nameId, kindOf, plain, spine, looseRange, hasHoles, binderInfo, telescope, size, closedSubterms,
    constantsIn, shape, mayUnify, statementKey, name, E, box };
}

/** FNV-1a. @param {string} text @param {number} seed @returns {number} */
function hashText(text, seed) {
  let h = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}

/** A random number generator from a seed (mulberry32). @param {number} seed @returns {() => number} in [0, 1) */
function random(seed) {
  let s = seed | 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

module.exports = { makeTerms, hashText, random, EXPR, BINDER };
