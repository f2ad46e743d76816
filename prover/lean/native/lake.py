"""`lake env lean` in a project: one text, one process, its messages.

The text goes to a file of our own outside the project, the process runs in the project, so nothing of the user's is
touched. `--json` gives each message its position; other lines that were printed are kept apart as `stray`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from prover.errors import LeanCrashedError, LeanProtocolError, LeanSetupError, LeanTimeoutError
from prover.lean import answers
from prover.lean.embedded.package import cache_dir
from prover.lean.native.project import Project
from prover.lean.positions import Places
from prover.lean.process import end_group
from prover.lean.targets import first_line

SEVERITIES = ("error", "warning", "info", "information", "trace")


@dataclass(frozen=True)
class Ran:
    """What came of a text: Lean's messages with byte offsets, the exit code, other lines that were printed."""

    messages: tuple[answers.Message, ...]
    code: int
    stray: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[answers.Message, ...]:
        """The messages that are errors."""
        return tuple(m for m in self.messages if m.severity == "error")


def lake_program() -> str:
    """Where lake is. Raises LeanSetupError when it is not on PATH."""
    found = shutil.which("lake")
    if found is None:
        raise LeanSetupError("lake is not on PATH: no native Lean here. `proofsmith doctor` says what to type")
    return os.path.abspath(found)


def byte_of(places: Places, position: Mapping[str, Any]) -> int:
    """The byte offset of Lean's line (from 1) and column (code points); of the nearest place when there is none such."""
    line = min(max(int(position["line"]), 1), places.lines) - 1
    at = places.character(line, max(0, int(position["column"])))
    assert at is not None
    return places.byte(at)


def message_of(raw: object, places: Places) -> answers.Message:
    """A message as `lean --json` and the REPL write it. Raises LeanProtocolError when it is none."""
    try:
        assert isinstance(raw, dict)
        severity, text, start = str(raw["severity"]), str(raw["data"]), byte_of(places, raw["pos"])
        end = byte_of(places, raw["endPos"]) if raw.get("endPos") else start
        assert severity in SEVERITIES
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        raise LeanProtocolError(f"Lean wrote {str(raw)[:120]!r}, which is no message") from error
    return answers.Message("info" if severity == "information" else severity, text, start, end)


class LakeEnv:
    """Runs texts in a project.

    Args:
        project: where `lake env` is run.
        timeout_s: for one text, imports included.
        path: folders with compiled modules of ours, put in front of LEAN_PATH.
    """

    def __init__(self, project: Project, timeout_s: float = 300.0, path: tuple[Path, ...] = ()) -> None:
        self.project = project
        self.timeout_s = timeout_s
        self.path = path
        self.lake = lake_program()
        self._running: set[int] = set()
        self._stopping = False

    def run(self, text: str, olean: Path | None = None, path: tuple[Path, ...] = (), name: str = "Text") -> Ran:
        """Elaborates a text in a process of its own; writes it compiled to `olean` when it has no errors.

        Raises:
            LeanSetupError: lake or Lean did not do what they are for.
            LeanTimeoutError: it took too long, and was ended.
            LeanCrashedError: the process was killed or interrupted.
        """
        with tempfile.TemporaryDirectory(prefix="proofsmith-") as folder:
            file = Path(folder) / f"{name}.lean"
            file.write_text(text, "utf-8")
            options = [f"-D{key}={value}" for key, value in self.project.options.items()]
            output = ["-o", str(olean)] if olean is not None else []
            code, out, err = self.call(["env", "lean", "--json", *options, *output, str(file)], path)
        messages, stray = _parse(out, text)
        if code not in (0, 1) or (code == 1 and not any(m.severity == "error" for m in messages)):
            said = " ".join((stray + tuple(err.splitlines()))[-3:])[:300] or "nothing"
            if code < 0 or code >= 128:
                raise LeanCrashedError(f"`lake env lean` was killed ({_how(code)}); it said: {said}")
            raise LeanSetupError(
                f"`lake env lean` in {self.project.root} ended with exit code {code} and said: {said}. "
                f"Try: cd {self.project.root} && lake build; or proofsmith doctor"
            )
        return Ran(messages, code, stray)

    def call(self, arguments: list[str], path: tuple[Path, ...] = ()) -> tuple[int, str, str]:
        """Runs lake in the project: exit code, stdout, stderr."""
        if self._stopping:
            raise LeanCrashedError("no Lean process is started any more: the run is being stopped")
        try:
            process = subprocess.Popen(
                [self.lake, *arguments], cwd=self.project.root, env=environment((*path, *self.path)),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise LeanSetupError(f"{self.lake} cannot be run: {error.strerror or error}") from error
        self._running.add(process.pid)
        try:
            out, err = process.communicate(timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            end_group(process.pid)
            process.communicate()
            what = " ".join(["lake", *(Path(a).name for a in arguments[:2])])
            raise LeanTimeoutError(f"`{what}` did not end within {self.timeout_s:g} s; it was ended") from None
        except BaseException:
            end_group(process.pid)
            process.wait()
            raise
        finally:
            self._running.discard(process.pid)
        return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")

    def interrupt(self) -> None:
        """From another thread, for good: ends what runs; nothing is started again."""
        self._stopping = True
        for pid in list(self._running):
            end_group(pid)


def environment(path: tuple[Path, ...]) -> dict[str, str]:
    """The user's environment with folders in front of LEAN_PATH; lake adds the project's behind them."""
    found = dict(os.environ)
    places = [*map(str, path), *filter(None, [found.get("LEAN_PATH")])]
    if places:
        found["LEAN_PATH"] = os.pathsep.join(places)
    return found


def _parse(out: str, text: str) -> tuple[tuple[answers.Message, ...], tuple[str, ...]]:
    places = Places(text)
    messages: list[answers.Message] = []
    stray: list[str] = []
    for line in filter(None, map(str.strip, out.splitlines())):
        try:
            raw = json.loads(line)
        except ValueError:
            raw = None
        if isinstance(raw, dict) and "severity" in raw:
            messages.append(message_of(raw, places))
        else:
            stray.append(line)
    return tuple(messages), tuple(stray)


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


class DoesNotCompile(LeanSetupError):
    """This Lean does not take the file; the message is its own first line."""


def compiled(lake: LakeEnv, module: str, text: str, lean: str) -> Path:
    """The folder with `module`.olean, to be put on LEAN_PATH.

    Args:
        lake: the project.
        module: the module's name, without dots.
        text: its source, which imports nothing but Lean.
        lean: what tells this Lean from others; compiled files of another one are of no use.

    Raises:
        DoesNotCompile: this Lean does not take it.
        LeanProcessError: Lean could not be asked.
    """
    key = hashlib.sha256(f"{lean} {text}".encode()).hexdigest()[:16]
    folder = cache_dir() / f"{module.lower()}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    olean = folder / f"{module}.olean"
    with filelock.FileLock(folder / "lock"):
        if not olean.exists():
            part = folder / "part.olean"
            ran = lake.run(text, part, name=module)
            if ran.errors or not part.exists():
                raise DoesNotCompile(first_line(ran.errors[0].text) if ran.errors else "no .olean was written")
            part.rename(olean)
    return folder
