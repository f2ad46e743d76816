"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# The same examples in every run, none left behind in the working copy, no failure because of a busy machine.
settings.register_profile("proofsmith", derandomize=True, database=None, deadline=None)
settings.load_profile("proofsmith")
