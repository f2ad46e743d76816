"""A native toolchain that is not there: `lake env lean`, LeanDojo's Lean4Repl and the REPL, answered by the embedded Lean.

`tests/standins/lake` on PATH passes what it is asked to this server, over a socket. So the real LeanDojo class, with its
real pexpect, and our real REPL client talk to processes that speak the exact protocol, and the verdicts are Lean's. What
is played, and not Lean's: .olean files (they hold the text), `#print axioms` (the embedded Lean refuses it; the constants
are followed here), and the REPL's state with one of several goals.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prover.errors import LeanProcessError
from prover.lean import answers
from prover.lean.commands import masked
from prover.lean.dojo import WARM_UP, WARM_UP_TIMEOUT_S
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import SETUP, LeanWorker
from prover.lean.targets import STRICT
from tests.standins import checkers, traced

HERE = Path(__file__).parent
OURS = re.compile(r"^import[ \t]+(Lean4Repl|Proofsmith\w*)[ \t]*$", re.MULTILINE)
ONLY_GOAL = re.compile(r"\((?:rotate_left (\d+); )?sorry(?:; sorry)*\)")
REFUSES_MEMORY = (
    "<input>:1:0: error: invalid -D parameter, unknown configuration option 'max_memory'\n\n"
    "If the option is defined in this library, use '-Dweak.max_memory' to set it conditionally\n"
)
NEVER_S = 3600.0
NATIVE = "namespace Proofsmith.Native"
SAYS = "proofsmith says "
SAYS_TACTIC = re.compile(r"proofsmith_says\n(.*)", re.DOTALL)
"""The tactic of lean_project/Proofsmith/Native.lean, played here; tests/prover/lean/native/test_library.py has Lean run it."""
GRACE_S = 20.0
HEARTBEATS = 200_000_000
STRICT_OPTION = "-DautoImplicit=false"
"""Lean's own limit for a declaration, which holds in the REPL; LeanDojo's process has none."""


class Exit(Exception):
    """The process that is played ends with a code; below 0 by a signal."""


class Connection:
    """One process that is played."""

    def __init__(self, server: StandIn, reader: Any, writer: Any) -> None:
        self.server = server
        self.reader, self.writer = reader, writer
        hello = json.loads(reader.readline())
        self.argv: list[str] = hello["argv"]
        self.cwd = Path(hello["cwd"])
        self.path = [Path(p) for p in hello["path"].split(os.pathsep) if p]
        self.path.append(self.cwd / ".lake" / "build" / "lib" / "lean")

    def say(self, text: str) -> None:
        self.writer.write(json.dumps({"out": text}) + "\n")
        self.writer.flush()

    def complain_aloud(self, text: str) -> None:
        """On stderr."""
        self.writer.write(json.dumps({"err": text}) + "\n")
        self.writer.flush()

    def hear(self) -> str:
        line = self.reader.readline()
        heard = json.loads(line)["in"] if line else None
        if heard is None:
            raise Exit(0)
        return str(heard)

    def serve(self) -> None:
        try:
            code = self.run()
        except Exit as end:
            code = end.args[0]
        except LeanProcessError as error:
            self.server.faults.append(str(error))
            code = 134
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - a thread's outermost level; tests look at `faults`
            self.server.faults.append(f"{self.argv}: {type(error).__name__}: {error}")
            code = 135
        try:
            self.writer.write(json.dumps({"exit": code}) + "\n")
            self.writer.flush()
        except (OSError, ValueError):
            pass

    # ------------------------------------------------------------------ what is asked

    def run(self) -> int:
        self.server.calls.append(self.argv)
        version = ".".join(map(str, self.server.version))
        match self.argv:
            case ["lake", "--version"]:
                self.say(f"Lake version 5.0.0-src+standin (Lean version {version})\n")
            case ["lean", "--version"] | ["lake", "env", "lean", "--version"]:
                self.say(f"Lean (version {version}, stand-in, commit 000000, Release)\n")
            case ["lake", "build", "Lean4Repl"]:
                library = self.cwd / ".lake" / "build" / "lib" / "lean"
                library.mkdir(parents=True, exist_ok=True)
                (library / "Lean4Repl.olean").write_text("{}")
            case ["lake", "build", *_]:
                traced.build(self.cwd)
                return self.server.build_ends_with
            case ["lake", "exe", "cache", "get"]:
                return 1  # a project without Mathlib has no such program
            case ["lean", "--print-prefix"]:
                self.say(f"{self.server.prefix}\n")
            case ["lake", "env", "lean", "--print-prefix"]:
                self.say(f"{self.server.bin.parent}\n")
            case ["lake", "env", "lean", "--threads", _, "--run", "ExtractData.lean", *_]:
                traced.extract(self.cwd)
            case ["lake", "env", program, *arguments] if Path(program).name in checkers.PLAYED:
                return checkers.PLAYED[Path(program).name](self, arguments)
            case ["lake", "env", "lean", *arguments]:
                return self.lean(arguments)
            case ["lake", "env", program] if program.endswith("repl"):
                if self.server.repl_ends_at_once:
                    raise Exit(1)
                Repl(self).loop()
            case _:
                self.say(f"error: unknown command {self.argv}\n")
                return 1
        return 0

    def lean(self, arguments: list[str]) -> int:
        file = self.cwd / next(a for a in arguments if a.endswith(".lean"))
        if any(a.startswith("--memory") for a in arguments) and self.server.version[:2] == (4, 22):
            self.say(REFUSES_MEMORY)
            return 1
        olean = Path(arguments[arguments.index("-o") + 1]) if "-o" in arguments else None
        text = file.read_text("utf-8")
        if 'elab "lean_dojo_repl"' in text:
            if not self.server.compiles_lean4repl:
                self.complain(text, [answers.Message("error", "unknown constant 'String.trim'", 0, 0)], file, arguments)
                return 1
            assert olean is not None
            olean.write_text("{}")
            return 0
        if "lean_dojo_repl" in text:
            return Lean4Repl(self, text, file).loop()
        messages = self.elaborate(text)
        self.complain(text, messages, file, arguments)
        failed = any(m.severity == "error" for m in messages)
        if olean is not None and not failed:
            olean.write_text(json.dumps({"text": text}))
        return int(failed)

    def complain(self, text: str, messages: list[answers.Message], file: Path, arguments: list[str]) -> None:
        for m in messages:
            start, end = position(text, m.start), position(text, m.end)
            if "--json" in arguments:
                said = {"severity": m.severity if m.severity != "info" else "information", "pos": start, "endPos": end,
                        "data": m.text, "fileName": str(file), "keepFullRange": False, "caption": "", "kind": "[anonymous]"}
                self.say(json.dumps(said, ensure_ascii=False) + "\n")
            else:
                self.say(f"{file}:{start['line']}:{start['column']}: {m.severity}: {m.text}\n")

    # ------------------------------------------------------------------ Lean, behind

    def base(self, text: str) -> tuple[int, int, list[answers.Message]]:
        """State after a text's imports, where its commands begin, and what is wrong with the imports."""
        lean = self.server.lean
        imported = [m[1] for m in OURS.finditer(text)]
        plain = OURS.sub(lambda m: " " * len(m[0].encode()), text)
        head = lean.request("header", text=plain)
        inner: list[tuple[str, int]] = []
        native: str | None = text if NATIVE in text else None
        modules = list(head["modules"])
        for module in imported:
            found = next((p / f"{module}.olean" for p in self.path if (p / f"{module}.olean").exists()), None)
            if found is None:
                return -1, head["end"], [answers.Message("error", f"unknown module prefix '{module}'", 0, 0)]
            source = json.loads(found.read_text()).get("text")
            if source is not None:
                its = lean.request("header", text=OURS.sub(lambda m: " " * len(m[0].encode()), source))
                modules += [m for m in its["modules"] if m not in modules]
                if NATIVE in source:
                    native = source
                else:
                    inner.append((source, its["end"]))
        try:
            state = lean.file_state(tuple(modules)) if native is None else self.server.with_native(tuple(modules), native)
        except RequestRefused as refused:
            return -1, head["end"], [answers.Message("error", str(refused), 0, 0)]
        if STRICT_OPTION in self.argv:
            state = lean.request("elaborate", state=state, text=STRICT)["state"]
        for source, start in inner:
            state = lean.request("elaborate", state=state, text=source, **{"from": start})["state"]
        if native == text:
            return state, len(text.encode()), []
        return state, max(head["end"], imports_end(text)), head["messages"]

    def elaborate(self, text: str) -> list[answers.Message]:
        lean = self.server.lean
        with self.server.lock:
            state, start, messages = self.base(text)
            if state < 0:
                return messages
            raw = lean.request("elaborate", state=state, text=text, **{"from": start})
            for command in raw["commands"]:
                written = text.encode()[command.start : command.end].decode()
                if written.startswith("#print axioms"):
                    name = written.split()[-1]
                    messages.append(answers.Message("info", self.axioms(raw["state"], state, name), command.start, command.end))
                else:
                    messages += command.messages
            lean.request("release", states=[raw["state"]])
        return messages

    def axioms(self, state: int, judge_base: int, name: str) -> str:
        lean = self.server.lean
        told = lean.request("constants", state=state, base=lean.base_state(("Init",)))
        constants = {c.name: c for c in told["constants"]}
        found, queue = set(), [name]
        seen = {name}
        for at in queue:
            constant = constants.get(at)
            if constant is None:
                if at in told["imported_axioms"] or at == "sorryAx":
                    found.add(at)
                continue
            if constant.kind == "axiom":
                found.add(at)
            for used in constant.uses:
                if used not in seen:
                    seen.add(used)
                    queue.append(used)
        if not found:
            return f"'{name}' does not depend on any axioms"
        return f"'{name}' depends on axioms: [{', '.join(sorted(found))}]"


