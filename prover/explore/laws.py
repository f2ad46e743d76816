"""The laws of a file's functions, as theorems to stand behind its text.

A target behind the whole text sees every definition of the file. Equations are conjectured there by evaluation and proved
smallest first (`prover.explore.theory`); each becomes a theorem that names the earlier ones that its proof needs.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from lean_dojo import DojoInitError, TacticState

from prover.errors import DataError
from prover.explore.names import law_name, unused
from prover.explore.theory import Lemma, Theory, introduction, proved, proving
from prover.lean.dojo import Dojo
from prover.lean.embedded.worker import LeanWorker
from prover.lean.evaluated import Equation, Limits
from prover.lean.targets import Target

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
    """A proved equation. `needs` are the names of earlier laws that its proof uses (`needs_first`: before it introduces its
    variables), `seconds` is how long it took to find.

    Proved by the search's Lean: the audit has the last word.
    """

    name: str
    equation: Equation
    script: str
    needs: tuple[str, ...]
    seconds: float
    needs_first: bool = False

    @property
    def statement(self) -> str:
        """`theorem NAME BINDERS : EQUATION`."""
        if self.needs_first:
            return f"theorem {self.name} : {self.equation.statement}"
        by_type = groupby(self.equation.variables, key=lambda variable: variable[1])
        bound = [f"({' '.join(name for name, _ in group)} : {_bare(of_type)})" for of_type, group in by_type]
        binders = [self.equation.type_binders, *bound] if self.equation.polymorphic else bound
        return f"{' '.join(['theorem', self.name, *binders])} : {self.equation.text}"

    @property
    def proof(self) -> str:
        """Tactics, one a line."""
        intro = [introduction(self.equation)] if self.needs_first else []
        return "\n".join([*(f"have {name} := @{name}" for name in self.needs), *intro, self.script])


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
                if not equations:
                    told = "holds of small values, or none of them can be evaluated (noncomputable)"
                    self.notes.append(f"no equation between {_listed(theory.functions)} {told}")
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
            needs, first = _needed(dojo, lemma, called)
            called[lemma.name] = name
            now = time.monotonic()
            yield Law(name, lemma.equation, lemma.script, needs, round(now - last, 3), first)
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
    if shorter.script == lemma.script:
        return lemma
    taken = dojo.run_tacs(lemma.before, [shorter.tactic])[0]
    return shorter if isinstance(taken, TacticState) else lemma


def _needed(dojo: Dojo, lemma: Lemma, called: Mapping[str, str]) -> tuple[tuple[str, ...], bool]:
    """The theorems of earlier lemmas without which a lemma's script fails, and whether they stand in front of its variables.

    Which hypothesis comes first can decide whether `grind` succeeds, so each choice is tried as it is going to be written.

    Args:
        called: a lemma's name in the state → its theorem's; all earlier lemmas.
    """
    def holds_with(kept: Sequence[str], first: bool) -> bool:
        named = [f"have {called[name]} := @{name}" for name in kept]
        intro, clear = introduction(lemma.equation), f"clear {' '.join(called)}" if called else ""
        steps = [*named, clear, intro] if first else [intro, *named, clear]
        tactic = proving(lemma.name, lemma.equation, [*steps, lemma.script])
        return isinstance(dojo.run_tacs(lemma.before, [tactic])[0], TacticState)

    if holds_with([], False):
        return (), False
    kept = list(called)
    first = not holds_with(kept, False)
    for name in called:
        if holds_with(fewer := [k for k in kept if k != name], first):
            kept = fewer
    return tuple(called[name] for name in kept), first


def _without_equations(names: Sequence[str]) -> str:
    return f"{_listed(names)} cannot be unfolded or evaluated (partial, opaque or no function)"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _bare(of_type: str) -> str:
    """A type without parentheses around the whole."""
    depth = 0
    for place, character in enumerate(of_type):
        depth += (character == "(") - (character == ")")
        if depth == 0 and place < len(of_type) - 1:
            return of_type
    return of_type[1:-1] if of_type.startswith("(") else of_type
