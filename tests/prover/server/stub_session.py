"""A session without Lean: theorems are found by their words, goals and tactics come from a table.

`slow_s` makes every question take so long (or until it is cancelled); a search grows its tree by a state each `step_s` and
proves on `proved_at`, never when that is None.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from prover.audit import outcome as audit
from prover.audit.auditor import TheoremVerdict
from prover.audit.outcome import Candidate, Effort, Failure
from prover.errors import DataError, LeanTimeoutError
from prover.lean.embedded.worker import EMBEDDED
from prover.lean.positions import Places, Position
from prover.policy.premises import Premise
from prover.prove.theorem import SearchSettings
from prover.server.answers import Diagnostic, Document, Edit, Proof, Waiting
from prover.server.pool import Cancelled, Limit, Readiness
from prover.server.session import Session
from prover.server.suggest import Suggestion

THEOREM = re.compile(r"^theorem (\S+)(.*?):= by\n  sorry", re.MULTILINE | re.DOTALL)
GOAL = "n : Nat\n⊢ n + 0 = n"


@dataclass(frozen=True)
class StubGoals:
    goals: tuple[str, ...]
    place: Position
    theorem: str = "t"

    @property
    def text(self) -> str:
        return "\n\n".join(self.goals)

    def edit(self, tactics: str) -> Edit:
        return Edit(self.place, Position(self.place.line, self.place.column + 5), tactics)


@dataclass
class StubSession(Session):
    slow_s: float = 0.0
    step_s: float = 0.01
    proved_at: int | None = 3
    asked: list[str] = field(default_factory=list)
    cancelled: int = 0
    most_at_once: int = 0
    closed: bool = False
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    readiness = Readiness(1, 0, 0)
    uses_model = True
    backend = EMBEDDED

    def _think(self, cancelled: Callable[[], bool], limit: Limit | None = None) -> None:
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            end = time.monotonic() + self.slow_s
            began = time.monotonic()
            while time.monotonic() < end:
                if limit is not None and time.monotonic() - began > limit.timeout_s:
                    raise LeanTimeoutError("the text was not read in time")
                if cancelled():
                    self.cancelled += 1
                    raise Cancelled("the request was cancelled")
                time.sleep(0.005)
        finally:
            with self._lock:
                self._now -= 1

    def document(
        self, text: str, path: Any = None, cancelled: Any = lambda: False, wait_s: float = 0.0, within: Any = None
    ) -> Document:
        self.asked.append(text)
        self._think(cancelled, within)
        if "import Mathlib" in text:
            raise DataError("the text: it imports Mathlib, which is not there")
        places = Places(text)
        waiting, diagnostics = [], []
        for found in THEOREM.finditer(text):
            start, end, spot = (places.position(at) for at in (found.start(), found.end(), found.end() - 5))
            waiting.append(Waiting(found[1], f"theorem {found[1]}{found[2]}".strip(), "sorry", start, end, (spot,)))
            diagnostics.append(Diagnostic("warning", "declaration uses 'sorry'", start, end, 0, 0))
        names = tuple(w.name for w in waiting)
        return Document(text, path, ("Init",), tuple(diagnostics), tuple(waiting), names)

    def goals(self, text: str, line: int, column: int, *_: Any, **__: Any) -> Any:
        return StubGoals((GOAL,), Position(line, column))

    def suggest_at(self, text: str, line: int, column: int, limit: int = 8, timeout_s: float = 5.0, **more: Any) -> Any:
        self.asked.append(text)
        self._think(more.get("cancelled", lambda: False))
        if "import Mathlib" in text:
            raise DataError("the text: it imports Mathlib, which is not there")
        found = [
            Suggestion("rfl", (), True, -0.1, "closers.rfl"), Suggestion("simp", (), True, -0.5, "closers.simp"),
            Suggestion("rw [Nat.add_comm]", ("n : Nat\n⊢ 0 + n = n",), False, -2.0, "retrieval.rw"),
        ]  # fmt: skip
        return StubGoals((GOAL,), Position(line, column)), found[:limit]

    def complete_at(
        self, text: str, line: int, column: int, prefix: str, limit: int = 8, timeout_s: float = 5.0, **how: Any
    ) -> Any:
        at, found = self.suggest_at(text, line, column, 40, timeout_s, **how)
        return at, [s for s in found if s.tactic.startswith(prefix)][:limit]

    def prove(
        self, text: str, where: Any, settings: SearchSettings | None = None, on_expansion: Any = None, **how: Any
    ) -> Proof:
        cancelled = how.get("cancelled", lambda: False)
        step = 0
        nodes: dict[int, dict[str, Any]] = {}
        edges: dict[int, dict[str, Any]] = {}
        while step != self.proved_at:
            if cancelled():
                self.cancelled += 1
                return Proof(str(where), "cancelled", Failure("cancelled", status="cancelled"), None, "cancelled")
            new = {
                "id": step, "state": f"n : Nat\n⊢ n + {step} = n", "status": "open", "depth": step, "priority": 0.0,
                "expanded": step + 1,
            }  # fmt: skip
            edge = {
                "id": step, "parent": step - 1, "children": [step], "tactic": f"rw [h{step}]", "log_prob": -1.0,
                "proposer": "stub", "status": "open", "error": None,
            }  # fmt: skip
            nodes[step] = new
            edges |= {step: edge} if step else {}
            step += 1
            tree = {"root": 0, "nodes": list(nodes.values()), "edges": list(edges.values())}
            if on_expansion is not None:
                on_expansion(step, lambda tree=tree: tree)
            time.sleep(self.step_s)
        tree = {"root": 0, "nodes": list(nodes.values()), "edges": list(edges.values())}
        attempt = audit.Proof(Candidate("rfl", Effort(0.5, step, step, tree=tree)), (), ())
        found = next(m for m in THEOREM.finditer(text) if m[1] == where or not isinstance(where, str))
        places = Places(text)
        start, end = places.position(found.end() - len(":= by\n  sorry")), places.position(found.end())
        return Proof(found[1], "proved", attempt, Edit(start, end, ":= by\n  rfl"))

    def judge(self, stated: str, submission: str) -> list[TheoremVerdict]:
        accepted = "sorry" not in submission
        return [TheoremVerdict("t", accepted, "accepted" if accepted else "sorry", None if accepted else "uses sorry")]

    def premises(self, query: str, limit: int = 20) -> list[Premise]:
        return [Premise("Nat.add_zero", "Nat.add_zero (n : Nat) : n + 0 = n", 1.0)][:limit]

    def close(self) -> None:
        self.closed = True
