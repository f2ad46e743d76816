// @ts-check
/**
 * False neighbours: a theorem's statement with one thing changed, refuted by evaluation on small values. Alchemy's reviewers
 * asked for them: a critic that has seen true statements only cannot tell them from false ones. Each has the refutation,
 * which the kernel has accepted: `¬ statement`, by values at which `decide` finds the hypotheses true and the conclusion
 * false. They are negative examples and never enter among the theorems.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {import('./drafting.cjs').Parent} Parent
 * @typedef {{change: string, type: Obj}} Neighbour `type` owned
 */
'use strict';

const { EXPR, BINDER, hashText, random } = require('../terms.cjs');

/** Values to evaluate at, by the head of a variable's type; variables take them in turn. */
const VALUES = {
  Nat: ['0', '1', '2', '3', '5', '7'], Int: ['0', '1', '(-1)', '2', '(-3)', '5'], Bool: ['false', 'true'],
  List: ['[]', '[0]', '[1, 0]', '[0, 1, 2]'], Array: ['#[]', '#[0]', '#[1, 0]'], Option: ['none', '(some 0)', '(some 1)'],
  String: ['""', '"a"'], Char: ["'a'", "'b'"],
};
/** Results of a function of x, by the head of their type. */
const FUNCTIONS = { Bool: ['true', 'false', 'x == 0'], Option: ['none', 'some x'], List: ['[x]', '[]'], Sort: ['x = 0', 'x ≠ 1'] };
/** What stands for another: same types, other meaning. */
const SWAPS = {
  'HAdd.hAdd': 'HMul.hMul', 'HMul.hMul': 'HAdd.hAdd', 'HSub.hSub': 'HAdd.hAdd', 'LT.lt': 'LE.le', 'LE.le': 'LT.lt', 'Min.min': 'Max.max',
  'Max.max': 'Min.min', And: 'Or', Or: 'And', and: 'or', or: 'and', Eq: 'Ne', Ne: 'Eq', 'HMod.hMod': 'HDiv.hDiv', 'HDiv.hDiv': 'HMod.hMod',
};
const TURNS = new Set(['HSub.hSub', 'HDiv.hDiv', 'HMod.hMod', 'LT.lt', 'LE.le', 'HPow.hPow', 'HAppend.hAppend']);
const PLAIN_DENIAL = 'Eq becomes Ne'; // says least, so it is tried last
const TRIES = 6;
const CHANGES_TRIED = 3;
const MAX_VARIABLES = 6;

