from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from prover.errors import PolicyError
from prover.policy.premises.model import load_model, shipped
from prover.policy.premises.selector import Selector
from prover.policy.premises.statements import goal_words
from tests.prover.policy.premises.tiny import memory_of, model

MAX_MB = 25


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [(["t:dvd", "t:add"], ["Nat.dvd_add"]), (["t:mod"], ["Nat.mul_mod", "Nat.dvd_add"])]
    made = model(memory_of(rows))
    made.write(tmp_path / "selector.npz")
    read = load_model(tmp_path / "selector.npz")
    goal = goal_words("⊢ n ∣ m + k")
    assert read.words == made.words
    assert np.allclose(read.goal_vector(goal), made.goal_vector(goal), atol=1e-2)
    assert list(read.memory.features) == list(made.memory.features)
    assert read.memory.state_premises.tolist() == made.memory.state_premises.tolist()


def test_a_file_that_is_no_selector_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "selector.npz").write_bytes(b"something else")
    with pytest.raises(PolicyError, match=r"selector\.npz is no selector .* train one"):
        load_model(tmp_path / "selector.npz")


def test_a_memory_keeps_only_premises_that_the_library_has() -> None:
    rows = [(["t:dvd", "t:add"], ["Nat.dvd_add", "Mathlib.gone"]), (["t:mod"], ["Mathlib.gone"])]
    selector = Selector(["Nat.dvd_add"], ["Nat.dvd_add (h : m ∣ n) : m ∣ n + k"], ["Init"], model(memory_of(rows)))
    assert len(selector.neighbours) == 1
    assert {selector.names[p]: e.share for p, e in selector.neighbours.ask(["t:dvd", "t:add"]).items()} == {"Nat.dvd_add": 1.0}


def test_the_model_that_ships_is_small_and_loads_at_once() -> None:
    shipped.cache_clear()
    started = time.process_time()
    found = shipped()
    assert found is not None
    assert time.process_time() - started < 1
    assert found.about["library"] is True
    path = Path(__file__).parents[4] / "prover" / "policy" / "premises" / "selector.npz"
    assert path.stat().st_size < MAX_MB * 1e6
