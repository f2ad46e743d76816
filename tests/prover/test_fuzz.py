"""Bad inputs, thousands of them: no traceback, no hang, and nothing false is ever called proved.

    PROOFSMITH_FUZZ=2000 python -m pytest -q -s tests/prover/test_fuzz.py

tries so many inputs of each kind (six kinds) and prints what became of them; without the variable some hundreds in all.
A traceback or a hang fails the test by itself: every call below may raise what it is documented to raise, and nothing else.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prover.audit.embedded import Auditor
from prover.errors import DataError, LeanCrashedError, LeanProcessError, LeanTimeoutError
from prover.lean import targets
from prover.lean.dojo import Dojo
from prover.lean.embedded import protocol
from prover.lean.embedded.package import EmbeddedPackage
from prover.lean.embedded.process import LeanProcess, RequestRefused
from prover.lean.embedded.worker import LeanWorker
from prover.prove.run import from_statement

COUNT = int(os.environ.get("PROOFSMITH_FUZZ", "0"))
"""Inputs of each kind; 0 for the few that every run of the tests tries."""
MAX_ANSWER_S = 60.0
PIECES = (
    "theorem", "lemma", "example", "def", "t", "x", "h", "«a b»", "(", ")", "{", "}", "⟨", "⟩", ":", ":=", "by", "sorry", "=>",
    "fun", "∀", "∃", "→", "↔", "¬", "False", "True", "Nat", "List Nat", "Prop", "Type", "0", "1", "=", "+", "sorry\n", "\n",
    "  ", "--", "/-", "-/", "end", "section", "namespace A", "open Nat", "import Init", "import Lean", "import Nothing", "#eval 1",
    "set_option maxRecDepth 50 in", "@[simp]", "private", "mutual", "where", "termination_by", "\"", "\\", "\t", "\r\n", "\u202e",
    "💥", "é", "\ufeff", "\x07", "macro \"m\" : tactic => `(tactic| sorry)", "notation \"#\" => False", "axiom bad : False",
)  # fmt: skip
TACTICS = (
    "simp", "omega", "rfl", "decide", "trivial", "exact", "apply", "intro h", "cases", "induction", "have : False :=", "sorry",
    "admit", "sorryAx _ false", "by", "exact?", "native_decide", "bv_decide", "set_option debug.skipKernelTC true in",
    "run_tac", "unsafe", "implemented_by", "first", "|", "<;>", "·", "(", ")", "⟨", "⟩", "at h", "?_", "_", "*", "with", "=>", ";", "\n",
    "open Classical in", "show", "from", "Lean.ofReduceBool", "False.elim", "absurd", "this", "let rec f : False := f", "nofun", "contradiction",
    "grind", "split", "ext", "conv", "lhs", "rw [", "]", "nomatch", "propext", "\u0000", "💥", "--", "/-", "-/", ":= by", "theorem", "end",
)  # fmt: skip
FALSE = ("theorem f : False", "theorem f (n : Nat) : n = n + 1", "theorem f (p : Prop) : p", "theorem f : (2 : Nat) + 2 = 5")
OPERATIONS = ("header", "import", "elaborate", "enter", "tactics", "release", "constants", "compare", "replay", "memory", "hello", "nothing")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def examples(few: int) -> settings:
    return settings(
        max_examples=COUNT or few,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def joined(pieces: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces) | st.text(max_size=3), max_size=24).map(" ".join)


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    counter: Counter[str] = Counter()
    yield counter
    print("\n" + json.dumps(dict(sorted(counter.items())), indent=2))


@pytest.fixture(scope="module")
def worker() -> Iterator[LeanWorker]:
    with LeanWorker(timeout_s=MAX_ANSWER_S) as lean:
        yield lean


# ---------------------------------------------------------------- the Python side of the protocol


def damaged(value: Any, chance: random.Random) -> Any:
    """A JSON value with one place changed."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        key = chance.choice(sorted(value))
        if chance.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: damaged(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], damaged(value[at], chance), *value[at + 1 :]]
    return chance.choice([None, True, -1, 0, 1.5, float("nan"), 10**30, "", "\ud800", "x" * 1000, [], {}, [[]], {"a": 1}, [1, 0]])


