"""Theorems of a Lake project through leanprover-community/repl.

Proof states stay live in the REPL, so a step costs its own tactic. The imports of a file are made once a process and
shared by all its theorems; the text in front of a theorem is elaborated once, from the last place that is known. The REPL
never forgets a state, so a process is replaced between theorems once it nears its memory ceiling.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from lean_dojo import DojoInitError

from prover.errors import LeanCrashedError, LeanProtocolError, LeanSetupError
from prover.lean.native.lake import lake_program
from prover.lean.native.project import REPL_VARIABLE, Project
from prover.lean.recovering import RecoveringDojo, Step
from prover.lean.repl import wire
from prover.lean.repl.process import ReplProcess
from prover.lean.source import Target, first_line
from prover.lean.tactic_text import only_goal, says_sorry

NATIVE_MEMORY_MB = 8000
"""Of a process's own memory; what it shares with others, Mathlib's compiled files, is not counted."""
RECYCLE_AT = 0.8


class ReplWorker:
    """A place where one REPL at a time answers; a new one when it is gone or too big.

    `generation` counts processes: environments and proof states of an earlier one mean nothing. `warm` names those that have
    indexed the library, by generation and imports.
    """

    def __init__(
        self, project: Project, memory_mb: int = NATIVE_MEMORY_MB, timeout_s: float = 120.0, import_timeout_s: float = 300.0
    ) -> None:
        self.project = project
        self.memory_mb = memory_mb
        self.timeout_s = timeout_s
        self.import_timeout_s = import_timeout_s
        self.generation = 0
        self.processes_lost = 0
        self.inside_s = 0.0
        self.span_s = 0.0
        self.lean = ""
        self._process: ReplProcess | None = None
        self._headers: dict[str, int] = {}
        self._prefixes: dict[str, list[tuple[int, int]]] = {}
        self.warm: set[tuple[int, tuple[str, ...]]] = set()
        self._stopping = threading.Event()

    @property
    def process(self) -> ReplProcess:
        """The running process; a new one when there is none. Raises LeanSetupError when there can be none."""
        if self._process is None or not self._process.alive:
            if self._stopping.is_set():
                raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
            if self._process is not None:
                self.processes_lost += 1
                self._retire()
            self._process = ReplProcess(self.command(), self.project.root, self.memory_mb)
            self.generation += 1
            self._headers.clear()
            self._prefixes.clear()
        return self._process

    def command(self) -> list[str]:
        """What starts the REPL in the project."""
        program = self.project.repl()
        if program is None and (named := os.environ.get(REPL_VARIABLE)):
            raise LeanSetupError(f"{REPL_VARIABLE} is {named}, which is no program; unset it, or name a REPL that is built")
        if program is None:
            raise LeanSetupError(
                f"no REPL for {self.project.root}: neither built in the project (lake build repl) nor named by "
                f"{REPL_VARIABLE}. `proofsmith doctor --project {self.project.root}` says what to type"
            )
        return [lake_program(), "env", str(program)]

    @property
    def alive(self) -> bool:
        """Whether a process runs now."""
        return self._process is not None and self._process.alive

    def run(self, text: str, env: int | None, timeout_s: float | None = None) -> wire.CommandReply:
        """Elaborates commands. Raises LeanCrashedError for a REPL that does not know the environment."""
        body: dict[str, Any] = {"cmd": text} if env is None else {"cmd": text, "env": env}
        raw = self.process.request(body, self.timeout_s if timeout_s is None else timeout_s)
        refused = wire.failure(raw)
        if refused is not None:
            raise LeanCrashedError(f"the REPL refused a command: {first_line(refused)}")
        reply: wire.CommandReply = self._read(wire.command_reply, raw)
        return reply

    def tactic(self, text: str, proof_state: int, timeout_s: float) -> wire.TacticReply | str:
        """Runs a tactic; Lean's refusal, a parse error say, is a text."""
        raw = self.process.request({"tactic": text, "proofState": proof_state}, timeout_s)
        refused = wire.failure(raw)
        return refused if refused is not None else self._read(wire.tactic_reply, raw)

    def env_before(self, target: Target) -> int:
        """The environment in front of a theorem. Raises DojoInitError when the imports cannot be made."""
        self.process  # noqa: B018 - a new process forgets the old one's environments
        file = target.file
        known = self._prefixes.setdefault(file.sha256, [])
        if not known:
            known.append((file.body_start, self._header(file.span(0, file.body_start))))
        at, env = max(((a, e) for a, e in known if a <= target.start), default=known[0])
        between = file.span(at, target.start)
        if between.strip():
            env = self.run(between, env).env
            known.append((target.start, env))
        return env

    def _header(self, text: str) -> int:
        options = "".join(f"set_option {key} {_value(value)}\n" for key, value in self.project.options.items()
                          if not key.startswith("weak."))  # fmt: skip
        key = text + options
        if key not in self._headers:
            reply = self.run(text, None, self.import_timeout_s)
            if reply.errors:
                raise DojoInitError(f"the imports cannot be made: {first_line(reply.errors[0])}")
            env = self.run(options, reply.env).env if options else reply.env
            self._headers[key] = env
        return self._headers[key]

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

    def _read(self, reader: Any, raw: dict[str, Any]) -> Any:
        try:
            return reader(raw)
        except (LeanProtocolError, LeanSetupError):
            self.close()
            raise

    def _retire(self) -> None:
        assert self._process is not None
        self.inside_s += self._process.inside_s
        if self._process.first_request is not None:
            self.span_s += max(0.0, self._process.last_reply - self._process.first_request)
        self._process.kill()