class Lean4Repl:
    """`lean_dojo_repl` of LeanDojo 4.20.0's Lean4Repl.lean: a request a line, a reply behind `REPL> `."""

    def __init__(self, connection: Connection, text: str, file: Path) -> None:
        self.c = connection
        self.text = re.sub(r"lean_dojo_repl\s+sorry", "sorry", text)
        self.at = len(text[: text.index("lean_dojo_repl")].encode())
        self.file = file
        self.knows_says = re.search(r"^import ProofsmithNative$", text, re.MULTILINE) is not None
        self.states: list[tuple[answers.ProofView, bool]] = []

    def reply(self, sid: int | None = None, state: str | None = None, error: str | None = None) -> None:
        self.c.say("REPL> " + json.dumps({"sid": sid, "tacticState": state, "error": error}, ensure_ascii=False) + "\n")

    def loop(self) -> int:
        c, lean = self.c, self.c.server.lean
        with c.server.lock:
            state, start, messages = c.base(self.text)
            if state < 0:
                c.complain(self.text, messages, self.file, [])
                return 1
            raw = lean.request("elaborate", state=state, text=self.text, **{"from": start, "keep": True})
            command = next(k for k in raw["commands"] if k.start <= self.at < k.end)
            text = self.text.encode()[command.start : command.end].decode()
            entered = lean.request("enter", state=command.before, text=text)
            generation = lean.generation
        entered_at = [v for v in entered["proofs"] if v.at and v.at[0] == self.at - command.start]
        if len(entered_at) != 1:
            c.complain(text, entered["messages"], self.file, [])
            return 1
        first = entered_at[0]
        self.states.append((first, False))
        self.reply(0, shown(first.goals))
        while True:
            line = c.hear().strip()
            if line == "exit":
                return 0
            c.server.misbehave(line)
            try:
                request = json.loads(line)
            except ValueError as error:
                c.say(f"{self.file}:1:1: error: [fatal] failed to parse JSON {error}\n")
                return 1
            with c.server.lock:
                if lean.generation != generation or not lean.alive:
                    raise Exit(134)
                view, is_part = self.states[request["sid"]]
                part = only_part(view, request["cmd"])
                says = SAYS_TACTIC.fullmatch(request["cmd"]) if self.knows_says else None
                tactic = says[1] if says is not None else request["cmd"]
                answer = c.server.run_tactic(view.sid, tactic, 0) if part is None else None
            if answer is None:
                assert part is not None
                self.new(part, True)
                continue
            if answer.timed_out:
                time.sleep(NEVER_S)
            if says is not None:  # the real one would let them go with the state: LeanDojo has no place for them
                self.reply(error=SAYS + json.dumps(list(answer.notes), ensure_ascii=False))
            elif answer.gave_up or (answer.done and is_part):
                self.reply(error="proof contains `sorry`")
            elif answer.done or answer.proof is not None:
                self.new(answer.proof or answers.ProofView(-1, (), ()), is_part)
            else:
                self.reply(error=answer.error)

    def new(self, view: answers.ProofView, is_part: bool) -> None:
        self.states.append((view, is_part))
        self.reply(len(self.states) - 1, shown(view.goals) if view.goals else "no goals")


