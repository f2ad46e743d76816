"""TODO"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from prover.evaluation.leandojo import read_steps
from prover.evaluation.premises import PremiseBenchmark, evaluate_premises, mepo, rankings, sine
from prover.policy.premises.postings import Postings
from prover.policy.premises.statements import signature_of
from tests.prover.policy.premises.tiny import model


def test_a_signature_is_read_from_source_without_attributes_and_body() -> None:
    code = "@[simp, to_additive]\nprotected theorem foo_bar (h : a ∣ b) :\n    a ∣ b + c := by\n  simp"
    assert signature_of("Nat.foo_bar", code) == "Nat.foo_bar (h : a ∣ b) : a ∣ b + c"


def test_an_instance_without_a_name_keeps_its_binders() -> None:
    assert signature_of("instFoo", "instance [Ring α] : Foo α where\n  x := 1") == "instFoo [Ring α] : Foo α"


def made(folder: Path) -> Path:
    """A benchmark of four declarations: one wanted and seen, one of a file that is not imported, two around the theorem."""
    folder = folder / "leandojo_benchmark_4"
    (folder / "random").mkdir(parents=True)
    files = [
        ("A.lean", [], [("needed_lemma", 1, "theorem needed_lemma : zigzag (zag n) = n")]),
        ("Other.lean", [], [("hidden", 1, "theorem hidden : zigzag (zag n) = n")]),
        ("B.lean", ["A.lean"], [("early", 1, "theorem early : zigzag m = m"), ("late", 90, "theorem late : zigzag (zag n) = n")]),
    ]  # fmt: skip
    rows = [
        {"path": path, "imports": imports, "premises": [
            {"full_name": n, "start": [line, 1], "end": [line, 50], "code": code, "kind": "lemma"} for n, line, code in premises
        ]}
        for path, imports, premises in files
    ]  # fmt: skip
    (folder / "corpus.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    annotated = ["rw [needed_lemma]", [{"full_name": "needed_lemma", "def_path": "A.lean", "def_pos": [1, 9]}]]
    step = {"state_before": "n : Nat\n⊢ zigzag (zag n) = n", "tactic": annotated[0], "annotated_tactic": annotated}
    theorem = {"file_path": "B.lean", "full_name": "goal", "start": [50, 1], "end": [52, 1], "traced_tactics": [step]}
    (folder / "random" / "val.json").write_text(json.dumps([theorem]), "utf-8")
    return folder


def test_every_method_ranks_what_the_place_can_see_and_nothing_else(tmp_path: Path) -> None:
    benchmark = PremiseBenchmark.read(made(tmp_path), model())
    (step,) = read_steps(tmp_path, "random", "val")
    allowed, place = benchmark.allowed(step)
    names = [p.name for p in benchmark.corpus.premises]
    assert {n for n, a in zip(names, allowed, strict=True) if a} == {"needed_lemma", "early"}
    assert [names[n] for n in place.own] == ["early"]
    for name, ranking in rankings(benchmark).items():
        assert {names[n] for n in ranking(step, allowed, place)} <= {"needed_lemma", "early"}, name


def test_figures_say_how_many_states_they_are_of(tmp_path: Path) -> None:
    found = evaluate_premises(made(tmp_path), "random", "val", None, model(), lambda text: None, ["bm25", "words by field"])
    assert (found["states"], found["naming"], found["sampled"], found["premises"]) == (1, 1, 1, 4)
    assert len(found["corpus_sha256"]) == 64
    assert {n: m["R@1"]["mean"] for n, m in found["methods"].items()} == {"bm25": 1.0, "words by field": 1.0}


def test_two_selectors_are_compared_on_the_same_states(tmp_path: Path) -> None:
    blind = replace(model(), layers={k: np.zeros_like(v) for k, v in model().layers.items()})  # by number, so `early` first
    backwards = replace(model(), layers=model().layers | {"w3": -model().layers["w3"]})
    source, methods = made(tmp_path), ["selector", "bm25"]
    found = evaluate_premises(source, "random", "val", None, model(), lambda text: None, methods, blind)
    assert set(found["methods"]) == {"selector", "bm25", "against: selector"}
    assert found["paired"] == {"selector": {"better": 0, "worse": 0, "p": 1.0}}, "both have it among ten"
    assert evaluate_premises(source, "random", "val", None, backwards, lambda text: None, methods, None)["paired"] == {}


SYMBOLS = Postings([["dvd", "add"], ["length", "append"], ["length", "rare"], ["mod"], ["rare", "deep"], *[["other"]] * 20])
ALL = np.ones(25, np.bool_)


def test_mepo_takes_what_the_goal_covers_first_and_then_what_that_leads_to() -> None:
    found = mepo(SYMBOLS, ["length", "append"], ALL).tolist()
    assert found[0] == 1 and 3 not in found


def test_sine_goes_from_symbols_to_premises_whose_rarest_symbol_they_are() -> None:
    found = sine(SYMBOLS, ["append"], ALL).tolist()
    assert found[0] == 1 and 0 not in found


def test_neither_takes_what_is_not_allowed() -> None:
    allowed = ALL.copy()
    allowed[1] = False
    assert 1 not in mepo(SYMBOLS, ["length", "append"], allowed) and 1 not in sine(SYMBOLS, ["append"], allowed)
