"""The proof states of an open theorem: how each came about, and where it lives in the worker's present process.

A process can be lost at any step. The states it held are then made again, when next needed, by entering the theorem
anew and running the tactics that led to them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from lean_dojo import DojoInitError, TacticState

from prover.errors import LeanProcessError
from prover.lean.embedded import protocol
from prover.lean.embedded.worker import LeanWorker
from prover.lean.results import tactic_state
from prover.lean.source import Target, first_line, state_before


@dataclass
class _Known:
    """How a state came about, and where it lives now: `part` of what `tactic` left of `parent` (None: the root)."""

    parent: int | None
    tactic: str
    part: int | None
    generation: int = -1
    host_sid: int = -1
    goals: tuple[protocol.Goal, ...] = ()
    parts: tuple[int, ...] = ()


class LiveStates:
    """States by number, 0 the root.

    Args:
        target: the theorem.
        worker: has the states in its process.
        step: runs a tactic on a state, by the number that the process gave it, to do again what was done before.
    """

    def __init__(self, target: Target, worker: LeanWorker, step: Callable[[int, str], protocol.TacticReply]) -> None:
        self._target = target
        self._worker = worker
        self._step = step
        self._states: dict[int, _Known] = {}
        self.owned: list[int] = []
        self._owned_generation = -1

    def __contains__(self, sid: int) -> bool:
        return sid in self._states

    def open(self) -> None:
        """Makes the root, state 0. Raises DojoInitError when the theorem cannot be entered."""
        self._states[0] = _Known(None, "", None)
        self.restore(0)

    def restore(self, sid: int) -> None:
        """Makes a state live again; losing the process over that is not a tactic's fault."""
        self._worker.patiently(lambda: self.locate(sid))

    def locate(self, sid: int) -> int:
        """The host's id of a state, made again when the process that had it is gone."""
        self._worker.process  # noqa: B018
        known = self._states[sid]
        if known.generation != self._worker.generation:
            if known.parent is None:
                view = self._enter()
            else:
                parent = self.locate(known.parent)
                reply = self._step(parent, known.tactic)
                if reply.proof is None:
                    raise LeanProcessError(f"{known.tactic!r} does not do again what it did before the Lean process was lost")
                view = reply.proof
                self.own(view)
            if known.part is not None and known.part >= len(view.parts):
                raise LeanProcessError(f"{known.tactic!r} leaves other goals than before the Lean process was lost")
            known.generation = self._worker.generation
            known.host_sid = view.sid if known.part is None else view.parts[known.part]
            known.goals = view.goals if known.part is None else (view.goals[known.part],)
        return known.host_sid

    def add(self, parent: int, tactic: str, view: protocol.ProofView) -> int:
        """A new state, and one for each of its parts: what a tactic left of `parent`."""
        known = _Known(parent, tactic, None, self._worker.generation, view.sid, view.goals)
        self.own(view)
        new = self._new(known)
        known.parts = tuple(
            self._new(_Known(parent, tactic, i, self._worker.generation, part, (goal,)))
            for i, (part, goal) in enumerate(zip(view.parts, view.goals, strict=False))
        )
        return new

    def add_finished(self, parent: int, tactic: str) -> int:
        """A state without goals."""
        return self._new(_Known(parent, tactic, None))

    def own(self, view: protocol.ProofView) -> None:
        """Takes states that the process made, to let them go with the others."""
        if self._owned_generation != self._worker.generation:
            self.owned, self._owned_generation = [], self._worker.generation
        self.owned += [view.sid, *view.parts]

    def goals(self, sid: int) -> tuple[protocol.Goal, ...]:
        """The goals of a state."""
        return self._states[sid].goals

    def parts(self, sid: int) -> tuple[int, ...]:
        """The states that hold one goal each of a state whose goals do not depend on each other."""
        return self._states[sid].parts

    def tactic_state(self, sid: int, message: str | None = None) -> TacticState:
        """LeanDojo's view of a state."""
        return tactic_state([g.pp for g in self._states[sid].goals], sid, message)

    def forget(self) -> None:
        """Lets all states go."""
        if self.owned and self._owned_generation == self._worker.generation and self._worker.alive:
            with suppress(LeanProcessError):  # gone with the process
                self._worker.request("release", proofs=self.owned)
        self.owned = []
        self._states.clear()

    def _new(self, known: _Known) -> int:
        sid = len(self._states)
        self._states[sid] = known
        return sid

    def _enter(self) -> protocol.ProofView:
        """Elaborates the statement in its context up to the proof."""
        target = self._target
        raw = self._worker.request("enter", state=state_before(self._worker, target), text=target.command("sorry"))
        proofs = [protocol.proof_view(p) for p in raw["proofs"]]
        if target.sorry_at is not None:
            proofs = self._meant(proofs, target.sorry_at)
        if len(proofs) != 1:
            errors = [m.text for m in protocol.messages(raw["messages"]) if m.severity == "error"]
            inside = target.sorry_at is not None
            raise DojoInitError(
                f"{'Lean does not come to this place' if inside else 'the statement does not elaborate'}: {first_line(errors[0])}"
                if errors else f"{'this place' if inside else 'the statement'} gives no goal to prove"
            )  # fmt: skip
        self.own(proofs[0])
        if target.sorry_at is None and any(goal.sorry for goal in proofs[0].goals):
            raise DojoInitError("the statement, or a hypothesis that it is given, was elaborated with a hole (sorry)")
        return proofs[0]

    def _meant(self, proofs: list[protocol.ProofView], sorry_at: int) -> list[protocol.ProofView]:
        """Of several proof states the first at a place; the others are let go."""
        meant = [p for p in proofs if p.at is not None and p.at[0] == sorry_at][:1]
        others = [sid for p in proofs if p not in meant for sid in (p.sid, *p.parts)]
        if others:
            self._worker.request("release", proofs=others)
        return meant
