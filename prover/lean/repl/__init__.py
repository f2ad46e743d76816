"""A project's own Lean through leanprover-community/repl."""
