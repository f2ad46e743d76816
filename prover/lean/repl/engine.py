"""Theorems of a Lake project through leanprover-community/repl, as an engine.

Proof states stay live in the REPL, so a step costs its own tactic. The imports of a file are made once a process and
shared by all its theorems; the text in front of a theorem is elaborated once, from the last place that is known. The REPL
never forgets a state, so a process is replaced between theorems once it nears its memory ceiling. It cannot cancel a tactic:
one past its time costs the process. Lean's own limit on heartbeats holds for each tactic and stops most of them before that.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from lean_dojo import DojoInitError

from prover.errors import DataError, LeanCrashedError, LeanProcessError, LeanProtocolError, LeanSetupError
from prover.lean.answers import Command, Message, ProofView, TacticReply
from prover.lean.commands import split
from prover.lean.context import FileContext
from prover.lean.engine import Limits
from prover.lean.native.engine import NativeEngine, depend, view_of
from prover.lean.native.lake import environment, lake_program, message_of
from prover.lean.native.project import REPL_VARIABLE
from prover.lean.native.reader import confirmed
from prover.lean.positions import Places
from prover.lean.process import SKIPPED, JsonProcess
from prover.lean.repl import wire
from prover.lean.tactic_text import only_goal, says_sorry
from prover.lean.targets import LeanFile, Reading, Target, bound_in, file_context_in, first_line

MAX_REPLY_BYTES = 256 * 1024 * 1024
CAUSES = "not enough memory, a REPL built for another Lean than the project's, or an uncaught exception in it"
REBUILD = "Build it with the project's Lean: lake build repl in the project, or see `proofsmith doctor`"


def private_mb(pid: int) -> int:
    """Memory of a process and its children in MB, without what they map and share: compiled libraries are gigabytes."""
    total = 0
    with contextlib.suppress(psutil.Error):
        leader = psutil.Process(pid)
        for process in [leader, *leader.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                memory = process.memory_info()
                total += memory.rss - getattr(memory, "shared", 0)
    return int(total / 1e6)


class ReplProcess(JsonProcess):
    """A running REPL."""

    title = "the REPL"
    separator = b"\n\n"

    def __init__(self, argv: list[str], cwd: Path, memory_mb: int, stopping: threading.Event | None = None) -> None:
        super().__init__(argv, memory_mb, environment(()), cwd, None, stopping)
        self._program = argv[-1]

    def memory_used_mb(self) -> int:
        """See `private_mb`."""
        return private_mb(self.pid)

    def max_reply_bytes(self) -> int:
        """Size of the largest answer."""
        return MAX_REPLY_BYTES

    def request(self, body: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Asks and waits; see `JsonProcess.exchange` for what it raises, after which the process is gone.

        Raises LeanSetupError when it ends or answers nonsense instead of its first answer: the next one would do no better.
        """
        started = time.monotonic()
        try:
            reply = self.exchange(json.dumps(body, ensure_ascii=False).encode() + b"\n\n", timeout_s)
        except LeanProtocolError as error:
            if not self.last_reply:
                raise LeanSetupError(f"{self._program} is no REPL: {error}. {REBUILD}") from error
            raise
        assert isinstance(reply, dict)
        self.last_reply = time.monotonic()
        self.inside_s += self.last_reply - started
        return reply

    def parsed(self, raw: bytes) -> Any:
        """The reply in a piece of output; lines in front of it were printed by somebody else."""
        text = raw.decode(errors="replace").strip()
        at = 0
        while text and at >= 0:
            try:
                found = json.loads(text[at:])
            except ValueError:
                found = None
            if isinstance(found, dict):
                return found
            newline = text.find("\n{", at)
            at = newline + 1 if newline >= 0 else -1
        if text.startswith("{"):
            raise LeanProtocolError(f"the REPL wrote {text[:80]!r}, which is not JSON; it is replaced")
        return SKIPPED

    def death(self, code: int, how: str, lines: list[str]) -> LeanProcessError:
        """A crash; no REPL at all, when it has answered nothing before."""
        said = f" and said: {' '.join(lines[-2:])[:300]}" if lines else f". Likely causes: {CAUSES}"
        if 0 < code < 128 and not self.last_reply:  # above: a signal, of the program that lake started
            return LeanSetupError(f"the REPL ended before its first answer (exit code {code}){said}. {REBUILD}")
        return LeanCrashedError(f"the REPL ended ({how}){said}")


