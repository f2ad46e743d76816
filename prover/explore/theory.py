"""Lemmas about a file's functions, found in the theorem that needs them.

HipSpec (Claessen, Johansson, Rosén and Smallbone, "Automating inductive proofs using theory exploration", CADE 2013):
equations that hold of small values are taken up smallest first; one that follows from what is known is left out, one that
induction proves is kept and helps with the next. What could not be proved is tried once more behind the others.

Each lemma stands in the proof as `have lemma₁ : … := by …`. Nothing here is trusted: the audit sees the whole proof.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from lean_dojo import TacticState

from prover.explore.induction import Variable, derivations, inductions
from prover.lean.evaluated import TYPE_VARIABLE, Equation

ROUNDS = 2
LEMMA = "lemma"
"""What a lemma is called in a proof, with its number."""
LIBRARY_INDUCTIVES = frozenset({"Nat", "List", "Option"})
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Steps(Protocol):
    """A Dojo, as far as exploration uses it."""

    def run_tacs(self, state: TacticState, tactics: Sequence[str]) -> Sequence[object]:
        """One result for each tactic, each run on `state` itself."""
        ...


@dataclass(frozen=True)
class Lemma:
    """A lemma that Lean took.

    Attributes:
        name: what it is called in the proof.
        equation: what it says.
        script: what proves it once its variables are introduced.
        before: the state in which it was proved, with the lemmas before it in context.
    """

    name: str
    equation: Equation
    script: str
    before: TacticState

    @property
    def statement(self) -> str:
        """The closed proposition."""
        return self.equation.statement

    @property
    def tactic(self) -> str:
        """The tactic that states and proves it."""
        return stating(self.name, self.equation, self.script)


@dataclass(frozen=True)
class Theory:
    """What one file's functions and types are called: `inductives` are types that induction takes apart."""

    functions: tuple[str, ...]
    inductives: frozenset[str]

    def variables(self, typed: Iterable[tuple[str, str]]) -> list[Variable]:
        """Names and types as variables of induction; a type may be written without the namespaces that it stands in."""
        known = {name.rsplit(".", 1)[-1] for name in self.inductives | LIBRARY_INDUCTIVES}
        return [Variable(name, _head(of_type).rsplit(".", 1)[-1] in known) for name, of_type in typed]


def lemmas(
    steps: Steps,
    state: TacticState,
    conjectures: Sequence[Equation],
    theory: Theory,
    budget_s: float,
    most: int = 12,
    clock: Callable[[], float] = time.monotonic,
) -> list[Lemma]:
    """Prove conjectures one after the other, each with the lemmas before it in context.

    Args:
        steps: runs tactics.
        state: a state of the theorem; it is not changed.
        conjectures: smallest first.
        theory: what may be inducted on and unfolded.
        budget_s: seconds; looked at before each script.
        most: no more lemmas than this.

    Returns:
        The lemmas, in the order in which their tactics have to run.
    """
    deadline = clock() + budget_s
    return list(proved(steps, state, conjectures, theory, lambda: clock() > deadline, most))


def proved(
    steps: Steps, state: TacticState, conjectures: Sequence[Equation], theory: Theory, over: Callable[[], bool], most: int
) -> Iterator[Lemma]:
    """The lemmas of `lemmas`, each as soon as it is proved, until `over`."""
    kept = 0
    waiting = list(conjectures)
    for _ in range(ROUNDS):
        unproved: list[Equation] = []
        for equation in waiting:
            if over() or kept == most:
                return
            name = f"{LEMMA}{str(kept + 1).translate(SUBSCRIPTS)}"
            if _taken(steps, state, equation, name, derivations(theory.functions), over) is not None:
                continue  # it says nothing new
            scripts = inductions(theory.variables(equation.variables), theory.functions)
            found = _taken(steps, state, equation, name, scripts, over)
            if found is None:
                unproved.append(equation)
            else:
                before, (state, script) = state, found
                kept += 1
                yield Lemma(name, equation, script, before)
        if len(unproved) == len(waiting):
            break
        waiting = unproved


def stating(name: str, equation: Equation, script: str) -> str:
    """The tactic that states an equation and proves it: its variables are introduced, then the script runs."""
    return proving(name, equation, [introduction(equation), script])


def proving(name: str, equation: Equation, steps: Iterable[str]) -> str:
    """The tactic that states an equation and proves it by steps, none of them when empty."""
    return f"have {name} : {equation.statement} := by\n" + "\n".join(f"  {step}" for step in steps if step)


def introduction(equation: Equation) -> str:
    """The tactic that introduces an equation's variables; empty without any."""
    names = [variable for variable, _ in equation.variables]
    introduced = " ".join([TYPE_VARIABLE, *names] if equation.polymorphic else names)
    return f"intro {introduced}" if introduced else ""


def _taken(
    steps: Steps, state: TacticState, equation: Equation, name: str, scripts: Iterable[str], over: Callable[[], bool]
) -> tuple[TacticState, str] | None:
    """The first script that proves an equation, and the state with the lemma."""
    for script in scripts:
        if over():
            return None
        result = steps.run_tacs(state, [stating(name, equation, script)])[0]
        if isinstance(result, TacticState):
            return result, script
    return None


def _head(of_type: str) -> str:
    return of_type.strip("()").split(" ", 1)[0]
