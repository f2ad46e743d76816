// @ts-check
/**
 * Evaluates Lean terms on closed data, outside Lean: normalisation by evaluation with call by need (Berger and Schwichtenberg,
 * "An inverse of the evaluation functional", LICS 1991), over the definitions of an environment. Nothing here is trusted: what it
 * says is a guess that a proof has to confirm. It is fast, a microsecond or so a step, because terms are compiled to JavaScript
 * closures once a constant.
 *
 * Recursors compute by their rules; well-founded recursion and partial fixpoints by their equation, whatever the proof of
 * termination (`WellFounded.fix F x = F x (fun y _ => fix F y)`). Proofs are not evaluated. Whatever has no value here (axioms,
 * opaque and partial definitions, choice) throws `Stuck`.
 *
 * Values: a bigint is a `Nat`; `Ctor` applied constructors, with an `Int` as a `Ctor` too; `Fn` functions; `Type` applied
 * inductive types and propositions; `Pi`, `SORT`; a string is a string literal; `PROOF` any proof.
 *
 * @typedef {import('../abi.cjs').Obj} Obj
 * @typedef {any} Value
 * @typedef {{v: Thunk, next: Env} | null} Env the innermost variable first
 * @typedef {(env: Env) => Value} Code
 */
'use strict';

const { KIND } = require('../declared.cjs');
const { EXPR } = require('../terms.cjs');
const { natives } = require('./natives.cjs');

const LEVEL_ZERO = 0; // the constructor of Lean.Level

const COMPILED = /\._unsafe_rec$/; // the name of a definition's recursive equation

/** No value: an axiom, an opaque constant, fuel used up. */
class Stuck extends Error {}

class Thunk {
  /** @param {Code | null} code @param {Env} env @param {Value} [value] */
  constructor(code, env, value) {
    this.code = code;
    this.env = env;
    this.value = value;
  }
}
class Fn {
  /** @param {(arg: Thunk) => Value} f */
  constructor(f) {
    this.f = f;
  }
}
class Ctor {
  /** @param {Constructor} of @param {Thunk[]} fields without the type's parameters */
  constructor(of, fields) {
    this.of = of;
    this.fields = fields;
  }
}
class Type {
  /** @param {Inductive} of @param {Thunk[]} args */
  constructor(of, args) {
    this.of = of;
    this.args = args;
  }
}
class Pi {
  /** @param {Thunk} domain @param {(arg: Thunk) => Value} codomain */
  constructor(domain, codomain) {
    this.domain = domain;
    this.codomain = codomain;
  }
}
class Sort {
  /** @param {boolean} prop */
  constructor(prop) {
    this.prop = prop;
  }
}
const PROP = new Sort(true);
const TYPE = new Sort(false);
const PROOF = new (class Proof {})();

/**
 * @typedef {{name: string, type: string, index: number, params: number, arity: number, expr: Obj}} Constructor
 * @typedef {{name: string, params: number, indices: number, constructors: string[], prop: boolean, arity: number, recursive: boolean}} Inductive
 */

const ready = (/** @type {Value} */ value) => new Thunk(null, null, value);
const PROOF_THUNK = ready(PROOF);

/**
 * @param {ReturnType<typeof import('../abi.cjs').makeAbi>} abi
 * @param {ReturnType<typeof import('../audit.cjs').makeAudit>} audit
 * @param {ReturnType<typeof import('../terms.cjs').makeTerms>} terms
 */
