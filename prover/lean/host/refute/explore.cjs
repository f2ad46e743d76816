// @ts-check
/**
 * Conjectures equations between the functions of a file: terms are enumerated by type and size and evaluated on small values; two
 * terms that agree on all of them are an equation. A term with a part that an earlier equation makes smaller is left out (Claessen,
 * Smallbone and Hughes, "QuickSpec: guessing formal specifications using testing", TAP 2010).
 *
 * Between Boolean functions implications are conjectured by schemes (Montano-Rivas, McCasland, Dixon and Bundy, "Scheme-based theorem
 * discovery and concept invention", Expert Systems with Applications 2012): what relations of a type have to do with each other and
 * with equality, and which arguments of a predicate preserve it.
 *
 * Nothing here is proved: a law that holds of the values tried may be false.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {any} Value
 * @typedef {{name: string, args: string[], result: string, apply: (args: any[]) => Value, built: boolean, decides: boolean}} Symbol
 *   `args` and `result` are keys of types; `built`: a constructor; `decides`: equality of the type variable's values
 * @typedef {{text: string, size: number, head: string, args: Term[], type: string, variables: number[], values: any[], key: string, defined: boolean, decides: boolean}} Term
 *   `head` is empty for a variable; `values` one for each assignment, `key` those that terms are told apart by; `defined`: a file's
 *   function at its head
 * @typedef {{statement: string, variables: [string, string][], size: number, decides: boolean}} Equation
 *   an equation, or an implication between them
 * @typedef {{type: string, name: string, samples: any[]}} Variable
 */
'use strict';

const { BINDER, EXPR } = require('../terms.cjs');
const { makeEvaluator } = require('./evaluate.cjs');
const { makeTruth } = require('./truth.cjs');
const { makeDomains } = require('./domains.cjs');

