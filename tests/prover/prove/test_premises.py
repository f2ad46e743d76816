from __future__ import annotations

import gzip
import json
import threading
import time
from pathlib import Path

import pytest

from prover.lean.embedded.worker import LeanWorker
from prover.policy.premises import PremiseIndex
from prover.prove import premises
from prover.prove.premises import EMBEDDED_LEAN, LazyPremises, cache_path, cached, citable, library_premises, load_or_build

ENTRIES = [("Nat.add_comm", "Nat.add_comm (n m : Nat) : n + m = m + n")]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(premises, "cache_dir", lambda: tmp_path)
    return tmp_path


def store(path: Path, contents: object) -> None:
    path.write_bytes(gzip.compress(json.dumps(contents).encode()))


@pytest.mark.parametrize(
    ("name", "module", "wanted"),
    [
        ("List.length_append", "Init.Data.List.Basic", True),
        ("and_comm", "Init.Core", True),
        ("List.append.eq_1", "Init.Data.List.Basic", False),
        ("Prod.mk.injEq", "Init.Core", False),
        ("UInt8.add_comm", "Init.Data.UInt.Lemmas", True),
        ("StateT.run_bind", "Init.Control.Lawful.Instances", False),
        ("Lean.Grind.Ring.add_comm", "Init.Grind.Ring.Basic", False),
        ("Int.Linear.le_of_le", "Init.Data.Int.Linear", False),
        ("Std.HashMap.size_insert", "Std.Data.HashMap.Lemmas", True),
    ],
)
def test_what_nobody_would_cite_is_left_out(name: str, module: str, wanted: bool) -> None:
    assert citable(name, module) is wanted


def test_cache_is_told_apart_by_lean_and_modules(cache: Path) -> None:
    paths = {
        cache_path(EMBEDDED_LEAN, ("Init",)),
        cache_path(EMBEDDED_LEAN, ("Init", "Std")),
        cache_path("4.29.0, commit 0123456789abcdef", ("Init",)),
    }
    assert len(paths) == 3
    assert all(path.parent == cache for path in paths)


def test_a_damaged_cache_counts_as_none(cache: Path) -> None:
    cache_path(EMBEDDED_LEAN, ("Init",)).write_bytes(b"\x1f\x8b half a file")
    assert cached(EMBEDDED_LEAN) is None


def test_an_index_that_is_made_beside_the_search_holds_nobody_up(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = threading.Event()

    def slow(*_: object, **__: object) -> PremiseIndex:
        assert done.wait(60)
        return PremiseIndex(ENTRIES)

    monkeypatch.setattr(premises, "load_or_build", slow)
    lazy = library_premises(wait=False)
    assert lazy.look_up("add_comm", 3) == []
    done.set()
    deadline = time.monotonic() + 60
    while not lazy.look_up("add_comm", 3):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "beside the search" in capsys.readouterr().err


def test_reading_the_library_says_little_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    said = premises._Said()
    for n in range(1000):
        said(f"{n} of 1000")
    assert capsys.readouterr().err == "0 of 1000\n"


def test_without_an_index_nothing_is_found_and_an_offered_one_is_used(cache: Path) -> None:
    lazy = LazyPremises()
    assert lazy.search("a + b = b + a", 3) == []
    lazy.offer(premises.PremiseIndex(ENTRIES))
    assert [p.name for p in lazy.search("a + b = b + a", 3)] == ["Nat.add_comm"]


def test_what_is_written_is_read_again(cache: Path) -> None:
    path = cache_path(EMBEDDED_LEAN, ("Init",))
    names = {"Init.Data.Nat.Basic": ["Nat.add_comm", "Nat.pred"], "Init.Core": ["Nat"]}
    assert LazyPremises().names() is None
    store(path, {"format": premises.FORMAT, "entries": [(*ENTRIES[0], "Init.Data.Nat.Basic")], "names": names})
    assert [p.name for p in LazyPremises().search("a + b = b + a", 3)] == ["Nat.add_comm"]
    assert LazyPremises().search("a + b = b + a", 3, frozenset({"Init.Core"})) == []
    known, some = LazyPremises().names(), LazyPremises().names(frozenset({"Init.Core"}))
    assert known is not None and some is not None
    assert known.ordered == ("Nat", "Nat.add_comm", "Nat.pred") and some.ordered == ("Nat",)
    assert sorted(p.suffix for p in cache.iterdir()) == [".gz", ".npz"]


def test_statements_are_read_once_for_an_index_and_a_model(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache_path(EMBEDDED_LEAN, ("Init",))
    entries = [(*ENTRIES[0], "A"), ("Nat.dvd_add", "Nat.dvd_add (h : m ∣ n) : m ∣ n + k", "B")]

    def ranked() -> list[tuple[str, float]]:
        index = cached(EMBEDDED_LEAN)
        assert index is not None
        return [(p.name, p.score) for query in ("a + b = b + a", "h : x ∣ y ⊢ x ∣ y + z") for p in index.search(query, 2)]

    store(path, {"format": premises.FORMAT, "entries": entries, "names": {}})
    first = ranked()
    with monkeypatch.context() as patched:
        patched.setattr("prover.policy.premises.selector.statement_words", lambda *_: pytest.fail("read again"))
        assert ranked() == first
    store(path, {"format": premises.FORMAT, "entries": entries[:1], "names": {}})
    assert {name for name, _ in ranked()} == {"Nat.add_comm"}, "another index, other tables"
    (table,) = cache.glob("*.npz")
    table.write_bytes(b"cut short")
    assert {name for name, _ in ranked()} == {"Nat.add_comm"}


def test_an_index_of_another_format_is_not_read(cache: Path) -> None:
    path = cache_path(EMBEDDED_LEAN, ("Init",))
    without = {"format": premises.FORMAT, "entries": [(*ENTRIES[0], "Init.Core")]}
    for stored in ({"format": premises.FORMAT, "entries": ENTRIES}, without, {"format": 0, "entries": []}, []):
        store(path, stored)
        assert cached(EMBEDDED_LEAN) is None


def test_lean_gives_names_and_statements() -> None:
    told: list[str] = []
    with LeanWorker() as worker:
        assert worker.lean.endswith(EMBEDDED_LEAN.rsplit(" ", 1)[-1])
        index = load_or_build(
            worker,
            ("Init.Core",),
            told.append,
            lambda name, module: name in ("and_comm", "or_comm", "Eq.symm", "iff_self"),
        )
    assert dict(index.entries)["and_comm"] == "and_comm {a b : Prop} : a ∧ b ↔ b ∧ a"
    assert index.search("p ∨ q ↔ q ∨ p", 1)[0].name == "or_comm"
    assert told
    known = index.names()
    assert known is not None and all(n in known for n in ("and_comm", "Nat.succ", "Nat.add", "List")), "all, not only those kept"
    assert not any(n in known for n in ("Nat.rec", "Nat.no_such_name", "instAddNat"))