/** @param {import('./engine.cjs').Engine} parts @param {ReturnType<typeof import('./engine.cjs').makeEngine>} engine */
function makeNegatives({ abi, terms, libraries, drafting, printing }, engine) {
  const { box, inc, dec, tag, field, array, list, listItems, call, constant, isScalar } = abi;

  /** False neighbours of some of the roots: of each that the seed chooses, at most one. @param {string[]} roots @param {number} seed @param {number} share */
  function ofRoots(roots, seed, share) {
    const t0 = performance.now();
    const records = [];
    let tried = 0;
    for (const root of roots) {
      const rng = random(seed ^ hashText(root, 29));
      if (rng() >= share || !libraries.library().lemmas.has(root)) continue;
      tried++;
      const one = ofRoot(root, rng);
      if (one !== null) records.push(one);
    }
    return { records, tried, ms: performance.now() - t0 };
  }

  /** @param {string} root @param {() => number} rng */
  function ofRoot(root, rng) {
    const { p, free } = engine.openParent(root);
    /** @type {Neighbour[]} */
    let neighbours = [];
    try {
      const variables = p.types.filter((_, i) => p.infos[i] !== BINDER.instance && !p.hypotheses().includes(i));
      if (variables.length > MAX_VARIABLES) return null;
      neighbours = changes(p);
      for (let i = neighbours.length - 1; i > 0; i--) {
        const j = Math.floor(rng() * (i + 1));
        [neighbours[i], neighbours[j]] = [neighbours[j], neighbours[i]];
      }
      neighbours.sort((a, b) => Number(a.change === PLAIN_DENIAL) - Number(b.change === PLAIN_DENIAL));
      for (const one of neighbours.slice(0, CHANGES_TRIED)) {
        const record = refute(p, root, one, rng);
        if (record !== null) return record;
      }
    } catch (e) {
      engine.leanMessage(e); // throws what is neither a refusal of ours nor one of Lean
    } finally {
      neighbours.forEach((n) => dec(n.type));
      free();
    }
    return null;
  }

  /** @param {Obj} type @returns {string} */
  function headOf(type) {
    const [head] = terms.spine(type);
    return tag(head) === EXPR.const ? terms.texts[terms.nameId(field(head, 0))] : tag(head) === EXPR.sort ? 'Sort' : '';
  }
  /** A function for a variable that is one; null for a hypothesis that begins with ∀. @param {Obj} type @param {() => number} rng */
  function functionOf(type, rng) {
    const { binders, body } = terms.telescope(type);
    const head = headOf(body);
    const results = tag(body) === EXPR.bvar || head === 'Nat' || head === 'Int' ? ['x', '0', 'x + 1'] : FUNCTIONS[/** @type {keyof typeof FUNCTIONS} */ (head)];
    if (results === undefined) return null;
    return `(fun ${['x', ...binders.slice(1).map(() => '_')].join(' ')} => ${results[Math.floor(rng() * results.length)]})`;
  }

  /** The statement with one thing changed. @param {Parent} p @returns {Neighbour[]} */
  function changes(p) {
    /** @type {Neighbour[]} */
    const found = [];
    const keep = (/** @type {string} */ change, /** @type {() => Obj} */ make) => {
      p.frame.restore(p.saved);
      try {
        found.push({ change, type: make() });
      } catch (e) {
        engine.leanMessage(e);
      }
    };
    const closed = (/** @type {Obj[]} */ binders, /** @type {Obj} */ conclusion) => {
      const draft = drafting.close(p, binders, conclusion);
      return draft.type;
    };
    const seen = new Set();
    terms.closedSubterms(p.conclusion, (x) => {
      const [head, args] = terms.spine(x);
      if (tag(head) !== EXPR.const || args.length < 2) return;
      const text = terms.texts[terms.nameId(field(head, 0))];
      const [a, b] = args.slice(-2);
      const to = SWAPS[/** @type {keyof typeof SWAPS} */ (text)];
      if (to !== undefined && !seen.has(`${text} ${to}`)) {
        seen.add(`${text} ${to}`);
        keep(`${text} becomes ${to}`, () => closed(p.fvars, replaced(p, x, applied(p, to, a, b))));
      }
      if (TURNS.has(text) && !seen.has(text)) {
        seen.add(text);
        keep(`the sides of ${text} change places`, () => closed(p.fvars, replaced(p, x, applied(p, text, b, a))));
      }
    });
    for (const i of p.hypotheses()) keep('a hypothesis is dropped', () => closed(p.fvars.filter((_, j) => j !== i), inc(p.conclusion)));
    const hypotheses = p.hypotheses();
    if (hypotheses.length === 1) {
      const [i] = hypotheses;
      keep('hypothesis and conclusion change places', () => {
        const h = p.frame.run('l_Lean_Meta_mkFreshExprMVar', abi.option(inc(p.conclusion)), box(0), abi.name('h'));
        const type = closed([...p.fvars.filter((_, j) => j !== i), h], inc(p.types[i]));
        dec(h);
        return type;
      });
    }
    return found.filter((n) => {
      const weak = terms.statementKey(n.type);
      const known = libraries.library().keys?.has(weak) ?? false;
      if (known) dec(n.type);
      return !known;
    });
  }

  /** @param {Parent} p @param {string} f @param {Obj} a @param {Obj} b @returns {Obj} owned */
  const applied = (p, f, a, b) => p.frame.run('l_Lean_Meta_mkAppM', abi.name(f), array([inc(a), inc(b)]));
  /** The conclusion with one term for another. @param {Parent} p @param {Obj} x borrowed @param {Obj} by owned @returns {Obj} owned */
  function replaced(p, x, by) {
    const abstracted = p.frame.run('l_Lean_Meta_kabstract', inc(p.conclusion), inc(x), box(0));
    return call('l_Lean_Expr_instantiate1', abstracted, p.frame.instantiate(by));
  }

  /** Universes at the least that types of values fit. @param {Obj} type owned @param {Obj} levels borrowed @returns {Obj} owned */
  function lowest(type, levels) {
    /** @type {Map<string, string>} */
    const to = new Map();
    for (const b of terms.telescope(type).binders) {
      if (tag(b.type) !== EXPR.sort) continue;
      const level = field(b.type, 0);
      if (!isScalar(level) && tag(level) === 4) to.set(abi.nameText(field(level, 0)), 'l_Lean_levelOne');
    }
    const names = listItems(levels);
    return call('l_Lean_Expr_instantiateLevelParams', type, list(names.map((n) => inc(n))), list(names.map((n) => constant(to.get(abi.nameText(n)) ?? 'l_Lean_levelZero'))));
  }

  /** @param {Parent} p @param {string} root @param {Neighbour} neighbour @param {() => number} rng */
  function refute(p, root, neighbour, rng) {
    const lib = libraries.library();
    const key = terms.statementKey(neighbour.type);
    const name = `f_${root.replace(/[^\p{L}\p{N}_'₀-₉]/gu, '_')}_${key.slice(0, 10)}`;
    const nameObject = abi.name(name);
    const type = lowest(inc(neighbour.type), p.parent.levels);
    const denied = drafting.connective('Not', inc(type));
    try {
      const statement = printing.printed(p.env, nameObject, box(0), type);
      const denial = printing.printed(p.env, nameObject, box(0), denied);
      const tries = assignments(type, rng);
      if (tries.length === 0) return null;
      const source = (/** @type {string[]} */ values) => `theorem ${denial} := by\n  intro h\n  first\n${values.map((v) => `  | exact absurd (@h ${v}) (by decide)`).join('\n')}\n`;
      if (!accepted(lib.state, source(tries))) return null;
      const values = tries.length === 1 ? tries[0] : tries.find((v) => accepted(lib.state, source([v])));
      if (values === undefined) return null;
      return {
        name, root, change: neighbour.change, statement, refutation: `intro h\nexact absurd (@h ${values}) (by decide)`, denial, key,
      };
    } catch (e) {
      engine.leanMessage(e);
      return null;
    } finally {
      [type, denied, nameObject].forEach(dec);
    }
  }

  /** @param {Obj} state @param {string} source @returns {boolean} */
  function accepted(state, source) {
    const { after, errors } = libraries.elaborate(state, source);
    dec(after);
    return errors.length === 0;
  }

  /** Arguments for the statement: values for variables, `decide` for hypotheses. @param {Obj} type @param {() => number} rng @returns {string[]} */
  function assignments(type, rng) {
    const { binders } = terms.telescope(type);
    const found = new Set();
    for (let n = 0; n < TRIES; n++) {
      const values = binders.map((b, i) => {
        if (b.info === BINDER.instance) return 'inferInstance';
        const head = headOf(b.type);
        if (head === 'Sort') return tag(field(b.type, 0)) === 0 ? (rng() < 0.5 ? 'True' : 'False') : 'Nat';
        const known = VALUES[/** @type {keyof typeof VALUES} */ (head)];
        if (known !== undefined) return known[n === 0 ? i % known.length : Math.floor(rng() * known.length)];
        const made = tag(terms.plain(b.type)) === EXPR.forall ? functionOf(b.type, rng) : null;
        if (made !== null) return made;
        if (tag(terms.plain(b.type)) === EXPR.bvar) return String(n === 0 ? i : Math.floor(rng() * 4));
        return '(by decide)';
      });
      found.add(values.join(' '));
    }
    return [...found];
  }

  return { ofRoots };
}

module.exports = { makeNegatives };
