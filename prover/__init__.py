"""Proofsmith: proves Lean 4 theorems by search, in a real Lean from the package registries alone."""

__version__ = "0.1.0"
