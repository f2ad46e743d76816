/-
Copyright (c) 2026 The Proofsmith authors. Released under MIT license.
-/

/-! # Propositional and first-order logic

From tautologies to statements in which a witness, a case split or a diagonal has to be found.
-/

/-! ## Propositions -/

theorem and_or_exchange (p q r : Prop) (hp : p) (hqr : q ∨ r) : (q ∧ p) ∨ (r ∧ p) := by
  sorry

theorem imp_chain_three (p q r s : Prop) (hpq : p → q) (hqr : q → r) (hrs : r → s) : p → s := by
  sorry

theorem exactly_one_of_two (p q : Prop) (h : p ∨ q) (k : ¬(p ∧ q)) :
    (p ∧ ¬q) ∨ (q ∧ ¬p) := by
  sorry

theorem destructive_dilemma (p q r s : Prop) (h : p → q) (k : r → s) (hn : ¬q ∨ ¬s) :
    ¬p ∨ ¬r := by
  sorry

theorem iff_of_two_negations (p q r : Prop) (h : p ↔ ¬q) (k : q ↔ ¬r) : p ↔ r := by
  sorry

theorem or_distrib_iff (p q r : Prop) : (p ∨ (q ↔ r)) ↔ ((p ∨ q) ↔ (p ∨ r)) := by
  sorry

theorem two_of_three_agree (p q r : Prop) : (p ↔ q) ∨ (q ↔ r) ∨ (p ↔ r) := by
  sorry

theorem peirce_with_rest (p q r : Prop) (h : (p → q) → p ∧ r) : p := by
  sorry

/-! ## Quantifiers -/

theorem forall_and_exists (α : Type) (p q : α → Prop) (h : ∀ x, p x) (k : ∃ x, q x) :
    ∃ x, p x ∧ q x := by
  sorry

theorem pointwise_of_uniform (α β : Type) (r s : α → β → Prop) (h : ∃ x, ∀ y, r x y)
    (k : ∀ x y, r x y → s x y) : ∀ y, ∃ x, s x y := by
  sorry

theorem fixed_by_three_and_five (α : Type) (f : α → α) (a : α) (h : f (f (f a)) = a)
    (k : f (f (f (f (f a)))) = a) : f a = a := by
  sorry

theorem related_to_itself (α : Type) (r : α → α → Prop) (hs : ∀ x y, r x y → r y x)
    (ht : ∀ x y z, r x y → r y z → r x z) (x y : α) (h : r x y) : r x x ∧ r y y := by
  sorry

theorem surjective_through (α β γ : Type) (f : β → γ) (g : α → β) (hf : ∀ c, ∃ b, f b = c)
    (hg : ∀ b, ∃ a, g a = b) : ∀ c, ∃ a, f (g a) = c := by
  sorry

theorem injective_of_inverse_twice (α β : Type) (f : α → β) (g : β → α) (h : ∀ x, g (f x) = x)
    (x y : α) (hxy : g (f (g (f x))) = y) : f x = f y := by
  sorry

theorem image_of_idempotent (α : Type) (f : α → α) (h : ∀ x, f (f x) = f x) (y : α) :
    (∃ x, f x = y) ↔ f y = y := by
  sorry

theorem barber_does_not_exist (α : Type) (shaves : α → α → Prop) :
    ¬∃ b, ∀ x, shaves b x ↔ ¬shaves x x := by
  sorry

theorem drinker_principle (α : Type) (a : α) (drinks : α → Prop) :
    ∃ x, drinks x → ∀ y, drinks y := by
  sorry

theorem diagonal_escapes (f : Nat → Nat → Bool) : ∃ g : Nat → Bool, ∀ n, f n ≠ g := by
  sorry

theorem no_surjection_onto_predicates (α : Type) (f : α → α → Prop) :
    ¬∀ p : α → Prop, ∃ a, f a = p := by
  sorry
