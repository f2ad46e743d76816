/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Stories

Inductive types and predicates with their theorems, the earlier ones of use to the later ones.
-/

/-- The colours of a traffic light. -/
inductive Light : Type where
  /-- Stop. -/
  | red : Light
  /-- Go. -/
  | green : Light
  /-- Careful. -/
  | amber : Light

namespace Light

/-- The colour after this one. -/
def next : Light → Light
  | red => green
  | green => amber
  | amber => red

theorem next_thrice (l : Light) : next (next (next l)) = l := by
  sorry

end Light

/-- A binary tree with values at its inner nodes. -/
inductive Tree (α : Type) : Type where
  /-- The empty tree. -/
  | leaf : Tree α
  /-- A value between two trees. -/
  | node (left : Tree α) (value : α) (right : Tree α) : Tree α

namespace Tree

/-- The number of values. -/
def size {α : Type} : Tree α → Nat
  | leaf => 0
  | node l _ r => size l + 1 + size r

/-- The length of the longest way down. -/
def height {α : Type} : Tree α → Nat
  | leaf => 0
  | node l _ r => max (height l) (height r) + 1

/-- Left and right exchanged everywhere. -/
def mirror {α : Type} : Tree α → Tree α
  | leaf => leaf
  | node l a r => node (mirror r) a (mirror l)

/-- The values from left to right. -/
def toList {α : Type} : Tree α → List α
  | leaf => []
  | node l a r => toList l ++ a :: toList r

theorem mirror_mirror {α : Type} (t : Tree α) : mirror (mirror t) = t := by
  sorry

theorem height_le_size {α : Type} (t : Tree α) : height t ≤ size t := by
  sorry

theorem toList_mirror {α : Type} (t : Tree α) : toList (mirror t) = (toList t).reverse := by
  sorry

theorem mirror_injective {α : Type} (s t : Tree α) (h : mirror s = mirror t) : s = t := by
  sorry

end Tree

/-- Being even, by counting up in twos. -/
inductive IsEven : Nat → Prop where
  /-- Zero is even. -/
  | zero : IsEven 0
  /-- Two more than an even number is even. -/
  | step (n : Nat) (h : IsEven n) : IsEven (n + 2)

namespace IsEven

theorem four_more (n : Nat) (h : IsEven n) : IsEven (n + 4) := by
  sorry

theorem sum_is_even (m n : Nat) (hm : IsEven m) (hn : IsEven n) : IsEven (m + n) := by
  sorry

theorem mod_two_of_isEven (n : Nat) (h : IsEven n) : n % 2 = 0 := by
  sorry

theorem product_is_even (m n : Nat) (h : IsEven n) : IsEven (m * n) := by
  sorry

theorem one_is_not_even : ¬IsEven 1 := by
  sorry

end IsEven

/-- Following `r` any number of times, from `a` to `b`. -/
inductive Reaches {α : Type} (r : α → α → Prop) : α → α → Prop where
  /-- Standing still. -/
  | here (a : α) : Reaches r a a
  /-- One step, then the rest of the way. -/
  | step (a b c : α) (h : r a b) (rest : Reaches r b c) : Reaches r a c

namespace Reaches

theorem trans_way {α : Type} (r : α → α → Prop) (a b c : α) (h : Reaches r a b)
    (k : Reaches r b c) : Reaches r a c := by
  sorry

theorem way_back {α : Type} (r : α → α → Prop) (hs : ∀ x y, r x y → r y x) (a b : α)
    (h : Reaches r a b) : Reaches r b a := by
  sorry

end Reaches

/-- Sums of numbers. -/
inductive Term : Type where
  /-- A number. -/
  | num (n : Nat) : Term
  /-- A sum of two terms. -/
  | add (s t : Term) : Term

namespace Term

/-- The number that a term means. -/
def value : Term → Nat
  | num n => n
  | add s t => value s + value t

/-- Pushing a number (`some`) or adding the two on top (`none`), one instruction after another. -/
def run : List (Option Nat) → List Nat → List Nat
  | [], stack => stack
  | some n :: code, stack => run code (n :: stack)
  | none :: code, a :: b :: stack => run code ((b + a) :: stack)
  | none :: code, stack => run code stack

/-- The instructions that compute a term. -/
def compile : Term → List (Option Nat)
  | num n => [some n]
  | add s t => compile s ++ (compile t ++ [none])

theorem run_compile_append (t : Term) (code : List (Option Nat)) (stack : List Nat) :
    run (compile t ++ code) stack = run code (value t :: stack) := by
  sorry

theorem run_compile (t : Term) : run (compile t) [] = [value t] := by
  sorry

end Term
