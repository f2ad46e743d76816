"""A Lean process made of a table, for what has to be tested a hundred times: no Node, no wasm, no waiting."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from prover.errors import LeanCrashedError
from prover.lean.embedded import protocol
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import LeanWorker

TEXT = "theorem a : True := by sorry\ntheorem b : True := by sorry\ntheorem c : True := by sorry\n"
CLOSING = ("trivial", "exact True.intro")
GOAL = {"pp": "⊢ True", "hash": 1}


class StubProcess:
    """Answers like the host for TEXT: CLOSING close a goal, everything else fails. Ids are good for this process only."""

    _numbers = itertools.count()

    def __init__(self, dies_at: Callable[[str, dict[str, Any]], bool]) -> None:
        self.alive = True
        self.lean = "stub"
        self.inside_s = 0.0
        self.first_request = None
        self.last_reply = 0.0
        self.bases: dict[tuple[str, ...], int] = {}
        self.asked = False
        self._ids = itertools.count(1_000_000 * next(self._numbers) + 1)
        self._known: set[int] = set()
        self._dies_at = dies_at

    def kill(self) -> None:
        self.alive = False

    interrupt = kill

    def memory_used_mb(self) -> int:
        return 1

    def request(self, op: str, timeout_s: float, **fields: Any) -> dict[str, Any]:
        if not self.alive or self._dies_at(op, fields):
            self.alive = False
            raise LeanCrashedError("the stub ended")
        for key in ("state", "sid"):
            if key in fields and fields[key] not in self._known:
                raise RequestRefused("gone", f"{op} for an id of another process: {fields[key]}")
        return protocol.read(op, getattr(self, op)(**fields))

    def _new(self) -> int:
        number = next(self._ids)
        self._known.add(number)
        return number

    def header(self, text: str) -> dict[str, Any]:
        return {"end": 0, "messages": [], "modules": ["Init"]}

    def falsify(self, **_: Any) -> dict[str, Any]:
        """Nothing is false."""
        found = {"found": None, "tried": 1, "satisfied": 1, "hypotheses": 0, "exhausted": True, "size": 1, "reason": None}
        return {"goals": [found]}

    def __getattr__(self, name: str) -> Any:
        if name == "import":
            return lambda modules: {"state": self._new()}
        raise AttributeError(name)

    def elaborate(self, state: int, text: str, keep: bool = False, **_: Any) -> dict[str, Any]:
        commands = []
        start = 0
        for line in text.splitlines(keepends=True):
            if line.startswith("theorem"):
                at = start + line.index(":=")
                end = start + len(line.rstrip())
                commands.append({
                    "kind": "declaration", "start": start, "end": end, "namespace": "[anonymous]", "messages": [],
                    "declaration": "theorem", "id": line.split()[1], "sorries": 1, "value": [at, end],
                    "body": [at + 3, end], "keyword": [start, start + 7], "depth": 1,
                    **({"before": self._new()} if keep else {}),
                })  # fmt: skip
            start += len(line.encode())
        return {"state": self._new(), "commands": commands, "stop": {"kind": "eoi", "start": start}, "refused": None}

    def enter(self, state: int, text: str) -> dict[str, Any]:
        return {"messages": [], "proofs": [{"sid": self._new(), "goals": [GOAL], "parts": []}]}

    def tactics(self, sid: int, tactics: list[str], stop_when_done: bool = False, **_: Any) -> dict[str, Any]:
        results = []
        for tactic in tactics:
            results.append({"done": True, "ms": 1} if tactic in CLOSING else {"error": "no", "ms": 1})
            if stop_when_done and tactic in CLOSING:
                break
        return {"results": results}

    def release(self, **_: Any) -> dict[str, Any]:
        return {}


class StubWorker(LeanWorker):
    """A worker whose processes are stubs that die when `dies_at(operation, fields)` says so."""

    def __init__(self, dies_at: Callable[[str, dict[str, Any]], bool] = lambda op, fields: False) -> None:
        super().__init__()
        self.dies_at = dies_at

    def new_process(self) -> Any:
        return StubProcess(self.dies_at)
