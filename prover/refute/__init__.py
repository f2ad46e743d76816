"""False is said to be false: counterexamples by evaluation, and a proof of the negation that the audit accepts."""
