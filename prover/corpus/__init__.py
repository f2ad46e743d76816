"""The library, proofs and repositories as data."""
