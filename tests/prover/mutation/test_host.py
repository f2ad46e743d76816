"""The mutation engine in real Lean: what enters the corpus holds up elsewhere, nothing twice, nothing
lost.
"""

import json
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import ray

from data import library_bench
from data.mutation import leakage, negatives, shards
from data.mutation.records import Mutant
from data.splits import TRAIN, split_of
from prover.cli.main import main
from prover.corpus.traces import Proof, annotate, backwards, proofs_in, steps_of, write_traces
from prover.errors import ConfigError, DataError
from prover.lean.embedded.worker import LeanWorker
from prover.mutation import leakage as benchmark_leakage
from prover.mutation import report
from prover.mutation.checks import recheck, verdict
from prover.mutation.host import LOCAL, connect, usable
from prover.mutation.report import write_report
from prover.mutation.run import MutationSettings, Run

ROOTS = ("Nat.lt_trans", "List.map_map", "Int.add_comm", "Nat.two_mul", "no.such_theorem")
SETTINGS = MutationSettings(
    roots=ROOTS, rounds=2, per_root=8, chunk_roots=2, grade_share=0.1, seed=5, negatives=1.0
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Run]]:
    """A small run with two chunks."""
    out = tmp_path_factory.mktemp("mutants")
    run = Run(out, SETTINGS)
    run.go()
    yield out, run


def test_every_theorem_of_a_run_holds_in_a_fresh_process(finished: tuple[Path, Run]) -> None:
    out, run = finished
    result = recheck(out, sample=1000, seed=0)
    assert result.failures == ()
    assert result.checked == run.totals.accepted >= 12
    assert result.negatives == run.totals.negatives >= 1


def test_operators_and_rounds_are_there(finished: tuple[Path, Run]) -> None:
    made = list(shards.mutants(finished[0]))
    assert {m.operator for m in made} >= {"rw", "apply", "conjoin", "contrapose", "specialise", "generalise"}
    assert any("occurrence" in m.place for m in made)
    assert {m.round for m in made} == {1, 2}
    assert all((m.context != "") == (m.round == 2) for m in made)
    assert all(m.split == split_of(m.root) for m in made)


def test_nothing_of_the_training_side_uses_what_is_held_out(finished: tuple[Path, Run]) -> None:
    made = list(shards.mutants(finished[0]))
    trained = [m for m in made if m.split == TRAIN]
    assert sum(bool(m.lemmas) for m in trained) >= 3
    assert all(leakage.why_not(m) is None for m in trained)
    assert all(set(p.lemmas) <= set(m.lemmas) for m in made for p in made if m.parent == p.name)


def test_false_neighbours_are_one_change_away_and_apart(finished: tuple[Path, Run]) -> None:
    found = list(negatives.negatives(finished[0]))
    assert {n.root for n in found} <= set(ROOTS)
    assert all(n.change and n.split == split_of(n.root) for n in found)
    assert not {n.key for n in found} & {m.key for m in shards.mutants(finished[0])}


def test_a_benchmarks_statement_is_known_by_any_other_names_and_order(lean_worker: LeanWorker, tmp_path: Path) -> None:
    path = tmp_path / "test.jsonl"
    rows = [
        {"name": "t", "statement": "theorem t (x z y : ℕ) (g : y < z) (f : x < y) : x < z := by sorry"},
        {"name": "r", "statement": "theorem r (x : ℝ) : x = x := by sorry"},
    ]
    path.write_text("".join(json.dumps({"split": "test", "header": "", **r}) + "\n" for r in rows), "utf-8")
    benchmark = benchmark_leakage.read(lean_worker, [path])
    base = lean_worker.base_state(("Init", "Std"))
    (key,) = lean_worker.request("statement_keys", state=base, names=["Nat.lt_trans"])["keys"]
    assert benchmark.keys == {int(key, 16)}
    assert (benchmark.unreadable, benchmark.stated) == (("r",), 2)


