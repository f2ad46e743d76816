"""The embedded kernel is older than faults that are known of it: the replay finds them on terms, and its arithmetic is right.

The terms are built in `lean_terms.cjs`, since no text that the audit reads can build them.
"""

from __future__ import annotations

import itertools
import json
import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prover.lean.embedded import package, prepared
from prover.lean.embedded.process import HOST, _set_limits
from prover.lean.embedded.worker import LeanWorker

EDGES = sorted(
    {0, 1, 2, 3, 7, 10**9, 10**20}
    | {2**k + d for k in (15, 16, 30, 31, 32, 33, 62, 63, 64, 65, 127, 128) for d in (-1, 0, 1)}
)
SMALL = (0, 1, 2, 3, 15, 30, 31, 32, 33, 62, 63, 64, 65, 127)
"""Exponents and shifts to the left; the kernel refuses large exponents, and large shifts are large numbers."""
LARGE = (2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**33, 2**63, 2**64, 2**64 + 1)
BINARY: dict[str, Callable[[int, int], int | bool]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: max(a - b, 0),
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a // b if b else 0,
    "mod": lambda a, b: a % b if b else a,
    "gcd": math.gcd,
    "beq": lambda a, b: a == b,
    "ble": lambda a, b: a <= b,
    "land": lambda a, b: a & b,
    "lor": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}


def sums() -> Iterator[tuple[tuple[str, ...], str]]:
    """Each of the fifteen operations that the kernel computes, with its answer by Python."""

    def case(operation: str, answer: int | bool, *numbers: int) -> tuple[tuple[str, ...], str]:
        return (operation, *map(str, numbers)), str(answer).lower()

    for operation, f in BINARY.items():
        yield from (case(operation, f(a, b), a, b) for a, b in itertools.product(EDGES, EDGES))
    for a in EDGES:
        yield case("log2", a.bit_length() - 1 if a else 0, a)
        for b in SMALL:
            if a < 2**34 or b < 34:  # Python prints no more than 4,300 digits
                yield case("pow", a**b, a, b)
            yield case("shiftLeft", a << b, a, b)
        yield from (case("shiftRight", a >> b if b < 1000 else 0, a, b) for b in (*SMALL, *LARGE))


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What one Lean process says of all terms and sums."""
    found = package.ensure()
    script = Path(__file__).with_name("lean_terms.cjs")
    command = [found.node, "--stack-size=819200", script, HOST.parent, prepared.ensure(found), found.lib_dir]
    asked = json.dumps({"sums": [sum_ for sum_, _ in sums()]})
    done = subprocess.run(
        [str(c) for c in command], input=asked, capture_output=True, text=True, timeout=300, preexec_fn=_set_limits
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("case", "taken_by_the_kernel", "reason"),
    [
        ("an opaque value with a free variable (#14484)", None, "free variables"),
        ("a definition with a free variable (#14607)", None, "free variables"),
        ("a projection out of Sort (imax …) (#14613)", True, "a structure whose sort may be Prop"),
        ("a projection out of Sort (max …) (#14613)", True, "a structure whose sort may be Prop"),
        ("a family of propositions whose sort is stuck (#14807)", True, "a sort that may be Prop"),
        ("another parameter behind a reduction (#14582)", True, "with other parameters than its own"),
        ("another parameter inside a nested type (#14582)", True, "with other parameters than its own"),
        ("a recursive argument behind a recursor (#14806)", True, "I occurs in I.step behind a computation"),
        ("a recursive argument behind a definition that uses one (#14806)", True, "I occurs in I.step behind a computation"),
        ("a recursive argument inside a nested type, behind one (#14806)", None, "I occurs in I.step behind a computation"),
        ("a recursive argument behind a function (#14806)", True, "I occurs in I.step behind a computation"),
        ("an ill-typed parameter of a nested type (#14576)", True, "type mismatch"),
        ("a projection beyond 32 bits (#14632)", None, "beyond the fields"),
        ("a projection beyond the fields (#14632)", None, "beyond the fields"),
        ("a projection by another structure (#14632)", None, "of what is no structure"),
        ("a name twice in a block (#14632)", None, "the kernel rejects it"),
        ("a name that the kernel computes with (#14632)", True, "a name that the kernel computes with"),
    ],
)
def test_a_known_fault_of_the_kernel_is_found_on_the_term(
    told: dict[str, Any], case: str, taken_by_the_kernel: bool | None, reason: str
) -> None:
    taken, error = told["faults"][case]
    assert reason in (error or "")
    assert taken_by_the_kernel is None or taken == taken_by_the_kernel


def test_honest_types_have_none_of_the_faults(told: dict[str, Any]) -> None:
    assert told["faults"]["honest types"] == [True, None]


def test_the_kernels_equality_depends_on_what_it_was_asked_before(told: dict[str, Any]) -> None:
    """#14806: so the kernel may see an argument as recursive in one place and not in another; the audit wants it written so."""
    assert told["order"] == {"parts": [True, True], "alone": False, "after": True}


