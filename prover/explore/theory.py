"""Lemmas about a file's functions, found in the theorem that needs them.

HipSpec (Claessen, Johansson, Rosén and Smallbone, "Automating inductive proofs using theory exploration", CADE 2013):
equations that hold of small values are taken up smallest first; one that follows from what is known is left out, one that
induction proves is kept and helps with the next. What could not be proved is tried once more behind the others.

Each lemma stands in the proof as `have lemma₁ : … := by …`. Nothing here is trusted: the audit sees the whole proof.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lean_dojo import TacticState

from prover.explore.induction import Variable, derivations, inductions
from prover.lean.evaluated import TYPE_VARIABLE, Equation

ATTEMPTS = 3
RETRIED = 2
"""So many conjectures that had failed are tried again when a lemma about their functions was proved."""
GENERAL = 2
"""What a conjecture counts as smaller for each variable: associativity stands before `rev (rev x) = x` is tried again."""
COMMUTING = 3
"""What a commutation counts as larger: its proof needs the equations of the next sizes."""
SMALL = 6
NESTED = 4
"""What an equation counts as larger that applies a constructor to itself, as in `even (succ (succ x))`."""
ITSELF = re.compile(r"(?:^|[( ])(\S+) \(\1 ")
CLOSED = 5
"""What an equation counts as larger that applies a constructor to no variable, as in `plus x (succ zero) = succ x`."""
LEMMA = "lemma"
"""What a lemma is called in a proof, with its number."""
LIBRARY_INDUCTIVES = frozenset({"Nat", "List", "Option"})
SYMBOL = re.compile(r"[^\s()]+")
INNERMOST = re.compile(r"\(([^()]*)\)")
MAX_TYPES = 4
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
        after: the state that it left, with itself in context.
    """

    name: str
    equation: Equation
    script: str
    before: TacticState
    after: TacticState

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
    """What one file's functions and types are called.

    Attributes:
        functions: all of them.
        inductives: types that induction takes apart.
        reducible: functions that `grind` unfolds by itself.
        consumed: by function, the arguments that its recursion takes apart.
        changing: by function, those that its recursion changes, consumed ones among them.
        uses: by function, those that its definition mentions.
    """

    functions: tuple[str, ...]
    inductives: frozenset[str]
    reducible: frozenset[str] = frozenset()
    consumed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    changing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def equations(self) -> tuple[str, ...]:
        """The functions whose equations `grind` is given."""
        return tuple(f for f in self.functions if f not in self.reducible)

    def variables(self, typed: Iterable[tuple[str, str]]) -> list[Variable]:
        """Names and types as variables of induction; a type may be written without the namespaces that it stands in."""
        known = {name.rsplit(".", 1)[-1] for name in self.inductives | LIBRARY_INDUCTIVES}
        return [Variable(name, _head(of_type).rsplit(".", 1)[-1] in known) for name, of_type in typed]

    @property
    def types(self) -> tuple[str, ...]:
        """The types whose variables `grind` may take apart: the file's own."""
        return tuple(sorted(self.inductives))[:MAX_TYPES]

    def functions_of(self, equation: Equation) -> frozenset[str]:
        """The functions that an equation is about, and those that these are made of."""
        found = set(SYMBOL.findall(equation.text)) & set(self.functions)
        waiting = list(found)
        while waiting:
            more = self.uses.get(waiting.pop(), frozenset()) - found
            found |= more
            waiting += more
        return frozenset(found)


def proved(
    steps: Steps, state: TacticState, conjectures: Sequence[Equation], theory: Theory, over: Callable[[], bool], most: int,
    is_false: Callable[[Equation], bool] = lambda equation: False,
) -> Iterator[Lemma]:  # fmt: skip
    """Prove conjectures one after the other, each with the lemmas before it in context; gives each as soon as it is proved.

    What cannot be proved yet is tried again behind each lemma about the same functions, and at the end.

    Args:
        steps: runs tactics.
        state: a state of the theorem; it is not changed.
        conjectures: smallest first.
        theory: what may be inducted on and unfolded.
        over: looked at before each script; ends the exploration.
        most: no more lemmas than this.
        is_false: whether values are known at which a conjecture is false; asked before the first induction.
    """
    kept = 0
    queue = sorted(conjectures, key=lambda equation: urgency(equation, theory.functions))
    failed: list[Equation] = []
    attempts: Counter[Equation] = Counter()
    while queue:
        equation = queue.pop(0)
        if over() or kept == most:
            return
        name = f"{LEMMA}{str(kept + 1).translate(SUBSCRIPTS)}"
        again = attempts[equation] > 0
        if again or _taken(steps, state, equation, name, derivations(theory.equations), over) is None:
            if not again and is_false(equation):
                continue
            scripts = inductions(
                theory.variables(equation.variables), theory.equations, equation.text,
                theory.types if " → " in equation.text else (), attempts[equation] > 1, theory.consumed, theory.changing,
            )  # fmt: skip
            found = _taken(steps, state, equation, name, scripts, over)
            attempts[equation] += 1
            if found is None:
                failed.append(equation)
            else:
                before, (state, script) = state, found
                kept += 1
                yield Lemma(name, equation, script, before, state)
                about = set(SYMBOL.findall(equation.text)) & set(theory.functions)
                hopeful = [e for e in failed if theory.functions_of(e) & about and attempts[e] < ATTEMPTS][:RETRIED]
                failed = [e for e in failed if e not in hopeful]
                queue = hopeful + queue
        if not queue and kept:
            queue = [e for e in failed if attempts[e] == 1]
            failed = []


def urgency(equation: Equation, functions: Sequence[str]) -> int:
    """Where a conjecture stands in the queue: its size, less for each variable, since what says more depends on less, and more
    for one that says little or needs others first.
    """
    left, _, right = equation.text.partition(" = ")
    commutes = equation.size <= SMALL and sorted(SYMBOL.findall(left)) == sorted(SYMBOL.findall(right))
    names = {name for name, _ in equation.variables}
    closed = any(":" not in part and not names & set(part.split()) for part in INNERMOST.findall(equation.text))
    nested = any(head not in functions for head in ITSELF.findall(equation.text))
    larger = (COMMUTING if commutes else 0) + (CLOSED if closed else 0) + (NESTED if nested else 0)
    return equation.size - GENERAL * len(names) + larger


def stating(name: str, equation: Equation, script: str) -> str:
    """The tactic that states an equation and proves it: its variables are introduced, then the script runs."""
    return proving(name, equation, [introduction(equation), script])


def proving(name: str, equation: Equation, steps: Iterable[str]) -> str:
    """The tactic that states an equation and proves it by steps, none of them when empty."""
    return f"have {name} : {equation.statement} := by\n" + "\n".join(f"  {step}" for step in steps if step)


def introduction(equation: Equation) -> str:
    """The tactic that introduces an equation's variables; empty without any."""
    names = [variable for variable, _ in equation.variables]
    of_type = [TYPE_VARIABLE, "_"] if equation.decides else [TYPE_VARIABLE]
    introduced = " ".join([*of_type, *names] if equation.polymorphic else names)
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
