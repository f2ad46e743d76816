"""LeanDojo's interactive environment on any engine.

`Dojo` is a `lean_dojo.Dojo`: entered for a theorem it gives LeanDojo's `TacticState`, and `run_tac` gives LeanDojo's results.
Proof states stay live in the engine's process and outlive it (`prover.lean.states`), so a step runs its own tactic only. A
tactic that ends process after process is set aside; the others on the same state do not suffer for it.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
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

from prover.errors import DataError, LeanProcessError, LeanSetupError, LeanTimeoutError
from prover.lean.answers import ProofView, TacticReply
from prover.lean.engine import DEFAULT_HEARTBEATS, Engine, Limits
from prover.lean.evaluated import Counterexample, Equation, Falsification, Looking
from prover.lean.evaluated import Limits as ExploreLimits
from prover.lean.states import LiveStates, Result, TacticTimeout, reply_of
from prover.lean.tactic_text import searches_library
from prover.lean.targets import Target

CANNOT = Falsification(reason="this Lean cannot evaluate it")
WHOLE_S = 60.0
"""For a whole proof, where no deadline is nearer."""
MAX_SET_ASIDE = 20
"""So many tactics set aside over one theorem mean that something else is wrong."""
WARM_UP = ("have (n : Nat) : n + 0 = n := by exact?", "have (n : Nat) : n + 0 = n := by rw?")
"""A process's first library search builds an index of the library, and `exact?` gives up after a part of its heartbeats:
whether it finds something would depend on whether another was there before. So the index is built at nobody's expense."""
WARM_UP_TIMEOUT_S = 120.0
STATING = ("have", "suffices")
"""What begins so states a lemma, which is looked at ahead: it leaves the same state when the search runs it."""
SHORTEST_S = 0.1
"""No tactic is given less."""

EXPLORE_LIMITS = ExploreLimits()