function makeEvaluator(abi, audit, terms) {
  const { unbox, isScalar, dec, tag, field, listItems, nameText } = abi;

  /** Everything that depends on an environment. One for each question; compiled constants of the library are shared. */
  class Machine {
    /** @param {Obj} env borrowed, alive as long as the machine is used */
    constructor(env) {
      this.env = env;
      /** @type {Map<string, Value>} */
      this.values = new Map();
      /** @type {Map<string, Obj>} */
      this.infos = new Map();
      /** @type {Map<string, Inductive>} */
      this.inductives = new Map();
      /** @type {Map<string, Constructor>} */
      this.constructors = new Map();
      /** Steps that are left. */
      this.fuel = 0;
      /** Truth of propositions, three-valued; `truth.cjs` sets it. @type {(v: Value) => boolean | null} */
      this.truth = () => null;
      this.natives = natives(this, { Fn, Ctor, Type, PROOF, Stuck, ready });
    }

    free() {
      this.infos.forEach(dec);
      this.infos.clear();
    }

    /** @param {string} name @param {Obj} nameObject borrowed @returns {Obj} ConstantInfo, borrowed */
    info(name, nameObject) {
      let known = this.infos.get(name);
      if (known === undefined) {
        const found = audit.find(this.env, nameObject);
        if (found === null) throw new Stuck(`${name} is not there`);
        this.infos.set(name, (known = found));
      }
      return known;
    }

    /** @param {string} name @returns {Obj} ConstantInfo, borrowed */
    infoOf(name) {
      const known = this.infos.get(name);
      if (known !== undefined) return known;
      const n = audit.nameOf(name);
      try {
        return this.info(name, n);
      } finally {
        dec(n);
      }
    }

    /** @param {string} name @returns {Inductive} */
    inductive(name) {
      let known = this.inductives.get(name);
      if (known === undefined) {
        const info = this.infoOf(name);
        if (tag(info) !== KIND.inductive) throw new Stuck(`${name} is not an inductive type`);
        const val = field(info, 0);
        const { binders, body } = terms.telescope(audit.declared.type(info));
        const prop = tag(body) === EXPR.sort && tag(field(body, 0)) === LEVEL_ZERO;
        known = {
          name, params: audit.declared.inductive.numParams(info), indices: audit.declared.inductive.numIndices(info),
          constructors: audit.declared.inductive.constructors(info).map(nameText), prop,
          arity: binders.length, recursive: abi.byteAt(val, 0) !== 0,
        };
        this.inductives.set(name, known);
      }
      return known;
    }

    /** @param {string} name @returns {Constructor} */
    constructorOf(name) {
      let known = this.constructors.get(name);
      if (known === undefined) {
        const info = this.infoOf(name);
        if (tag(info) !== KIND.constructor) throw new Stuck(`${name} is not a constructor`);
        const val = field(info, 0);
        known = {
          name, type: nameText(field(val, 1)), index: unbox(field(val, 2)), params: unbox(field(val, 3)), arity: unbox(field(val, 4)),
          expr: audit.declared.type(info),
        };
        this.constructors.set(name, known);
      }
      return known;
    }

    // -------------------------------------------------------------- running

    /** @param {Thunk} t @returns {Value} */
    force(t) {
      const code = t.code;
      if (code === null) return t.value;
      t.code = BLACKHOLE;
      try {
        const value = code(t.env);
        t.value = value;
        t.code = null;
        t.env = null;
        return value;
      } catch (e) {
        t.code = code;
        throw e;
      }
    }

    /** @param {Value} f @param {Thunk} arg @returns {Value} */
    apply(f, arg) {
      if (--this.fuel < 0) throw new Stuck('out of fuel');
      if (f instanceof Fn) return f.f(arg);
      if (f === PROOF) return PROOF;
      throw new Stuck('applied to an argument, though no function');
    }

    /** @param {Value} f @param {Thunk[]} args @returns {Value} */
    applyAll(f, args) {
      for (const a of args) f = this.apply(f, a);
      return f;
    }

    /** A function of several arguments. @param {number} arity @param {(args: Thunk[]) => Value} f @returns {Value} */
    curried(arity, f) {
      /** @param {Thunk[]} args @returns {Value} */
      const more = (args) => (args.length === arity ? f(args) : new Fn((a) => more([...args, a])));
      return more([]);
    }

    /** A value as the constructor that made it. @param {Value} v @returns {Ctor} */
    viewed(v) {
      if (typeof v === 'bigint') {
        return v === 0n ? new Ctor(this.constructorOf('Nat.zero'), []) : new Ctor(this.constructorOf('Nat.succ'), [ready(v - 1n)]);
      }
      if (v instanceof Ctor) return v;
      throw new Stuck('no constructor');
    }

    /** @param {Constructor} c @param {Thunk[]} fields @returns {Value} */
    built(c, fields) {
      if (c.type === 'Nat') {
        if (c.arity === 0) return 0n;
        const before = this.force(fields[0]);
        if (typeof before !== 'bigint') throw new Stuck('no natural number');
        return before + 1n;
      }
      return new Ctor(c, fields);
    }

    // -------------------------------------------------------------- compiling

    /** @param {Obj} e borrowed, alive as long as the code @returns {Code} */
    compile(e) {
      switch (tag(e)) {
        case EXPR.bvar: {
          const index = unbox(field(e, 0));
          return (env) => {
            let at = env;
            for (let i = index; i > 0; i--) at = /** @type {NonNullable<Env>} */ (at).next;
            return this.force(/** @type {NonNullable<Env>} */ (at).v);
          };
        }
        case EXPR.sort: {
          const value = tag(field(e, 0)) === LEVEL_ZERO ? PROP : TYPE;
          return () => value;
        }
        case EXPR.const: {
          const name = nameText(field(e, 0));
          const nameObject = field(e, 0);
          /** @type {Value} */
          let value;
          return () => (value !== undefined ? value : (value = this.constant(name, nameObject)));
        }
        case EXPR.app: {
          const f = this.compile(field(e, 0));
          const arg = this.suspended(field(e, 1));
          return (env) => this.apply(f(env), arg(env));
        }
        case EXPR.lam: {
          /** @type {Code | null} */
          let body = null;
          return (env) => new Fn((v) => (body ??= this.compile(field(e, 2)))({ v, next: env }));
        }
        case EXPR.forall: {
          const domain = this.suspended(field(e, 1));
          /** @type {Code | null} */
          let body = null;
          return (env) => new Pi(domain(env), (v) => (body ??= this.compile(field(e, 2)))({ v, next: env }));
        }
        case EXPR.let: {
          const value = this.suspended(field(e, 2));
          const body = this.compile(field(e, 3));
          return (env) => body({ v: value(env), next: env });
        }
        case EXPR.lit: {
          const value = literal(e);
          return () => value;
        }
        case EXPR.mdata: return this.compile(field(e, 1));
        case EXPR.proj: {
          const structure = this.compile(field(e, 2));
          const index = isScalar(field(e, 1)) ? unbox(field(e, 1)) : 0;
          return (env) => {
            const v = structure(env);
            if (v === PROOF) return PROOF;
            return this.force(this.viewed(v).fields[index]);
          };
        }
        default: throw new Stuck('a term with holes');
      }
    }

    /** @param {Obj} e borrowed @returns {(env: Env) => Thunk} */
    suspended(e) {
      while (tag(e) === EXPR.mdata) e = field(e, 1);
      if (tag(e) === EXPR.bvar) {
        const index = unbox(field(e, 0));
        return (env) => {
          let at = env;
          for (let i = index; i > 0; i--) at = /** @type {NonNullable<Env>} */ (at).next;
          return /** @type {NonNullable<Env>} */ (at).v;
        };
      }
      /** @type {Code | null} */
      let code = null;
      const compiled = (/** @type {Env} */ env) => (code ??= this.compile(e))(env);
      if (terms.looseRange(e) === 0) {
        const shared = new Thunk(compiled, null);
        return () => shared;
      }
      return (env) => new Thunk(compiled, env);
    }

    /** @param {string} name @param {Obj} nameObject borrowed @returns {Value} */
    constant(name, nameObject) {
      let known = this.values.get(name);
      if (known !== undefined) return known;
      known = this.define(name, this.info(name, nameObject));
      this.values.set(name, known);
      return known;
    }

    /** The value of a constant by its name. @param {string} name @returns {Value} */
    named(name) {
      const n = audit.nameOf(name);
      try {
        return this.constant(name, n);
      } finally {
        dec(n);
      }
    }

    /** @param {string} name @param {Obj} info borrowed @returns {Value} */
    define(name, info) {
      const native = this.natives.get(name);
      if (native !== undefined) return this.curried(native.arity, native.run);
      const kind = tag(info);
      if (kind === KIND.constructor) {
        const c = this.constructorOf(name);
        if (this.inductive(c.type).prop) return PROOF;
        return this.curried(c.params + c.arity, (args) => this.built(c, args.slice(c.params)));
      }
      if (kind === KIND.inductive) {
        const t = this.inductive(name);
        return this.curried(t.arity, (args) => new Type(t, args));
      }
      if (kind === KIND.recursor) return this.recursor(name, info);
      if (kind === KIND.definition) return this.compile(audit.declared.value(this.compiled(name) ?? info))(null);
      if (kind === KIND.theorem || isProposition(info)) return PROOF;
      throw new Stuck(`${name} has no value`);
    }

    /**
     * The recursive equation of a definition, as Lean's compiler reads it: it takes apart no more than the definition says, where
     * `brecOn` and `WellFounded.fix` take apart what they recurse on first.
     * @param {string} name @returns {Obj | null} ConstantInfo, borrowed
     */
    compiled(name) {
      const compiled = `${name}._unsafe_rec`;
      const n = audit.nameOf(compiled);
      try {
        const found = audit.find(this.env, n);
        if (found !== null) this.infos.set(compiled, found);
        return found;
      } finally {
        dec(n);
      }
    }

    /** @param {string} name @param {Obj} info borrowed @returns {Value} */
    recursor(name, info) {
      const val = field(info, 0);
      const [params, indices, motives, minors] = [2, 3, 4, 5].map((i) => unbox(field(val, i)));
      const rules = listItems(field(val, 6)).map((rule) => ({ of: nameText(field(rule, 0)), rhs: field(rule, 2) }));
      const type = name.slice(0, name.lastIndexOf('.'));
      const major = params + motives + minors + indices;
      if (this.inductive(listItems(field(val, 1)).map(nameText)[0]).prop) {
        // Large elimination from a proof: at most one constructor, whose fields are proofs or known from the indices.
        if (rules.length !== 1) return this.curried(major + 1, () => { throw new Stuck(`${type} eliminated`); });
        const fields = this.constructorOf(rules[0].of).arity;
        return this.curried(major + 1, (args) => this.applyAll(this.force(args[params + motives]), Array(fields).fill(PROOF_THUNK)));
      }
      /** @type {Map<string, Value>} */
      const values = new Map();
      return this.curried(major + 1, (args) => {
        const v = this.viewed(this.force(args[major]));
        let rule = values.get(v.of.name);
        if (rule === undefined) {
          const found = rules.find((r) => r.of === v.of.name);
          if (found === undefined) throw new Stuck(`${name} has no rule for ${v.of.name}`);
          values.set(v.of.name, (rule = this.compile(found.rhs)(null)));
        }
        return this.applyAll(this.applyAll(rule, args.slice(0, params + motives + minors)), v.fields);
      });
    }
  }

  const BLACKHOLE = () => { throw new Stuck('it needs itself'); };

  /** Whether a constant's type is `∀ …, p` with `p` a relation: a theorem whose body is not exported. @param {Obj} info */
  function isProposition(info) {
    const [head] = terms.spine(terms.telescope(audit.declared.type(info)).body);
    if (tag(head) !== EXPR.const) return false;
    return PROPOSITIONS.has(nameText(field(head, 0)));
  }

  /** @param {Obj} e a literal @returns {Value} */
  function literal(e) {
    const l = field(e, 0);
    const value = field(l, 0);
    if (tag(l) !== 0) return abi.text(value);
    if (!isScalar(value)) throw new Stuck('a literal of more than 31 bits');
    return BigInt(unbox(value));
  }

  return { Machine, Fn, Ctor, Type, Pi, Sort, PROP, TYPE, PROOF, PROOF_THUNK, Thunk, Stuck, ready };
}

const PROPOSITIONS = new Set(['Eq', 'Ne', 'Not', 'And', 'Or', 'Iff', 'LE.le', 'LT.lt', 'HEq', 'True', 'Exists', 'WellFounded', 'Acc', 'Membership.mem',
  'GE.ge', 'GT.gt', 'False', 'Nat.le', 'LawfulBEq', 'Dvd.dvd']);

module.exports = { COMPILED, makeEvaluator, Stuck };
