// @ts-check
/**
 * Builds Lean terms by hand, which no Lean text of this suite can, and asks the replay and the kernel about them.
 * Run as `node lean_terms.cjs HOST PREPARED_FOLDER LIBRARY`; reads `{"sums": [[operation, ...numbers], …]}` from stdin and writes
 * `{"faults": {case: [whether the embedded kernel takes it, what the replay says]}, "sums": […], …}` to stdout.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const [host, root, lib] = process.argv.slice(2);
const part = (/** @type {string} */ file) => require(path.join(host, file));

async function main() {
  const { boot, Stopwatch } = part('boot.cjs');
  const abi = await boot(root, lib, new Stopwatch());
  const lean = part('lean.cjs').makeLean(abi);
  const audit = part('audit.cjs').makeAudit(abi, lean);
  const kernel = part('kernel.cjs').makeKernel(abi, lean, audit);
  const faults = part('faults.cjs').makeFaults(abi, audit);
  const { box, inc, field, ctor, call, list, listItems, constant, copyWith } = abi;

  // ---------------------------------------------------------------- terms
  const name = (/** @type {string} */ n) => audit.nameOf(n);
  const zero = () => constant('l_Lean_levelZero');
  const succ = (/** @type {number} */ l) => call('l_Lean_Level_succ___override', l);
  const levels = { imax: () => call('l_Lean_Level_imax___override', succ(zero()), zero()), max: () => call('l_Lean_Level_max___override', zero(), zero()) };
  const sort = (/** @type {number} */ l) => call('l_Lean_Expr_sort___override', l);
  const c = (/** @type {string} */ n, /** @type {number[]} */ ls = []) => call('l_Lean_Expr_const___override', name(n), list(ls));
  const app = (/** @type {number[]} */ ...es) => es.reduce((f, x) => call('l_Lean_Expr_app___override', f, x));
  const pi = (/** @type {number} */ t, /** @type {number} */ b) => call('l_Lean_Expr_forallE___override', name('x'), t, b, box(0));
  const lam = (/** @type {number} */ t, /** @type {number} */ b) => call('l_Lean_Expr_lam___override', name('x'), t, b, box(0));
  const v = (/** @type {number} */ i) => call('l_Lean_Expr_bvar___override', box(i));
  const free = () => call('l_Lean_Expr_fvar___override', name('loose'));
  const natural = (/** @type {string} */ digits) => audit.natural(digits);
  const proj = (/** @type {string} */ s, /** @type {string} */ i, /** @type {number} */ e) => call('l_Lean_Expr_proj___override', name(s), natural(i), e);
  const number = (/** @type {string} */ digits) => call('l_Lean_Expr_lit___override', ctor(0, [natural(digits)]));

  // ---------------------------------------------------------------- declarations
  const head = (/** @type {string} */ n, /** @type {number} */ type) => ctor(0, [name(n), list([]), type]);
  const definition = (/** @type {string} */ n, /** @type {number} */ type, /** @type {number} */ value) =>
    ctor(1, [ctor(0, [head(n, type), value, box(1), list([name(n)])], [1])]);
  const opaque = (/** @type {string} */ n, /** @type {number} */ type, /** @type {number} */ value) =>
    ctor(3, [ctor(0, [head(n, type), value, list([name(n)])], [0])]);
  const inductive = (/** @type {number} */ params, /** @type {[string, number, [string, number][]][]} */ ...types) => ctor(6, [list([]), box(params),
    list(types.map(([n, type, constructors]) => ctor(0, [name(n), type, list(constructors.map(([k, t]) => ctor(0, [name(k), t])))])))], [0]);

  const init = lean.importModules(['Init']);
  /** @param {number} base @param {string} text */
  function elaborated(base, text) {
    const input = lean.inputContext(text);
    let state = inc(base);
    for (let pos = 0; ;) {
      const { stx, pos: next } = lean.parseCommand(input, state, pos);
      if (/eoi$/.test(lean.kindOf(stx))) return state;
      state = lean.elabCommand(input, state, stx, next);
      for (const m of lean.messagesOf(field(state, lean.COMMAND_STATE.messages), lean.offsetIn(text))) if (m.severity === 'error') throw new Error(m.text);
      pos = next;
    }
  }
  /** Adds declarations, by the kernel where it takes them. @param {number} state @param {number[]} declarations */
  function added(state, declarations) {
    let taken = true;
    for (const declaration of declarations) {
      const env = audit.environmentOf(state);
      let result = call('l_Lean_Environment_addDeclCore', inc(env), ctor(0, [], [0, 0, 0, 0]), inc(declaration), box(0), box(1));
      if (abi.tag(result) === 0) {
        taken = false;
        result = abi.E.lean_elab_add_decl_without_checking(inc(env), inc(declaration)) >>> 0;
        if (abi.tag(result) === 0) return { state: null, taken };
      }
      state = copyWith(state, { [lean.COMMAND_STATE.env]: inc(field(result, 0)) });
    }
    return { state, taken };
  }

  /** @type {Record<string, [boolean, string | null]>} */
  const found = {};
  /** @param {string} title @param {number[]} declarations @param {string} [text] in front of them @param {number} [base] */
  function attempt(title, declarations, text = '', base = init) {
    const { state, taken } = added(elaborated(base, text), declarations);
    if (state === null) return void (found[title] = [taken, 'the kernel rejects it']);
    const names = [...audit.newConstants(state, base).keys()];
    found[title] = [taken, kernel.replay(state, base, names).error];
  }

  attempt('an opaque value with a free variable (#14484)', [opaque('bad', c('False'), free())]);
  attempt('a definition with a free variable (#14607)', [definition('bad', c('False'), free())]);
  for (const [spelling, level] of Object.entries(levels)) {
    attempt(`a projection out of Sort (${spelling} …) (#14613)`, [
      // The kernel holds the fields of a block to the sort of its first type.
      inductive(0, ['First', sort(zero()), [['First.mk', c('First')]]], ['Odd', sort(level()), [['Odd.mk', pi(c('Bool'), c('Odd'))]]]),
      definition('observe', pi(c('Odd'), c('Bool')), lam(c('Odd'), proj('Odd', '0', v(0)))),
    ]);
  }
  const gate = 'def gate (h : true = true) : Type := Eq.rec (motive := fun _ _ => Type) Prop h';
  const equation = () => app(c('Eq', [succ(zero())]), c('Bool'), c('Bool.true'), c('Bool.true'));
  attempt('a family of propositions whose sort is stuck (#14807)', [
    inductive(1, ['Owner', pi(equation(), app(c('gate'), v(0))),
      [['Owner.mk', pi(equation(), pi(c('Bool'), app(c('Owner'), v(1))))]]]),
  ], gate);
  const type1 = () => sort(succ(zero()));
  attempt('another parameter behind a reduction (#14582)', [
    inductive(1, ['T', pi(type1(), type1()),
      [['T.mk', pi(type1(), pi(app(lam(type1(), c('Nat')), app(c('T'), c('Nat'))), app(c('T'), v(1))))]]]),
  ]);
  attempt('another parameter inside a nested type (#14582)', [
    inductive(1, ['T', pi(type1(), type1()),
      [['T.mk', pi(type1(), pi(app(c('Keep'), app(c('T'), c('Nat')), app(c('T'), v(0))), app(c('T'), v(1))))]]]),
  ], 'inductive Keep (α β : Type) : Type | mk : β → Keep α β');
  attempt('an ill-typed parameter of a nested type (#14576)', [
    inductive(0, ['E', type1(), [['E.mk', pi(app(c('L'), c('E'), c('Nat.zero')), c('E'))]]]),
  ], 'inductive L (α : Type) (b : Bool) : Type | mk : L α b');
  const pair = 'structure Pair where\n  x : Nat\n  y : Nat';
  attempt('a projection beyond 32 bits (#14632)', [definition('p', pi(c('Pair'), c('Nat')), lam(c('Pair'), proj('Pair', '4294967296', v(0))))], pair);
  attempt('a projection beyond the fields (#14632)', [definition('p', pi(c('Pair'), c('Nat')), lam(c('Pair'), proj('Pair', '2', v(0))))], pair);
  attempt('a projection by another structure (#14632)', [definition('p', pi(c('Pair'), c('Nat')), lam(c('Pair'), proj('Nat', '0', v(0))))], pair);
  attempt('a name twice in a block (#14632)', [
    inductive(0, ['A', type1(), [['A.a', c('A')]]], ['A', type1(), [['A.b', c('A')]]]),
  ]);
  attempt('a name that the kernel computes with (#14632)', [], 'def Nat.gcd (a _b : Nat) : Nat := a', lean.importModules(['Init.Prelude']));
  attempt('honest types', [], `${pair}
inductive Tree (α : Type u) : Type u | node : α → List (Tree α) → Tree α
inductive Vec (α : Type u) : Nat → Type u | nil : Vec α 0 | cons : α → Vec α n → Vec α (n + 1)
mutual
inductive Even : Nat → Prop | zero : Even 0 | succ : Odd n → Even (n + 1)
inductive Odd : Nat → Prop | succ : Even n → Odd (n + 1)
end
def Rel := Nat → Nat → Prop
inductive Next : Rel | one : Next n (n + 1)
class Group (α : Type u) extends Mul α, One α where
  inv : α → α
  left (a : α) : inv a * a = 1
inductive Rose (α : Type u) : Type u | node : α → List (Rose α) → (Fin 2 → Rose α) → Option (Rose α × Rose α) → Rose α
structure Box (α : Sort u) : Type u where
  value : PLift α
theorem fst (p : Pair) (q : Box Nat) : (p.1, q.1).1 = p.x := rfl`);

  // ---------------------------------------------------------------- definitional equality that is not transitive (#14806)
  const chain = `def R (_ _ : Nat) : Prop := False
opaque h : Acc R 0 := ⟨0, fun _ no => False.elim no⟩
noncomputable def D (x : Acc R 0) : Nat := Acc.rec (motive := fun _ _ => Nat) (fun _ _ _ => 7) x
def again (_ : Acc R 0) : Acc R 0 := ⟨0, fun _ no => False.elim no⟩
theorem same (x : Acc R 0) : D x = D (again x) := rfl
abbrev Hide (x : Acc R 0) (α : Type) : Type := Eq.rec (motive := fun _ _ => Type) α (same x)
structure Three where
  (x y z : Nat)`;
  const accessible = () => app(c('Acc', [succ(zero())]), c('Nat'), c('R'), app(c('OfNat.ofNat', [zero()]), c('Nat'), number('0'), app(c('instOfNatNat'), number('0'))));
  const stuck = () => app(c('D'), c('h'));
  const unstuck = () => app(c('D'), app(c('again'), c('h')));
  const seven = () => app(lam(c('Nat'), v(0)), number('7'));
  const three = (/** @type {number[]} */ ...es) => app(c('Three.mk'), ...es);
  /** @param {number} x @param {number} y @returns {boolean} */
  function equal(x, y) {
    const env = inc(audit.environmentOf(elaborated(init, chain)));
    const result = call('l_Lean_Kernel_isDefEq', env, constant('l_Lean_LocalContext_empty'), x, y);
    if (abi.tag(result) === 0) throw new Error('the kernel ends with an exception');
    return abi.unbox(field(result, 0)) === 1;
  }
  const order = {
    parts: [equal(stuck(), unstuck()), equal(unstuck(), number('7'))],
    alone: equal(stuck(), seven()),
    after: equal(three(stuck(), unstuck(), stuck()), three(unstuck(), number('7'), seven())),
  };
  const recursive = (/** @type {number} */ type) => [
    inductive(0, ['I', type1(), [['I.base', c('I')], ['I.step', pi(accessible(), pi(type, c('I')))]]]),
  ];
  const equalities = () => app(c('same'), v(0));
  const motive = () => lam(c('Nat'), lam(app(c('Eq', [succ(zero())]), c('Nat'), app(c('D'), v(1)), v(0)), type1()));
  attempt('a recursive argument behind a recursor (#14806)', recursive(
    app(c('Eq.rec', [succ(succ(zero())), succ(zero())]), c('Nat'), app(c('D'), v(0)), motive(), c('I'), app(c('D'), app(c('again'), v(0))), equalities()),
  ), chain);
  attempt('a recursive argument behind a definition that uses one (#14806)', recursive(app(c('Hide'), v(0), c('I'))), chain);
  attempt('a recursive argument inside a nested type, behind one (#14806)', recursive(app(c('List', [zero()]), app(c('Hide'), c('h'), c('I')))), chain);
  attempt('a recursive argument behind a function (#14806)', recursive(app(lam(type1(), v(0)), c('I'))), chain);

  // ---------------------------------------------------------------- recursors (#14806)
  /** A recursor whose last rule gives its case an argument less. @param {number} recursor info */
  function robbed(recursor) {
    const val = field(recursor, 0);
    const rules = listItems(field(val, 6));
    /** @param {number} e @returns {number} */
    const shorter = (e) => (abi.tag(e) === 6 ? copyWith(e, { 2: shorter(field(e, 2)) }) : inc(field(e, 0)));
    const last = rules[rules.length - 1];
    const changed = [...rules.slice(0, -1).map(inc), copyWith(last, { 2: shorter(field(last, 2)) })];
    return copyWith(recursor, { 0: copyWith(val, { 6: list(changed) }) });
  }
  const recursors = ['Nat.rec', 'List.rec', 'Acc.rec', 'Eq.rec', 'Lean.Syntax.rec', 'WellFounded.rec'].map((key) => {
    const info = audit.find(audit.environmentOf(init), name(key));
    return [key, faults.ofRecursor(key, info), key === 'Eq.rec' ? 'no arguments' : faults.ofRecursor(key, robbed(info))];
  });

  // ---------------------------------------------------------------- arithmetic
  const { sums } = JSON.parse(fs.readFileSync(0, 'utf8'));
  /** @param {number} n natural number, borrowed */
  const digits = (n) => abi.takeText(call('l_Nat_reprFast', inc(n)));
  const answers = sums.map((/** @type {string[]} */ [operation, ...numbers]) => {
    const result = call('l_Lean_Kernel_whnf', inc(audit.environmentOf(init)), constant('l_Lean_LocalContext_empty'), app(c(`Nat.${operation}`), ...numbers.map(number)));
    const term = field(result, 0);
    if (abi.tag(result) === 0) return 'error';
    return abi.tag(term) === 9 ? digits(field(field(term, 0), 0)) : abi.nameText(field(term, 0)).replace('Bool.', '');
  });

  // ---------------------------------------------------------------- what stays in the process
  const text = `set_option linter.unusedVariables true
notation:65 a " ⊹ " b => a + b + 1
inductive Colour | red | green deriving DecidableEq, Repr
theorem t (n m : Nat) (h : n = m) : (n ⊹ 0) = m + 1 := by simp [h]
theorem u (p q : Prop) (hp : p) (hq : q) : q ∧ p := by grind
theorem v (n k : Nat) : n + 0 = n := by exact?
example : Colour.red ≠ .green := by decide
#check fun x : Nat => x ⊹ 1
theorem w : 1 = 2 := by omega`;
  const roots = part('roots.cjs').makeRoots(abi);
  roots.remember();
  const listed = new Set(roots.references.values());
  /** @type {Set<string>} constants of the build that lead to a reference that is not watched */
  const unwatched = new Set();
  const [memory, symbols] = [new Uint32Array(abi.memory.buffer), fs.readFileSync(path.join(root, 'lean.symbols'))];
  /** @type {[string, number][]} */
  const globals = [];
  for (let slot = 0; slot < symbols.readUInt32LE(0); slot++) {
    const at = symbols.readUInt32LE(8 + 8 * slot);
    const [address, isData, length] = at === 0 ? [0, 0, 0] : [0, 4, 8].map((i) => symbols.readUInt32LE(at + i));
    const symbol = symbols.toString('latin1', at + 12, at + 12 + length);
    const object = isData === 1 && symbol.startsWith('l_') ? memory[address >> 2] : 0;
    if (object > 4096 && object % 8 === 0 && abi.persistent(object)) globals.push([symbol, object]); // others hold numbers
  }
  roots.reach(globals, (symbol, reference) => void (listed.has(reference) || unwatched.add(symbol)));
  /** @returns {string} all that Lean says of the text */
  function said() {
    const input = lean.inputContext(text);
    const messages = [];
    let state = inc(init);
    for (let pos = 0; ;) {
      const { stx, pos: next } = lean.parseCommand(input, state, pos);
      if (/eoi$/.test(lean.kindOf(stx))) return JSON.stringify(messages);
      state = lean.elabCommand(input, state, stx, next);
      messages.push(lean.messagesOf(field(state, lean.COMMAND_STATE.messages), lean.offsetIn(text)));
      pos = next;
    }
  }
  const before = said();
  const alone = roots.settle();
  for (const reference of roots.references.values()) abi.setField(reference, 0, field(reference, 0) === box(0) ? box(1) : box(0));
  const put = roots.settle();
  const inheritance = { references: roots.references.size, globals: globals.length, unwatched: [...unwatched], put_back: put.length, alone, messages: before, same: said() === before };

  let grows = true;
  try {
    abi.memory.grow(65536);
  } catch {
    grows = false;
  }
  process.stdout.write(JSON.stringify({ faults: found, recursors, order, sums: answers, inheritance, four_gib_more: grows }), () => process.exit(0));
}

main().catch((e) => {
  process.stderr.write(`${e?.stack ?? e}\n`);
  process.exit(1);
});
