"""Lemmas from the goals that an induction leaves: one method a module, all of them on terms read from Lean's print."""
