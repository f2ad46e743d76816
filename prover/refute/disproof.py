"""From values at which a theorem is false by evaluation to a proof of its negation, which the audit accepts.

The negation is stated of the theorem as Lean elaborates it, `¬ type_of% @t`, so sections, variables and names that were bound
automatically are what they are in the theorem. The proof applies the assumed theorem to the values and has Lean compute.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from lean_dojo import DojoInitError, ProofFinished

from prover.audit.auditor import Verdict
from prover.audit.outcome import Disproof, disproof_of
from prover.errors import DataError
from prover.lean.dojo import Dojo
from prover.lean.engine import Engine
from prover.lean.evaluated import DATA, HYPOTHESIS, LET, Counterexample
from prover.lean.targets import Target

TACTIC_TIMEOUT_S = 15.0


def disprove(
    engine: Engine,
    target: Target,
    counterexample: Counterexample,
    audit: Callable[[Target, str], Verdict],
    deadline: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Disproof | None:
    """Have Lean prove the negation from the values, until `deadline` on the clock.

    Returns None when no way of computing that is known here goes through, or the audit refuses what went through. Raises
    LeanProcessError when Lean was lost.
    """
    text = negation_text(target, counterexample)
    try:
        negation = engine.read(text, target.file.path).targets[-1]
    except (DataError, IndexError):
        return None
    if negation.problem is not None or not negation.name.endswith(".disproof"):
        return None
    short = counterexample.within(target.name.rpartition(".")[0])
    tries = [*proofs(short), *(proofs(counterexample) if short != counterexample else ())]
    try:
        with Dojo(negation, engine, TACTIC_TIMEOUT_S, deadline=deadline, clock=clock) as (opened, initial):
            while tries:
                results = opened.run_tacs(initial, tries, stop_when_done=True)
                if not results or not isinstance(results[-1], ProofFinished):
                    return None
                proof, tries = tries[len(results) - 1], tries[len(results) :]
                if (found := disproof_of(audit, negation, proof, short.values, text)) is not None:
                    return found
    except DojoInitError:
        return None
    return None


def negation_text(target: Target, counterexample: Counterexample) -> str:
    """A file that ends in the negation of a theorem, with `sorry`."""
    name = target.name
    stated = target.command("sorry")
    if re.search(r"\bexample\b", target.statement) and "#" not in name:
        stated = re.sub(r"\bexample\b", f"theorem _root_.{name}", stated, count=1)
    levels = ", ".join(str(n) for _, n in sorted(counterexample.levels.items()))
    universes = f".{{{levels}}}" if levels else ""
    before = target.file.span(0, target.start)
    return f"{before}{stated}\n\ntheorem _root_.{name}.disproof : ¬ type_of% @_root_.{name}{universes} := by sorry\n"


def proofs(counterexample: Counterexample) -> list[str]:
    """Ways to compute the negation at the values, cheapest first."""
    names = ", ".join(counterexample.unfolded)
    computed = f"first | rfl | decide | simp [{names}] | simp +decide [{names}] | omega"
    binders = [(t, k) for t, k in zip(counterexample.texts, counterexample.kinds, strict=True) if k != LET]
    arguments = [f"(by {computed})" if kind == HYPOTHESIS else text for text, kind in binders]
    last_value = max((i for i, (_, kind) in enumerate(binders) if kind != HYPOTHESIS), default=-1)
    at_values = " ".join(["@h", *arguments[: last_value + 1]])
    entirely = " ".join(["@h", *arguments])
    have = f"intro h\nhave h0 := {at_values}\n"
    ways = [
        f"exact fun h => absurd ({at_values}) (by decide)",
        f"{have}simp [{names}] at h0",
        f"exact fun h => ({entirely}) rfl",
        f"{have}simp +decide [{names}] at h0",
        f"exact fun h => nomatch {entirely}",
        f"intro h\nhave h0 := {entirely}\ncases h0",
        f"exact fun h => absurd ({at_values}) (by decide +kernel)",
        f"{have}grind [{names}]" if names else f"{have}grind",
        f"intro h\nhave h0 := {entirely}\nsimp_all [{names}]",
        f"{have}omega",
    ]
    if not any(kind == DATA for _, kind in binders):
        ways.append("intro h\nsimp_all")
    return ways
