"""Proofs drawn from a policy in the real embedded Lean, each judged by the audit.

A rollout begins at a theorem's statement and takes one drawn tactic a state, until the proof is done, a tactic fails, or its
length is reached. Its reward is 1 when the audit, a Lean of its own that sees only texts (`prover.audit.auditor`), accepts
the whole proof and that rests on no unproved theorem of the file; 0 otherwise. What the rollout's own Lean says of a proof counts
nothing: `sorry`, an axiom, a theorem that is still open itself earn 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from lean_dojo import DojoInitError, ProofFinished, TacticState

from data.splits import split_of
from prover.audit.auditor import auditor_for
from prover.audit.outcome import Candidate, Refusal, audited
from prover.errors import DataError, LeanProcessError, LeanSetupError
from prover.lean.dojo import Dojo
from prover.lean.embedded.process import DEFAULT_MEMORY_MB
from prover.lean.embedded.worker import EMBEDDED, LeanWorker
from prover.lean.targets import Target
from prover.prove.folder import JOURNAL
from prover.prove.item import LAST_RESORT_S
from prover.prove.run import Input, collect, read_items

PROOFS = "proofs"


@dataclass(frozen=True)
class Theorem:
    """A theorem that waits for its proof; `id` is unique among all, `split` its side."""

    id: str
    target: Target
    split: str


class Move(Protocol):
    """A drawn tactic; what else it carries is its maker's business."""

    @property
    def tactic(self) -> str:
        """The text; may be empty."""
        ...


@dataclass
class Rollout:
    """The moves from a statement on, and what they earned.

    `end` is one of proved, refused (the audit said no to a finished proof; `reason` says why), failed (a tactic did), long
    (the last state still has goals), stuck (nothing could be drawn for the state).
    """

    moves: list[Any] = field(default_factory=list)
    reward: float = 0.0
    end: str = "long"
    reason: str = ""

    @property
    def proof(self) -> str:
        """The tactics, one a line."""
        return "\n".join(m.tactic for m in self.moves)


@dataclass(frozen=True)
class Ask:
    """A state for which a tactic is wanted: text, theorem's id, number of the rollout, tactics before it."""

    state: str
    theorem: str
    number: int
    depth: int


Draw = Callable[[Sequence[Ask]], Sequence[Move | None]]
"""Draws a tactic for each state; None where it cannot."""


def inputs_of(paths: Sequence[Path]) -> list[Input]:
    """The .lean files of sources: files, folders, and runs of `prove`, of which the theorems are taken that stayed open.

    Raises DataError as `prover.prove.run.collect` does.
    """
    return collect([p / PROOFS if (p / JOURNAL[0]).is_file() and (p / PROOFS).is_dir() else p for p in paths])


class Gymnasium:
    """One Lean for rollouts, one for the audit.

    Args:
        depth: tactics a rollout, at most.
        heartbeats: Lean's deterministic limit for a tactic, in thousands.
        memory_mb: ceiling of each process.
    """

    def __init__(self, depth: int, heartbeats: int, memory_mb: int = DEFAULT_MEMORY_MB) -> None:
        self.depth = depth
        self.heartbeats = heartbeats
        self._worker = LeanWorker(memory_mb)
        self._auditor = auditor_for(EMBEDDED, memory_mb)
        self._verdicts: dict[tuple[str, str], tuple[bool, str]] = {}

    def read(self, inputs: Sequence[Input]) -> tuple[list[Theorem], list[str]]:
        """The open theorems of some files that Lean can open, and what is to be said.

        Raises DataError when there are none.
        """
        items, _, notes = read_items(self._worker, inputs)
        found = [Theorem(i.id, i.target, split_of(i.target.name)) for i in items if i.target.problem is None]
        notes = [*notes, *(f"{i.id} is left out: {i.target.problem}" for i in items if i.target.problem is not None)]
        if not found:
            raise DataError(
                f"no theorem with `sorry` that Lean can open in {', '.join(str(i.path or i.name) for i in inputs)}; there is "
                f"nothing to try{f' ({notes[0]})' if notes else ''}"
            )
        return found, notes

    def groups(self, theorems: Sequence[Theorem], samples: int, draw: Draw) -> list[list[Rollout]]:
        """`samples` rollouts of each theorem, all theorems a tactic further at a time, so that draws are asked for together.

        Raises LeanSetupError when Lean cannot be had at all; a theorem over which it is lost again and again earns nothing.
        """
        self._worker.recycle_if_big()
        groups = [[Rollout() for _ in range(samples)] for _ in theorems]
        with ExitStack() as opened:
            live: list[tuple[int, int, Dojo, TacticState]] = []
            for index, theorem in enumerate(theorems):
                dojo = Dojo(theorem.target, self._worker, LAST_RESORT_S, self.heartbeats)
                try:
                    entered, state = opened.enter_context(dojo)
                except DojoInitError as error:
                    if isinstance(error.__cause__, LeanSetupError):
                        raise error.__cause__ from error
                    for rollout in groups[index]:
                        rollout.end, rollout.reason = "stuck", str(error)
                    continue
                live += [(index, number, entered, state) for number in range(samples)]
            for depth in range(self.depth):
                asks = [Ask(state.pp, theorems[i].id, number, depth) for i, number, _, state in live]
                moves = draw(asks) if asks else []
                live = [
                    (i, number, dojo, after)
                    for (i, number, dojo, state), move in zip(live, moves, strict=True)
                    if (after := self._moved(theorems[i], groups[i][number], dojo, state, move)) is not None
                ]
        return groups

    def _moved(
        self, theorem: Theorem, rollout: Rollout, dojo: Dojo, state: TacticState, move: Move | None
    ) -> TacticState | None:
        """Makes a move; the state after it, None when the rollout is over."""
        if move is None:
            rollout.end = "stuck"
            return None
        rollout.moves.append(move)
        if not move.tactic.strip():
            rollout.end, rollout.reason = "failed", "no tactic"
            return None
        try:
            result = dojo.run_tacs(state, [move.tactic])[0]
        except LeanSetupError:
            raise
        except LeanProcessError as error:
            rollout.end, rollout.reason = "failed", str(error)
            return None
        if isinstance(result, TacticState):
            return result
        if isinstance(result, ProofFinished):
            accepted, rollout.reason = self.verdict(theorem, rollout.proof)
            rollout.end, rollout.reward = ("proved", 1.0) if accepted else ("refused", 0.0)
        else:
            rollout.end, rollout.reason = "failed", str(getattr(result, "error", type(result).__name__))
        return None

    def verdict(self, theorem: Theorem, proof: str) -> tuple[bool, str]:
        """Whether a proof earns the reward, and why not. The same text of the same theorem is judged once."""
        key = theorem.id, proof
        if key not in self._verdicts:
            try:
                judged = audited(self._auditor, theorem.target, Candidate(proof))
            except LeanSetupError:
                raise
            except LeanProcessError as error:
                return False, f"the audit could not judge it: {error}"
            if isinstance(judged, Refusal):
                self._verdicts[key] = False, judged.reason
            else:
                unproved = ", ".join(judged.depends_on)
                self._verdicts[key] = not unproved, f"it rests on {unproved}, which is not proved" if unproved else ""
        return self._verdicts[key]

    def close(self) -> None:
        """Ends both processes."""
        self._worker.close()
        self._auditor.close()