def test_a_library_benchmarks_rows_are_held_out_by_name(lean_worker: LeanWorker, tmp_path: Path) -> None:
    held, trained = "Nat.gcd_comm", "Nat.le_antisymm"
    names = sorted({held, trained}, key=lambda n: split_of(n) == TRAIN)
    path = tmp_path / "library.jsonl"
    path.write_text(library_bench.dump([library_bench.Theorem(n, "Init", (), "") for n in names]), "utf-8")
    benchmark = benchmark_leakage.read(lean_worker, [path])
    assert benchmark.held_out == {n for n in names if split_of(n) != TRAIN}
    assert len(benchmark.keys) == 2


def test_an_unknown_module_is_named_and_skipped() -> None:
    known, problems = usable(("Init", "No.Such", "Std"))
    assert known == ("Init", "Std")
    assert len(problems) == 1
    assert "No.Such" in problems[0]


def test_ray_makes_the_same_shards(finished: tuple[Path, Run], tmp_path: Path) -> None:
    new_worker = connect(LOCAL, num_cpus=1)
    try:
        totals = Run(tmp_path, SETTINGS, new_worker=new_worker).go()
    finally:
        ray.shutdown()
    assert [m.text for m in shards.mutants(tmp_path)] == [m.text for m in shards.mutants(finished[0])]
    assert totals.core_s > 0
    assert "no.such_theorem" in " ".join(json.loads((tmp_path / "summary.json").read_text("utf-8"))["problems"])


def test_no_statement_is_there_twice(finished: tuple[Path, Run]) -> None:
    keys = [m.key for m in shards.mutants(finished[0])]
    assert len(keys) == len(set(keys))


def test_an_unknown_root_is_named_and_skipped(finished: tuple[Path, Run]) -> None:
    assert any("no.such_theorem" in problem for problem in finished[1].problems)


def test_a_chunk_that_is_lost_is_made_again_the_same(finished: tuple[Path, Run]) -> None:
    out, _ = finished
    before = {m.name: m.text for m in shards.mutants(out)}
    shards.parquet_path(out, 1).write_bytes(b"broken")
    again = Run(out, SETTINGS)
    again.go()
    assert any("part-00001" in problem for problem in again.problems)
    assert again.totals.core_s > again._core_before > 0, "what the first run has cost is counted too"
    assert {m.name: m.text for m in shards.mutants(out)} == before


def test_a_folder_keeps_to_its_settings(finished: tuple[Path, Run]) -> None:
    with pytest.raises(ConfigError, match="per_root"):
        Run(finished[0], MutationSettings(roots=ROOTS, rounds=2, per_root=5, chunk_roots=2, seed=5, negatives=1.0)).go()


def test_a_theorem_that_does_not_hold_is_refused(finished: tuple[Path, Run]) -> None:
    good = next(shards.mutants(finished[0]))
    facts = good.__dict__ | {"context": ""}
    false = Mutant(**facts | {"name": "m_f", "statement": "m_f (n : Nat) : n + 1 = n", "proof": "simp"})
    sorry = Mutant(**facts | {"name": "m_s", "statement": "m_s (n : Nat) : n + 1 = n", "proof": "sorry"})
    axiom = Mutant(
        **facts
        | {
            "name": "m_a",
            "context": "axiom cheat (n : Nat) : n + 1 = n\n",
            "statement": "m_a (n : Nat) : n + 1 = n",
            "proof": "exact cheat n",
        }
    )
    with LeanWorker() as worker:
        assert [verdict(worker, m) is None for m in (good, false, sorry, axiom)] == [
            good.round == 1,
            False,
            False,
            False,
        ]