const TESTS = 30; // assignments of values that terms are told apart by
const CONFIRMING = 50; // further ones that an equation has to hold of
const SAMPLES = 24; // values of a variable
const POOLS = [3, 7, SAMPLES]; // of so many values assignments are drawn in turn: few, so that variables are often equal or alike
const VARIABLES = 3; // of a type
const EVERY_ORDER = 5; // up to this size variables stand in every order: commutativity needs it
const PERMUTED = 6; // up to this size a term stays that an equation only permutes: its proof needs what a step on one side does
const FUEL = 20_000; // steps of one evaluation
const INSTANTIATIONS = 4; // of a function's type parameters
const IMPLIED = 5; // assignments at which an implication's premises have to hold
const RELATED = 20; // values that a relation is looked at on
const IMPLICATIONS = 16;
const TYPE_VARIABLE = 'α';
const TRUE = 'Bool.true', FALSE = 'Bool.false';
/** Instances that decide equality of a library type's values. @type {Record<string, string>} */
const DECIDES = { Nat: 'instDecidableEqNat', Int: 'Int.instDecidableEq', Bool: 'instDecidableEqBool' };

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeExplore(abi, audit, terms) {
  const evaluator = makeEvaluator(abi, audit, terms);
  const { Type, Pi, Sort, PROP, Stuck, ready, Machine } = evaluator;

  /**
   * @param {Obj} env borrowed
   * @param {string[]} names functions; the constructors of the types that they take and give come by themselves
   * @param {{max_size: number, max_terms: number, budget_ms: number}} limits
   * @returns {{equations: Equation[], terms: number, complete: boolean}} smallest equations first
   */
  function explore(env, names, { max_size: maxSize, max_terms: maxTerms, budget_ms: budgetMs }) {
    const machine = new Machine(env);
    /** @type {any} */
    const logic = {};
    const domains = makeDomains(evaluator, machine, logic, terms);
    Object.assign(logic, makeTruth(evaluator, machine, domains, terms, abi));
    machine.truth = logic.truth;
    try {
      const theory = signature(names, machine, domains, logic);
      return enumerate(theory, machine, domains, new Set(names), maxSize, maxTerms, performance.now() + budgetMs);
    } finally {
      machine.free();
    }
  }

  /**
   * @param {ReturnType<typeof signature>} theory @param {any} machine @param {any} domains @param {Set<string>} taken
   * @param {number} maxSize @param {number} maxTerms @param {number} deadline
   */
  function enumerate({ symbols, types, written }, machine, domains, taken, maxSize, maxTerms, deadline) {
    const { variables, assignments } = valuations(types, machine, domains, taken);
    /** @type {Map<string, Term[]>} by type, the terms that nothing smaller equals */
    const kept = new Map([...types.keys()].map((k) => [k, []]));
    /** @type {Map<string, Term>} by type and values */
    const classes = new Map();
    /** @type {[Term, Term][]} larger and smaller side */
    const found = [];
    /** @type {Map<string, [Term, Term][]>} by head, equations that can be read as rules: from the larger side to the smaller */
    const rules = new Map();
    /** Whether an earlier equation makes a term smaller, by size or in the order of texts. @param {Term} term */
    const reducible = (term) => (rules.get(term.head) ?? []).some(([left, right]) => {
      /** @type {Map<number, string>} */
      const bound = new Map();
      if (!instance(left.args, term.args, bound)) return false;
      // What only permutes is proved with help from small terms, which therefore stay.
      return right.size < left.size || (term.size > PERMUTED && filled(right, bound) < term.text);
    });
    /** @param {Term} term */
    const enter = (term) => {
      const known = `${term.type} ${term.key}`;
      const same = classes.get(known);
      if (same !== undefined) {
        found.push([term, same]);
        for (const [left, right] of same.size < term.size ? [[term, same]] : [[term, same], [same, term]]) {
          if (left.head === '' || !right.variables.every((i) => left.variables.includes(i))) continue;
          rules.set(left.head, [...(rules.get(left.head) ?? []), [left, right]]);
        }
        return;
      }
      classes.set(known, term);
      kept.get(term.type)?.push(term);
    };
    /** @param {any[]} values */
    const keyOf = (values) => values.slice(0, TESTS).map((v) => domains.key(machine.force(v))).join(' ');
    variables.forEach((v, i) => {
      const values = assignments.map((a) => a[i]);
      enter({ text: v.name, size: 1, head: '', args: [], type: v.type, variables: [i], values, key: keyOf(values), defined: false, decides: false });
    });
    let made = 0;
    let complete = true;
    for (let size = 1; size <= maxSize && complete; size++) {
      for (const s of symbols) {
        for (const args of tuples(s, size - 1, kept)) {
          if (made >= maxTerms || performance.now() > deadline) {
            complete = false;
            break;
          }
          const order = args.flatMap((a) => a.variables);
          if (size > EVERY_ORDER && !canonical(order, variables)) continue;
          const text = args.length === 0 ? constant(s, written) : application(s.name, args.map((a) => a.text));
          /** @type {Term} */
          const term = { text, size, head: s.name, args, type: s.result, variables: order, values: [], key: '', defined: !s.built,
            decides: s.decides || args.some((a) => a.decides) };
          if (reducible(term)) continue;
          made++;
          try {
            term.values = assignments.map((_, n) => {
              machine.fuel = FUEL;
              return ready(s.apply(args.map((a) => a.values[n])));
            });
            term.key = keyOf(term.values);
            enter(term);
          } catch (e) {
            if (!(e instanceof Stuck || e instanceof RangeError)) throw e; // no value: not a term to talk about
          }
        }
      }
    }
    const laws = equations(found, variables, written, machine, domains);
    const bool = [...types].find(([, t]) => t instanceof Type && t.of.name === 'Bool')?.[0];
    if (bool !== undefined) {
      const equal = found.filter(([a, b]) => a.type === bool && a.head === b.head);
      laws.push(...implications(bool, symbols, kept.get(bool) ?? [], equal, variables, written, machine, domains));
      laws.sort((a, b) => a.size - b.size);
    }
    return { equations: laws, terms: made, complete };
  }

  /**
   * Implications between Boolean terms, smallest first.
   * @param {string} bool key of the type @param {Symbol[]} symbols @param {Term[]} terms of that type
   * @param {[Term, Term][]} equal terms of that type with one head, larger and smaller one @param {Variable[]} variables
   * @param {(type: string) => string} written @param {any} machine @param {any} domains @returns {Equation[]}
   */
  function implications(bool, symbols, terms, equal, variables, written, machine, domains) {
    const holds = (/** @type {any} */ v) => {
      machine.fuel = FUEL;
      return domains.key(machine.force(v)).startsWith(TRUE);
    };
    const said = (/** @type {string} */ text, /** @type {boolean} */ value) => `${text} = ${value ? TRUE : FALSE}`;
    /** @type {Map<string, Equation>} */
    const found = new Map();
    /** @param {string[]} premises @param {string} conclusion @param {number[]} used @param {number} size @param {boolean} decides */
    const note = (premises, conclusion, used, size, decides) => {
      const statement = [...premises, conclusion].join(' → ');
      const binders = [...new Set(used)].map((i) => /** @type {[string, string]} */ ([variables[i].name, written(variables[i].type)]));
      let number = 0;
      const names = new Map(binders.map(([name]) => [name, `#${number++}`]));
      const general = statement.replace(/[^\s()]+/g, (word) => names.get(word) ?? word);
      const known = found.get(general);
      if (known === undefined || (!known.variables.some(ofVariable) && binders.some(ofVariable))) {
        found.set(general, { statement, variables: binders, size, decides });
      }
    };
    const attempt = (/** @type {() => void} */ job) => {
      try {
        job();
      } catch (e) {
        if (!(e instanceof Stuck || e instanceof RangeError)) throw e; // no value: nothing is said
      }
    };
    relations(bool, symbols, variables, holds, said, note, attempt, machine);
    const defined = terms.filter((t) => t.defined);
    /** @type {Map<Term, boolean[]>} */
    const truths = new Map();
    for (const t of defined) attempt(() => truths.set(t, t.values.map(holds)));
    const atoms = defined.filter((t) => truths.has(t) && t.args.every((a) => a.head === '') && new Set(t.variables).size === t.variables.length);
    // What a predicate preserves both ways is easier to prove one way, under its premise.
    for (const [b, a] of equal) {
      if (!a.args.every((t) => t.head === '') || a.size === b.size || !a.variables.every((i) => b.variables.includes(i))) continue;
      attempt(() => {
        if (b.values.every((v, n) => holds(v) === holds(a.values[n])) && a.values.filter(holds).length >= IMPLIED) {
          note([said(a.text, true)], said(b.text, true), [...a.variables, ...b.variables], a.size + b.size + 2, a.decides || b.decides);
        }
      });
    }
    for (const b of defined) {
      const truth = truths.get(b);
      if (truth === undefined || atoms.includes(b)) continue;
      const about = atoms.filter((a) => a.head === b.head && a.variables.every((i) => b.variables.includes(i)));
      let implied = false;
      for (const a of about) {
        const where = /** @type {boolean[]} */ (truths.get(a)).flatMap((v, n) => (v ? [n] : []));
        if (where.length < IMPLIED || !where.every((n) => truth[n])) continue;
        implied = true;
        note([said(a.text, true)], said(b.text, true), [...a.variables, ...b.variables], a.size + b.size + 2, a.decides || b.decides);
      }
      for (const [n, a] of implied ? [] : about.entries()) {
        for (const c of about.slice(n + 1)) {
          const where = truth.flatMap((_, i) => (truths.get(a)?.[i] && truths.get(c)?.[i] ? [i] : []));
          if (where.length < IMPLIED || !where.every((i) => truth[i])) continue;
          note([said(a.text, true), said(c.text, true)], said(b.text, true), [...a.variables, ...c.variables, ...b.variables],
            a.size + b.size + c.size + 3, a.decides || b.decides || c.decides);
        }
      }
    }
    return [...found.values()].sort((a, b) => a.size - b.size).slice(0, IMPLICATIONS);
  }

  /**
   * Schemes for functions of two values of one type to truth values: implied by each other either way around, equality, antisymmetry,
   * transitivity.
   * @param {string} bool @param {Symbol[]} symbols @param {Variable[]} variables
   * @param {(v: any) => boolean} holds @param {(text: string, value: boolean) => string} said
   * @param {(premises: string[], conclusion: string, used: number[], size: number, decides: boolean) => void} note
   * @param {(job: () => void) => void} attempt @param {any} machine
   */
  function relations(bool, symbols, variables, holds, said, note, attempt, machine) {
    /** @type {{s: Symbol, table: boolean[][], of: number[]}[]} */
    const all = [];
    for (const s of symbols) {
      const of = variables.flatMap((v, i) => (v.type === s.args[0] ? [i] : []));
      if (s.built || s.result !== bool || s.args.length !== 2 || s.args[0] !== s.args[1] || of.length < 3) continue;
      const samples = variables[of[0]].samples.slice(0, RELATED);
      attempt(() => all.push({ s, of, table: samples.map((a) => samples.map((b) => {
        machine.fuel = FUEL;
        return holds(ready(s.apply([a, b])));
      })) }));
    }
    for (const { s: f, table: t, of: [x, y, z] } of all) {
      const places = t.map((_, n) => n);
      const pairs = places.flatMap((a) => places.filter((b) => b !== a).map((b) => [a, b]));
      const related = pairs.filter(([a, b]) => t[a][b]);
      const text = (/** @type {number} */ a, /** @type {number} */ b) => `${f.name} ${variables[a].name} ${variables[b].name}`;
      const equal = `${variables[x].name} = ${variables[y].name}`;
      if (related.length === 0) {
        if (places.some((a) => t[a][a])) note([said(text(x, y), true)], equal, [x, y], 6, f.decides);
        continue;
      }
      if (pairs.every(([a, b]) => t[a][b])) {
        if (places.some((a) => !t[a][a])) note([said(text(x, y), false)], equal, [x, y], 6, f.decides);
        continue;
      }
      if (places.some((a) => t[a][a]) && related.every(([a, b]) => !t[b][a])) {
        note([said(text(x, y), true), said(text(y, x), true)], equal, [x, y], 9, f.decides);
      }
      const chains = related.flatMap(([a, b]) => places.filter((c) => t[b][c]).map((c) => [a, c]));
      if (chains.length >= IMPLIED && chains.every(([a, c]) => t[a][c])) {
        note([said(text(x, y), true), said(text(y, z), true)], said(text(x, z), true), [x, y, z], 12, f.decides);
      }
      for (const { s: g, table: u } of all.slice(all.findIndex((r) => r.s === f))) {
        if (g.args[0] !== f.args[0]) continue;
        for (const turned of g === f ? [true] : [false, true]) {
          const other = (/** @type {number} */ a, /** @type {number} */ b) => (turned ? u[b][a] : u[a][b]);
          const every = [...pairs, ...places.map((a) => [a, a])];
          if (every.every(([a, b]) => other(a, b) === t[a][b])) continue; // an equation says it
          for (const value of [true, false]) {
            const where = every.filter(([a, b]) => t[a][b] === value);
            for (const result of [true, false]) {
              if (g === f && value && result) continue; // it would be symmetric
              if (where.length < IMPLIED || every.every(([a, b]) => other(a, b) === result)) continue;
              if (!where.every(([a, b]) => other(a, b) === result)) continue;
              const conclusion = `${g.name} ${variables[turned ? y : x].name} ${variables[turned ? x : y].name}`;
              note([said(text(x, y), value)], said(conclusion, result), [x, y], 8, f.decides || g.decides);
            }
          }
        }
      }
    }
  }

  /**
   * Names for variables of each type that has values, and assignments of values to them.
   * @param {Map<string, Value>} types @param {any} machine @param {any} domains @param {Set<string>} taken
   */
  function valuations(types, machine, domains, taken) {
    const random = generator(7);
    /** @type {Variable[]} */
    const variables = [];
    let count = 0;
    for (const [type, value] of types) {
      machine.fuel = FUEL;
      let samples = [];
      try {
        samples = domains.few(value, SAMPLES).values.map(ready);
      } catch (e) {
        if (!(e instanceof Stuck || e instanceof RangeError)) throw e;
      }
      if (samples.length < 2) continue;
      const letters = value instanceof Pi ? ['p', 'q'] : ['x', 'y', 'z'].slice(0, VARIABLES);
      const index = count++ === 0 ? '' : '₁₂₃₄₅₆₇₈₉'[(count - 2) % 9];
      for (const letter of letters) {
        const name = letter + index;
        variables.push({ type, name: taken.has(name) ? `${name}'` : name, samples });
      }
    }
    const assignments = Array.from({ length: TESTS + CONFIRMING }, (_, n) =>
      variables.map((v) => v.samples[random(Math.min(POOLS[n % POOLS.length], v.samples.length))]));
    return { variables, assignments };
  }

  /**
   * @param {[Term, Term][]} found @param {{type: string, name: string}[]} variables @param {(type: string) => string} written
   * @param {any} machine @param {any} domains @returns {Equation[]}
   */
  function equations(found, variables, written, machine, domains) {
    /** @type {Map<string, Equation>} */
    const list = new Map();
    /** @type {[Term, Term][]} those in the list */
    const listed = [];
    const isInstance = (/** @type {Term} */ left, /** @type {Term} */ right) => listed.some(([l, r]) =>
      [[l, r], [r, l]].some((sides) => l.size <= left.size && instance(sides, [left, right], new Map())));
    // Those with more variables first, of the same size, so that their instances are left out.
    const order = found.map(([a, b]) => ({ a, b, count: new Set([...a.variables, ...b.variables]).size }));
    order.sort((e, f) => e.a.size + e.b.size - f.a.size - f.b.size || f.count - e.count);
    for (let { a: left, b: right } of order) {
      if (!left.defined) [left, right] = [right, left];
      if (!left.defined || isInstance(left, right)) continue; // constructors alone; nothing new
      const smaller = right;
      const agree = (/** @type {any} */ v, /** @type {number} */ n) => {
        machine.fuel = FUEL;
        return domains.key(machine.force(v)) === domains.key(machine.force(smaller.values[n]));
      };
      try {
        if (!left.values.every(agree)) continue;
      } catch (e) {
        if (!(e instanceof Stuck || e instanceof RangeError)) throw e;
        continue;
      }
      const used = [...new Set([...left.variables, ...right.variables])];
      const statement = `${left.text} = ${right.text}`;
      const binders = used.map((i) => /** @type {[string, string]} */ ([variables[i].name, written(variables[i].type)]));
      let number = 0;
      const names = new Map(used.map((i) => [variables[i].name, `#${number++}`]));
      const general = statement.replace(/[^\s()]+/g, (word) => names.get(word) ?? word);
      const known = list.get(general);
      // Of the same equation at several types, that of a type variable says most.
      if (known === undefined || (!known.variables.some(ofVariable) && binders.some(ofVariable))) {
        list.set(general, { statement, variables: binders, size: left.size + right.size, decides: left.decides || right.decides });
        listed.push([left, right]);
      }
    }
    return [...list.values()].sort((a, b) => a.size - b.size || b.variables.length - a.variables.length);
  }

  /** A constant with its type, where that cannot be told from the name. @param {Symbol} s @param {(type: string) => string} written */
  function constant(s, written) {
    const type = written(s.result);
    return type.startsWith('(') ? `(${s.name} : ${type.slice(1, -1)})` : s.name;
  }

  /** @param {string} head @param {string[]} args */
  const application = (head, args) => [head, ...args.map((a) => (a.includes(' ') && !a.startsWith('(') ? `(${a})` : a))].join(' ');

  /** A rule's side with its variables replaced. @param {Term} term @param {Map<number, string>} bound @returns {string} */
  function filled(term, bound) {
    if (term.head === '') return bound.get(term.variables[0]) ?? term.text;
    return application(term.head, term.args.map((a) => filled(a, bound)));
  }

  const ofVariable = (/** @type {[string, string]} */ [, type]) => type.split(/[\s()]+/).includes(TYPE_VARIABLE);

  /** Whether terms are an instance of a rule's, variable by variable. @param {Term[]} rule @param {Term[]} given @param {Map<number, string>} bound @returns {boolean} */
  function instance(rule, given, bound) {
    return rule.every((pattern, n) => {
      const term = given[n];
      if (pattern.head === '') {
        const before = bound.get(pattern.variables[0]);
        if (before === undefined) bound.set(pattern.variables[0], term.text);
        return pattern.type === term.type && (before === undefined || before === term.text);
      }
      return pattern.head === term.head && pattern.args.length === term.args.length && instance(pattern.args, term.args, bound);
    });
  }

  /** Arguments of a function whose sizes add up. @param {Symbol} s @param {number} size @param {Map<string, Term[]>} kept @returns {Generator<Term[]>} */
  function* tuples(s, size, kept) {
    /** @param {number} i @param {number} left @param {Term[]} before @returns {Generator<Term[]>} */
    function* go(i, left, before) {
      if (i === s.args.length) {
        if (left === 0) yield before;
        return;
      }
      for (const t of kept.get(s.args[i]) ?? []) {
        if (t.size <= left - (s.args.length - 1 - i)) yield* go(i + 1, left - t.size, [...before, t]);
      }
    }
    yield* go(0, size, []);
  }

  /** Whether the variables of each type come in order: another naming of the same term is not made. @param {number[]} order @param {{type: string}[]} variables */
  function canonical(order, variables) {
    /** @type {Map<string, number>} */
    const next = new Map();
    for (const i of order) {
      const { type } = variables[i];
      const place = i - variables.findIndex((v) => v.type === type);
      const seen = next.get(type) ?? 0;
      if (place > seen) return false;
      if (place === seen) next.set(type, seen + 1);
    }
    return true;
  }

  /**
   * The functions with the keys of their types, and the constructors of these types. A type parameter is a type of its own whose
   * values are numbers, or an element type that a function of the file names.
   * @param {string[]} names @param {any} machine @param {any} domains @param {any} logic
   */
  function signature(names, machine, domains, logic) {
    const force = (/** @type {any} */ t) => machine.force(t);
    const variable = new Type(machine.inductive('Nat'), [ready(1n)]);
    /** @type {Map<string, Value>} */
    const types = new Map();
    /** @type {Map<string, Symbol>} */
    const symbols = new Map();
    /** @type {Map<string, Value>} what a type parameter may be */
    const elements = new Map([[domains.key(variable), variable]]);
    const note = (/** @type {Value} */ t) => {
      const key = domains.key(t);
      types.set(key, types.get(key) ?? t);
      return key;
    };
    const binders = (/** @type {string} */ name) => terms.telescope(abi.field(abi.field(abi.field(machine.infoOf(name), 0), 0), 2)).binders;
    const headOf = (/** @type {any} */ type) => {
      const [head] = terms.spine(type);
      return abi.tag(head) === EXPR.const ? abi.nameText(abi.field(head, 0)) : '';
    };
    /** The instance by which equality of a type's values is decided: a library type's, else that of `deriving`. @param {any} type */
    const decider = (type) => {
      if (!(type instanceof Type)) throw new Stuck('a type that has no name');
      const parts = type.of.name.split('.');
      return DECIDES[type.of.name] ?? [...parts.slice(0, -1), `instDecidableEq${parts.at(-1)}`].join('.');
    };
    const parameters = (/** @type {string} */ name) => binders(name).filter((b) => abi.tag(terms.plain(b.type)) === EXPR.sort).length;

    /** @param {string} name @param {boolean} built @param {any[]} chosen values of its type parameters */
    function add(name, built, chosen) {
      machine.fuel = FUEL;
      try {
        const infos = binders(name);
        let at = machine.compile(abi.field(abi.field(abi.field(machine.infoOf(name), 0), 0), 2))(null);
        /** @type {string[]} */
        const args = [];
        /** @type {any[]} what is given for each argument; null: an argument of the symbol */
        const given = [];
        const left = [...chosen];
        let decides = false;
        for (let i = 0; at instanceof Pi; i++) {
          const domain = force(at.domain);
          if (domain instanceof Sort && domain !== PROP) {
            given.push(ready(left.shift()));
            at = at.codomain(given[i]);
            continue;
          }
          if (infos[i]?.info === BINDER.instance && chosen.length === 1 && headOf(infos[i].type) === 'DecidableEq') {
            const of = force(ready(chosen[0]));
            decides = domains.key(of) === domains.key(variable);
            given.push(ready(machine.named(decider(of))));
            at = at.codomain(given[i]);
            continue;
          }
          if (logic.isProp(domain) || i >= infos.length || infos[i].info !== BINDER.default) return;
          args.push(note(domain));
          given.push(null);
          at = at.codomain(ready(domains.few(domain, 1).values[0]));
        }
        if (!(at instanceof Type) || logic.isProp(at)) return;
        const value = machine.named(name);
        const apply = (/** @type {any[]} */ values) => {
          let next = 0;
          return machine.applyAll(value, given.map((g) => g ?? values[next++]));
        };
        const result = note(at);
        symbols.set([name, ...args, result].join(' '), { name, args, result, apply, built, decides });
      } catch (e) {
        if (!(e instanceof Stuck || e instanceof RangeError)) throw e; // a type that cannot be evaluated
      }
    }
    names.filter((n) => parameters(n) === 0).forEach((n) => add(n, false, []));
    for (const t of [...types.values()]) {
      for (const a of t instanceof Type ? t.args : []) {
        const v = force(a);
        if (v instanceof Type) elements.set(domains.key(v), v);
      }
    }
    for (const n of names.filter((name) => parameters(name) > 0)) {
      /** @type {any[][]} */
      let choices = [[]];
      for (let i = 0; i < parameters(n); i++) choices = choices.flatMap((c) => [...elements.values()].map((t) => [...c, t]));
      choices.slice(0, INSTANTIATIONS).forEach((c) => add(n, false, c));
    }
    for (const t of [...types.values()]) {
      if (!(t instanceof Type) || t.of.name === 'Nat' || t.of.name === 'Int' || t.of.prop) continue;
      for (const c of t.of.constructors) add(c, true, t.args.slice(0, t.of.params).map(force));
    }

    /** A type as text for Lean. @param {Value} t @returns {string} */
    function text(t) {
      if (t instanceof Pi) return `(${text(force(t.domain))} → ${text(t.codomain(ready(domains.few(force(t.domain), 1).values[0])))})`;
      if (!(t instanceof Type)) return '_';
      if (domains.key(t) === domains.key(variable)) return TYPE_VARIABLE;
      return t.args.length === 0 ? t.of.name : `(${[t.of.name, ...t.args.map((/** @type {any} */ a) => text(force(a)))].join(' ')})`;
    }
    return { symbols: [...symbols.values()], types, written: (/** @type {string} */ key) => text(types.get(key)) };
  }

  return { explore };
}

/** A linear congruential generator: the same draws in every run. @param {number} seed @returns {(below: number) => number} */
function generator(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * below);
  };
}

module.exports = { makeExplore };