class ReplDojo(RecoveringDojo):
    """A theorem of a file, open in a REPL; the surface is `EmbeddedDojo`'s.

    The REPL cannot cancel a tactic: one past `timeout` seconds costs the process. Lean's own limit on heartbeats holds for
    each tactic and stops most of them before that.
    """

    def __init__(self, target: Target, worker: ReplWorker, timeout: float = 10.0) -> None:
        super().__init__(target, timeout)
        self.worker = worker
        self._warm = worker.warm

    def _generation(self) -> int:
        self.worker.process  # noqa: B018
        return self.worker.generation

    def _open(self) -> Step:
        target: Target = self.entry
        reply = self.worker.run(target.command("sorry"), self.worker.env_before(target))
        live = [s for s in reply.sorries if s.proof_state is not None]
        if reply.errors:
            raise DojoInitError(f"the statement does not elaborate: {first_line(reply.errors[0])}")
        if len(live) != 1:
            raise DojoInitError("the statement gives no goal to prove")
        return Step((live[0].proof_state, False), (_goal(live[0].goal),))

    def _step(self, native: Any, tactic: str) -> Step:
        proof_state, is_part = native
        reply = self.worker.tactic(tactic, proof_state, self.timeout)
        if isinstance(reply, str):
            return Step(error=reply.removeprefix("Lean error:\n"))
        errors = [m.text for m in reply.messages if m.severity == "error"]
        if errors:
            return Step(error="\n".join(errors))
        if reply.sorries or says_sorry(tactic) or any("declaration uses" in m.text for m in reply.messages):
            return Step(gave_up=True)
        message = "\n".join(m.text for m in reply.messages)
        if reply.goals:
            return Step((reply.proof_state, is_part), tuple(map(_goal, reply.goals)), message=message)
        if reply.status == wire.COMPLETED or (is_part and reply.status == wire.HAS_SORRY):
            return Step(done=True, message=message)
        if reply.status == wire.HAS_SORRY:
            return Step(gave_up=True)
        return Step(error=f"no goals are left, but the REPL says: {reply.status}")

    def _split(self, native: Any, goals: tuple[str, ...]) -> list[Any]:
        """One state for each goal, the others given up in it.

        Such a part ends with `Incomplete: contains sorry`, which the REPL says only after the kernel took the proof with
        the others' holes; a `sorry` of the tactic's own is looked for before that.
        """
        parts: list[Any] = []
        for i, goal in enumerate(goals):
            reply = self.worker.tactic(only_goal(i, len(goals)), native[0], self.timeout)
            if isinstance(reply, str) or any(m.severity == "error" for m in reply.messages):
                return []
            if [_goal(g) for g in reply.goals] != [goal]:
                return []
            parts.append((reply.proof_state, True))
        return parts

    def _holds(self, proof: str) -> bool:
        """As a command, as the audit will see it."""
        target: Target = self.entry
        reply = self.worker.run(target.command(proof), self.worker.env_before(target), self.timeout)
        return not (reply.errors or reply.sorries or any("declaration uses" in m.text for m in reply.messages))

    def _messages(self, native: Any, tactic: str) -> list[str]:
        """The REPL gives them with the reply, also of a tactic that gives up in the end, as `rw?` does."""
        reply = self.worker.tactic(tactic, native[0], self.timeout)
        return [] if isinstance(reply, str) else [m.text for m in reply.messages if m.severity != "error"]

    def _leave(self) -> None:
        """Nothing to let go of: a REPL keeps its states to its end."""


def _goal(text: str) -> str:
    return text.strip()


def _value(text: str) -> str:
    return text if text in ("true", "false") or text.isdigit() else '"' + text.replace('"', '\\"') + '"'
