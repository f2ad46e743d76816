"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from prover.lean.embedded.worker import LeanWorker

# The same examples in every run, none left behind in the working copy, no failure because of a busy machine.
settings.register_profile("proofsmith", derandomize=True, database=None, deadline=None)
settings.load_profile("proofsmith")


@pytest.fixture(scope="session")
def lean_worker() -> Iterator[LeanWorker]:
    """One Lean for the whole session: a process takes seconds to start. A test may kill the process."""
    with LeanWorker() as worker:
        yield worker
