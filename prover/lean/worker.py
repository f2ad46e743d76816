"""A Lean worker that outlives its processes: it starts one when needed and replaces one that is gone or too big.

What a process held (environments, proof states) is gone with it. `generation` counts processes, so whoever keeps an id
can tell whether it still means something; `base_state` and `context_states` make the common ones again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from prover.errors import LeanCrashedError, LeanProcessError, LeanSetupError
from prover.lean import protocol
from prover.lean.process import DEFAULT_MEMORY_MB, LeanProcess, LeanStartError

SETUP = "set_option autoImplicit false\nnoncomputable section\n"
"""In front of every text: a misspelt type is an error, not a new variable; definitions need no code generation."""
KEPT_CONTEXTS = 16
START_TRIES = 5
RESTORE_TRIES = 5
"""How often what a lost process held is made again; losing that one too is not the fault of who asks."""
NAMES_STATES = frozenset({"state", "states", "sid", "proofs", "base", "a", "b", "base_a", "base_b"})
"""A request with such a field is about what the process holds; asked of a new process it would make no sense."""
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
        self._stopping = threading.Event()
        self._process: LeanProcess | None = None
        self._bases: dict[tuple[str, ...], int] = {}
        self._imported: dict[tuple[str, ...], frozenset[str]] = {}
        self._warm: set[tuple[str, ...]] = set()
        self._contexts: OrderedDict[str, tuple[int, list[protocol.Command]]] = OrderedDict()

    @property
    def process(self) -> LeanProcess:
        """The running process; a new one when there is none."""
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self.processes_lost += 1
                self._retire()
                self._process = None
            self._process = self._started()
            self.generation += 1
            self._bases.clear()
            self._warm.clear()
            self._contexts.clear()
        return self._process

    @property
    def alive(self) -> bool:
        """Whether a process is running now."""
        return self._process is not None and self._process.alive

    def new_process(self) -> LeanProcess:
        """Starts a process; what injects faults (`prover.lean.faults`) starts another kind."""
        return LeanProcess(self.memory_mb, self._stopping)

    def _started(self) -> LeanProcess:
        for tries_left in reversed(range(START_TRIES)):
            if self._stopping.is_set():
                raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
            try:
                return self.new_process()
            except LeanStartError:
                self.processes_lost += 1
                if tries_left == 0:
                    raise
        raise AssertionError("unreachable")

    def request(self, op: str, timeout_s: float | None = None, **fields: Any) -> protocol.Json:
        """Asks the process; see `LeanProcess.request` for what it raises.

        A request about states that a process holds does not start another: LeanCrashedError when it is gone.
        """
        if NAMES_STATES & fields.keys() and not self.alive:
            raise LeanCrashedError("the Lean process was lost between two requests")
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

    def imported(self, modules: tuple[str, ...]) -> frozenset[str]:
        """Names of all modules that these bring; the same in every process, so remembered."""
        if modules not in self._imported:
            self._imported[modules] = frozenset(self.request("imported", state=self.base_state(modules))["modules"])
        return self._imported[modules]

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

    def is_warm(self, modules: tuple[str, ...]) -> bool:
        """Whether the present process has indexed what these imports bring; see `EmbeddedDojo`."""
        return self.alive and modules in self._warm

    def note_warm(self, modules: tuple[str, ...]) -> None:
        """It has."""
        self._warm.add(modules)

    def patiently(self, prepare: Callable[[], object]) -> None:
        """Has something made in the process, on as many processes as that takes, up to RESTORE_TRIES."""
        for tries_left in reversed(range(RESTORE_TRIES)):
            try:
                prepare()
                return
            except LeanSetupError:
                raise
            except LeanProcessError:
                if tries_left == 0 or self._stopping.is_set():
                    raise

    def recycle_if_big(self) -> None:
        """Between theorems: replaces a process that nears its memory ceiling."""
        if self._process is not None and self._process.memory_used_mb() > RECYCLE_AT * self.memory_mb:
            self.close()

    def interrupt(self) -> None:
        """From another thread, for good: ends the process in the middle of whatever it does; none is started again."""
        self._stopping.set()
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
