"""Theorems through LeanDojo's own Lean process: of any Lake project, and of traced repositories.

`UntracedDojo` is `lean_dojo.Dojo` with its real `__enter__`, `run_tac` and pexpect. What LeanDojo takes from tracing is
handed to it at its own extension points: a repository object that knows its folder, `_locate_traced_file`, and
`_get_modified_proof`. The folder is a scratch folder with LeanDojo's Lean4Repl.lean; `lake` in front of PATH is a script of
ours that goes to the project and starts the real lake there, without `--memory` where Lean refuses it. So neither GitHub,
a token nor tracing is needed, and the project is not touched.

`LakeDojo` opens such a theorem, or a traced one through `lean_dojo.Dojo` itself, for the search: results are passed
through, crashes, timeouts and failures to start are translated, and a lost process is replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shlex
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import lean_dojo
import pexpect
import platformdirs
from lean_dojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_dojo.data_extraction.trace import LEAN4_REPL_PATH
from lean_dojo.interaction.dojo import kill_descendants

from prover.errors import LeanCrashedError, LeanSetupError, LeanTimeoutError
from prover.lean.lake import LakeEnv, environment
from prover.lean.package import CACHE_VARIABLE
from prover.lean.project import Project, Version, shown, version_in
from prover.lean.recovering import RecoveringDojo, Step
from prover.lean.repl_process import private_mb
from prover.lean.source import LeanFile, Target, first_line

LONGEST_TACTIC_BYTES = 3500
"""LeanDojo speaks through a terminal, which cuts lines at 4,096 bytes."""
_STARTING = threading.Lock()
"""LeanDojo changes the working directory of the whole Python process while it starts Lean; PATH is ours to change then."""


def refuses_memory_flag(version: Version | None) -> bool:
    """Whether `lean --memory=N` ends in an error: v4.22 (lean4 #9879, #10258, mended by #10086 for v4.23.0)."""
    return version is None or version[:2] == (4, 22)


@dataclass(frozen=True)
class LocalFolder:
    """Stands where LeanDojo has a repository: its cache looks for the folder, finds it, and is content."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's own name."""
        return self.path.name

    def get_cache_dirname(self) -> Path:
        """The folder above; absolute, so that LeanDojo's cache folder does not come into it."""
        return self.path.parent


@dataclass(frozen=True)
class UntracedFile:
    """Stands where LeanDojo has a traced file."""

    abs_path: Path
    has_prelude: bool = False


class Scratch:
    """A folder that LeanDojo takes for a traced repository: Lean4Repl.lean, and the `lake` that leads to the project."""

    def __init__(self, project: Project, lake: str, compiled: Path, version: Version | None) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="proofsmith-dojo-"))
        self.folder = self.root / "traced"
        self.bin = self.root / "bin"
        self.folder.mkdir()
        self.bin.mkdir()
        shutil.copy(LEAN4_REPL_PATH, self.folder / "Lean4Repl.lean")
        script = self.bin / "lake"
        script.write_text(_lake_script(project, lake, self.folder, compiled, refuses_memory_flag(version)), "utf-8")
        script.chmod(0o755)

    def remove(self) -> None:
        """Removes it."""
        shutil.rmtree(self.root, ignore_errors=True)

    @contextlib.contextmanager
    def on_path(self) -> Iterator[None]:
        """`lake` is ours meanwhile. Only while `_STARTING` is held."""
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{self.bin}{os.pathsep}{before}"
        try:
            yield
        finally:
            os.environ["PATH"] = before


class UntracedDojo(lean_dojo.Dojo):
    """A theorem of a file that was never traced, in LeanDojo's own process.

    Args:
        target: the theorem.
        project: its options are set in front of the file's commands.
        scratch: where LeanDojo works.
        start_timeout: seconds to the first state; imports are made in it.
        timeout: seconds for a tactic.
    """

    def __init__(
        self, target: Target, project: Project, scratch: Scratch, start_timeout: float = 300.0, timeout: float = 10.0
    ) -> None:
        self.target = target
        self.project = project
        self.scratch = scratch
        self.tactic_timeout = timeout
        self.output = io.StringIO()
        self.proc: Any = None
        self.modified_file: Any = None
        repo = LocalFolder(scratch.folder)
        super().__init__(lean_dojo.Theorem(repo, "Target.lean", target.name), timeout=start_timeout)

    def __enter__(self) -> tuple[UntracedDojo, TacticState]:
        """LeanDojo's own. Whatever fails leaves no process and no file behind."""
        _STARTING.acquire()
        try:
            with self.scratch.on_path():
                entered: tuple[UntracedDojo, TacticState] = super().__enter__()
        except BaseException:
            self.clean_up()
            raise
        finally:
            self._started()
        self.proc.timeout = self.tactic_timeout
        self.proc.delaybeforesend = None  # pexpect would wait 50 ms before each tactic
        return entered

    def __exit__(self, *_: object) -> None:
        """Ends the process and removes the file."""
        self.clean_up()

    def clean_up(self) -> None:
        """As LeanDojo's `__exit__`, also when `__enter__` did not get far."""
        if self.proc is not None:
            kill_descendants(self.proc.pid)
            with contextlib.suppress(pexpect.ExceptionPexpect, OSError):
                self.proc.close(force=True)
        if self.modified_file is not None:
            with contextlib.suppress(OSError):
                self.modified_file.close()

    def _locate_traced_file(self, traced_repo_path: Path) -> UntracedFile:
        return UntracedFile(traced_repo_path / "Target.lean")

    def _get_modified_proof(self, traced_file: UntracedFile) -> str:
        file, options = self.target.file, self.project.options.items()
        imports: str = self._get_imports()
        settings = "".join(f"set_option {key} {value}\n" for key, value in options if not key.startswith("weak."))
        return (
            imports
            + file.span(0, file.body_start)
            + f"\n{settings}"
            + file.span(file.body_start, self.target.start)
            + "\nset_option maxHeartbeats 0 in\n"
            + self.target.command("lean_dojo_repl\nsorry")
            + "\n"
        )

    def _read_next_line(self) -> tuple[str, str]:
        if self.proc.logfile_read is None:
            self.proc.logfile_read = self.output
            self._started()  # the working directory is what it was: the next one may start
        self.output.seek(0)
        self.output.truncate()
        read: tuple[str, str] = super()._read_next_line()
        return read

    def _started(self) -> None:
        with contextlib.suppress(RuntimeError):
            _STARTING.release()


