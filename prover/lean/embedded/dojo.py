"""LeanDojo's interactive environment on the embedded Lean.

`EmbeddedDojo` is a `lean_dojo.Dojo`: entered for a theorem it gives LeanDojo's `TacticState`, and `run_tac` gives
LeanDojo's results. What differs is below the seam: no repository, no tracing, no process of its own. A warm worker is
leased from theorem to theorem, proof states stay live in it, and a step runs its own tactic only (live_states.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lean_dojo
from lean_dojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)

from prover.errors import LeanProcessError, LeanProtocolError, LeanSetupError
from prover.lean.embedded import protocol
from prover.lean.embedded.live_states import LiveStates
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import LeanWorker
from prover.lean.results import Result, TacticTimeout, reply_of
from prover.lean.source import Target, state_before

DEFAULT_HEARTBEATS = 200_000
"""Lean's own limit for a declaration, in thousands of small allocations; here for each tactic. Deterministic."""
GRACE_S = 5.0
"""A tactic past its time is cancelled from within; a process that does not obey for so long is ended."""
LIBRARY_SEARCHES = ("exact?", "apply?", "rw?", "try?", "hint")
WARM_UP = ("have (n : Nat) : n + 0 = n := by exact?", "have (n : Nat) : n + 0 = n := by rw?")
"""A process's first library search builds an index of the library, and `exact?` gives up after a part of its heartbeats:
whether it finds something would depend on whether another was there before. So the index is built at nobody's expense."""
WARM_UP_TIMEOUT_S = 120.0
MAX_TRIES = 2
"""A tactic that ends so many processes, each time alone, is set aside."""


