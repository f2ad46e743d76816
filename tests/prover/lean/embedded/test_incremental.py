"""A text that was edited: what stands in front of the edit is not elaborated again, and the result is the same."""

from __future__ import annotations

from typing import Any

import pytest

from prover.lean import answers
from prover.lean.embedded import protocol
from prover.lean.embedded.worker import KEPT_CONTEXTS, LeanWorker
from prover.lean.positions import Places, Position

INIT = ("Init",)
HEAD = "def a := 1\n\n/-- two -/\ndef b := 2\n\ntheorem c : b = 2 := rfl\n"


@pytest.fixture
def elaborated(lean_worker: LeanWorker, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From which byte on texts were elaborated, in order."""
    starts: list[int] = []
    ask = lean_worker.request

    def noting(op: str, timeout_s: float | None = None, **fields: Any) -> protocol.Json:
        if op == "elaborate" and fields.get("keep"):
            starts.append(fields["from"])
        return ask(op, timeout_s, **fields)

    monkeypatch.setattr(lean_worker, "request", noting)
    return starts


def shown(commands: list[answers.Command]) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(c.start, c.end, tuple(m.text for m in c.messages)) for c in commands]


@pytest.mark.parametrize(
    ("edited", "begins_at"),
    [
        (HEAD + "theorem d : a = 1 := rfl\n", HEAD.index("theorem c")),  # `c` might have gone on
        (HEAD.replace("b = 2", "b = 3"), HEAD.index("theorem c")),
        (HEAD.replace("def b := 2", "def b := 3"), HEAD.index("/-- two")),
        (HEAD.replace("/-- two -/\n", ""), 0),  # another word ends `a`
        ("-- in front\n" + HEAD, 0),
    ],
)
def test_elaboration_begins_at_the_first_command_that_may_differ(
    lean_worker: LeanWorker, elaborated: list[int], edited: str, begins_at: int
) -> None:
    lean_worker.elaborate_file(INIT, HEAD, 0)
    elaborated.clear()
    found = lean_worker.elaborate_file(INIT, edited, 0)[1]
    assert elaborated == [begins_at]
    whole = lean_worker.request("elaborate", state=lean_worker.base_state(INIT), text=edited)
    lean_worker.request("release", states=[whole["state"]])
    assert shown(found) == shown(whole["commands"])


def test_a_text_is_elaborated_no_further_than_asked(lean_worker: LeanWorker, elaborated: list[int]) -> None:
    text = HEAD.replace("def a", "def far") + "#check c\n"
    commands = lean_worker.elaborate_file(INIT, text, 0, until=text.index("def b"))[1]
    assert [c.id for c in commands] == ["far", "b"]
    assert len(lean_worker.elaborate_file(INIT, text, 0)[1]) == 4
    assert elaborated[-1] == text.index("theorem c")


def test_cancelling_keeps_what_was_done(lean_worker: LeanWorker, elaborated: list[int]) -> None:
    text = HEAD.replace("def a", "def cancelled")
    assert lean_worker.elaborate_file(INIT, text, 0, cancelled=lambda: True)[1] == []
    assert len(lean_worker.elaborate_file(INIT, text, 0, cancelled=lambda: False)[1]) == 3


def test_states_that_texts_share_live_as_long_as_one_of_them(lean_worker: LeanWorker) -> None:
    before = lean_worker.request("memory")["states"]  # the worker is shared by the tests: others hold some, too
    for number in range(3 * KEPT_CONTEXTS):
        lean_worker.elaborate_file(INIT, f"{HEAD}theorem n{number} : a = 1 := rfl\n", 0)
    held = lean_worker.request("memory")["states"]
    assert held - before <= 8 * KEPT_CONTEXTS
    assert lean_worker.elaborate_file(INIT, HEAD + "theorem last : b = 2 := rfl\n", 0)[1][-1].messages == ()


TEXT = "a𝔸b\nλx\n\nend"


@pytest.mark.parametrize(("line", "column", "utf16", "byte"), [(0, 2, 3, 5), (0, 3, 4, 6), (1, 1, 1, 9), (3, 3, 3, 15)])
def test_positions_are_translated_both_ways(line: int, column: int, utf16: int, byte: int) -> None:
    places = Places(TEXT)
    at = places.character(line, column)
    assert at is not None and places.position(at) == Position(line, column)
    assert places.utf16(Position(line, column)) == utf16 and places.from_utf16(line, utf16) == column
    assert places.byte(at) == byte == len(TEXT[:at].encode()) and places.at_byte(byte) == at
