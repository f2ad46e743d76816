/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Definitions of our own

A structure, then recursive functions on numbers and lists and what induction says about them.
The later theorems of a namespace may use the earlier ones.
-/

namespace Plane

/-- A point with whole coordinates. -/
structure Point where
  /-- How far to the right. -/
  x : Int
  /-- How far up. -/
  y : Int

/-- The sum of two points, coordinate by coordinate. -/
@[simp, grind =]
def shift (p q : Point) : Point := ⟨p.x + q.x, p.y + q.y⟩

/-- The point on the other side of the origin. -/
@[simp, grind =]
def opposite (p : Point) : Point := ⟨-p.x, -p.y⟩

theorem opposite_of_shift (p q : Point) :
    opposite (shift p q) = shift (opposite q) (opposite p) := by
  sorry

theorem shift_regrouped (p q r : Point) : shift (shift p q) r = shift q (shift p r) := by
  sorry

end Plane

namespace Sums

/-- The sum of the numbers from 0 to `n`. -/
def upTo : Nat → Nat
  | 0 => 0
  | n + 1 => upTo n + (n + 1)

/-- The sum of the first `n` odd numbers. -/
def odds : Nat → Nat
  | 0 => 0
  | n + 1 => odds n + (2 * n + 1)

/-- The sum of the cubes of the numbers from 0 to `n`. -/
def cubes : Nat → Nat
  | 0 => 0
  | n + 1 => cubes n + (n + 1) * (n + 1) * (n + 1)

theorem twice_upTo (n : Nat) : 2 * upTo n = n * (n + 1) := by
  sorry

theorem odds_is_square (n : Nat) : odds n = n * n := by
  sorry

theorem cubes_is_square_of_upTo (n : Nat) : cubes n = upTo n * upTo n := by
  sorry

end Sums

namespace Growth

/-- `b` times itself, `n` times. -/
def power (b : Nat) : Nat → Nat
  | 0 => 1
  | n + 1 => b * power b n

/-- The product of the numbers from 1 to `n`. -/
def factorial : Nat → Nat
  | 0 => 1
  | n + 1 => (n + 1) * factorial n

/-- The Fibonacci numbers, from 0 and 1. -/
def fib : Nat → Nat
  | 0 => 0
  | 1 => 1
  | n + 2 => fib n + fib (n + 1)

/-- The sum of the first `n` Fibonacci numbers. -/
def fibSum : Nat → Nat
  | 0 => 0
  | n + 1 => fibSum n + fib n

theorem power_of_sum (b m n : Nat) : power b (m + n) = power b m * power b n := by
  sorry

theorem factorial_pos (n : Nat) : 0 < factorial n := by
  sorry

theorem fibSum_closed (n : Nat) : fibSum n + 1 = fib (n + 1) := by
  sorry

end Growth

namespace Accumulate

/-- The reverse of `xs`, put before `acc`. -/
def reverseOnto {α : Type} (xs acc : List α) : List α :=
  match xs with
  | [] => acc
  | x :: rest => reverseOnto rest (x :: acc)

/-- Each element twice. -/
def stutter {α : Type} : List α → List α
  | [] => []
  | x :: rest => x :: x :: stutter rest

theorem reverseOnto_eq {α : Type} (xs acc : List α) :
    reverseOnto xs acc = xs.reverse ++ acc := by
  sorry

theorem reverseOnto_twice {α : Type} (xs : List α) :
    reverseOnto (reverseOnto xs []) [] = xs := by
  sorry

theorem stutter_length {α : Type} (xs : List α) : (stutter xs).length = 2 * xs.length := by
  sorry

end Accumulate