def test_the_report_shows_everything_escaped(finished: tuple[Path, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    out, _ = finished
    monkeypatch.setattr(report, "SAMPLES", 1_000_000)  # or the evil one is left out by chance
    number = random.Random(0).randrange(10**6) + 100
    evil = next(shards.mutants(out)).__dict__ | {
        "name": "e",
        "lemma": "<script>alert(1)</script>",
        "key": f"{number:x}",
    }
    shards.write(out, 7, [Mutant(**evil)], {})
    try:
        page = write_report(out).read_text("utf-8")
    finally:
        shards.parquet_path(out, 7).unlink()
        shards.parquet_path(out, 7).with_suffix(".json").unlink()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "http" not in page
    assert all(f"<h2>{part}" in page for part in ("Rate", "Yield", "Difficulty", "Family", "Samples", "False", "Refused"))


def test_a_report_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no mutation run"):
        write_report(tmp_path)


def test_steps_lead_from_the_statement_to_no_goals(finished: tuple[Path, Run], tmp_path: Path) -> None:
    made = [m for m in shards.mutants(finished[0]) if m.round == 1][:3]
    proofs = [Proof(m.name, m.context, f"theorem {m.statement}", m.proof, "valid", "mutant") for m in made]
    wrong = Proof("w", "", "theorem w : 1 = 2", "rfl", "train", "search")
    problems: list[str] = []
    statistics = write_traces(tmp_path, [*proofs, wrong], problems=problems)
    assert (statistics["proofs"], statistics["skipped"]) == (3, 1)
    assert "w is skipped" in problems[0]
    rows = pq.read_table(tmp_path / "steps-00000.parquet").to_pylist()
    for name in {m.name for m in made}:
        steps = [r for r in rows if r["full_name"] == name]
        assert steps[-1]["state_after"] == "no goals"
        assert all(a["state_after"] == b["state_before"] for a, b in pairwise(steps))
        assert any(step["premises"] for step in steps)
    assert json.loads((tmp_path / "statistics.json").read_text("utf-8"))["steps"] == len(rows)
    assert {r["split"] for r in rows} == {"valid"}


def test_proofs_turned_around_hold(finished: tuple[Path, Run], tmp_path: Path) -> None:
    turned = [p for p in proofs_in(finished[0], [], turned=True) if not p.context]
    statistics = write_traces(tmp_path, turned)
    rows = pq.read_table(tmp_path / "steps-00000.parquet").to_pylist()
    assert statistics["proofs"] >= 1
    assert all(a["state_after"] == b["state_before"] for a, b in pairwise(rows) if b["step"])
    assert all(r["tactic"].startswith(("rw [", "apply ")) for r in rows)
    assert any(r["premises"] for r in rows if r["step"] == 0)


@pytest.mark.parametrize(
    ("tactics", "turned"),
    [
        ("have this := @A.b x y\nrw [← C.d] at this\nexact this", "rw [C.d]\napply A.b <;> assumption"),
        ("have this := @A.b\nrw [C.d] at this\nexact this", "rw [← C.d]\napply A.b <;> assumption"),
        ("have this := @A.b x\nexact C.d this", "apply C.d\napply A.b <;> assumption"),
        ("have this := @A.b x\nrw (occs := .pos [2]) [C.d] at this\nexact this", None),
        ("have this := @A.b x\nexact C.d h this", None),
        ("exact @A.b x h.1 h.2", None),
    ],
)
def test_proofs_are_turned_around_where_their_form_is_known(tactics: str, turned: str | None) -> None:
    assert backwards(tactics) == turned


def test_premises_are_marked_where_they_stand() -> None:
    known = {"Nat.add_comm", "Nat.add"}
    assert annotate("rw [← Nat.add_comm] at this", known.__contains__) == (
        "rw [← <a>Nat.add_comm</a>] at this",
        ["Nat.add_comm"],
    )


def test_an_indented_line_belongs_to_the_tactic_above() -> None:
    assert steps_of("induction n with\n| zero => rfl\n| succ n h =>\n  simp\nomega") == [
        "induction n with\n| zero => rfl\n| succ n h =>\n  simp",
        "omega",
    ]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--limit-theorems", "-1"), ("--limit-core-hours", "0"), ("--limit-core-hours", "nan"), ("--workers", "0")],
)
def test_a_limit_that_limits_nothing_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    assert main(["mutate", "--out", str(tmp_path / "m"), option, value]) == 2
    assert f"{option} is {value}; it must be above 0" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()
