"""The embedded Lean as an engine (`prover.lean.engine`): files, live proof states, whole texts, over host processes.

The operations of the host are there for others, too (`request`); `base_state` and `elaborate_file` make again what a lost
process held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lean_dojo import DojoInitError

from prover.errors import DataError, LeanCrashedError, LeanProcessError, LeanProtocolError
from prover.lean.answers import Command, Message, Outline, ProofView, TacticReply
from prover.lean.context import FileContext, FunctionFacts, InductiveFacts
from prover.lean.embedded import protocol, spares
from prover.lean.embedded.contexts import KEPT_CONTEXTS as KEPT_CONTEXTS
from prover.lean.embedded.contexts import Contexts
from prover.lean.embedded.process import DEFAULT_MEMORY_MB, LeanProcess, LeanStartError, RequestRefused
from prover.lean.embedded.spares import SETUP as SETUP
from prover.lean.engine import Limits, again
from prover.lean.evaluated import Equation, Falsification, Looking
from prover.lean.evaluated import Limits as ExploreLimits
from prover.lean.targets import (
    LIBRARY,
    STRICT,
    STRICT_IN,
    LeanFile,
    Reading,
    Target,
    bound_in,
    check_characters,
    file_context_in,
    first_line,
    import_error,
    place,
    reading_of,
)
from prover.lean.worker import ProcessWorker

START_TRIES = 5
SETTLE_S = 10.0
NAMES_STATES = frozenset({"state", "states", "sid", "proofs", "base", "a", "b", "base_a", "base_b"})
"""A request with such a field is about what the process holds; asked of a new process it would make no sense."""
MAX_TRIES = 2
"""A tactic that ends so many processes, each time alone, is set aside."""
GRACE_S = 5.0
"""A tactic past its time is cancelled from within; a process that does not obey for so long is ended."""
LATE_S = 2.0
"""The same, for all tactics together past the time that is left for a theorem."""


class LeanWorker(ProcessWorker[LeanProcess]):
    """A place where the embedded Lean answers, one request at a time."""

    at_once = 10_000
    tries = MAX_TRIES
    patience = 5
    stops = True
    use = spares.SEARCH
    """What its processes are for: which of those that were started ahead it may take, and what they may load."""

    def __init__(self, memory_mb: int = DEFAULT_MEMORY_MB, timeout_s: float = 60.0, import_timeout_s: float = 120.0) -> None:
        super().__init__(memory_mb, timeout_s, import_timeout_s)
        self._bases: dict[tuple[tuple[str, ...], bool], int] = {}
        self._bound: dict[tuple[int, str], tuple[str, ...]] = {}
        self._imported: dict[tuple[str, ...], frozenset[str]] = {}
        self._contexts = Contexts(lambda op, **fields: self.request(op, **fields), self.file_state)

    def new_process(self) -> LeanProcess:
        """Starts a process, or takes one that was started ahead; `prover.testing.faults` starts another kind."""
        ahead = spares.take(self.use, self.memory_mb, self._stopping)
        return ahead or LeanProcess(self.memory_mb, self._stopping, further=spares.FURTHER_OF[self.use])

    def started(self) -> LeanProcess:
        """A process that answers; one that does not come so far is replaced, up to START_TRIES times."""
        for tries_left in reversed(range(START_TRIES)):
            try:
                return self.new_process()
            except LeanStartError:
                self.processes_lost += 1
                if tries_left == 0 or self.stopping:
                    raise
        raise AssertionError("unreachable")

    def forget(self) -> None:
        """A new process has none of the old one's states."""
        self._bases = dict(self._process.bases) if self._process is not None else {}
        self._contexts.clear()
        self._bound.clear()

    def request(self, op: str, timeout_s: float | None = None, **fields: Any) -> protocol.Json:
        """Asks the process; see `LeanProcess.request` for what it raises.

        A request about states that a process holds does not start another: LeanCrashedError when it is gone.
        """
        if NAMES_STATES & fields.keys() and not self.alive:
            raise LeanCrashedError("the Lean process was lost between two requests")
        return self.process.request(op, self.timeout_s if timeout_s is None else timeout_s, **fields)

    def settle(self, programs: bool = False) -> None:
        """After a stranger's text: ends the process if anything of the text could stay in it.

        What Lean keeps for the whole process is put back; a process where that was needed is ended.

        Args:
            programs: end it too when a program of the text ran, even one that left no such trace.
        """
        if not self.alive:
            return
        try:
            found = self.process.request("settle", SETTLE_S)
        except LeanProcessError:
            return  # it is gone
        if found["changed"] or found["ran"]:
            spares.spoil(self.process)
        if found["changed"] or (programs and found["ran"]):
            self.process.kill()
            self.close()

    def _end(self, process: LeanProcess) -> None:
        if not spares.kept(process):
            super()._end(process)

    @property
    def lean(self) -> str:
        """Version and commit of the Lean that answers."""
        return self.process.lean

    # ------------------------------------------------------------------ texts

    def base_state(self, modules: tuple[str, ...], strict: bool = True) -> int:
        """Id of the elaborator state after the imports and `SETUP`; `strict`: no name is bound automatically."""
        self.process  # noqa: B018 - a new process forgets the old one's states
        if (modules, strict) not in self._bases:
            imported = self.request("import", self.import_timeout_s, modules=list(modules))["state"]
            done = self.request("elaborate", state=imported, text=f"{STRICT if strict else ''}{SETUP}")
            self.request("release", states=[imported])
            self._bases[modules, strict] = done["state"]
        return self._bases[modules, strict]

    def file_state(self, modules: tuple[str, ...]) -> int:
        """The state in which a file begins after its imports: `autoImplicit` is as Lean has it."""
        return self.base_state(modules, strict=False)

    def imported(self, modules: tuple[str, ...]) -> frozenset[str]:
        """Names of all modules that these bring; the same in every process, so remembered."""
        if modules not in self._imported:
            self._imported[modules] = frozenset(self.request("imported", state=self.base_state(modules))["modules"])
        return self._imported[modules]

    def elaborate_file(
        self,
        modules: tuple[str, ...],
        text: str,
        body_start: int,
        until: int | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[int, list[Command]]:
        """See `Contexts.elaborate_file`."""
        self.process  # noqa: B018 - a new process forgets the old one's states
        return self._contexts.elaborate_file(modules, text, body_start, until, cancelled)

    def shared_prefix(self, text: str) -> int:
        """How many leading commands of a text need not be elaborated here."""
        return self._contexts.shared_prefix(text) if self.alive else 0

    def header(self, text: str, path: Path | None = None) -> LeanFile:
        """See `Engine`."""
        text = text.replace("\r\n", "\n")  # as Lean itself reads it
        check_characters(text, path)
        raw = self.request("header", text=text)
        lean_file = LeanFile(text, tuple(raw["modules"]), raw["end"], path)
        errors = [m for m in raw["messages"] if m.severity == "error"]
        if errors:
            raise DataError(f"{place(lean_file, errors[0].start)}: {first_line(errors[0].text)}")
        return lean_file

    def load_imports(self, file: LeanFile) -> None:
        """See `Engine`."""
        self.state_after_imports(file)

    def state_after_imports(self, file: LeanFile) -> int:
        """Id of the elaborator state after the file's imports. Raises DataError for a missing one."""
        try:
            return self.file_state(file.modules)
        except RequestRefused as error:
            raise import_error(file, error) from error

    def elaborated(
        self, file: LeanFile, until: int | None = None, cancelled: Callable[[], bool] | None = None
    ) -> tuple[int, list[Command]]:
        """The state behind a file, and its commands; see `Engine.commands`."""
        try:
            return self.elaborate_file(file.modules, file.text, file.body_start, until, cancelled)
        except RequestRefused as error:
            raise import_error(file, error) from error

    def commands(
        self, file: LeanFile, until: int | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Command]:
        """See `Engine`."""
        return self.elaborated(file, until, cancelled)[1]

    def read(self, text: str, path: Path | None = None) -> Reading:
        """See `Engine`: by Lean's own reading of each command."""
        file = self.header(text, path)
        return reading_of(file, self.commands(file))

    def outline(self, file: LeanFile, command: Command) -> Outline:
        """See `Engine`."""
        outline: Outline = self.request("outline", state=command.before, text=file.text, **{"from": command.start})["outline"]
        return outline

    def file_context(self, target: Target) -> FileContext:
        """See `Engine`."""
        modules = target.file.modules
        imported = None if LIBRARY in modules else self.imported(modules)
        context = file_context_in(self.commands(target.file, target.start), target, imported)
        facts: dict[str, InductiveFacts | FunctionFacts] = {}
        names = [*context.inductives, *context.definitions]
        inner: list[str] = []
        while names:
            described = self.request("describe", state=self.state_before(target), names=names)["constants"]
            facts |= described
            found = [n for f in described.values() if isinstance(f, FunctionFacts) for n in f.locals]
            names = [n for n in dict.fromkeys(found) if n not in facts]
            inner += names
        return replace(context, definitions=(*context.definitions, *inner), facts=facts)

    def state_before(self, target: Target) -> int:
        """Id, in the present process, of the elaborator state in front of a theorem."""
        before = self.commands(target.file, target.start)[target.index].before
        assert before is not None
        return before

    def prepare(self, target: Target) -> None:
        """See `Engine`: with patience."""
        again(lambda: self.state_before(target), self.patience, lambda: self.stopping)

    # ------------------------------------------------------------------ proof states

    def enter(self, target: Target) -> ProofView:
        """See `Engine`: elaborates the statement in its context up to the proof."""
        raw = self.request("enter", state=self.state_before(target), text=target.command("sorry"))
        proofs: list[ProofView] = raw["proofs"]
        inside = target.sorry_at is not None
        if inside:
            meant = [p for p in proofs if p.at is not None and p.at[0] == target.sorry_at][:1]
            self.release([p for p in proofs if p not in meant])
            proofs = meant
        if len(proofs) != 1:
            errors = [m.text for m in raw["messages"] if m.severity == "error"]
            raise DojoInitError(
                f"{'Lean does not come to this place' if inside else 'the statement does not elaborate'}: {first_line(errors[0])}"
                if errors else f"{'this place' if inside else 'the statement'} gives no goal to prove"
            )  # fmt: skip
        return proofs[0]

    def run(
        self, view: ProofView, tactics: Sequence[str], limits: Limits, stop_when_done: bool = False
    ) -> list[TacticReply]:
        """See `Engine`: in one request."""
        timeout_s, left = len(tactics) * limits.timeout_s + GRACE_S, {}
        if limits.left_s is not None:
            timeout_s, left = min(timeout_s, limits.left_s + LATE_S), {"left_ms": limits.left_s * 1000}
        if self.alive:
            self.process.silence_s = limits.timeout_s + GRACE_S
        try:
            replies: list[TacticReply] = self.request(
                "tactics", timeout_s, sid=view.sid, tactics=list(tactics), heartbeats=limits.heartbeats * 1000,
                timeout_ms=limits.timeout_s * 1000, stop_when_done=stop_when_done, **left,
            )["results"]  # fmt: skip
        finally:
            if self.alive:
                self.process.silence_s = None
        cut_short = stop_when_done and bool(replies) and replies[-1].done
        if len(replies) > len(tactics) or (len(replies) < len(tactics) and not cut_short):
            if self._process is not None:
                self._process.kill()
            self.close()
            raise LeanProtocolError(f"the Lean host answered {len(tactics)} tactics with {len(replies)} results; it is replaced")
        return replies

    def split(self, view: ProofView) -> list[ProofView]:
        """See `Engine`: the host tells the parts with the state."""
        return [ProofView(part, (goal,)) for part, goal in zip(view.parts, view.goals, strict=False)]

    def messages(self, view: ProofView, tactic: str, limits: Limits) -> list[str]:
        """See `Engine`."""
        reply = self.run(view, [tactic], limits)[0]
        if reply.proof is not None:
            self.release([reply.proof])
        return list(reply.notes)

    def check(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """See `Engine`."""
        before, command = self.state_before(target), target.command(proof)
        raw = self.request("elaborate", timeout_s, state=before, text=command)
        self.request("release", states=[raw["state"]])
        commands: list[Command] = raw["commands"]
        more = [Message("error", "the proof ends its theorem", 0, 0)] if len(commands) != 1 else []
        return [m for c in commands for m in c.messages] + more

    def conjectures(self, target: Target, functions: Sequence[str], limits: ExploreLimits) -> tuple[Equation, ...]:
        """Equations between functions of the target's file that hold of small values; nothing of them is proved."""
        raw = self.request(
            "explore", state=self.state_before(target), names=list(functions), max_size=limits.max_size,
            max_terms=limits.max_terms, budget_ms=limits.budget_s * 1000,
        )  # fmt: skip
        return tuple(raw["equations"])

    def falsify(self, view: ProofView, effort: Looking) -> Falsification:
        """Values at which a goal of a state is false, by evaluation outside Lean; see `Dojo.falsify`."""
        raw = self.request(
            "falsify", sid=view.sid, budget_ms=effort.seconds * 1000, max_tried=effort.tries, lenient=effort.lenient,
            **{"from": effort.from_size},
        )  # fmt: skip
        answers: list[Falsification] = raw["goals"]
        return next((a for a in answers if a.found is not None), answers[-1] if answers else Falsification())

    def auto_bound(self, targets: Sequence[Target]) -> list[tuple[str, ...]]:
        """See `Engine`."""
        def errors(before: int, text: str) -> list[str]:
            raw = self.request("elaborate", state=before, text=text)
            self.request("release", states=[raw["state"]])
            return [m.text for c in raw["commands"] for m in c.errors]

        keys = [(self.state_before(target), target.command("sorry")) for target in targets]
        for target, key in zip(targets, keys, strict=True):
            if key not in self._bound:
                self._bound[key] = bound_in(target, partial(errors, key[0]))
        return [self._bound[key] for key in keys]

    def stated(self, target: Target, proposition: str) -> ProofView | None:
        """A proposition in a theorem's context as a proof state; None when it does not elaborate there."""
        raw = self.request("enter", state=self.state_before(target), text=f"{STRICT_IN}example : {proposition} := by sorry")
        proofs: list[ProofView] = raw["proofs"]
        if len(proofs) == 1:
            return proofs[0]
        self.release(proofs)
        return None

    def release(self, views: Sequence[ProofView]) -> None:
        """See `Engine`."""
        if not views:
            return
        with suppress(LeanProcessError):  # gone with the process
            self.request("release", proofs=[sid for view in views for sid in (view.sid, *view.parts)])


@dataclass(frozen=True)
class Embedded:
    """The Lean that came from the package registries."""

    name: str = "embedded"
    why: str = "embedded Lean"
    default_memory_mb: int = DEFAULT_MEMORY_MB

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> LeanWorker:
        """A warm Lean of its own."""
        return LeanWorker(memory_mb, *([timeout_s] if timeout_s is not None else []))


EMBEDDED = Embedded()
"""What is used when nothing else is asked for."""
