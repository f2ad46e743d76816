"""Data: the starter theorems and what is read from benchmark files; imports neither prover nor search."""
