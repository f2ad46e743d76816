"""Goals as lemmas: what one search of a batch proved or refuted of a goal, every other search knows.

A goal closed over its context is a proposition; its key is the hash of that proposition as Lean elaborated it, whatever its
variables are called (`host/fingerprint.cjs`). A proof is kept as its tactics with the names of the context that they were written
for. For an equal goal with other names the context is named anew first. The tactics are run again there and stand in the written
proof, so a hash that two goals share costs a failed tactic, and the audit judges all that is used.

Goals of false values are known by file, too: what a name means is the file's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lean_dojo import TacticState

from prover.prove.environment import SearchState
from prover.prove.script import script
from search.graph import Node, SearchGraph
from search.types import Proposal

KNOWN_LOG_PROB = -0.01
MAX_SCRIPT = 4_000
MAX_GOALS = 50_000
INACCESSIBLE = "✝"


class Known(NamedTuple):
    """The tactics of a goal's proof, and what its context was called when they were written."""

    names: tuple[str, ...]
    tactics: str


@dataclass
class KnownGoals:
    """What a batch knows of goals. For several threads.

    Args:
        proved, false, theories: what is known already: proofs by key, false goals, and lemmas of a file's functions.
    """

    proved: dict[str, Known] = field(default_factory=dict)
    false: set[str] = field(default_factory=set)
    theories: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)
    _new: list[tuple[str, str, Any]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, noted: Mapping[tuple[str, str], Any]) -> KnownGoals:
        """From what `news` gave, by kind and key."""
        known = cls()
        for (kind, key), value in noted.items():
            if kind == "goal":
                known.proved[key] = Known(tuple(value[0]), value[1])
            elif kind == "false":
                known.false.add(key)
            elif kind == "theory":
                known.theories[key] = value[0], tuple(value[1])
        return known

    def news(self) -> list[tuple[str, str, Any]]:
        """Kind, key and value, as JSON, of what was learnt since the last call."""
        with self._lock:
            new, self._new = self._new, []
        return new

    def prove(self, key: str, known: Known) -> None:
        """Take a proof; a shorter one than is known replaces it."""
        with self._lock:
            before = self.proved.get(key)
            better = len(known.tactics) < len(before.tactics) if before is not None else len(self.proved) < MAX_GOALS
            if better and len(known.tactics) <= MAX_SCRIPT:
                self.proved[key] = known
                self._new.append(("goal", key, [known.names, known.tactics]))

    def refute(self, key: str) -> None:
        """Take a false goal."""
        with self._lock:
            if key not in self.false:
                self.false.add(key)
                self._new.append(("false", key, None))

    def note_theory(self, key: str, seconds: float, lemmas: tuple[str, ...]) -> None:
        """Take the lemmas that so many seconds found of a file's functions."""
        with self._lock:
            if seconds > self.theories.get(key, (0.0, ()))[0]:
                self.theories[key] = seconds, lemmas
                self._new.append(("theory", key, [seconds, lemmas]))


@dataclass
class GoalsOfSearch:
    """What a search uses of the known goals, and what it adds.

    Args:
        known: the batch's.
        key: what tells states apart (`prover.lean.dojo.Dojo.key`).
        file: tells the file apart.
    """

    known: KnownGoals
    key: Callable[[TacticState], tuple[object, ...]]
    file: str
    _learnt: set[int] = field(default_factory=set)

    def offers(self, state: TacticState) -> list[Proposal]:
        """The known proof of a goal."""
        key = goal_key(self.key(state))
        found = self.known.proved.get(key) if key is not None else None
        if found is None:
            return []
        tactics = renamed(_names(state), found)
        return [Proposal(tactics, KNOWN_LOG_PROB, "goals.known")] if tactics is not None else []

    def is_false(self, state: TacticState) -> bool:
        """Whether a goal was refuted."""
        key = goal_key(self.key(state))
        return key is not None and f"{self.file} {key}" in self.known.false

    def refute(self, state: TacticState) -> None:
        """Note that a goal is false."""
        if (key := goal_key(self.key(state))) is not None:
            self.known.refute(f"{self.file} {key}")

    def learn(self, graph: SearchGraph[SearchState], node: Node[SearchState]) -> None:
        """Note the goals that an expansion closed, but those that one cheap tactic closes."""
        work = [node]
        while work:
            node = work.pop()
            if node.proof is None or node.proof_edge is None or node.id in self._learnt:
                continue
            self._learnt.add(node.id)
            edge = graph.edges[node.proof_edge]
            key = goal_key(node.key)
            if key is not None and (node.proof.size > 1 or edge.visit > 0):
                self.known.prove(key, Known(_names(node.state.tactic_state), script(node.proof)))
            work += [graph.nodes[graph.edges[e].parent] for e in node.in_edges]


def goal_key(key: Hashable) -> str | None:
    """The key of a state's only goal; None for several goals, and where the state has metavariables."""
    match key:
        case ((str(), int(fingerprint)),):
            return str(fingerprint)
    return None


def renamed(here: Sequence[str], known: Known) -> str | None:
    """The tactics of a known proof in a context that is called otherwise; None when it does not have as many names."""
    if tuple(here) == known.names:
        return known.tactics
    if len(here) != len(known.names):
        return None
    there = [_sayable(name, number) for number, name in enumerate(known.names)]
    hidden = [new for old, new in zip(here, there, strict=True) if INACCESSIBLE in old]
    named = [new if INACCESSIBLE in old else old for old, new in zip(here, there, strict=True)]
    if len(set(named)) < len(named):  # a name of the one context is another's in the other
        return None
    first = [f"rename_i {' '.join(hidden)}"] if hidden else []
    return "\n".join([*first, f"revert {' '.join(named)}", f"intro {' '.join(there)}", known.tactics])


def _sayable(name: str, number: int) -> str:
    return f"known_{number}" if INACCESSIBLE in name else name


def _names(state: TacticState) -> tuple[str, ...]:
    return tuple(d.ident for d in state.goals[0].assumptions)