class Repl:
    """leanprover-community/repl at v4.33.0-rc2, as far as it is used."""

    def __init__(self, connection: Connection) -> None:
        self.c = connection
        self.envs: list[int] = []
        self.proofs: list[tuple[answers.ProofView, bool]] = []
        self.generation: int | None = None

    def loop(self) -> None:
        lines: list[str] = []
        while True:
            line = self.c.hear()
            if line.strip():
                lines.append(line.rstrip())
                continue
            if not lines:
                return
            query, lines = "".join(lines), []
            self.c.server.misbehave(query)
            request = json.loads(query)
            with self.c.server.lock:
                lean = self.c.server.lean
                if self.generation is None:
                    lean.base_state(("Init",))
                    self.generation = lean.generation
                if lean.generation != self.generation or not lean.alive:
                    raise Exit(134)
                reply = self.tactic(request) if "tactic" in request else self.command(request)
            if reply is None:
                time.sleep(NEVER_S)
            self.c.say(json.dumps(reply, ensure_ascii=False, indent=1) + "\n\n")

    def command(self, request: dict[str, Any]) -> dict[str, Any]:
        text, lean = request["cmd"], self.c.server.lean
        start, messages = 0, []
        if "env" in request:
            if not 0 <= request["env"] < len(self.envs):
                return {"message": "Unknown environment."}
            state = self.envs[request["env"]]
        else:
            state, start, messages = self.c.base(text)
            if state < 0:
                self.envs.append(lean.base_state(("Init",)))
                return {"env": len(self.envs) - 1, "messages": [said(text, m) for m in messages]}
        raw = lean.request("elaborate", state=state, text=text, **{"from": start})
        commands = raw["commands"]
        self.envs.append(raw["state"])
        reply: dict[str, Any] = {"env": len(self.envs) - 1}
        messages = [*messages, *(m for c in commands for m in c.messages)]
        if messages:
            reply["messages"] = [said(text, m) for m in messages]
        if any(c.sorries for c in commands):
            body = text.encode()[start:].decode()
            views = lean.request("enter", state=state, text=body)["proofs"]
            reply["sorries"] = [self.sorry(view, body) for view in views]
        return reply

    def sorry(self, view: answers.ProofView, text: str) -> dict[str, Any]:
        self.proofs.append((view, False))
        return {"proofState": len(self.proofs) - 1, "goal": view.goals[0].pp,
                "pos": position(text, view.at[0] if view.at else 0), "endPos": position(text, view.at[1] if view.at else 0)}

    def tactic(self, request: dict[str, Any]) -> dict[str, Any] | None:
        if not 0 <= request["proofState"] < len(self.proofs):
            return {"message": "Unknown proof state."}
        view, is_part = self.proofs[request["proofState"]]
        if (part := only_part(view, request["tactic"])) is not None:
            return self.left(part, True) | {"sorries": [{"goal": "…"}] * (len(view.goals) - 1)}
        answer = self.c.server.run_tactic(view.sid, request["tactic"])
        notes = [{"severity": "info", "pos": {"line": 0, "column": 0}, "endPos": None, "data": n} for n in answer.notes]
        extra = {"messages": notes} if notes else {}
        if answer.timed_out:
            return None
        if answer.proof is not None:
            return self.left(answer.proof, is_part) | extra
        done = answers.ProofView(-1, (), ())
        if answer.done:
            return self.left(done, is_part) | {"proofStatus": "Incomplete: contains sorry" if is_part else "Completed"} | extra
        if answer.gave_up:
            sorries = [{"goal": g.pp, "proofState": None} for g in view.goals]
            return self.left(done, is_part) | {"proofStatus": "Incomplete: contains sorry", "sorries": sorries} | extra
        error = answer.error or ""
        if "nknown identifier" in error:  # an elaboration error that Lean recovers from: goals: [] for a failure
            message = {"severity": "error", "pos": {"line": 0, "column": 0}, "endPos": {"line": 0, "column": 0}, "data": error}
            return self.left(done, is_part) | {"proofStatus": "Incomplete: contains sorry", "messages": [message]}
        return {"message": f"Lean error:\n{error}"}

    def left(self, view: answers.ProofView, is_part: bool) -> dict[str, Any]:
        self.proofs.append((view, is_part))
        return {"proofState": len(self.proofs) - 1, "goals": [g.pp for g in view.goals],
                "proofStatus": "Incomplete: open goals remain"}


