"""A Lean worker that outlives its processes: it starts one when needed and replaces one that is gone or too big.

What a process held (environments, proof states) is gone with it. `generation` counts processes, so whoever keeps an id
can tell whether it still means something; `base_state` and `context_states` make the common ones again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

from prover.lean import protocol
from prover.lean.process import DEFAULT_MEMORY_MB, LeanProcess

SETUP = "set_option autoImplicit false\nnoncomputable section\n"
"""In front of every text: a misspelt type is an error, not a new variable; definitions need no code generation."""
KEPT_CONTEXTS = 16
RECYCLE_AT = 0.8
"""A process is replaced between theorems once it holds this part of its memory ceiling."""


class LeanWorker:
    """A place where Lean requests are answered, one at a time."""

    def __init__(self, memory_mb: int = DEFAULT_MEMORY_MB, timeout_s: float = 60.0, import_timeout_s: float = 120.0) -> None:
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.import_timeout_s = import_timeout_s
        self.generation = 0
        self.processes_lost = 0
        self.inside_s = 0.0
        self.span_s = 0.0
        self._process: LeanProcess | None = None
        self._bases: dict[tuple[str, ...], int] = {}
        self._contexts: OrderedDict[str, tuple[int, list[protocol.Command]]] = OrderedDict()

    @property
    def process(self) -> LeanProcess:
        """The running process; a new one when there is none."""
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self.processes_lost += 1
                self._retire()
            self._process = LeanProcess(self.memory_mb)
            self.generation += 1
            self._bases.clear()
            self._contexts.clear()
        return self._process

    @property
    def alive(self) -> bool:
        """Whether a process is running now."""
        return self._process is not None and self._process.alive

    def request(self, op: str, timeout_s: float | None = None, **fields: Any) -> protocol.Json:
        """Asks the process; see `LeanProcess.request` for what it raises."""
        return self.process.request(op, self.timeout_s if timeout_s is None else timeout_s, **fields)

    @property
    def lean(self) -> str:
        """Version and commit of the Lean that answers."""
        return self.process.lean

    def base_state(self, modules: tuple[str, ...]) -> int:
        """Id of the elaborator state after the imports and `SETUP`."""
        self.process  # noqa: B018 - a new process forgets the old one's states
        if modules not in self._bases:
            imported = self.request("import", self.import_timeout_s, modules=list(modules))["state"]
            done = self.request("elaborate", state=imported, text=SETUP)
            self.request("release", states=[imported])
            self._bases[modules] = done["state"]
        return self._bases[modules]

    def elaborate_file(
        self, modules: tuple[str, ...], text: str, body_start: int
    ) -> tuple[int, list[protocol.Command]]:
        """Elaborates a file's commands, keeping the state before each; remembered for the last few files.

        Args:
            modules: what the header imports.
            text: the whole file.
            body_start: byte offset of the end of the header.

        Returns:
            Id of the state after the file, and its commands.
        """
        self.process  # noqa: B018
        key = hashlib.sha256("\0".join([*modules, str(body_start), text]).encode("utf-8", "surrogatepass")).hexdigest()
        if key in self._contexts:
            self._contexts.move_to_end(key)
            return self._contexts[key]
        raw = self.request("elaborate", state=self.base_state(modules), text=text, **{"from": body_start, "keep": True})
        self._contexts[key] = (raw["state"], [protocol.command(c) for c in raw["commands"]])
        while len(self._contexts) > KEPT_CONTEXTS:
            state, commands = self._contexts.popitem(last=False)[1]
            self.request("release", states=[state, *(c.before for c in commands if c.before is not None)])
        return self._contexts[key]

    def recycle_if_big(self) -> None:
        """Between theorems: replaces a process that nears its memory ceiling."""
        if self._process is not None and self._process.memory_used_mb() > RECYCLE_AT * self.memory_mb:
            self.close()

    def interrupt(self) -> None:
        """From another thread: ends the process in the middle of whatever it does."""
        if self._process is not None:
            self._process.interrupt()

    def close(self) -> None:
        """Ends the process; the next request starts another."""
        if self._process is not None:
            self._retire()
            self._process = None

    def _retire(self) -> None:
        assert self._process is not None
        self.inside_s += self._process.inside_s
        if self._process.first_request is not None:
            self.span_s += max(0.0, self._process.last_reply - self._process.first_request)
        self._process.kill()

    def __enter__(self) -> LeanWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
