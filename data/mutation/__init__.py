"""Theorems made from theorems: what the operators are, the records they leave, the shards these are kept
in.
"""
