"""Messages of the host as values: what is read from a reply, and what is refused."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.errors import LeanProtocolError
from prover.lean import answers
from prover.lean.embedded import protocol

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
MESSAGE = {"severity": "error", "text": "no", "start": 3, "end": 5}
COMMAND = {
    "kind": "Lean.Parser.Command.declaration", "start": 0, "end": 30, "namespace": "[anonymous]",
    "messages": [MESSAGE, MESSAGE | {"severity": "warning"}], "before": 7, "declaration": "theorem",
    "id": "t",
    "sorries": 1, "value": [10, 30], "body": [13, 30], "depth": 2, "keyword": [0, 7],
}  # fmt: skip
BARE = {"kind": "end", "start": 0, "end": 3, "namespace": "A", "messages": []}
PROOF = {"sid": 4, "goals": [{"pp": "⊢ p", "hash": 9}, {"pp": "⊢ ?x", "hash": None}], "parts": [5, 6]}


def command_of(raw: dict[str, Any]) -> answers.Command:
    reply = {"state": 1, "commands": [raw], "stop": {"kind": "eoi", "start": 0}, "refused": None}
    (command,) = protocol.read("elaborate", reply)["commands"]
    assert isinstance(command, answers.Command)
    return command


def reply_of(raw: dict[str, Any]) -> answers.TacticReply:
    (reply,) = protocol.read("tactics", {"results": [raw]})["results"]
    assert isinstance(reply, answers.TacticReply)
    return reply


def test_a_command_keeps_what_the_host_said() -> None:
    command = command_of(COMMAND)
    assert (command.id, command.before, command.value, command.body) == ("t", 7, (10, 30), (13, 30))
    assert command.namespace == "", "no namespace is written [anonymous] by Lean"
    assert [m.text for m in command.errors] == ["no"]
    assert len(command.messages) == 2


def test_a_command_that_is_no_declaration_has_no_parts() -> None:
    command = command_of(BARE)
    assert (command.declaration, command.id, command.value, command.body, command.before) == (None,) * 5
    assert command.sorries == 0 and command.errors == ()


def test_a_proof_view_keeps_the_order_of_goals() -> None:
    (view,) = protocol.read("enter", {"messages": [], "proofs": [PROOF]})["proofs"]
    assert [g.pp for g in view.goals] == ["⊢ p", "⊢ ?x"]
    assert [g.fingerprint for g in view.goals] == [9, None]
    assert (view.sid, view.parts) == (4, (5, 6))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"done": True, "notes": ["Try this"]}, "done"),
        ({"gave_up": True}, "gave_up"),
        ({"timeout": True, "error": "heartbeats"}, "timed_out"),
        ({"error": "no"}, "error"),
        ({"error": ""}, "error"),
        (PROOF, "proof"),
    ],
)
def test_a_tactic_has_exactly_one_outcome(raw: dict[str, Any], field: str) -> None:
    reply = reply_of(raw | {"ms": 1.5, "cpu_ms": 0.5})
    outcomes = {
        "proof": reply.proof is not None, "done": reply.done, "gave_up": reply.gave_up,
        "timed_out": reply.timed_out,
        "error": reply.error is not None and not reply.timed_out,
    }  # fmt: skip
    assert [name for name, is_so in outcomes.items() if is_so] == [field]
    assert (reply.milliseconds, reply.cpu_ms) == (1.5, 0.5)


def test_what_was_read_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        command_of(COMMAND).messages[0].text = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "reply", [None, 5, "ok", [], {}, {"id": 1}, {"id": 2, "ok": {}}, {"ok": {}}, {"id": "1", "ok": {}}]
)
def test_an_envelope_of_another_request_is_refused(reply: object) -> None:
    with pytest.raises(LeanProtocolError, match="request 1"):
        protocol.checked(reply, 1)


def test_the_envelope_of_this_request_is_taken() -> None:
    assert protocol.checked({"id": 1, "ok": {"x": 2}}, 1)["ok"] == {"x": 2}
    assert protocol.checked({"id": 1, "error": {}}, 1)["error"] == {}


@given(JSON)
def test_any_json_is_an_envelope_or_refused(reply: object) -> None:
    with contextlib.suppress(LeanProtocolError):
        assert {"ok", "error"} & protocol.checked(reply, 1).keys()


@given(st.sampled_from(sorted(protocol.REPLIES)), JSON)
def test_any_reply_has_the_shape_of_its_operation_or_is_refused(op: str, reply: object) -> None:
    try:
        protocol.read(op, reply)
    except LeanProtocolError as error:
        assert "it is replaced" in str(error)


@given(st.sampled_from(["before", "value", "messages", "start", "kind", "id", "sorries", "namespace"]), JSON)
def test_any_command_can_be_read_or_is_refused(key: str, value: object) -> None:
    with contextlib.suppress(LeanProtocolError):
        command_of(COMMAND | {key: value})


@given(
    st.dictionaries(
        st.sampled_from(["done", "gave_up", "timeout", "error", "notes", "sid", "goals", "parts"]), JSON
    )
)
def test_any_tactic_result_can_be_read_or_is_refused(fields: dict[str, object]) -> None:
    with contextlib.suppress(LeanProtocolError):
        reply_of(PROOF | fields | {"ms": 0.5})


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"start": -1}, "commands[0].start: Input should be greater than or equal to 0"),
        ({"start": True}, "commands[0].start: Input should be a valid integer"),
        ({"start": "3"}, "commands[0].start: Input should be a valid integer"),
        ({"end": 1 << 53}, "commands[0].end: Input should be less than"),
        ({"kind": "\ud800"}, "commands[0].kind: Input should be a valid string"),
        ({"messages": {}}, "commands[0].messages: Input should be a valid tuple"),
        ({"messages": [MESSAGE, {"severity": "error"}]}, "commands[0].messages[1].text: Field required"),
        ({"value": [5, 3]}, "commands[0].value: Value error, a span ends before it begins"),
    ],
)
def test_the_place_that_is_wrong_is_told(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(LeanProtocolError) as refused:
        command_of(COMMAND | wrong)
    assert where in str(refused.value)


@pytest.mark.parametrize("raw", [{}, {"sid": "4"}, {"parts": [1.5]}, {"parts": ["5"]}, {"error": None}, {"done": 1}, {"ms": "1"}])
def test_a_tactic_result_of_another_shape_is_refused(raw: dict[str, Any]) -> None:
    with pytest.raises(LeanProtocolError, match="results"):
        reply_of(((PROOF if {"sid", "parts"} & raw.keys() else {}) | {"ms": 1}) | raw)