class DojoFactory:
    """Makes untraced Dojos for one project; compiles LeanDojo's Lean4Repl.lean for its Lean once, outside of it."""

    def __init__(self, project: Project, lake: LakeEnv, start_timeout: float = 300.0) -> None:
        self.project = project
        self.lake = lake
        self.start_timeout = start_timeout
        self._version: Version | None = None
        self._compiled: Path | None = None
        self._lock = threading.Lock()

    @property
    def version(self) -> Version | None:
        """The Lean that answers in the project."""
        if self._version is None:
            _, out, _ = self.lake.call(["env", "lean", "--version"])
            self._version = version_in(out) or self.project.version
        return self._version

    def scratch(self) -> Scratch:
        """A new folder for one theorem. Raises LeanSetupError when Lean4Repl.lean does not compile."""
        with self._lock:
            if self._compiled is None:
                self._compiled = self._compile()
            return Scratch(self.project, self.lake.lake, self._compiled, self.version)

    def __call__(self, target: Target, timeout: float) -> UntracedDojo:
        """A Dojo for a theorem, not entered; its scratch folder goes with it."""
        return UntracedDojo(target, self.project, self.scratch(), self.start_timeout, timeout)

    def _compile(self) -> Path:
        text = LEAN4_REPL_PATH.read_text("utf-8")
        what = f"{self.project.toolchain} {self.version} {text}"
        cache = Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("proofsmith"))
        folder = cache.absolute() / f"lean4repl-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / "lock"):
            if not (folder / "Lean4Repl.olean").exists():
                part = folder / "part.olean"
                ran = self.lake.run(text, part, name="Lean4Repl")
                if ran.errors or not part.exists():
                    says = first_line(ran.errors[0].text) if ran.errors else "no .olean was written"
                    raise LeanSetupError(
                        f"LeanDojo's Lean4Repl.lean does not compile with this Lean "
                        f"({shown(self.version) if self.version else 'version unknown'}): {says}. LeanDojo 4.20.0 was made for "
                        "Lean up to about 4.20; use --lean repl for this project"
                    )
                part.rename(folder / "Lean4Repl.olean")
        return folder


