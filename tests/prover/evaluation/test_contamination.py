"""Grades of overlap."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prover.errors import DataError
from prover.evaluation.contamination import check, from_state, ngrams, normalised, statements_in

STATEMENT = "theorem one (x y : ℕ) (h₀ : x + y = 3) (h₁ : ∀ n ≥ 5, n < x) : x * y = 2 := by sorry"


def jsonl(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in records), "utf-8")
    return path


def grade(tmp_path: Path, benched: str, /, **training: str) -> str:
    benchmark = jsonl(tmp_path / "bench.jsonl", {"name": "one", "statement": benched})
    return check(benchmark, jsonl(tmp_path / "corpus.jsonl", training)).overlaps[0].grade


def test_white_space_comments_and_the_proof_do_not_hide_an_exact_copy(tmp_path: Path) -> None:
    copy = STATEMENT.replace("(h₀", "\n  -- a comment\n  (h₀").replace("by sorry", "by nlinarith")
    assert grade(tmp_path, STATEMENT, text=f"import Mathlib\n\n{copy}") == "exact"


@pytest.mark.parametrize(
    "copy",
    [
        "lemma two (a : Nat) (b : Nat) (h : a + b = 3) (k : ∀ m ≥ 5, m < a) : a * b = 2 := by omega",
        "a b : ℕ\nh : a + b = 3\nk : ∀ m ≥ 5, m < a\n⊢ a * b = 2",
    ],
)
def test_other_names_do_not_hide_a_copy(tmp_path: Path, copy: str) -> None:
    assert grade(tmp_path, STATEMENT, text=copy) == "normalised"


def test_a_small_change_is_a_fuzzy_overlap(tmp_path: Path) -> None:
    assert (
        grade(tmp_path, STATEMENT, statement=STATEMENT.replace("= 2", "= 7").replace("one", "two")) == "fuzzy"
    )


def test_another_theorem_is_none(tmp_path: Path) -> None:
    assert (
        grade(tmp_path, STATEMENT, statement="theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := h.symm") == "none"
    )


def test_free_names_are_not_abstracted(tmp_path: Path) -> None:
    assert normalised("theorem t (xs : List α) : xs.length = List.sum xs") != normalised(
        "theorem t (xs : List α) : xs.size = List.prod xs"
    )
    assert (
        grade(tmp_path, "theorem a (n : Nat) : Even n", statement="theorem a (n : Nat) : Odd n")
        != "normalised"
    )


def test_every_theorem_of_a_record_is_compared() -> None:
    assert (
        len(
            statements_in(
                "theorem a : 1 = 1 := rfl\n\nlemma b : 2 = 2 := by\n  rfl\nexample : True := trivial"
            )
        )
        == 3
    )


def test_a_state_becomes_a_statement() -> None:
    assert from_state("case inl\nn : Nat\nh : n =\n    0\n⊢ n + 1 = 1\n\ncase inr\n⊢ False") == (
        "example (n : Nat) (h : n = 0) : n + 1 = 1"
    )


def test_short_statements_have_one_gram() -> None:
    assert ngrams(["a", "=", "b"], 5) == {("a", "=", "b")}
    assert ngrams([], 3) == set()


def test_the_score_of_a_run_is_split_by_overlap(make_run: Callable[..., Path], tmp_path: Path) -> None:
    run = make_run("run", "p q", "r")
    lines = [json.loads(x) for x in (run / "results.jsonl").read_text("utf-8").splitlines()]
    for line, statement in zip(
        lines,
        ("theorem p : 1 + 1 = 2", "theorem q (a b : Nat) : a + b = b + a", "theorem r (s : String) : s = s"),
        strict=True,
    ):
        line["statement"] = statement
    (run / "results.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), "utf-8")
    corpus = jsonl(tmp_path / "corpus.jsonl", {"text": "theorem z (x y : Nat) : x + y = y + x := by omega"})
    found = check(run, corpus)
    assert found.counts() == {"exact": 0, "normalised": 1, "fuzzy": 0, "none": 2}
    assert found.split()["normalised"]["proved"] == 1
    assert (found.split()["none"]["proved"], found.split()["none"]["total"]) == (1, 2)


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([{"name": "a"}], "1 lacks statement"),
        ([], "has no statements"),
        (
            [{"name": "a", "statement": "x"}, {"name": "a", "statement": "y"}],
            "the name a stands there 2 times",
        ),
    ],
)
def test_a_bad_benchmark_is_one_line(tmp_path: Path, records: list[dict[str, Any]], said: str) -> None:
    corpus = jsonl(tmp_path / "corpus.jsonl", {"text": "x"})
    with pytest.raises(DataError, match=said):
        check(jsonl(tmp_path / "bench.jsonl", *records), corpus)


def test_a_record_without_text_is_named(tmp_path: Path) -> None:
    benchmark = jsonl(tmp_path / "bench.jsonl", {"name": "one", "statement": STATEMENT})
    with pytest.raises(DataError, match=r"corpus\.jsonl:1 has none of the text fields"):
        check(benchmark, jsonl(tmp_path / "corpus.jsonl", {"number": 3}))