class ReplEngine(NativeEngine[ReplProcess]):
    """See `prover.lean.engine.Engine`. A state is named by its number, and whether it is a part of another."""

    def new_process(self) -> ReplProcess:
        """A REPL. Raises LeanSetupError when there can be none."""
        return ReplProcess(self.command(), self.project.root, self.memory_mb, self._stopping)

    def forget(self) -> None:
        """Environments of an earlier process mean nothing."""
        self._headers: dict[str, int] = {}
        self._prefixes: dict[str, list[tuple[int, int]]] = {}
        self._files: dict[str, list[Command]] = {}

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

    def run_command(self, text: str, env: int | None, timeout_s: float | None = None) -> wire.CommandReply:
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

    def commands(
        self, file: LeanFile, until: int | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Command]:
        """See `Engine`: all of the file as one command, behind its imports, which are made once a process."""
        self.process  # noqa: B018 - a new process forgets the old one's environments
        if file.sha256 not in self._files:
            try:
                env = self._header(file.span(0, file.body_start))
            except DojoInitError as error:
                where = file.path or "<statement>"
                raise DataError(f"{where}:1: {error}; is the project built? (lake build)") from error
            body = file.span(file.body_start, len(file.text.encode()))
            raw = self.process.request({"cmd": body, "env": env}, self.import_timeout_s)
            if (refused := wire.failure(raw)) is not None:
                raise LeanCrashedError(f"the REPL refused a command: {first_line(refused)}")
            places = Places(body)
            said = [message_of(m, places) for m in raw.get("messages", ())]
            moved = [replace(m, start=m.start + file.body_start, end=m.end + file.body_start) for m in said]
            self._files[file.sha256] = split(file.text, file.body_start, moved)
        return self._files[file.sha256]

    def read(self, text: str, path: Path | None = None) -> Reading:
        """See `Engine`."""
        file = self.header(text, path)
        return confirmed(file, self.commands(file))

    def auto_bound(self, targets: Sequence[Target]) -> list[tuple[str, ...]]:
        """See `Engine`."""
        def errors(target: Target, text: str) -> list[str]:
            return self.run_command(text, self.env_before(target)).errors

        return [bound_in(target, partial(errors, target)) for target in targets]

    def file_context(self, target: Target) -> FileContext:
        """See `Engine`: by text."""
        return file_context_in(split(target.file.text, target.file.body_start), target)

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
            env = self.run_command(between, env).env
            known.append((target.start, env))
        return env

    def _header(self, text: str) -> int:
        options = "".join(f"set_option {key} {_value(value)}\n" for key, value in self.project.options.items()
                          if not key.startswith("weak."))  # fmt: skip
        key = text + options
        if key not in self._headers:
            reply = self.run_command(text, None, self.import_timeout_s)
            if reply.errors:
                raise DojoInitError(f"the imports cannot be made: {first_line(reply.errors[0])}")
            env = self.run_command(options, reply.env).env if options else reply.env
            self._headers[key] = env
        return self._headers[key]

    # ------------------------------------------------------------------ proof states

    def enter(self, target: Target) -> ProofView:
        """See `Engine`."""
        reply = self.run_command(target.command("sorry"), self.env_before(target))
        live = [s for s in reply.sorries if s.proof_state is not None]
        if target.sorry_at is not None:
            at = wire.position(target.command("sorry"), target.sorry_at)
            live = [s for s in live if s.at == at][:1]
        elif reply.errors:
            raise DojoInitError(f"the statement does not elaborate: {first_line(reply.errors[0])}")
        if len(live) != 1:
            inside = target.sorry_at is not None
            raise DojoInitError(f"{'this place' if inside else 'the statement'} gives no goal to prove")
        return view_of((live[0].proof_state, False), [live[0].goal.strip()])

    def step(self, view: ProofView, tactic: str, timeout_s: float) -> TacticReply:
        """See `NativeEngine`."""
        proof_state, is_part = view.sid
        reply = self.tactic(tactic, proof_state, timeout_s)
        if isinstance(reply, str):
            return TacticReply(0.0, error=reply.removeprefix("Lean error:\n"))
        errors = [m.text for m in reply.messages if m.severity == "error"]
        if errors:
            return TacticReply(0.0, error="\n".join(errors))
        if reply.sorries or says_sorry(tactic) or any("declaration uses" in m.text for m in reply.messages):
            return TacticReply(0.0, gave_up=True)
        notes = tuple(m.text for m in reply.messages)
        if reply.goals:
            return TacticReply(0.0, view_of((reply.proof_state, is_part), map(str.strip, reply.goals)), notes=notes)
        if reply.status == wire.COMPLETED or (is_part and reply.status == wire.HAS_SORRY):
            return TacticReply(0.0, done=True, notes=notes)
        if reply.status == wire.HAS_SORRY:
            return TacticReply(0.0, gave_up=True)
        return TacticReply(0.0, error=f"no goals are left, but the REPL says: {reply.status}")

    def split(self, view: ProofView) -> list[ProofView]:
        """One state for each goal, the others given up in it.

        Such a part ends with `Incomplete: contains sorry`, which the REPL says only after the kernel took the proof with
        the others' holes; a `sorry` of the tactic's own is looked for before that.
        """
        parts: list[ProofView] = []
        for i, goal in enumerate(() if depend(view) else view.goals):
            reply = self.tactic(only_goal(i, len(view.goals)), view.sid[0], self.timeout_s)
            if isinstance(reply, str) or any(m.severity == "error" for m in reply.messages):
                return []
            if [g.strip() for g in reply.goals] != [goal.pp]:
                return []
            parts.append(ProofView((reply.proof_state, True), (goal,)))
        return parts

    def messages(self, view: ProofView, tactic: str, limits: Limits) -> list[str]:
        """See `Engine`: the REPL gives them with the reply, also of a tactic that gives up in the end, as `rw?` does."""
        reply = self.tactic(tactic, view.sid[0], limits.timeout_s)
        return [] if isinstance(reply, str) else [m.text for m in reply.messages if m.severity != "error"]

    def says_of(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """See `NativeEngine`: as a command, as the audit will see it."""
        reply = self.run_command(target.command(proof), self.env_before(target), timeout_s)
        sorries = [Message("warning", "declaration uses 'sorry'", 0, 0)] * bool(reply.sorries)
        return [*(Message(m.severity, m.text, 0, 0) for m in reply.messages), *sorries]

    def _read(self, reader: Any, raw: dict[str, Any]) -> Any:
        try:
            return reader(raw)
        except (LeanProtocolError, LeanSetupError):
            self.close()
            raise



def _value(text: str) -> str:
    return text if text in ("true", "false") or text.isdigit() else '"' + text.replace('"', '\\"') + '"'
