"""What a session answers, on real Lean."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from prover.audit.outcome import Proof
from prover.cli.main import main
from prover.cli.suggest import likely_column
from prover.errors import DataError, LeanTimeoutError
from prover.lean.positions import Position
from prover.policy.builtin import builtin_policy
from prover.prove.theorem import SearchSettings
from prover.server.answers import applied
from prover.server.editor import moved
from prover.server.pool import Busy, Cancelled, Limit
from prover.server.reading import MAX_TEXT_BYTES
from prover.server.session import Session
from prover.server.terminal import Terminal

TEXT = """def double (n : Nat) : Nat := n + n

theorem unfinished (p : Prop) (h : p) : p := by
  intro nothing

theorem even (n : Nat) : double n % 2 = 0 := by
  sorry

theorem two (p q : Prop) (h : p ∧ q) : q ∧ p := by
  constructor
  · sorry
  · sorry

theorem leans (n : Nat) : double n % 2 = 0 := by
  have k := even n
  sorry
"""
QUICK = SearchSettings(timeout_s=None, max_expansions=3)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with Session(workers=1, tactic_s=100) as session:  # a busy machine must not change an answer
        yield session


def test_a_document_says_what_waits(session: Session) -> None:
    document = session.document(TEXT, wait_s=300)
    assert [(w.name, w.kind) for w in document.waiting] == [
        ("unfinished", "unfinished"), ("even", "sorry"), ("two", "partial"), ("leans", "partial"),
    ]  # fmt: skip
    assert document.waiting[2].places == (Position(10, 4), Position(11, 4))
    assert [e.start.line for e in document.errors] == [3]


def test_suggestions_are_checked_and_the_best_stands_first(session: Session) -> None:
    streamed: list[Any] = []
    at, found = session.suggest_at(TEXT, 6, 2, on_suggestion=streamed.append, timeout_s=100)
    assert at.goals == ("n : Nat\n⊢ double n % 2 = 0",)
    assert found[0].closes and found[0].goals_after == ()
    assert sorted(streamed, key=repr) == sorted(found, key=repr)
    for suggestion in found[:3]:  # what is promised is what the text then has
        edited = applied(TEXT, [at.step(suggestion)])
        places = [w.places for w in session.document(edited).waiting if w.name == "even"]
        assert len(places[0] if places else ()) == len(suggestion.goals_after)


def test_a_proof_has_the_audits_word_and_its_search_is_told(session: Session) -> None:
    events: list[tuple[int, dict[str, Any]]] = []
    proof = session.prove(TEXT, "even", QUICK, lambda count, tree: events.append((count, tree())))
    assert proof.status == "proved" and proof.edit is not None
    count, tree = events[0]
    assert count == 1 and tree["nodes"][0]["id"] == tree["root"] == 0
    assert {"parent", "children", "tactic", "status"} <= tree["edges"][0].keys()
    assert "even" not in [w.name for w in session.document(applied(TEXT, [proof.edit])).waiting]


def test_one_place_of_two_is_closed_and_not_proved(session: Session) -> None:
    proof = session.prove(TEXT, Position(10, 5), QUICK)
    assert proof.status == "closed" and "1 more `sorry`" in (proof.reason or "")


def test_a_proof_that_leans_on_an_unproved_theorem_is_not_proved(session: Session) -> None:
    proof = session.prove(TEXT, Position(15, 3), QUICK)
    if proof.depends_on:
        assert proof.status == "closed" and "even" in (proof.reason or "")
    else:
        assert proof.status == "proved"


def test_a_false_theorem_is_said_to_be_false_with_values(session: Session) -> None:
    proof = session.prove("theorem f (n : Nat) : n < 5 := by sorry\n", "f", QUICK)
    assert (proof.status, proof.edit, proof.reason) == ("refuted", None, "this is false: n = 5")
    assert proof.disproof is not None and proof.disproof.values == {"n": "5"}


def test_each_sorry_has_goals_and_a_whole_text_has_verdicts(session: Session) -> None:
    goals = [session.goals(TEXT, p.line, p.column).text.rpartition("⊢ ")[2] for p in session.document(TEXT).sorries]
    assert goals == ["double n % 2 = 0", "q", "p", "double n % 2 = 0"]
    whole = "theorem t (a b : Nat) : a + b = b + a := by omega\n"
    assert not session.document(whole).sorries and not session.document(whole).waiting
    assert [v.accepted for v in session.judge(whole.replace("omega", "sorry"), whole)] == [True]
    cheat = "axiom c : False\ntheorem t : 1 = 2 := c.elim\n"
    assert [v.accepted for v in session.judge("theorem t : 1 = 2 := by sorry\n", cheat)] == [False]


def test_a_deadline_and_a_cancellation_end_a_request(session: Session) -> None:
    slow = "theorem slow : True := by\n  exact trivial\n" + "".join(
        f"theorem s{i} : (List.range 300).length = 300 := by decide\n" for i in range(400)
    )
    began = time.monotonic()
    with pytest.raises(LeanTimeoutError, match="within 1 s"):
        session.document(slow, within=Limit(1))
    with pytest.raises(Cancelled):
        session.document(slow, cancelled=lambda: time.monotonic() > began + 1)
    assert session.goals(TEXT, 6, 2).theorem == "even"  # the next one is served


def test_a_session_at_work_refuses_more(session: Session) -> None:
    with session.opened(TEXT, 6, 2), pytest.raises(Busy, match="all 1 Lean processes"):
        session.goals(TEXT, 6, 2, wait_s=0)


def test_a_lost_process_is_replaced(session: Session) -> None:
    worker = session._pool._ready[0]
    worker.process.kill()
    assert session.goals(TEXT, 10, 5).goals[0].endswith("⊢ q")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import Mathlib\ntheorem t : True := by sorry\n", "imports Mathlib, which is not there"),
        ("-- " + "x" * MAX_TEXT_BYTES, "interactive use reads up to"),
        ("theorem \0", "NUL"),
    ],
)
def test_texts_that_cannot_be_read_are_refused_in_a_line(session: Session, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says) as refused:
        session.document(text)
    assert "\n" not in str(refused.value)


def test_the_terminal_takes_picks_steps_undo_and_finish(session: Session) -> None:
    lines = iter(["nonsense here", "99", "constructor", "undo", "constructor", "exact h.2", "1"])
    said: list[str] = []
    text = "theorem both (p q : Prop) (h : p ∧ q) : q ∧ p := by\n"
    with session.opened(text, 1, 0) as here:
        found = Terminal(session, here, builtin_policy(), lambda: next(lines, "quit"), said.append, 100).run(QUICK)
    assert isinstance(found, Proof) and found.proof.startswith("constructor\n· exact h.2\n· ")
    assert any("there is no suggestion 99" in s for s in said) and any(s.startswith("Lean says:") for s in said)


def test_the_terminal_finishes_by_search(session: Session) -> None:
    lines = iter(["finish"])
    with session.opened(TEXT, 6, 2) as here:
        found = Terminal(session, here, builtin_policy(), lambda: next(lines, "quit"), lambda _: None).run(QUICK)
    assert isinstance(found, Proof)
    assert session.document(applied(TEXT, [here.at.edit(found.proof)])).named("even") is None


def test_an_edit_follows_a_text_that_changed_elsewhere(session: Session) -> None:
    edit = session.goals(TEXT, 6, 2).edit("omega")
    for new in ("-- 𝔸\n" + TEXT, TEXT + "-- more\n"):
        found = moved(edit, TEXT, new)
        assert found is not None
        assert applied(new, [found]) == new.replace("0 := by\n  sorry\n\ntheorem two", "0 := by\n  omega\n\ntheorem two")
    assert moved(edit, TEXT, TEXT.replace("  sorry\n\ntheorem two", "  simp\n\ntheorem two")) is None


def test_commands_for_scripts(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.server.session.Session", lambda **_: nullcontext(session))
    file = tmp_path / "some.lean"
    file.write_text(TEXT, encoding="utf-8")
    assert main(["suggest", f"{file}:7:3", "--json", "--timeout", "100", "--limit", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["theorem"] == "even" and told["suggestions"][0]["closes"] and len(told["suggestions"]) <= 2
    monkeypatch.setattr("sys.stdin", io.StringIO("finish\ny\n"))
    assert main(["prove", "-i", f"{file}:7", "--max-expansions", "3", "--timeout", "0"]) == 0
    assert "sorry" not in file.read_text("utf-8").split("theorem two")[0]


@pytest.mark.parametrize(
    ("row", "column"),
    [("  simp", 2), ("theorem t : p := by sorry", 20), ("theorem t : p := by", 19), ("  | zero =>", 11), ("have not_sorry", 0)],
)
def test_a_line_without_a_column_means_its_hole(row: str, column: int) -> None:
    assert likely_column(f"first\n{row}", 1) == column


@pytest.mark.parametrize("place", ["nowhere", "some.lean:0:1", "missing.lean:1:1"])
def test_impossible_places_of_the_command_are_usage_errors(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suggest", place]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_closing_ends_a_request_under_way() -> None:
    session = Session(workers=1, audit=False)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            session.document(TEXT)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has to come
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not session.readiness.at_work:
        time.sleep(0.01)
    session.close()
    thread.join(60)
    assert not thread.is_alive() and len(ended) == 1
