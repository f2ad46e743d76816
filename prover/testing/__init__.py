"""Fakes and faults that ship: what to test with."""