def test_a_recursor_whose_rule_lost_an_argument_is_found(told: dict[str, Any]) -> None:
    """What an unstable definitional equality made of a recursor (#14806)."""
    for name, honest, robbed in told["recursors"]:
        assert honest is None, name
        assert "number of arguments" in robbed or robbed == "no arguments", name


def test_a_count_of_references_cannot_overflow_in_this_build(told: dict[str, Any]) -> None:
    """#14838, #15241, #15288, #15289 need 2^31 references of 4 bytes; the address space has 4 GiB."""
    assert not told["four_gib_more"] and 4 * 2**31 > 2**32


def test_nothing_of_a_poisoned_process_reaches_the_next_text(told: dict[str, Any]) -> None:
    """Every reference that Lean keeps for the whole process is overwritten; the next text is read as if it had not been."""
    found = told["inheritance"]
    assert found["references"] > 80 and found["put_back"] == found["references"]
    assert found["same"] and "unused variable" in found["messages"]
    assert found["alone"] == []  # an honest text changes none


def test_no_reference_of_the_process_is_left_unwatched(told: dict[str, Any]) -> None:
    """All that the global constants of the build lead to, by the file of its symbols."""
    assert told["inheritance"]["globals"] > 5000 and told["inheritance"]["unwatched"] == []


def test_the_kernel_computes_as_python_does(told: dict[str, Any]) -> None:
    wrong = [(sum_, said, answer) for (sum_, answer), said in zip(sums(), told["sums"], strict=True) if said != answer]
    assert wrong == []


INTEGERS = [0, *(n for e in (1, 7, 2**31 - 1, 2**31, 2**32, 2**63, 2**64 - 1) for n in (e, -e))]
NATURALS = [n for n in INTEGERS if n >= 0]
PAIRS = [(a, b) for a in INTEGERS for b in INTEGERS]
ONE, NATURAL = [(a,) for a in INTEGERS], [(a, b) for a in INTEGERS for b in NATURALS]


def _tdiv(a: int, b: int) -> int:
    return 0 if b == 0 else abs(a) // abs(b) * (1 if a * b >= 0 else -1)


def _bmod(a: int, m: int) -> int:
    rest = a % m if m else a
    return rest if rest < (m + 1) // 2 else rest - m


