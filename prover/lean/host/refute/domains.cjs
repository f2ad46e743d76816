// @ts-check
/**
 * Small values of a type, by size (Runciman, Naylor and Lindblad, "SmallCheck and Lazy SmallCheck", Haskell 2008): of an inductive
 * type by its constructors as the environment has them, of functions a few by form. A value is with its text for Lean.
 *
 * @typedef {any} Value
 * @typedef {{value: Value, text: string}} Sample
 */
'use strict';

const MOST = 400; // values of one type and size
const MAX_SIZE = 12;

/**
 * @param {ReturnType<typeof import('./evaluate.cjs').makeEvaluator>} evaluator
 * @param {any} machine
 * @param {{isPropExpr: (e: number, binders: any[], i: number) => boolean, truth: (v: Value) => boolean | null, isProp: (v: Value) => boolean}} logic
 *   filled in later
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeDomains({ Fn, Ctor, Type, Pi, Sort, PROP, PROOF_THUNK, Stuck, ready }, machine, logic, terms) {
  /** @type {Map<string, Sample[]>} */
  const known = new Map();
  const force = (/** @type {any} */ t) => machine.force(t);

  /** A type as text, for keys. @param {Value} v @returns {string} */
  function key(v) {
    if (typeof v === 'bigint') return String(v);
    if (v instanceof Type) return `${v.of.name}(${v.args.map((/** @type {any} */ a) => key(force(a))).join(',')})`;
    if (v instanceof Ctor) return `${v.of.name}(${v.fields.map((/** @type {any} */ a) => key(force(a))).join(',')})`;
    if (v instanceof Sort) return v.prop ? 'Prop' : 'Type';
    if (v instanceof Pi) {
      const sample = few(force(v.domain), 1).values[0];
      return `(${key(force(v.domain))}→${sample === undefined ? '?' : key(v.codomain(ready(sample)))})`;
    }
    const sample = texts.get(v);
    if (sample !== undefined) return sample; // a function that values are made of
    throw new Stuck('no type by which values are known');
  }

  /** The values of one size. @param {Value} type @param {number} size at least 1 @returns {Sample[]} */
  function ofSize(type, size) {
    if (size < 1 || size > MAX_SIZE) return [];
    const k = `${key(type)}#${size}`;
    let found = known.get(k);
    if (found === undefined) {
      known.set(k, []); // what needs itself at the same size has none
      found = made(type, size).slice(0, MOST);
      for (const s of found) if (s.value instanceof Fn || s.value instanceof Type) texts.set(s.value, s.text);
      known.set(k, found);
    }
    return found;
  }

  /** The smallest values. @param {Value} type @param {number} limit @returns {{values: Value[], samples: Sample[], complete: boolean}} */
  function few(type, limit) {
    /** @type {Sample[]} */
    const samples = [];
    let empty = 0;
    let complete = false;
    for (let size = 1; size <= MAX_SIZE && samples.length <= limit; size++) {
      const more = ofSize(type, size);
      samples.push(...more);
      empty = more.length === 0 ? empty + 1 : 0;
    }
    if (type instanceof Type && !type.of.recursive && samples.length <= limit && empty > 2 && finite(type)) complete = true;
    if (type === PROP && samples.length <= limit) complete = true;
    const taken = samples.slice(0, limit);
    return { values: taken.map((s) => s.value), samples: taken, complete };
  }

  /** Whether a type has constructors without fields only. @param {any} type */
  const finite = (type) => type.of.constructors.every((/** @type {string} */ c) => machine.constructorOf(c).arity === 0);

  /** @param {Value} type @param {number} size @returns {Sample[]} */
  function made(type, size) {
    if (type === PROP) {
      return size !== 1 ? [] : ['True', 'False'].map((n) => ({ value: machine.named(n), text: n }));
    }
    if (type instanceof Sort) return size !== 1 ? [] : [{ value: machine.named('Nat'), text: 'Nat' }];
    if (type instanceof Pi) return functions(type, size);
    if (!(type instanceof Type) || type.of.prop || type.of.indices > 0) throw new Stuck('a type without small values');
    if (type.of.name === 'Nat') return [{ value: BigInt(size - 1), text: String(size - 1) }];
    if (type.of.name === 'Int') return integers(size);
    if (type.of.name === 'String' || type.of.name === 'Char') throw new Stuck('text has no small values here');
    return type.of.constructors.flatMap((/** @type {string} */ name) => built(machine.constructorOf(name), type, size));
  }

  /** @param {number} size */
  function integers(size) {
    const make = (/** @type {bigint} */ n) => {
      const name = n < 0n ? 'Int.negSucc' : 'Int.ofNat';
      return { value: new Ctor(machine.constructorOf(name), [ready(n < 0n ? -n - 1n : n)]), text: n < 0n ? `(${n})` : String(n) };
    };
    const n = BigInt(size - 1);
    return n === 0n ? [make(0n)] : [make(n), make(-n)];
  }

  /** Applications of one constructor. @param {any} c @param {any} type @param {number} size @returns {Sample[]} */
  function built(c, type, size) {
    const { binders } = terms.telescope(c.expr);
    const fields = binders.slice(c.params);
    const isProof = fields.map((f, i) => logic.isPropExpr(f.type, binders, c.params + i));
    const data = isProof.filter((p) => !p).length;
    /** @type {Sample[]} */
    const found = [];
    if (size < 1 + data) return found;
    let env = null;
    for (let i = 0; i < c.params; i++) env = { v: type.args[i], next: env };

    /** @param {number} i @param {number} left @param {any} scope @param {any[]} values @param {string[]} texts @param {number} rest data fields to come */
    const choose = (i, left, scope, values, texts, rest) => {
      if (found.length >= MOST) return;
      if (i === fields.length) {
        if (left === 0) found.push({ value: new Ctor(c, values), text: written(c, texts) });
        return;
      }
      const fieldType = machine.compile(fields[i].type)(scope);
      if (isProof[i]) {
        if (logic.truth(fieldType) !== true) return;
        choose(i + 1, left, { v: PROOF_THUNK, next: scope }, [...values, PROOF_THUNK], [...texts, '(by decide)'], rest);
        return;
      }
      const most = left - (rest - 1);
      for (let s = rest === 1 ? left : 1; s <= most; s++) {
        for (const sample of ofSize(fieldType, s)) {
          const v = ready(sample.value);
          choose(i + 1, left - s, { v, next: scope }, [...values, v], [...texts, sample.text], rest - 1);
        }
      }
    };
    choose(0, size - 1, env, [], [], data);
    return found;
  }

  /** @type {WeakMap<object, string>} texts of functions and types */
  const texts = new WeakMap();

  /** A value as text for Lean. @param {Value} v without holes @returns {string} */
  function textOf(v) {
    if (typeof v === 'bigint') return String(v);
    if (v instanceof Ctor && v.of.type === 'Int') {
      const n = /** @type {bigint} */ (force(v.fields[0]));
      return v.of.index === 0 ? String(n) : `(${-n - 1n})`;
    }
    if (v instanceof Ctor) return written(v.of, v.fields.map((/** @type {any} */ f) => (f === PROOF_THUNK ? '(by decide)' : textOf(force(f)))));
    return texts.get(v) ?? '_';
  }

  /** @param {any} c @param {string[]} texts */
  function written(c, texts) {
    if (c.name === 'List.nil') return '[]';
    if (c.name === 'List.cons') return texts[1] === '[]' ? `[${texts[0]}]` : `[${texts[0]}, ${texts[1].slice(1)}`;
    if (c.name === 'Prod.mk') return `(${texts[0]}, ${texts[1]})`;
    if (c.name === 'Bool.true' || c.name === 'Bool.false') return c.name.slice(5);
    if (c.name === 'Option.none') return 'none';
    return texts.length === 0 ? c.name : `(${[c.name === 'Option.some' ? 'some' : c.name, ...texts].join(' ')})`;
  }

  /** Functions: constant ones, the argument itself, and tests of numbers. @param {any} type @param {number} size @returns {Sample[]} */
  function functions(type, size) {
    const domain = force(type.domain);
    if (logic.isProp(domain)) throw new Stuck('a function of proofs');
    const first = few(domain, 1).values[0];
    if (first === undefined) throw new Stuck('a function from a type without small values');
    const codomain = type.codomain(ready(first));
    /** @type {Sample[]} */
    const found = ofSize(codomain, size).map((s) => ({ value: new Fn(() => s.value), text: `(fun _ => ${s.text})` }));
    const same = key(domain) === key(codomain);
    const number = domain instanceof Type && domain.of.name === 'Nat';
    if (size === 1 && same) found.push({ value: new Fn((/** @type {any} */ x) => force(x)), text: '(fun x => x)' });
    if (size === 2 && number) found.push(...ofNumbers(codomain));
    if (size === 2 && codomain instanceof Pi && key(force(codomain.domain)) === key(domain)) {
      found.push({ value: new Fn((/** @type {any} */ x) => new Fn(() => force(x))), text: '(fun x _ => x)' });
    }
    return found;
  }

  /** @param {Value} codomain @returns {Sample[]} */
  function ofNumbers(codomain) {
    if (codomain === PROP) return [];
    const name = codomain instanceof Type ? codomain.of.name : '';
    const on = (/** @type {(n: bigint) => Value} */ f) => new Fn((/** @type {any} */ x) => f(force(x)));
    const bool = (/** @type {boolean} */ b) => new Ctor(machine.constructorOf(b ? 'Bool.true' : 'Bool.false'), []);
    if (name === 'Nat') return [{ value: on((n) => n + 1n), text: '(fun x => x + 1)' }, { value: on((n) => (n === 0n ? 1n : 0n)), text: '(fun x => 1 - x)' }];
    if (name === 'Bool') return [{ value: on((n) => bool(n === 0n)), text: '(fun x => x == 0)' }, { value: on((n) => bool(n === 1n)), text: '(fun x => x == 1)' }];
    return [];
  }

  return { ofSize, few, key, textOf };
}

module.exports = { makeDomains };
