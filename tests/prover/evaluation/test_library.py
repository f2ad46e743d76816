"""The library benchmark, made in real Lean."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from data.library_bench import Theorem, split_of
from prover.errors import ConfigError
from prover.evaluation.library import library, make
from prover.lean.embedded.worker import LeanWorker

SIZE = 3


@pytest.fixture(scope="module")
def worker() -> Iterator[LeanWorker]:
    with LeanWorker() as lean:
        yield lean


@pytest.fixture(scope="module")
def made(worker: LeanWorker) -> tuple[list[Theorem], dict[str, object]]:
    return make(worker, "Init", "valid", SIZE)


def test_a_sample_has_its_size_and_is_of_its_split(made: tuple[list[Theorem], dict[str, object]]) -> None:
    theorems, facts = made
    assert len(theorems) == SIZE
    assert {split_of(t.name) for t in theorems} == {"valid"}
    skipped = facts["skipped"]
    assert isinstance(skipped, dict)
    assert facts["tried"] >= SIZE + sum(skipped.values())  # type: ignore[operator]


def test_a_theorem_cannot_be_looked_up_where_it_is_to_be_proved(
    worker: LeanWorker, made: tuple[list[Theorem], dict[str, object]]
) -> None:
    for theorem in made[0]:
        imports = "".join(f"import {m}\n" for m in theorem.imports)
        read = worker.header(f"prelude\n{imports}\ntheorem again : True := by exact @{theorem.name}\n"
        )
        _, commands = worker.elaborated(read)
        assert any("Unknown" in error.text for error in commands[-1].errors), theorem.name


def test_a_theorem_is_a_target_of_its_own_name(
    worker: LeanWorker, made: tuple[list[Theorem], dict[str, object]]
) -> None:
    for theorem in made[0]:
        (target,) = worker.read(theorem.lean).targets
        assert (target.name, target.problem) == (theorem.name, None)


def test_modules_know_their_imports_and_theorems(worker: LeanWorker) -> None:
    modules = {m["name"]: m for m in worker.request("modules", state=worker.base_state(("Init",)))["modules"]}
    assert "Init.Data.List.BasicAux" in modules["Init.Data.List.Lemmas"]["imports"]
    assert "Nat.add_comm" in modules["Init.Data.Nat.Basic"]["theorems"]
    assert "Nat.add" not in modules["Init.Prelude"]["theorems"]


def test_another_root_is_refused_before_lean_starts() -> None:
    idle = LeanWorker()
    with pytest.raises(ConfigError, match="no library 'Mathlib'"):
        library(idle, "Mathlib", "valid", 3)
    assert not idle.alive