INT: dict[str, tuple[str, str, list[tuple[int, ...]], Callable[..., int | bool]]] = {
    "Int.reduceNeg": ("-{}", "Int", [(a,) for a in INTEGERS if a], lambda a: -a),
    "Int.reduceAdd": ("{} + {}", "Int", PAIRS, lambda a, b: a + b),
    "Int.reduceSub": ("{} - {}", "Int", PAIRS, lambda a, b: a - b),
    "Int.reduceMul": ("{} * {}", "Int", PAIRS, lambda a, b: a * b),
    "Int.reduceDiv": ("{} / {}", "Int", PAIRS, lambda a, b: 0 if b == 0 else (a - a % abs(b)) // b),
    "Int.reduceMod": ("{} % {}", "Int", PAIRS, lambda a, b: a if b == 0 else a % abs(b)),
    "Int.reduceTDiv": ("Int.tdiv {} {}", "Int", PAIRS, _tdiv),
    "Int.reduceTMod": ("Int.tmod {} {}", "Int", PAIRS, lambda a, b: a - b * _tdiv(a, b)),
    "Int.reduceFDiv": ("Int.fdiv {} {}", "Int", PAIRS, lambda a, b: 0 if b == 0 else a // b),
    "Int.reduceFMod": ("Int.fmod {} {}", "Int", PAIRS, lambda a, b: a if b == 0 else a % b),
    "Int.reduceBdiv": ("Int.bdiv {} {}", "Int", NATURAL, lambda a, m: (a - _bmod(a, m)) // m if m else 0),
    "Int.reduceBmod": ("Int.bmod {} {}", "Int", NATURAL, _bmod),
    "Int.reducePow": ("{} ^ {}", "Int", [(a, n) for a in INTEGERS for n in (0, 1, 2, 3, 31, 64)], lambda a, n: a**n),
    "Int.reduceAbs": ("Int.natAbs {}", "Nat", ONE, abs),
    "Int.reduceToNat": ("Int.toNat {}", "Nat", ONE, lambda a: max(a, 0)),
    "Int.reduceNegSucc": ("Int.negSucc {}", "Int", [(n,) for n in NATURALS], lambda n: -n - 1),
    "Int.reduceOfNat": ("Int.ofNat {}", "Int", [(n,) for n in NATURALS], lambda n: n),
    "Int.reduceLT": ("{} < {}", "Prop", PAIRS, lambda a, b: a < b),
    "Int.reduceLE": ("{} ≤ {}", "Prop", PAIRS, lambda a, b: a <= b),
    "Int.reduceGT": ("{} > {}", "Prop", PAIRS, lambda a, b: a > b),
    "Int.reduceGE": ("{} ≥ {}", "Prop", PAIRS, lambda a, b: a >= b),
    "Int.reduceEq": ("{} = {}", "Prop", PAIRS, lambda a, b: a == b),
    "Int.reduceNe": ("{} ≠ {}", "Prop", PAIRS, lambda a, b: a != b),
    "Int.reduceDvd": ("{} ∣ {}", "Prop", PAIRS, lambda a, b: b % a == 0 if a else b == 0),
    "Int.reduceBEq": ("{} == {}", "Bool", PAIRS, lambda a, b: a == b),
    "Int.reduceBNe": ("{} != {}", "Bool", PAIRS, lambda a, b: a != b),
}


TAKES_NATURAL = ("Int.reduceNegSucc", "Int.reduceOfNat")
AT_ONCE = 16
"""How many equations stand in one; simp's time grows faster than their number."""


def _literal(n: int, type_: str = "Int") -> str:
    return f"({n} : {type_})"


def test_simp_computes_integers_as_python_does() -> None:
    """Each simproc on all pairs of edge values, in equations of lists, must lead to Python's answers and to no other."""
    with LeanWorker() as worker:
        state = worker.base_state(("Init",))
        for simproc, (form, type_, given, f) in INT.items():
            numbers = "Nat" if simproc in TAKES_NATURAL else "Int"
            types = (numbers, "Nat" if numbers == "Nat" or given is not PAIRS else "Int")
            left = [form.format(*(_literal(n, t) for n, t in zip(ns, types, strict=False))) for ns in given]
            right = [_said(f(*ns), type_) for ns in given]
            parts = [slice(at, at + AT_ONCE) for at in range(0, len(given), AT_ONCE)]
            right_ones = [_equation(simproc, type_, left[part], right[part]) for part in parts]
            wrong_one = _equation(simproc, type_, left[-1:], [_said(f(*given[-1]), type_, wrong=True)])
            for text, holds in (("".join(right_ones), True), (wrong_one, False)):
                reply = worker.request("elaborate", 120, state=state, text=text)
                errors = [m.text[-300:] for c in reply["commands"] for m in c.errors]
                assert (errors == []) == holds, (simproc, errors)


def _equation(simproc: str, type_: str, left: list[str], right: list[str]) -> str:
    return f"example : ([{', '.join(left)}] : List {type_}) = [{', '.join(right)}] := by simp only [{simproc}, Int.reduceNeg]\n"


def _said(answer: int | bool, type_: str, wrong: bool = False) -> str:
    """An answer as Lean writes it; or another one."""
    if type_ == "Prop":
        return str(answer is not wrong)
    return str(answer is not wrong).lower() if type_ == "Bool" else str(answer + wrong)
