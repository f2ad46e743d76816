"""The service over real Lean: what is suggested was run, what is proved was audited, goals as text come back whole."""

from __future__ import annotations

from typing import Any

import pytest

from prover.errors import DataError, LeanTimeoutError
from prover.server import wire
from prover.server.jobs import Live
from prover.server.kimina import repl
from prover.server.service import Service

FILE = "def twice (n : Nat) := n + n\n\ntheorem two (n : Nat) : twice n = 2 * n := by\n  sorry\n"


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("state", "context"),
    [
        ("p q : Prop\nh : p ∧ q\n⊢ q ∧ p", ""),
        ("α : Type u_1\ninst✝ : DecidableEq α\na✝ b : α\nh : a✝ = b\n⊢ b = a✝", ""),
        ("x : Nat := 2 + 3\n⊢ x = 5", ""),
        ("case succ\nn✝ : Nat\nih : n✝ + 0 = n✝\n⊢ n✝ + 1 + 0 = n✝ + 1\n\ncase other\n⊢ False", ""),
        ("n : Nat\n⊢ two n = n + n", "import Init\ndef two (n : Nat) := n + n\ntheorem t (n : Nat) : two n = n + n := by\n  "),
        ("", "theorem t (p q : Prop) (h : p ∧ q) : q ∧ p := by\n  "),
    ],
)
def test_a_goal_as_text_gets_tactics_that_lean_has_run(lean_service: Service, state: str, context: str) -> None:
    reply = lean_service.offers(state, context, "", 10, 20.0, never)
    assert reply.checked and any(s.closes for s in reply.suggestions)
    assert not state or reply.goals[0].splitlines()[-1] == state.split("\n\n")[0].splitlines()[-1]


def test_a_goal_that_lean_cannot_read_gets_tactics_marked_as_not_run(lean_service: Service) -> None:
    reply = lean_service.offers("x : ℝ\n⊢ x + 0 = x", "import Mathlib\nexample (x : ℝ) : x + 0 = x := by\n  ", "", 10, 5.0, never)
    assert not reply.checked and reply.suggestions and all(s.goals_after is None for s in reply.suggestions)
    with pytest.raises(DataError, match="no goal"):
        lean_service.offers("nonsense", "", "", 10, 5.0, never)


def test_a_suggestion_written_into_the_file_elaborates(lean_service: Service) -> None:
    body = wire.SuggestRequest(text=FILE, line=4, column=2, timeout_s=20)
    best = lean_service.suggest(body, never).suggestions[0]
    assert best.closes and best.edit is not None
    edited = FILE[: best.edit.start] + best.edit.text + FILE[best.edit.end :]
    assert lean_service.check(wire.CheckBody(text=edited), never).ok
    assert not lean_service.check(wire.CheckBody(text=FILE), never).ok


def test_a_search_grows_its_tree_and_its_proof_is_audited(lean_service: Service) -> None:
    live = Live()
    result = lean_service.job({"text": FILE, "timeout_s": 120.0}, live)
    assert result["status"] == "proved" and result["axioms"] == []
    assert live.tree is not None and live.progress["expansions"] >= 1
    against = lean_service.check(wire.CheckBody(text=result["text"], against=FILE), never)
    assert against.ok and [v.name for v in against.verdicts or []] == ["two"]
    cheat = wire.CheckBody(text=FILE.replace("= 2 * n", "= n + n").replace("sorry", "rfl"), against=FILE)
    assert not lean_service.check(cheat, never).ok


def test_of_several_theorems_one_has_to_be_named(lean_service: Service) -> None:
    with pytest.raises(DataError, match="2 theorems"):
        lean_service.job({"text": "theorem a : 1 = 1 := by sorry\ntheorem b : 2 = 2 := by sorry", "timeout_s": 5.0}, Live())


SEEN = {"severity": "info", "pos": {"line": 1, "column": 0}, "endPos": {"line": 1, "column": 6}, "data": "Nat : Type"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("#check Nat", {"env": 0, "messages": [SEEN]}),
        ("import Init\n\nexample (a : α) : a = a := rfl", {"env": 0}),
        ("def d : Nat := sorry", 1),
        ("example : 1 = 1 := by\n  -- sorry\n  rfl", {"env": 0}),
        ("theorem a : 1 = 1 := by sorry\ntheorem b : 2 = 2 := by\n  skip; sorry", 2),
    ],
)  # fmt: skip
def test_a_snippet_is_answered_as_leans_repl_would(lean_service: Service, code: str, expected: Any) -> None:
    answer = repl(lean_service.session, code, 60, never)
    assert answer == expected if isinstance(expected, dict) else len(answer["sorries"]) == expected


def test_an_error_stands_where_the_snippet_has_it(lean_service: Service) -> None:
    message = repl(lean_service.session, "import Init\n\ntheorem t : 1 = 2 := by\n  rfl", 60, never)["messages"][0]
    assert message["severity"] == "error" and message["pos"] == {"line": 4, "column": 2}


def test_a_snippet_without_an_end_is_given_up_and_the_next_is_answered(lean_service: Service) -> None:
    endless = (
        "def parity (n : Nat) : Bool := Nat.rec true (fun _ b => !b) n\n"
        "theorem help : parity 1000000000 = true := by decide +kernel\n"
    )
    with pytest.raises(LeanTimeoutError):
        repl(lean_service.session, endless, 3, never)
    assert repl(lean_service.session, "example : 1 = 1 := rfl", 120, never) == {"env": 0}