GOAL = {"pp": "⊢ True", "hash": 7}
COMMAND = {
    "kind": "k", "start": 0, "end": 9, "namespace": "[anonymous]", "messages": [{"severity": "error", "text": "t", "start": 0, "end": 1}],
    "before": 3, "declaration": "theorem", "id": "t", "sorries": 1, "depth": 1, "value": [3, 9], "body": [5, 9], "keyword": [0, 3],
}  # fmt: skip
GOOD: dict[str, dict[str, Any]] = {
    "elaborate": {"state": 2, "commands": [COMMAND], "stop": {"kind": "eoi", "start": 9}, "refused": None},
    "enter": {"messages": [], "proofs": [{"sid": 3, "goals": [GOAL, GOAL], "parts": [4, 5]}]},
    "tactics": {"results": [
        {"ms": 1, "done": True, "notes": []}, {"ms": 1.5, "error": "no"}, {"ms": 1, "timeout": True}, {"ms": 1, "gave_up": True},
        {"ms": 1, "sid": 3, "goals": [GOAL], "parts": [], "notes": ["n"]},
    ]},
    "constants": {"constants": [{
        "name": "n", "kind": "theorem", "uses": ["a"], "type_uses": [], "internal": False, "unsafe": False, "partial": False,
        "implemented_by": None, "extern": False, "csimp": False,
    }], "imported_axioms": ["propext"]},
    "compare": {"comparisons": [{"name": "n", "kind_a": "theorem", "kind_b": None, "differences": []}]},
}  # fmt: skip


@given(st.sampled_from(sorted(GOOD)), st.randoms(use_true_random=False), st.integers(1, 3))
@examples(100)
def test_a_damaged_reply_is_refused_or_can_be_read(tally: Counter[str], op: str, chance: random.Random, times: int) -> None:
    reply: Any = json.loads(json.dumps(GOOD[op]))
    for _ in range(times):
        reply = damaged(reply, chance)
    tally["1 replies of a wrong shape"] += 1
    try:
        protocol.read(op, reply)
        tally["1   … harmless"] += 1
    except LeanProcessError:
        tally["1   … refused"] += 1