class StandIn:
    """The server; one embedded Lean for all that is played. `calls` are the command lines that came in, `faults` what went wrong
    in the play itself.

    `script`: what leanchecker or comparator does in place of its work (`tests.standins.checkers`), by its name.
    `crash_on` and `hang_on`: a request that holds the text ends or silences the process that got it, once each.
    """

    def __init__(self, folder: Path, lean: LeanWorker | None = None) -> None:
        self.version = (4, 34, 1)
        self.compiles_lean4repl = True
        self.repl_ends_at_once = False
        self.build_ends_with = 0
        self.prefix = folder / "lean"
        (self.prefix / "src").mkdir(parents=True, exist_ok=True)
        self.tactic_timeout_ms = 8000
        self.crash_on: str | None = None
        self.hang_on: str | None = None
        self.calls: list[list[str]] = []
        self.compared: list[list[str]] = []
        self.faults: list[str] = []
        self.script: dict[str, checkers.Played] = {}
        self.lean = lean or LeanWorker()
        self._native: dict[tuple[int, tuple[str, ...], str], int] = {}
        self._closes = lean is None
        self.lock = threading.RLock()
        self.bin = folder / "bin"
        self.bin.mkdir(exist_ok=True)
        for name in ("lake", "lean"):
            shutil.copy(HERE / "lake", self.bin / name)
        self._folder = tempfile.mkdtemp(prefix="standin-")  # a socket's path must be short
        self.address = f"{self._folder}/s"
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.address)
        self._socket.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def run_tactic(self, sid: int, tactic: str, heartbeats: int = HEARTBEATS) -> answers.TacticReply:
        if several(tactic):  # `runParserCategory` takes one tactic; the embedded host is more generous
            error = f"<stdin>:1:{len(tactic.splitlines()[0])}: expected end of input"
            return answers.TacticReply(0.0, error=error)
        limit_ms = 1000 * WARM_UP_TIMEOUT_S if tactic in WARM_UP else self.tactic_timeout_ms
        raw = self.lean.request(
            "tactics", timeout_s=limit_ms / 1000 + GRACE_S, sid=sid, tactics=[tactic], heartbeats=heartbeats,
            timeout_ms=limit_ms, stop_when_done=False,
        )  # fmt: skip
        reply: answers.TacticReply = raw["results"][0]
        if reply.timed_out and "maximum number of heartbeats" in (reply.error or ""):
            return answers.TacticReply(reply.milliseconds, error=reply.error)  # Lean says so by itself
        return reply

    def with_native(self, modules: tuple[str, ...], source: str) -> int:
        """State after some imports and Native.lean, which is a program: Lean compiles it here, and runs it."""
        key = (self.lean.generation, modules, source)
        if not self.lean.alive or key not in self._native:
            imported = self.lean.request("import", 120, modules=list(modules))["state"]
            start = self.lean.request("header", text=source)["end"]
            head, body = source.encode()[:start].decode(), source.encode()[start:].decode()
            scoped = f"{head}\nsection\n{body}\nend\n"  # who imports a file has not what it opens
            done = self.lean.request("elaborate", 120, state=imported, text=scoped, **{"from": start})
            errors = [m.text for c in done["commands"] for m in c.errors]
            if errors:
                self.faults.append(f"Native.lean: {errors[0]}")
            ready = self.lean.request("elaborate", state=done["state"], text=SETUP)
            self._native[self.lean.generation, modules, source] = ready["state"]
            key = (self.lean.generation, modules, source)
        return self._native[key]

    def misbehave(self, request: str) -> None:
        if self.crash_on is not None and self.crash_on in request:
            self.crash_on = None
            raise Exit(-9)
        if self.hang_on is not None and self.hang_on in request:
            self.hang_on = None
            time.sleep(NEVER_S)

    def reset(self) -> None:
        self.version, self.compiles_lean4repl, self.repl_ends_at_once = (4, 34, 1), True, False
        self.build_ends_with = 0
        self.crash_on = self.hang_on = None
        self.script.clear()
        self.calls.clear()
        self.compared.clear()

    def close(self) -> None:
        self._socket.close()
        if self._closes:
            self.lean.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            reader, writer = connection.makefile("r", encoding="utf-8"), connection.makefile("w", encoding="utf-8")
            with connection, reader, writer:
                Connection(self, reader, writer).serve()
                # Closing on words that were never read would take the last answer away from the client.
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(10)
                while reader.readline():
                    pass
        except (OSError, ValueError):
            pass  # the client was ended


