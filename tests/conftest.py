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


@pytest.fixture(autouse=True)
def lean_below_its_ceiling(request: pytest.FixtureRequest) -> None:
    """Between tests the session's Lean is replaced when it nears its memory ceiling, as between theorems of a batch."""
    if "lean_worker" in request.fixturenames:
        request.getfixturevalue("lean_worker").recycle_if_big()