class LakeDojo(RecoveringDojo):
    """A theorem in LeanDojo's process, for the search; the surface is `EmbeddedDojo`'s.

    Args:
        target: the theorem (its name and text; for a traced one, what was known of it).
        make: gives a fresh Dojo, not entered: an `UntracedDojo`, or `lean_dojo.Dojo(theorem)` of a traced repository.
        timeout: seconds for a tactic.
        memory_mb: ceiling of the process's own memory.
    """

    def __init__(self, target: Target, make: Callable[[], lean_dojo.Dojo], timeout: float = 10.0, memory_mb: int = 8000) -> None:
        super().__init__(target, timeout)
        self.memory_mb = memory_mb
        self._make = make
        self._dojo: lean_dojo.Dojo | None = None
        self._first: TacticState | None = None
        self._count = 0
        self._watch: threading.Thread | None = None
        self.processes_lost = 0

    def _generation(self) -> int:
        if self._dojo is None:
            self._dojo, self._first = self._entered(self._make())
            self._count += 1
        return self._count

    def _open(self) -> Step:
        self._generation()
        assert self._first is not None
        return Step(self._first, _goals(self._first))

    def _step(self, native: Any, tactic: str) -> Step:
        if len(tactic.encode()) > LONGEST_TACTIC_BYTES:
            return Step(error=f"the tactic has more than {LONGEST_TACTIC_BYTES} bytes, LeanDojo's terminal would cut it")
        assert self._dojo is not None
        try:
            result = self._dojo.run_tac(native, tactic)
        except DojoTacticTimeoutError as error:
            self._lose()
            raise LeanTimeoutError(f"Lean did not answer within {self.timeout:g} s; it was ended") from error
        except DojoCrashError as error:
            said = "it ran out of memory" if error.is_out_of_memory else str(error)
            self._lose()
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {said}") from error
        except (EOFError, OSError, pexpect.ExceptionPexpect, AssertionError) as error:
            self._lose()
            raise LeanCrashedError(f"LeanDojo's Lean process was lost: {type(error).__name__}") from error
        match result:
            case TacticState():
                return Step(result, _goals(result), message=result.message)
            case ProofFinished():
                return Step(done=True, message=result.message)
            case ProofGivenUp():
                return Step(gave_up=True)
            case LeanError():
                return Step(error=result.error)
        raise AssertionError(result)

    def _leave(self) -> None:
        if self._dojo is not None:
            dojo, self._dojo = self._dojo, None
            _end(dojo)

    def _lose(self) -> None:
        self.processes_lost += 1
        self._leave()

    def _entered(self, dojo: lean_dojo.Dojo) -> tuple[lean_dojo.Dojo, TacticState]:
        try:
            with contextlib.nullcontext() if isinstance(dojo, UntracedDojo) else _STARTING:
                _, state = dojo.__enter__()
        except DojoInitError as error:
            said = _said(dojo)
            _end(dojo)
            raise _init_error(f"{error}{f'; Lean said: {said}' if said else ''}", said) from error
        except (AssertionError, DojoCrashError, EOFError, ValueError, OSError, pexpect.ExceptionPexpect) as error:
            said = _said(dojo)
            _end(dojo)
            what = str(error) or type(error).__name__
            raise _init_error(f"LeanDojo could not open it: {what}{f'; Lean said: {said}' if said else ''}", said) from error
        self._watch = threading.Thread(target=self._watch_memory, args=(dojo,), daemon=True)
        self._watch.start()
        return dojo, state

    def interrupt(self) -> None:
        """From another thread: ends the process that runs."""
        dojo = self._dojo
        if dojo is not None:
            kill_descendants(dojo.proc.pid)

    def _watch_memory(self, dojo: lean_dojo.Dojo) -> None:
        pid: int = dojo.proc.pid
        while True:
            time.sleep(0.5)
            if self._dojo is not dojo:
                return
            if private_mb(pid) > self.memory_mb:
                kill_descendants(pid)
                return


def traced_dojo(theorem: Any, statement: str, timeout: float = 10.0, memory_mb: int = 8000) -> LakeDojo:
    """A theorem of a traced repository, through `lean_dojo.Dojo` itself.

    Args:
        theorem: a `lean_dojo.Theorem`.
        statement: its text, for reports.
        timeout: seconds for a tactic and, with LeanDojo's class, for the start as well.
        memory_mb: ceiling of the process's own memory.
    """
    name = str(theorem.full_name)
    file = LeanFile(statement, (), 0, Path(theorem.file_path))
    end = len(statement.encode())
    target = Target(file, 0, name, 0, end, (end, end))
    return LakeDojo(target, lambda: lean_dojo.Dojo(theorem, timeout=max(timeout, 1)), timeout, memory_mb)


def _lake_script(project: Project, lake: str, folder: Path, compiled: Path, drop_memory: bool) -> str:
    q = shlex.quote
    return f"""#!/bin/sh
# Made by proofsmith for one theorem: LeanDojo's command, run in the project.
PATH={q(os.environ.get("PATH", ""))}
LEAN_PATH={q(environment((compiled,))["LEAN_PATH"])}
export PATH LEAN_PATH
for argument in "$@"; do
  shift
  case "$argument" in
    --memory=*) {"continue" if drop_memory else ""} ;;
    *.lean) argument={q(str(folder))}/"$argument" ;;
  esac
  set -- "$@" "$argument"
done
cd {q(str(project.root))} && exec {q(lake)} "$@"
"""


def _goals(state: TacticState) -> tuple[str, ...]:
    return tuple(g for g in state.pp.split("\n\n") if "⊢" in g)


def _said(dojo: lean_dojo.Dojo) -> str:
    output = getattr(dojo, "output", None)
    lines = [line.strip() for line in output.getvalue().splitlines() if line.strip()] if output is not None else []
    telling = [line for line in lines if "error" in line] or lines
    return telling[0][:300] if telling else ""


def _init_error(message: str, said: str) -> DojoInitError | LeanSetupError:
    """Where Lean did not even read the file, nothing else will start either."""
    if "invalid -D parameter" in said:
        return LeanSetupError(f"Lean refuses LeanDojo's --memory flag: {said}. Use --lean repl for this project")
    return DojoInitError(message)


def _end(dojo: lean_dojo.Dojo) -> None:
    if isinstance(dojo, UntracedDojo):
        dojo.clean_up()
        dojo.scratch.remove()
    elif getattr(dojo, "proc", None) is not None:
        with contextlib.suppress(OSError):
            dojo.__exit__(None, None, None)
