from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from prover.errors import ConfigError
from prover.evaluation import ladder
from tests.prover.evaluation.conftest import MakeRun


def arguments(out: Path, **more: object) -> argparse.Namespace:
    given = {
        "out": out, "source": Path("b.tar.gz"), "sample": 3, "lean_seconds": 8.0, "timeout": 120.0, "tactic_timeout": 20.0,
        "workers": 1, "outcomes": 5, "mutant_core_hours": 0.1, "passes": 1.0, "states": 10, "selector": None, "ranker": None,
        "mutant_selector": None, "model": Path("m"),
    }  # fmt: skip
    return argparse.Namespace(**(given | more))


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Sequence[str], Mapping[str, str]]]:
    commands: list[tuple[Path, Sequence[str], Mapping[str, str]]] = []

    def note(path: Path, command: Sequence[str], variables: Mapping[str, str] | None = None) -> Path:
        commands.append((path, command, variables or {}))
        return path

    monkeypatch.setattr(ladder, "made", note)
    return commands


def test_each_run_has_one_part_more_than_the_one_before(
    tmp_path: Path, ran: list[tuple[Path, Sequence[str], Mapping[str, str]]]
) -> None:
    labels = [label for label, _ in ladder.runs(arguments(tmp_path))]
    assert labels == ["symbolic", "+ selector", "+ mutants in the selector", "+ ranker", "+ generative model"]
    proved = [(c, v) for p, c, v in ran if "library" in c]
    assert [c[c.index("--policy") + 1] for c, _ in proved] == ["symbolic"] * 4 + ["builtin"]
    files = [(Path(v[ladder.SELECTOR]).name, Path(v[ladder.RANKER]).name) for _, v in proved]
    assert files == [
        ("", ""), ("selector.npz", ""), ("selector-mutants.npz", ""), ("selector-mutants.npz", "ranker.npz"),
        ("selector-mutants.npz", "ranker.npz"),
    ]  # fmt: skip
    trained = [c for p, c, _ in ran if p.suffix == ".npz" and "prover.training.selector" in c]
    assert ["--also" in c for c in trained] == [False, True] * 3


def test_without_the_benchmark_the_given_parts_are_compared(
    tmp_path: Path, ran: list[tuple[Path, Sequence[str], Mapping[str, str]]]
) -> None:
    given = arguments(tmp_path, source=None, selector=Path("s.npz"), ranker=Path("r.npz"))
    assert [label for label, _ in ladder.runs(given)] == ["symbolic", "+ selector", "+ ranker", "+ generative model"]
    assert all("library" in c for _, c, _ in ran)


def test_what_ended_well_is_not_made_again_and_what_was_cut_short_is(tmp_path: Path) -> None:
    there = tmp_path / "there"
    write = [sys.executable, "-c", f"open({str(there)!r}, 'a').write('x')"]
    there.write_text("cut short ")
    for _ in range(2):
        assert ladder.made(there, write) == there
    assert there.read_text() == "cut short x"
    with pytest.raises(ConfigError, match="exit code 3"):
        ladder.made(tmp_path / "no", [sys.executable, "-c", "raise SystemExit(3)"])


def test_the_table_pairs_each_run_with_the_one_before(make_run: MakeRun) -> None:
    first, second = make_run("0", "a b", "c"), make_run("1", "b c", "a")
    text = ladder.table([("symbolic", first), ("+ selector", second)])
    assert "| symbolic | 2 of 3 | 9 | 3.0 | | | |" in text
    assert "| + selector | 2 of 3 | 9 | 3.0 | c | a | 1 |" in text