@contextmanager
def standing_in(folder: Path, lean: LeanWorker | None = None) -> Iterator[StandIn]:
    """A server, and an environment in which `lake` is it; with a Lean of its own unless one is given."""
    server = StandIn(folder, lean)
    kept = {name: os.environ.get(name) for name in ("PATH", "STANDIN_SOCKET", "PROOFSMITH_REPL", "PROOFSMITH_COMPARATOR")}
    os.environ["PATH"] = f"{server.bin}{os.pathsep}{os.environ['PATH']}"
    os.environ["STANDIN_SOCKET"] = server.address
    os.environ.pop("PROOFSMITH_REPL", None)
    os.environ.pop("PROOFSMITH_COMPARATOR", None)
    try:
        yield server
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.close()


def make_project(root: Path, toolchain: str = "leanprover/lean4:v4.34.1") -> Path:
    """A Lake project with a REPL that is built."""
    program = root / ".lake" / "build" / "bin" / "repl"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (root / "lakefile.toml").write_text('name = "standin"\n[leanOptions]\nautoImplicit = false\n')
    (root / "lean-toolchain").write_text(toolchain + "\n")
    return root


def only_part(view: answers.ProofView, tactic: str) -> answers.ProofView | None:
    """The state with one of several goals, the others given up; the embedded Lean has such states ready."""
    only = ONLY_GOAL.fullmatch(tactic)
    if only is None or not view.parts:
        return None
    at = int(only[1]) - 1 if only[1] else len(view.goals) - 1
    return answers.ProofView(view.parts[at], (view.goals[at],), ())


def several(text: str) -> bool:
    """Whether a text is more than one tactic: a line of its own, or a semicolon, outside of parentheses."""
    bare = masked(text).replace("<;>", "   ")
    depth = 0
    for at, c in enumerate(bare):
        depth += (c in "([{⟨") - (c in ")]}⟩")
        if depth == 0 and c == ";":
            return True
        if depth == 0 and c == "\n" and bare[at + 1 : at + 2].strip(" |)]}⟩") and not bare[at + 1 :].startswith("<;>"):
            return True
    return False


def shown(goals: tuple[answers.Goal, ...]) -> str:
    return "\n\n".join(g.pp for g in goals)


def said(text: str, m: answers.Message) -> dict[str, Any]:
    return {"severity": m.severity, "pos": position(text, m.start), "endPos": position(text, m.end), "data": m.text}


def position(text: str, offset: int) -> dict[str, int]:
    before = text.encode()[:offset].decode(errors="ignore")
    return {"line": before.count("\n") + 1, "column": len(before) - before.rfind("\n") - 1}


def imports_end(text: str) -> int:
    found = list(OURS.finditer(text))
    return len(text[: found[-1].end()].encode()) if found else 0
