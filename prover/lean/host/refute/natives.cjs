// @ts-check
/**
 * Functions of Lean that are computed here, not by their definitions: arithmetic, because unary numbers are slow; recursion that is
 * defined by a proof of termination; and what has no definition that can be run.
 *
 * @typedef {any} Value
 * @typedef {{arity: number, run: (args: any[]) => Value}} Native
 */
'use strict';

const MAX_BITS = 4096n;

/** @param {any} machine @param {any} kinds @returns {Map<string, Native>} */
function natives(machine, { Fn, Ctor, PROOF, Stuck, ready }) {
  /** @type {Map<string, Native>} */
  const table = new Map();
  const force = (/** @type {any} */ t) => machine.force(t);

  /** @param {any} t @returns {bigint} */
  function nat(t) {
    const v = force(t);
    if (typeof v !== 'bigint') throw new Stuck('no natural number');
    return v;
  }
  /** @param {any} t @returns {bigint} */
  function int(t) {
    const v = force(t);
    if (!(v instanceof Ctor) || v.of.type !== 'Int') throw new Stuck('no integer');
    const n = nat(v.fields[0]);
    return v.of.index === 0 ? n : -n - 1n;
  }
  const bool = (/** @type {boolean} */ b) => new Ctor(machine.constructorOf(b ? 'Bool.true' : 'Bool.false'), []);
  const decided = (/** @type {boolean} */ b) => new Ctor(machine.constructorOf(b ? 'Decidable.isTrue' : 'Decidable.isFalse'), [ready(PROOF)]);
  const integer = (/** @type {bigint} */ n) =>
    new Ctor(machine.constructorOf(n < 0n ? 'Int.negSucc' : 'Int.ofNat'), [ready(n < 0n ? -n - 1n : n)]);
  const abs = (/** @type {bigint} */ n) => (n < 0n ? -n : n);

  /** @param {string} name @param {number} arity @param {(args: any[]) => Value} run */
  const add = (name, arity, run) => table.set(name, { arity, run });
  const onNats = (/** @type {string} */ name, /** @type {(a: bigint, b: bigint) => Value} */ f) => add(name, 2, ([a, b]) => f(nat(a), nat(b)));
  const onInts = (/** @type {string} */ name, /** @type {(a: bigint, b: bigint) => Value} */ f) => add(name, 2, ([a, b]) => f(int(a), int(b)));

  onNats('Nat.add', (a, b) => a + b);
  onNats('Nat.sub', (a, b) => (a > b ? a - b : 0n));
  onNats('Nat.mul', (a, b) => a * b);
  onNats('Nat.div', (a, b) => (b === 0n ? 0n : a / b));
  onNats('Nat.mod', (a, b) => (b === 0n ? a : a % b));
  onNats('Nat.pow', (a, b) => {
    if (b * BigInt(a.toString(2).length) > MAX_BITS) throw new Stuck('a large power');
    return a ** b;
  });
  onNats('Nat.gcd', gcd);
  onNats('Nat.land', (a, b) => a & b);
  onNats('Nat.lor', (a, b) => a | b);
  onNats('Nat.xor', (a, b) => a ^ b);
  onNats('Nat.shiftRight', (a, b) => (b > MAX_BITS ? 0n : a >> b));
  onNats('Nat.beq', (a, b) => bool(a === b));
  onNats('Nat.ble', (a, b) => bool(a <= b));
  onNats('Nat.blt', (a, b) => bool(a < b));
  onNats('Nat.decEq', (a, b) => decided(a === b));
  onNats('instDecidableEqNat', (a, b) => decided(a === b));
  onNats('Nat.decLe', (a, b) => decided(a <= b));
  onNats('Nat.decLt', (a, b) => decided(a < b));
  add('Nat.log2', 1, ([a]) => (nat(a) === 0n ? 0n : BigInt(nat(a).toString(2).length - 1)));

  onInts('Int.add', (a, b) => integer(a + b));
  onInts('Int.sub', (a, b) => integer(a - b));
  onInts('Int.mul', (a, b) => integer(a * b));
  onInts('Int.ediv', (a, b) => integer(b === 0n ? 0n : (a - modulo(a, b)) / b));
  onInts('Int.div', (a, b) => integer(b === 0n ? 0n : (a - modulo(a, b)) / b));
  onInts('Int.emod', (a, b) => integer(modulo(a, b)));
  onInts('Int.tdiv', (a, b) => integer(b === 0n ? 0n : a / b));
  onInts('Int.tmod', (a, b) => integer(b === 0n ? a : a % b));
  onInts('Int.decEq', (a, b) => decided(a === b));
  onInts('Int.instDecidableEq', (a, b) => decided(a === b));
  onInts('Int.decLe', (a, b) => decided(a <= b));
  onInts('Int.decLt', (a, b) => decided(a < b));
  onInts('Int.instDecidableLe', (a, b) => decided(a <= b));
  onInts('Int.instDecidableLt', (a, b) => decided(a < b));
  add('Int.neg', 1, ([a]) => integer(-int(a)));
  add('Int.natAbs', 1, ([a]) => abs(int(a)));
  add('Int.toNat', 1, ([a]) => (int(a) < 0n ? 0n : int(a)));

  // Recursion by a proof of termination: its equation, without the proof. The proof may be for what is not reached.
  add('WellFounded.fix', 6, (args) => fix(args[4], args[5]));
  add('WellFounded.Nat.fix', 5, (args) => fix(args[3], args[4]));
  add('Acc.rec', 6, (args) => accessible(args[3], args[4]));
  /** @param {any} minor @param {any} x @returns {Value} */
  function accessible(minor, x) {
    const again = new Fn((/** @type {any} */ y) => new Fn(() => accessible(minor, y)));
    return machine.applyAll(force(minor), [x, ready(PROOF), ready(again)]);
  }
  add('Lean.Order.fix', 4, (args) => {
    const self = { code: null, env: null, value: undefined };
    const loop = new Fn((/** @type {any} */ a) => machine.apply(machine.apply(force(args[2]), self), a));
    self.value = loop;
    return loop;
  });
  /** @param {any} F @param {any} x @returns {Value} */
  function fix(F, x) {
    const again = new Fn((/** @type {any} */ y) => new Fn(() => fix(F, y)));
    return machine.apply(machine.apply(force(F), x), ready(again));
  }

  add('Quot.mk', 3, ([, , a]) => force(a));
  add('Quot.lift', 6, ([, , , f, , a]) => machine.apply(force(f), a));
  add('lcProof', 1, () => PROOF);
  add('sorryAx', 2, () => { throw new Stuck('sorry'); });
  // A proposition decided by classical logic is decided here by evaluating it.
  add('Classical.propDecidable', 1, ([p]) => {
    const known = machine.truth(force(p));
    if (known === null) throw new Stuck('a proposition that is not decided');
    return decided(known);
  });
  return table;
}

/** @param {bigint} a @param {bigint} b @returns {bigint} */
function gcd(a, b) {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** The remainder that is not negative; a itself for b = 0. @param {bigint} a @param {bigint} b */
function modulo(a, b) {
  if (b === 0n) return a;
  const size = b < 0n ? -b : b;
  const r = a % size;
  return r < 0n ? r + size : r;
}

module.exports = { natives };