class EmbeddedDojo(lean_dojo.Dojo):
    """A theorem of any file or string, open for tactics.

    Args:
        target: the theorem, as `prover.lean.source.read` found it.
        worker: the Lean to use; stays warm when the theorem is left.
        timeout: seconds for a single tactic.
        heartbeats: Lean's deterministic limit for a single tactic, in thousands; 0 for none.

    `ProofFinished` is a candidate: the audit has the last word.
    """

    def __init__(
        self,
        target: Target,
        worker: LeanWorker,
        timeout: float = 10.0,
        heartbeats: int = DEFAULT_HEARTBEATS,
    ) -> None:
        self.entry = target
        self.worker = worker
        self.timeout = timeout
        self.heartbeats = heartbeats
        self.additional_imports: list[str] = []
        self.file_path = target.file.path or Path("<statement>")
        self.is_successful = False
        self.is_crashed = False
        self.has_timedout = False
        self.lean_ms = 0.0
        self.set_aside: list[str] = []
        self._live = LiveStates(target, worker, self._step)

    @property
    def uses_tactics(self) -> bool:
        """A theorem is open, so tactics are what it takes."""
        return True

    @property
    def uses_commands(self) -> bool:
        """Commands are `LeanWorker`'s business."""
        return False

    def __enter__(self) -> tuple[EmbeddedDojo, TacticState]:
        """Opens the theorem.

        Raises DojoInitError when its statement, or what stands before it, does not elaborate, or Lean was lost.
        """
        if self.entry.problem is not None:
            raise DojoInitError(self.entry.problem)
        try:
            self._live.open()
        except LeanProcessError as error:
            raise DojoInitError(str(error)) from error
        return self, self._live.tactic_state(0)

    def __exit__(self, *_: object) -> None:
        """Leaves the theorem; the worker forgets its proof states."""
        self._live.forget()

    def run_tac(self, state: TacticState, tactic: str) -> TacticState | ProofFinished | LeanError | ProofGivenUp:
        """LeanDojo's `run_tac`.

        A tactic past its time raises DojoTacticTimeoutError, a Lean that cannot be had again DojoCrashError; the
        theorem stays open.
        """
        if not isinstance(state, TacticState):
            raise RuntimeError(f"Attempting to run a tactic on an invalid state {state}.")
        try:
            result = self.run_tacs(state, [tactic])[0]
        except LeanProcessError as error:
            self.is_crashed = True
            raise DojoCrashError(str(error)) from error
        if isinstance(result, TacticTimeout):
            self.has_timedout = True
            raise DojoTacticTimeoutError()
        return result

    def run_tacs(self, state: TacticState, tactics: Sequence[str], stop_when_done: bool = False) -> list[Result]:
        """Runs many tactics on one state in one round trip.

        Args:
            state: a state that this theorem gave.
            tactics: each is run on `state` itself, not one after the other.
            stop_when_done: leave out the rest once one of them closed the state.

        Returns:
            One result for each tactic, in order; fewer when `stop_when_done` cut them short.
        """
        if state.id not in self._live:
            raise RuntimeError(f"Attempting to run a tactic on a state that this theorem does not have: {state.id}.")
        if not tactics:
            return []
        self._live.restore(state.id)
        try:
            return self._run_batch(state.id, list(tactics), stop_when_done)
        except LeanSetupError:
            raise
        except LeanProcessError:
            pass  # One of them took the process along, or it was not their fault. One at a time, so that only one fails.
        results: list[Result] = []
        for tactic in tactics:
            results.append(self._run_alone(state.id, tactic))
            if stop_when_done and isinstance(results[-1], ProofFinished):
                break
        return results

    def _run_alone(self, sid: int, tactic: str) -> Result:
        for tries_left in reversed(range(MAX_TRIES)):
            self._live.restore(sid)
            try:
                return self._run_batch(sid, [tactic], False)[0]
            except LeanSetupError:
                raise
            except LeanProcessError as error:
                if tries_left == 0:
                    self.set_aside.append(tactic)
                    return LeanError(f"set aside: Lean was lost {MAX_TRIES} times in this tactic, last: {error}")
        raise AssertionError("unreachable")

    def parts(self, state: TacticState) -> list[TacticState]:
        """The goals of a state as states of their own, when they do not depend on each other; else the state alone."""
        return [self._live.tactic_state(sid) for sid in self._live.parts(state.id)] or [state]

    def key(self, state: TacticState) -> tuple[object, ...]:
        """What tells this state from others: text and fingerprint; unique when a goal mentions metavariables."""
        goals = self._live.goals(state.id)
        if any(g.fingerprint is None for g in goals):
            return ("state", state.id)
        return tuple((g.pp, g.fingerprint) for g in goals)

    def holds(self, proof: str) -> bool:
        """Whether this Lean takes a whole proof without error or `sorry`. A search's opinion, not an audit's."""
        try:
            before = state_before(self.worker, self.entry)
            raw = self.worker.request("elaborate", state=before, text=self.entry.command(proof))
            self.worker.request("release", states=[raw["state"]])
        except (LeanProcessError, RequestRefused):
            return False
        said = [message for command in raw["commands"] for message in command["messages"]]
        return len(raw["commands"]) == 1 and not any(m["severity"] == "error" or "sorry" in m["text"] for m in said)

    # ------------------------------------------------------------------ below the seam

    def messages_of(self, state: TacticState, tactic: str) -> list[str]:
        """What a tactic says, whether or not it leads anywhere; `apply?` and `rw?` tell what could be tried."""
        try:
            return self._messages_of(state, tactic)
        except LeanProcessError:
            return []  # a search for ideas is not worth a second process

    def _messages_of(self, state: TacticState, tactic: str) -> list[str]:
        host_sid = self._live.locate(state.id)
        self._warm_up(host_sid)
        reply = self._step(host_sid, tactic)
        self.lean_ms += reply.milliseconds
        if reply.proof is not None:
            self._live.own(reply.proof)
        return list(reply.notes)

    def _step(self, host_sid: int, tactic: str) -> protocol.TacticReply:
        raw = self.worker.request(
            "tactics", timeout_s=self.timeout + GRACE_S, sid=host_sid, tactics=[tactic],
            heartbeats=self.heartbeats * 1000, timeout_ms=self.timeout * 1000,
        )["results"][0]  # fmt: skip
        return protocol.tactic_reply(raw)

    def _submit_request(self, req: str) -> dict[str, Any]:
        """LeanDojo's request and reply lines."""
        request = json.loads(req)
        return reply_of(self.run_tacs(self._live.tactic_state(request["sid"]), [request["cmd"]])[0])

    def _run_batch(self, sid: int, tactics: list[str], stop_when_done: bool) -> list[Result]:
        host_sid = self._live.locate(sid)
        if any(search in tactic for tactic in tactics for search in LIBRARY_SEARCHES):
            self._warm_up(host_sid)
        replies = self.worker.request(
            "tactics",
            timeout_s=len(tactics) * self.timeout + GRACE_S,
            sid=host_sid,
            tactics=tactics,
            heartbeats=self.heartbeats * 1000,
            timeout_ms=self.timeout * 1000,
            stop_when_done=stop_when_done,
        )["results"]
        parsed = [protocol.tactic_reply(r) for r in replies]
        cut_short = stop_when_done and bool(parsed) and parsed[-1].done
        if len(parsed) > len(tactics) or (len(parsed) < len(tactics) and not cut_short):
            self.worker.close()
            raise LeanProtocolError(f"the Lean host answered {len(tactics)} tactics with {len(parsed)} results; it is replaced")
        self.lean_ms += sum(r.milliseconds for r in parsed)
        return [self._result(sid, tactic, reply) for tactic, reply in zip(tactics, parsed, strict=False)]

    def _warm_up(self, host_sid: int) -> None:
        """Has the index of the library built, once a process and set of imports."""
        modules = self.entry.file.modules
        if not self.worker.is_warm(modules):
            raw = self.worker.request(
                "tactics", WARM_UP_TIMEOUT_S, sid=host_sid, tactics=list(WARM_UP), heartbeats=0,
                timeout_ms=WARM_UP_TIMEOUT_S * 1000,
            )  # fmt: skip
            for reply in map(protocol.tactic_reply, raw["results"]):
                if reply.proof is not None:
                    self._live.own(reply.proof)
            self.worker.note_warm(modules)

    def _result(self, sid: int, tactic: str, reply: protocol.TacticReply) -> Result:
        message = "\n".join(reply.notes)
        if reply.done:
            self.is_successful = True
            return ProofFinished(self._live.add_finished(sid, tactic), message)
        if reply.gave_up:
            return ProofGivenUp()
        if reply.timed_out:
            return TacticTimeout(reply.milliseconds / 1000)
        if reply.proof is None:
            return LeanError((reply.error or "").strip())
        new = self._live.add(sid, tactic, reply.proof)
        return self._live.tactic_state(new, message)