class Dojo(lean_dojo.Dojo):
    """A theorem, open for tactics.

    Args:
        target: the theorem, as the engine's `read` found it.
        engine: the Lean to use; stays when the theorem is left.
        timeout: seconds for a single tactic.
        heartbeats: Lean's deterministic limit for a single tactic, in thousands; 0 for none.
        deadline: when the work on the theorem is over, on the clock. Tactics are cut to what is left, no process is started
            that would not be there in time, and what took Lean along once is not run again.
        clock: the theorem's time in seconds.

    `ProofFinished` is a candidate: the audit has the last word.
    """

    uses_tactics = property(lambda self: True, doc="A theorem is open, so tactics are what it takes.")
    uses_commands = property(lambda self: False, doc="Commands are the engine's business.")

    def __init__(
        self, target: Target, engine: Engine, timeout: float = 10.0, heartbeats: int = DEFAULT_HEARTBEATS,
        deadline: float | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.entry = target
        self.engine = engine
        self.timeout = timeout
        self.heartbeats = heartbeats
        self.deadline = deadline
        self.clock = clock
        self.additional_imports: list[str] = []
        self.file_path = target.file.path or Path("<statement>")
        self.is_successful = False
        self.is_crashed = False
        self.has_timedout = False
        self.lean_ms = 0.0
        self.tactic_ms: dict[tuple[int, str], float] = {}  # of a state's number and a tactic, what it cost last
        self.set_aside: list[str] = []
        self._known: dict[tuple[int, str], Result] = {}  # of single tactics: what looks ahead runs them, then the search does
        self._live = LiveStates(target, engine, Limits(timeout, heartbeats))
        self._cannot_judge = False

    def __enter__(self) -> tuple[Dojo, TacticState]:
        """Opens the theorem.

        Raises DojoInitError when its statement, or what stands before it, does not elaborate, or Lean was lost over it;
        LeanSetupError when Lean cannot be had at all.
        """
        if self.entry.problem is not None:
            raise DojoInitError(self.entry.problem)
        try:
            self._live.open()
            if self.entry.sorry_at is None and any(goal.sorry for goal in self._live.goals(0)):
                raise DojoInitError("the statement, or a hypothesis that it is given, was elaborated with a hole (sorry)")
        except BaseException as error:
            self.__exit__()
            if isinstance(error, LeanProcessError) and not isinstance(error, LeanSetupError):
                raise DojoInitError(str(error)) from error
            raise
        return self, self._live.tactic_state(0)

    def __exit__(self, *_: object) -> None:
        """Leaves the theorem; the engine forgets its proof states."""
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
        """Runs many tactics on one state, in as few round trips as the engine allows.

        Args:
            state: a state that this theorem gave.
            tactics: each is run on `state` itself, not one after the other.
            stop_when_done: leave out the rest once one of them closed the state.

        Returns:
            One result for each tactic, in order; fewer when `stop_when_done` cut them short.
        """
        if state.id not in self._live:
            raise RuntimeError(f"Attempting to run a tactic on a state that this theorem does not have: {state.id}.")
        if len(tactics) == 1 and (known := self._known.get((state.id, tactics[0]))) is not None:
            return [known]
        results: list[Result] = []
        for start in range(0, len(tactics), self.engine.at_once):
            results += self._together(state.id, tactics[start : start + self.engine.at_once], stop_when_done)
            if stop_when_done and isinstance(results[-1], ProofFinished):
                break
        if len(tactics) == 1 and (
            isinstance(results[0], ProofFinished) or (isinstance(results[0], TacticState) and tactics[0].startswith(STATING))
        ):
            self._known[state.id, tactics[0]] = results[0]
        return results

    @property
    def stops(self) -> bool:
        """Whether a tactic past its time is stopped while its process stays, so that a short time costs nothing else."""
        return self.engine.stops

    @contextmanager
    def limited(self, seconds: float = math.inf, heartbeats: int | None = None) -> Iterator[None]:
        """Inside, a single tactic has at most so many seconds and heartbeats (in thousands)."""
        usual = self.timeout, self.heartbeats
        self.timeout = min(self.timeout, seconds)
        if heartbeats is not None:
            self.heartbeats = min(self.heartbeats or heartbeats, heartbeats)
        try:
            yield
        finally:
            self.timeout, self.heartbeats = usual

    def parts(self, state: TacticState) -> list[TacticState]:
        """The goals of a state as states of their own, when they do not depend on each other; else the state alone."""
        if self.out_of_time and not self.engine.alive:
            return [state]
        try:
            return [self._live.tactic_state(sid) for sid in self._live.parts(state.id)] or [state]
        except LeanSetupError:
            raise
        except LeanProcessError:
            return [state]

    def key(self, state: TacticState) -> tuple[object, ...]:
        """What tells this state from others, for pruning only; unique when a goal mentions metavariables."""
        goals = self._live.goals(state.id)
        if any(g.fingerprint is None for g in goals):
            return ("state", state.id)
        return tuple((g.pp, g.fingerprint) for g in goals)

    def messages_of(self, state: TacticState, tactic: str) -> list[str]:
        """What a tactic says, whether or not it leads anywhere; `apply?` and `rw?` tell what could be tried."""
        if self.out_of_time:
            return []
        started = time.monotonic()
        try:
            return self.engine.messages(self._warmed(state.id), tactic, self._limits)
        except LeanSetupError:
            raise
        except LeanProcessError:
            return []  # a search for ideas is not worth a second process
        finally:
            self.lean_ms += 1000 * (time.monotonic() - started)

    def holds(self, proof: str) -> bool:
        """Whether this Lean takes a whole proof without error or `sorry`. A search's opinion, not an audit's."""
        if self._cannot_judge or self.out_of_time:
            return False
        try:
            said = self.engine.check(self.entry, proof, min(max(self.timeout, WHOLE_S), self._limits.left_s or WHOLE_S))
        except DataError:
            return False
        except (LeanProcessError, DojoInitError):
            self._cannot_judge = True  # smaller proofs are not worth more processes
            return False
        return not any(m.severity == "error" or "sorry" in m.text for m in said)

    def falsify(self, state: TacticState, effort: Looking) -> Falsification:
        """Look for values at which a goal of the state is false, by evaluation outside Lean (`host/refute/`).

        Args:
            state: a state that this theorem gave.
            effort: of each goal; a goal with few small values takes less, and none more than what is left of the theorem's time.

        Returns:
            The first goal's answer that has a counterexample, or the last goal's. Nothing of it is proved. An engine that
            cannot evaluate, or is lost over it, finds nothing.
        """
        look = getattr(self.engine, "falsify", None)
        left_s = self._left_s()
        if look is None or left_s <= 0:
            return CANNOT
        effort = replace(effort, seconds=min(effort.seconds, left_s))
        try:
            found: Falsification = look(self._live.locate(state.id), effort)
        except LeanSetupError:
            raise
        except (LeanProcessError, DataError):
            return CANNOT
        return found

    def falsified(self, proposition: str, effort: Looking) -> Counterexample | None:
        """Values at which a proposition is false, stated in the context of this theorem: the filter of conjectures.

        Args:
            proposition: closed, as text, like `∀ xs : List Nat, rev (rev xs) = xs`.
            effort: most false propositions fall in a few hundredths of a second.

        Returns:
            The values; None when none were found, or the text does not elaborate. Not a proof of anything.
        """
        if not hasattr(self.engine, "falsify") or not hasattr(self.engine, "stated"):
            return None
        try:
            view = self.engine.stated(self.entry, proposition)
            if view is None:
                return None
            self._live.own(view)
            found: Falsification = self.engine.falsify(view, effort)
        except LeanSetupError:
            raise
        except (LeanProcessError, DataError):
            return None
        return found.found

    def conjectures(self, functions: Sequence[str], limits: ExploreLimits = EXPLORE_LIMITS) -> tuple[Equation, ...]:
        """Equations between the file's functions that hold of small values; none where the engine cannot evaluate. Nothing takes
        longer than what is left of the theorem's time.

        Raises LeanProcessError when Lean is lost over it: nothing is known then.
        """
        look = getattr(self.engine, "conjectures", None)
        left_s = self._left_s()
        if look is None or not functions or left_s <= 0:
            return ()
        limits = replace(limits, budget_s=min(limits.budget_s, left_s))
        try:
            found: tuple[Equation, ...] = look(self.entry, functions, limits)
        except DataError:
            return ()
        return found

    # ------------------------------------------------------------------ below

    def _submit_request(self, req: str) -> dict[str, Any]:
        """LeanDojo's request and reply lines."""
        request = json.loads(req)
        return reply_of(self.run_tacs(self._live.tactic_state(request["sid"]), [request["cmd"]])[0])

    def _left_s(self) -> float:
        """Seconds until the deadline; math.inf without one."""
        return math.inf if self.deadline is None else self.deadline - self.clock()

    @property
    def _limits(self) -> Limits:
        if self.deadline is None:
            return Limits(self.timeout, self.heartbeats)
        left = max(SHORTEST_S, self._left_s())
        return Limits(min(self.timeout, left), self.heartbeats, left)

    @property
    def out_of_time(self) -> bool:
        """Whether nothing more can be done by the deadline: it is over, or would be before another process is there."""
        if self.deadline is None:
            return False
        return self.clock() + (0.0 if self.engine.alive else self.engine.start_s) >= self.deadline

    def _together(self, sid: int, tactics: Sequence[str], stop_when_done: bool) -> list[Result]:
        """Several tactics in one round trip. One that loses the process by its time is not run again; one that ends it, is
        run again alone when there is no deadline, since it may not have been its fault.
        """
        found: dict[int, Result] = {}
        pending = dict(enumerate(tactics))
        while len(pending) > 1 and not self.out_of_time:
            try:
                self._live.restore(sid)
                results = self._run(sid, list(pending.values()), stop_when_done)
                found |= zip(pending, results, strict=False)
                return _in_order(found, stop_when_done)
            except LeanSetupError:
                raise
            except LeanProcessError as error:
                lost = self._lost(pending, error)
                if lost is None:
                    break
                found |= lost
        for place, tactic in pending.items():
            found[place] = TacticTimeout(0.0) if self.out_of_time else self._alone(sid, tactic)
            if stop_when_done and isinstance(found[place], ProofFinished):
                break
        return _in_order(found, stop_when_done)

    def _lost(self, pending: dict[int, str], error: LeanProcessError) -> dict[int, Result] | None:
        """Takes the tactic that lost the process out of those that wait; None when it is not known, or to have another try."""
        if error.running is None or error.running >= len(pending):
            return None
        if self.deadline is None and not isinstance(error, LeanTimeoutError):
            return None
        place = list(pending)[error.running]
        tactic = pending.pop(place)
        self.set_aside.append(tactic)
        if len(self.set_aside) >= MAX_SET_ASIDE:
            raise error
        return {place: LeanError(f"set aside: Lean was lost in this tactic: {error}")}

    def _alone(self, sid: int, tactic: str) -> Result:
        for tries_left in reversed(range(self.engine.tries)):
            self._live.restore(sid)
            try:
                return self._run(sid, [tactic], False)[0]
            except LeanSetupError:
                raise
            except LeanTimeoutError:
                return TacticTimeout(self.timeout)
            except LeanProcessError as error:
                if tries_left == 0 or self.deadline is not None:
                    self.set_aside.append(tactic)
                    if len(self.set_aside) >= MAX_SET_ASIDE:
                        raise
                    times = f"{self.engine.tries} times " if self.engine.tries > 1 and self.deadline is None else ""
                    return LeanError(f"set aside: Lean was lost {times}in this tactic, last: {error}")
        raise AssertionError("unreachable")

    def _run(self, sid: int, tactics: Sequence[str], stop_when_done: bool) -> list[Result]:
        view = self._warmed(sid) if any(map(searches_library, tactics)) else self._live.locate(sid)
        replies = self.engine.run(view, tactics, self._limits, stop_when_done)
        costs = [r.milliseconds if r.cpu_ms is None else r.cpu_ms for r in replies]
        self.lean_ms += sum(costs)
        self.tactic_ms |= {(sid, tactic): cost for tactic, cost in zip(tactics, costs, strict=False)}
        return [self._result(sid, tactic, reply) for tactic, reply in zip(tactics, replies, strict=False)]

    def _result(self, sid: int, tactic: str, reply: TacticReply) -> Result:
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
        return self._live.tactic_state(self._live.add(sid, tactic, reply.proof), message)

    def _warmed(self, sid: int) -> ProofView:
        """A state, in a process that has indexed the library: no tactic pays for that, and none is stopped over it."""
        modules = self.entry.file.modules
        view = self._live.locate(sid)
        if not self.engine.is_warm(modules):
            built = True
            try:
                for tactic in WARM_UP:
                    for reply in self.engine.run(view, [tactic], self._warm_up_limits()):
                        if reply.proof is not None:
                            self._live.own(reply.proof)
            except LeanSetupError:
                raise
            except LeanProcessError:
                built = False
            self.engine.note_warm(modules, built)
        return self._live.locate(sid)

    def _warm_up_limits(self) -> Limits:
        if self.deadline is None:
            return Limits(WARM_UP_TIMEOUT_S, 0)
        left = max(SHORTEST_S, self._left_s())
        return Limits(min(WARM_UP_TIMEOUT_S, left), 0, left)


def _in_order(found: dict[int, Result], stop_when_done: bool) -> list[Result]:
    """The results by their places, up to the first that closes the state."""
    results: list[Result] = []
    for place in sorted(found):
        results.append(found[place])
        if stop_when_done and isinstance(found[place], ProofFinished):
            break
    return results
