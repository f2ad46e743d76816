-- case: structural recursion in a theorem
-- target
theorem t : ∀ n : Nat, 0 + n = n := sorry
-- submission
theorem t : ∀ n : Nat, 0 + n = n
  | 0 => rfl
  | n + 1 => congrArg (· + 1) (t n)
-- case: termination_by and decreasing_by
-- target
theorem t (n : Nat) : ∃ k, n ≤ 2 ^ k := sorry
-- submission
theorem help (n : Nat) : n ≤ 2 ^ n := by
  if h : n = 0 then simp [h] else
    have := help (n - 1)
    have e : 2 ^ (n - 1 + 1) = 2 ^ (n - 1) * 2 := Nat.pow_succ _ _
    have p : 0 < 2 ^ (n - 1) := Nat.two_pow_pos _
    rw [Nat.sub_add_cancel (by omega)] at e
    omega
termination_by n
decreasing_by omega
theorem t (n : Nat) : ∃ k, n ≤ 2 ^ k := ⟨n, help n⟩
-- case: mutual recursion in the theorems
-- target
theorem even_or (n : Nat) : n % 2 = 0 ∨ n % 2 = 1 := sorry
-- submission
mutual
theorem even_or (n : Nat) : n % 2 = 0 ∨ n % 2 = 1 :=
  match n with
  | 0 => .inl rfl
  | n + 1 => by have := odd_or n; omega
theorem odd_or (n : Nat) : n % 2 = 1 ∨ n % 2 = 0 :=
  match n with
  | 0 => .inr rfl
  | n + 1 => by have := even_or n; omega
end
-- case: mutual recursion in the definitions
-- target
mutual
def even : Nat → Bool
  | 0 => true
  | n + 1 => odd n
def odd : Nat → Bool
  | 0 => false
  | n + 1 => even n
end
theorem t (n : Nat) : even n = !odd n := sorry
-- submission
mutual
def even : Nat → Bool
  | 0 => true
  | n + 1 => odd n
def odd : Nat → Bool
  | 0 => false
  | n + 1 => even n
end
theorem t (n : Nat) : even n = !odd n := by
  induction n with
  | zero => simp [even, odd]
  | succ n ih => simp [even, odd, ih]
-- case: well-founded recursion in the definition
-- target
def log2 (n : Nat) : Nat := if h : n ≤ 1 then 0 else 1 + log2 (n / 2)
termination_by n
theorem t : log2 1 = 0 := sorry
-- submission
def log2 (n : Nat) : Nat := if h : n ≤ 1 then 0 else 1 + log2 (n / 2)
termination_by n
theorem t : log2 1 = 0 := by rw [log2]; simp
-- case: well-founded recursion with its own reason
-- target
def down (n : Nat) : Nat := if h : n = 0 then 0 else down (n - 1)
termination_by n
decreasing_by omega
theorem t (n : Nat) : down n = 0 := sorry
-- submission
theorem before (n : Nat) (h : n ≠ 0) : n - 1 < n := by omega
def down (n : Nat) : Nat := if h : n = 0 then 0 else down (n - 1)
termination_by n
decreasing_by omega
theorem t (n : Nat) : down n = 0 := by
  induction n using down.induct with
  | case1 => rw [down]; simp
  | case2 n h ih => rw [down]; simp [h, ih]
-- case: a where clause
-- target
theorem t (a b c : Nat) : a + b + c = c + b + a := sorry
-- submission
theorem t (a b c : Nat) : a + b + c = c + b + a := by rw [swap (a + b), swap a, Nat.add_assoc]
where
  swap (x y : Nat) : x + y = y + x := Nat.add_comm x y
-- case: let rec
-- target
theorem t (n : Nat) : n * 2 = n + n := sorry
-- submission
theorem t (n : Nat) : n * 2 = n + n := by
  let rec go : ∀ k : Nat, k * 2 = k + k
    | 0 => rfl
    | k + 1 => by have := go k; omega
  exact go n
-- case: a definition by recursion, lemmas and simp on them
-- target
def rev {α : Type} : List α → List α
  | [] => []
  | x :: xs => rev xs ++ [x]
theorem rev_rev {α : Type} (xs : List α) : rev (rev xs) = xs := sorry
-- submission
def rev {α : Type} : List α → List α
  | [] => []
  | x :: xs => rev xs ++ [x]
@[simp] theorem rev_append {α : Type} (xs ys : List α) : rev (xs ++ ys) = rev ys ++ rev xs := by
  induction xs <;> simp [rev, *]
theorem rev_rev {α : Type} (xs : List α) : rev (rev xs) = xs := by
  induction xs <;> simp [rev, *]
-- case: recursion over a tree of the target
-- target
inductive Tree | leaf | node (l r : Tree)
def Tree.size : Tree → Nat
  | leaf => 1
  | node l r => l.size + r.size
