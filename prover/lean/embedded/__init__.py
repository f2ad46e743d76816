"""The embedded Lean: its package, its process, and a Dojo over it."""
