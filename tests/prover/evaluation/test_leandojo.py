"""LeanDojo Benchmark 4 offline, on a corpus of four declarations."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from prover.errors import DataError
from prover.evaluation.leandojo import Bm25, evaluate_offline
from prover.policy.base import View
from search.types import Proposal


class Echo:
    """Offers the same two tactics for every state."""

    def propose(self, view: View) -> list[Proposal]:
        return [Proposal("simp", -0.1), Proposal("rw [needed_lemma]", -0.2)]


def premise(name: str, line: int, code: str) -> dict[str, Any]:
    return {
        "full_name": name,
        "start": [line, 1],
        "end": [line, 50],
        "code": code,
        "kind": "commanddeclaration",
    }


def step(tactic: str, *premises: tuple[str, str, int]) -> dict[str, Any]:
    named = [{"full_name": n, "def_path": p, "def_pos": [line, 9]} for n, p, line in premises]
    return {
        "state_before": "n : Nat\n⊢ zig (zag n) = n",
        "state_after": "no goals",
        "tactic": tactic,
        "annotated_tactic": [tactic, named],
    }


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    folder = tmp_path / "lean_dojo-4.20.0" / "leandojo_benchmark_4"
    (folder / "random").mkdir(parents=True)
    files = [
        {
            "path": "A.lean",
            "imports": [],
            "premises": [premise("needed_lemma", 1, "theorem needed_lemma : zig (zag n) = n")],
        },
        {
            "path": "Other.lean",
            "imports": [],
            "premises": [premise("hidden", 1, "theorem hidden : zig (zag n) = n")],
        },
        {
            "path": "B.lean",
            "imports": ["A.lean"],
            "premises": [
                premise("early", 1, "theorem early : zig m = m"),
                premise("late", 90, "theorem late : zig (zag n) = n"),
            ],
        },
    ]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(f) + "\n" for f in files), "utf-8")
    theorem = {
        "file_path": "B.lean",
        "full_name": "goal",
        "start": [50, 1],
        "end": [52, 1],
        "traced_tactics": [
            step("rw [needed_lemma]", ("needed_lemma", "A.lean", 1)),
            step("exact late", ("late", "B.lean", 90)),
        ],
    }
    (folder / "random" / "val.json").write_text(json.dumps([theorem]), "utf-8")
    return folder


def run(source: Path, limit: int | None = None) -> dict[str, Any]:
    return evaluate_offline(source, "random", "val", limit, Echo(), lambda text: None)


def test_only_accessible_premises_are_ranked_and_wanted(benchmark: Path) -> None:
    found = run(benchmark)
    assert found["retrieval_states"] == 1  # `late` stands behind the theorem
    assert {k: v["mean"] for k, v in found["retrieval"].items()} == {"R@1": 1.0, "R@10": 1.0, "MRR": 1.0}


def test_a_tactic_is_predicted_when_it_is_among_the_first(benchmark: Path) -> None:
    found = run(benchmark)["tactic_prediction"]
    assert (found["top-1"]["hits"], found["top-10"]["hits"]) == (0, 1)


def test_the_source_distribution_is_read_as_it_comes(benchmark: Path, tmp_path: Path) -> None:
    archive = tmp_path / "lean_dojo-4.20.0.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(benchmark.parent, arcname="lean_dojo-4.20.0")
    from_archive, from_folder = run(archive), run(benchmark)
    assert {**from_archive, "source": ""} == {**from_folder, "source": ""}


def test_a_source_of_something_else_is_one_line(benchmark: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pip download"):
        run(tmp_path / "nothing.tar.gz")
    with pytest.raises(DataError, match=r"cannot read corpus\.jsonl"):
        run(tmp_path)
    (benchmark / "corpus.jsonl").write_text('{"path": "A.lean"}\n', "utf-8")
    with pytest.raises(DataError, match=r"corpus\.jsonl is not LeanDojo's"):
        run(benchmark)


def test_bm25_prefers_rare_words_and_breaks_ties_by_place() -> None:
    index = Bm25(["common rare", "common", "common", "rare common"])
    assert index.rank("rare", lambda n: True, 9) == [0, 3]
    assert index.rank("common rare", lambda n: n != 0, 1) == [3]