theorem Tree.size_pos (t : Tree) : 0 < t.size := sorry
-- submission
inductive Tree | leaf | node (l r : Tree)
def Tree.size : Tree → Nat
  | leaf => 1
  | node l r => l.size + r.size
theorem Tree.size_pos : (t : Tree) → 0 < t.size
  | leaf => by simp [size]
  | node l r => by simp [size]; have := l.size_pos; omega
-- case: a nested inductive type of the target
-- target
inductive Rose | mk : List Rose → Rose
def Rose.children : Rose → List Rose | mk rs => rs
theorem t (r : Rose) : Rose.mk r.children = r := sorry
-- submission
inductive Rose | mk : List Rose → Rose
def Rose.children : Rose → List Rose | mk rs => rs
theorem t (r : Rose) : Rose.mk r.children = r := by cases r; rfl
-- case: a nested and a mutual inductive type of the submission
-- target
theorem t : ∃ n : Nat, n = 1 := sorry
-- submission
inductive Rose | mk : List Rose → Rose
mutual
inductive A | zero | next : B → A
inductive B | next : A → B
end
def Rose.count : Rose → Nat | mk rs => rs.length + 1
def A.depth : A → Nat | zero => 1 | next _ => 2
theorem t : ∃ n : Nat, n = 1 := ⟨(Rose.mk []).count * A.zero.depth, rfl⟩
-- case: an inductive predicate
-- target
inductive Reach : Nat → Nat → Prop
  | refl (n) : Reach n n
  | step {m n} : Reach m n → Reach m (n + 2)
theorem t (m : Nat) : Reach m (m + 4) := sorry
theorem le {m n : Nat} (h : Reach m n) : m ≤ n := sorry
-- submission
inductive Reach : Nat → Nat → Prop
  | refl (n) : Reach n n
  | step {m n} : Reach m n → Reach m (n + 2)
theorem t (m : Nat) : Reach m (m + 4) := .step (.step (.refl m))
theorem le {m n : Nat} (h : Reach m n) : m ≤ n := by induction h <;> omega
-- case: a match in the statement
-- target
theorem t (o : Option Nat) : (match o with | none => 0 | some n => n) ≤ o.getD 0 := sorry
-- submission
theorem help (o : Option Nat) : (match o with | none => 0 | some n => n) = o.getD 0 := by cases o <;> rfl
theorem t (o : Option Nat) : (match o with | none => 0 | some n => n) ≤ o.getD 0 := by rw [help]; exact Nat.le_refl _
-- case: a proof in the statement
-- target
theorem t (xs : List Nat) : (⟨xs.length % 3, by omega⟩ : Fin 3).val < 3 := sorry
-- submission
def helper (n : Nat) : Fin 3 := ⟨n % 3, by omega⟩
theorem help (xs : List Nat) : (⟨xs.length % 3, by omega⟩ : Fin 3).val < 3 := (helper xs.length).isLt
theorem t (xs : List Nat) : (⟨xs.length % 3, by omega⟩ : Fin 3).val < 3 := help xs
-- case: a function that is a partial fixpoint
-- target
def f (n : Nat) : Option Nat := some n
theorem t (n : Nat) : f n = some n := sorry
-- submission
def find (p : Nat → Bool) (n : Nat) : Option Nat := if p n then some n else find p (n + 1)
partial_fixpoint
def f (n : Nat) : Option Nat := some n
theorem t (n : Nat) : f n = some n := rfl
-- case: a coinductive predicate
-- target
theorem t : ∀ n : Nat, n ≤ n := sorry
-- submission
def infinite (r : Nat → Nat → Prop) (n : Nat) : Prop := ∃ m, r n m ∧ infinite r m
coinductive_fixpoint
theorem t : ∀ n : Nat, n ≤ n := fun n => Nat.le_refl n
-- case: fun_induction
-- target
def len : List Nat → Nat
  | [] => 0
  | _ :: xs => len xs + 1
theorem t (xs : List Nat) : len xs = xs.length := sorry
-- submission
def len : List Nat → Nat
  | [] => 0
  | _ :: xs => len xs + 1
theorem t (xs : List Nat) : len xs = xs.length := by
  fun_induction len xs <;> simp_all
-- case: two helpers under where
-- target
theorem t (n : Nat) : n + 1 ≠ 0 := sorry
-- submission
theorem t (n : Nat) : n + 1 ≠ 0 := fun h => no (yes h)
where
  no : ¬ False := id
  yes {n : Nat} (h : n + 1 = 0) : False := Nat.noConfusion h
-- case: a recursor by hand
-- target
theorem t (n : Nat) : 0 + n = n := sorry
-- submission
theorem t : ∀ n : Nat, 0 + n = n :=
  Nat.rec rfl (fun _ ih => congrArg Nat.succ ih)
