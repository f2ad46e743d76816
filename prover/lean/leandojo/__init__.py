"""A project's own Lean through LeanDojo's process."""
