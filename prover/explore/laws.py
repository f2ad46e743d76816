"""The laws of a file's functions, as theorems to stand behind its text.

A target behind the whole text sees every definition of the file. Equations are conjectured there by evaluation and proved
smallest first (`prover.explore.theory`); each becomes a theorem that names the earlier ones that its proof needs.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from lean_dojo import DojoInitError, TacticState

from prover.errors import DataError
from prover.explore.names import law_name, unused
from prover.explore.theory import Lemma, Theory, proved, stating
from prover.lean.conjectures import TYPE_VARIABLE, Equation, Limits
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.source import Target

AUXILIARY = "proofsmith_explore"
TACTIC_S = 5.0
CONJECTURE_PART, CONJECTURE_MAX_S = 0.25, 15.0
"""What conjecturing may take of the time, and in seconds."""
MAX_TERMS = 20_000


@dataclass(frozen=True)
class Extent:
    """How far exploration goes: seconds, size of an equation's side, number of laws."""

    timeout_s: float = 60.0
    max_size: int = 7
    most: int = 30


@dataclass(frozen=True)
class Law:
    """A proved equation. `needs` are the names of earlier laws that its proof uses, `seconds` is how long it took to find.

    Proved by the search's Lean: the audit has the last word.
    """

    name: str
    equation: Equation
    script: str
    needs: tuple[str, ...]
    seconds: float

    @property
    def statement(self) -> str:
        """`theorem NAME BINDERS : EQUATION`."""
        by_type = groupby(self.equation.variables, key=lambda variable: variable[1])
        bound = [f"({' '.join(name for name, _ in group)} : {_bare(of_type)})" for of_type, group in by_type]
        binders = [f"{{{TYPE_VARIABLE} : Type}}", *bound] if self.equation.polymorphic else bound
        return f"{' '.join(['theorem', self.name, *binders])} : {self.equation.text}"

    @property
    def proof(self) -> str:
        """Tactics, one a line."""
        return "\n".join([*(f"have {name} := @{name}" for name in self.needs), self.script])


@dataclass
class FileLaws:
    """The laws of one file.

    Args:
        worker: where it is read and worked on.
        text: of the file.
        extent: how far to go.

    Attributes:
        notes: what is to be told to people; complete when the laws are.
    """

    worker: LeanWorker
    text: str
    path: Path
    extent: Extent

    def __post_init__(self) -> None:
        self.notes: list[str] = []
        self.conjectured = 0

    def found(self) -> Generator[Law]:
        """Each law as soon as it is proved.

        Raises DataError when the file does not elaborate, has no definitions, or none that has equations.
        """
        target = self._behind()
        context = self.worker.file_context(target)
        if not context.definitions:
            raise DataError(f"{self.path} has no definitions (def, abbrev); explore looks for equations between functions")
        began = time.monotonic()
        deadline = began + self.extent.timeout_s
        try:
            with Dojo(target, self.worker, timeout=TACTIC_S, deadline=deadline) as (dojo, state):
                theory = Theory(self._usable(dojo, state, context.definitions), frozenset(context.inductives))
                budget_s = min(CONJECTURE_MAX_S, CONJECTURE_PART * self.extent.timeout_s)
                equations = dojo.conjectures(theory.functions, Limits(self.extent.max_size, MAX_TERMS, budget_s))
                self.conjectured = len(equations)
                yield from self._proved(dojo, state, equations, theory, deadline)
        except DojoInitError as error:
            raise DataError(f"{self.path}: {error}") from error

    def _behind(self) -> Target:
        """A target behind the file's text."""
        targets = self.worker.read(f"{self.text.rstrip()}\n\ntheorem {AUXILIARY} : True := by sorry\n", self.path).targets
        if not targets or not targets[-1].name.endswith(AUXILIARY):
            raise DataError(f"{self.path}: nothing can be written behind its last line; is a comment left open, or #exit used?")
        if targets[-1].problem is not None:
            raise DataError(f"{self.path} cannot be explored: {targets[-1].problem}")
        return targets[-1]

    def _usable(self, dojo: Dojo, state: TacticState, definitions: Sequence[str]) -> tuple[str, ...]:
        """The definitions that have equations: one without makes every proof that names it fail."""
        results = dojo.run_tacs(state, [f"have : True := by grind [{name}]" for name in definitions])
        usable = tuple(n for n, r in zip(definitions, results, strict=True) if isinstance(r, TacticState))
        missing = [n for n in definitions if n not in usable]
        if not usable:
            raise DataError(f"{self.path}: {_without_equations(missing)}: nothing can be explored")
        if missing:
            self.notes.append(f"left out: {_without_equations(missing)}")
        return usable

    def _proved(
        self, dojo: Dojo, state: TacticState, equations: Sequence[Equation], theory: Theory, deadline: float
    ) -> Iterator[Law]:
        names = list(dict.fromkeys(law_name(e) for e in equations))
        results = dojo.run_tacs(state, [f"have := @{name}" for name in names])
        taken = {name for name, result in zip(names, results, strict=True) if isinstance(result, TacticState)}
        called: dict[str, str] = {}  # a lemma's name in the state → its theorem's
        last = time.monotonic()
        for lemma in proved(dojo, state, equations, theory, lambda: time.monotonic() > deadline, self.extent.most):
            name = unused(law_name(lemma.equation), taken)
            taken.add(name)
            lemma = _shorter(dojo, lemma, theory.functions)
            needs = tuple(called[n] for n in _needed(dojo, lemma, list(called)))
            called[lemma.name] = name
            now = time.monotonic()
            yield Law(name, lemma.equation, lemma.script, needs, round(now - last, 3))
            last = now
        if time.monotonic() > deadline:
            self.notes.append(f"stopped at --timeout {self.extent.timeout_s:g} s; more may be found with more")
        elif len(called) == self.extent.most:
            self.notes.append(f"stopped at --most {self.extent.most} lemmas")


def _shorter(dojo: Dojo, lemma: Lemma, functions: Sequence[str]) -> Lemma:
    """The lemma with a script that names only the functions of its equation, where that is enough."""
    mentioned = set(lemma.equation.text.replace("(", " ").replace(")", " ").split())
    named = ", ".join(f for f in functions if f in mentioned)
    shorter = replace(lemma, script=lemma.script.replace(f"[{', '.join(functions)}]", f"[{named}]"))
    return shorter if shorter.script != lemma.script and _holds(dojo, shorter) else lemma


def _needed(dojo: Dojo, lemma: Lemma, earlier: Sequence[str]) -> list[str]:
    """The earlier lemmas without which a lemma's script fails: all are dropped, else one after the other."""
    if not earlier or _holds(dojo, lemma, earlier):
        return []
    dropped: list[str] = []
    for name in earlier:
        if _holds(dojo, lemma, [*dropped, name]):
            dropped.append(name)
    return [name for name in earlier if name not in dropped]


def _holds(dojo: Dojo, lemma: Lemma, dropped: Sequence[str] = ()) -> bool:
    first = f"clear {' '.join(dropped)}" if dropped else ""
    tactic = stating(lemma.name, lemma.equation, lemma.script, first)
    return isinstance(dojo.run_tacs(lemma.before, [tactic])[0], TacticState)


def _without_equations(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{shown} cannot be unfolded or evaluated (partial, opaque or no function)"


def _bare(of_type: str) -> str:
    """A type without parentheses around the whole."""
    depth = 0
    for place, character in enumerate(of_type):
        depth += (character == "(") - (character == ")")
        if depth == 0 and place < len(of_type) - 1:
            return of_type
    return of_type[1:-1] if of_type.startswith("(") else of_type