class Cat(LeanProcess):
    """A process that says hello and then what it was given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__()

    def _command(self, found: EmbeddedPackage) -> list[str]:
        return ["/bin/cat", str(self.path)]


HELLO = b'{"id": 0, "ok": {"lean": "x"}}\n'
replies = st.binary(max_size=200) | json_values.map(lambda v: json.dumps(v).encode() + b"\n") | st.sampled_from([
    b"[" * 100_000 + b"\n", b'{"id": 1, "ok": ' * 50_000 + b"\n", b"\n\n\n", b'{"id": 1}\n', b'{"id": 1, "ok": null}\n', b'{"id": true, "ok": {}}\n',
    b'{"id": 1, "error": null}\n', b'{"id": 1, "error": {"kind": 7}}\n', b'{"id": 1, "ok": {"results": [{"done": true}]}}\n', b"9" * 5000 + b"\n",
])  # fmt: skip


@given(replies, st.booleans())
@examples(40)
def test_whatever_a_process_writes_is_an_answer_or_one_error(
    tally: Counter[str], tmp_path_factory: pytest.TempPathFactory, said: bytes, with_hello: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "said"
    path.write_bytes((HELLO if with_hello else b"") + said)
    tally["2 bytes in place of replies"] += 1
    began = time.monotonic()
    try:
        process = Cat(path)
        try:
            process.request("tactics", 5.0, sid=1, tactics=["simp"])
            tally["2   … a well-formed reply"] += 1
        finally:
            process.kill()
    except (LeanProcessError, RequestRefused):
        tally["2   … one error"] += 1
    assert time.monotonic() - began < 4.0


# ---------------------------------------------------------------- the host's side of the protocol

requests = (
    st.builds(
        lambda op, fields: json.dumps({"id": 1, "op": op, **fields}).encode(),
        st.sampled_from(OPERATIONS),
        st.dictionaries(
            st.sampled_from(["state", "text", "from", "keep", "sid", "tactics", "modules", "states", "names", "base", "a", "b", "guarded"]),
            json_values | joined(PIECES) | st.integers(-5, 50),
            max_size=5,
        ),
    )
    | st.binary(max_size=200)
    | json_values.map(lambda v: json.dumps(v).encode())
    | st.sampled_from([b"[" * 1_000_000, b'{"a":' * 200_000, b"{" * 10, b"\xff" * 100, b'"' + b"x" * 3_000_000 + b'"', b"null", b'{"id": {}, "op": "hello"}'])
)


@given(requests)
@examples(80)
def test_whatever_the_host_is_sent_it_answers_or_ends(tally: Counter[str], worker: LeanWorker, sent: bytes) -> None:
    line = sent.replace(b"\n", b" ").replace(b"\r", b" ")
    tally["3 lines to the host"] += 1
    if not line.strip():
        return
    process = worker.process
    end = time.monotonic() + MAX_ANSWER_S
    try:
        process._write(line + b"\n", end, MAX_ANSWER_S)
        if line.decode("utf-8", "replace").strip():
            reply = process.receive(end, MAX_ANSWER_S)
            assert isinstance(reply, dict) and ("ok" in reply or "error" in reply)
            assert "done" not in str(reply.get("ok"))
            tally["3   … " + ("done" if "ok" in reply else str(reply["error"]["kind"]))] += 1
            if "error" in reply and reply["error"]["kind"] == "crash":
                process.kill()
    except LeanCrashedError:
        tally["3   … it ended"] += 1
    # A LeanTimeoutError would be a hang: it fails the test.


# ---------------------------------------------------------------- files, statements, tactics

contents = st.binary(max_size=300) | joined(PIECES).map(str.encode) | st.builds(
    lambda before, after: f"{before}\ntheorem t : 1 + 1 = 2 := by sorry\n{after}".encode(), joined(PIECES), joined(PIECES)
)  # fmt: skip


terms = st.recursive(
    st.sampled_from(["n", "m", "0", "1", "xs.length", "(n : Int)", "xs", "[]", "'c'", "true", "π", "_", "sorry", "_root_.Nat.zero", "?x"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "^", "++", "::", "%", "∘", "|>", "<|>", "$", "∸"]), inner)
    | st.builds("({} {})".format, st.sampled_from(["Nat.succ", "List.reverse", "id", "f", "fun", "λ", "¬", "-", "√"]), inner),
    max_leaves=4,
)
propositions = st.builds(
    "{} {} {} {} {}".format, st.sampled_from(["", "∀ k,", "∃ k,", "n = m →", "¬", "True ∧", "let y := 1;", "fun x =>", "by exact"]),
    terms, st.sampled_from(["=", "≠", "<", "≤", "∈", "∣", "↔", "⊆", "→", "≃", "=="]), terms, st.sampled_from(["", "∧ True", ":= by sorry", ":= sorry", "--", ")", "where"]),
)
binders = st.sampled_from(["", "(n m : Nat) (xs : List Nat)", "{n m} (xs : List Nat)", "(n : Nat", "[Inhabited α]", "(n n : Nat)", "(h : ∃ x, ", "(xs : Vec 3)"])
statements = joined(PIECES) | propositions | st.builds(
    "{} {} {} : {}".format, st.sampled_from(["theorem", "lemma", "example", "@[simp] theorem", "private theorem", "def"]),
    st.sampled_from(["t", "«t\nu»", "a.b", "_root_.x", "", "sorry", "1t", "«»", "t.{u}"]), binders, propositions,
)  # fmt: skip


def look_at(reading: targets.Reading) -> None:
    """All that a run does with a reading, but for the search."""
    proofs = {t.proof_span[0]: "simp\nomega" for t in reading.targets}
    written = targets.write_proofs(reading.file, proofs, reading.targets)
    assert all(t.statement and t.line > 0 and t.command("simp") and "simp" in written for t in reading.targets)


@given(contents)
@examples(60)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tally: Counter[str], worker: LeanWorker, tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.lean"
    path.write_bytes(content)
    tally["4 files"] += 1
    try:
        reading = worker.read(targets.load(path), path)
        look_at(reading)
        tally["4   … read, with something to prove" if reading.targets else "4   … read"] += 1
    except DataError:
        tally["4   … refused"] += 1
    except LeanTimeoutError:
        raise
    except LeanProcessError:
        tally["4   … Lean ended"] += 1


@given(statements)
@examples(60)
def test_whatever_a_statement_is_it_is_read_or_refused(tally: Counter[str], worker: LeanWorker, text: str) -> None:
    tally["5 statements"] += 1
    try:
        reading = worker.read(from_statement(text).text)
        look_at(reading)
        tally["5   … read, with something to prove" if reading.targets else "5   … read"] += 1
    except DataError:
        tally["5   … refused"] += 1
    except LeanTimeoutError:
        raise
    except LeanProcessError:
        tally["5   … Lean ended"] += 1


@pytest.mark.parametrize("statement", FALSE)
def test_no_tactic_proves_what_is_false(tally: Counter[str], worker: LeanWorker, statement: str) -> None:
    batches = max(1, (COUNT or 80) // (len(FALSE) * 20))
    target = worker.read(from_statement(statement).text).targets[0]
    auditor = Auditor(worker)

    @given(st.lists(joined(TACTICS), min_size=20, max_size=20))
    @settings(examples(1), max_examples=batches)
    def tried(tactics: list[str]) -> None:
        with Dojo(target, worker, timeout=5.0, heartbeats=20_000) as (dojo, state):
            results = dojo.run_tacs(state, tactics)
        for tactic, result in zip(tactics, results, strict=True):
            tally["6 tactics for false theorems"] += 1
            tally[f"6   … {type(result).__name__}"] += 1
            if type(result).__name__ == "ProofFinished" or random.Random(tactic).random() < 0.1:
                tally["6   … put to the audit"] += 1
                assert not auditor.audit_proof(target, tactic).accepted, tactic

    tried()
