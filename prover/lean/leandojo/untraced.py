"""LeanDojo's own Lean process for a theorem of any Lake project, without tracing.

`UntracedDojo` is `lean_dojo.Dojo` with its real `__enter__`, `run_tac` and pexpect. What LeanDojo takes from tracing is
handed to it at its own extension points: a repository object that knows its folder, `_locate_traced_file`, and
`_get_modified_proof`. The folder is a scratch folder with LeanDojo's Lean4Repl.lean; `lake` in front of PATH is a script of
ours that goes to the project and starts the real lake there, without `--memory` where Lean refuses it. So neither GitHub,
a token nor tracing is needed, and the project is not touched.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lean_dojo
import pexpect
from lean_dojo import TacticState
from lean_dojo.data_extraction.trace import LEAN4_REPL_PATH
from lean_dojo.interaction.dojo import kill_descendants

from prover.errors import LeanSetupError
from prover.lean.native.lake import DoesNotCompile, LakeEnv, compiled, environment
from prover.lean.native.library import MODULE, NativeLibrary, usable
from prover.lean.native.project import Project, Version, shown, version_in
from prover.lean.states import INNER_TURNSTILE
from prover.lean.targets import Target

READ_BYTES = 1 << 16
HIDDEN_TURNSTILE = "\ue0a2"
"""A character of no meaning (private use)."""
STARTING = threading.Lock()
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

    def __init__(self, project: Project, lake: str, compiled: tuple[Path, ...], version: Version | None) -> None:
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
        """`lake` is ours meanwhile. Only while `STARTING` is held."""
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
        imports: modules of ours besides Lean4Repl; with Native.lean among them it can tell what a tactic says.
    """

    def __init__(
        self, target: Target, project: Project, scratch: Scratch, start_timeout: float = 300.0, timeout: float = 10.0,
        imports: list[str] | None = None,
    ) -> None:
        self.target = target
        self.project = project
        self.scratch = scratch
        self.tactic_timeout = timeout
        self.output = io.StringIO()
        self.proc: Any = None
        self.modified_file: Any = None
        self.lines: Lines | None = None
        repo = LocalFolder(scratch.folder)
        imports = imports or []
        super().__init__(lean_dojo.Theorem(repo, "Target.lean", target.name), timeout=start_timeout, additional_imports=imports)

    def __enter__(self) -> tuple[UntracedDojo, TacticState]:
        """LeanDojo's own. Whatever fails leaves no process and no file behind."""
        STARTING.acquire()
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
        if self.lines is None:
            self.lines = Lines(self.proc, self.output)
            self._started()  # the working directory is what it was: the next one may start
        self.output.seek(0)
        self.output.truncate()
        read: tuple[str, str] = super()._read_next_line()
        return read

    def _post_process(self, tactic_state: str) -> str:
        """LeanDojo counts ⊢ to tell goals; one inside of a goal, in a string say, is hidden from it."""
        shown: str = super()._post_process(tactic_state)
        return INNER_TURNSTILE.sub(HIDDEN_TURNSTILE, shown)

    def _started(self) -> None:
        with contextlib.suppress(RuntimeError):
            STARTING.release()


class Lines:
    """Makes a pexpect process hand out its output by lines.

    LeanDojo has pexpect read one byte at a time and look through all that it has after each, which is quadratic in the
    length of a goal. Whole lines give LeanDojo's patterns the same matches, since neither matches before a line's end.
    """

    def __init__(self, process: Any, log: io.StringIO) -> None:
        self._rest = ""
        self._log = log
        self._read = process.read_nonblocking
        process.read_nonblocking = self

    def __call__(self, size: int = 1, timeout: float | None = -1) -> str:
        """What pexpect's `read_nonblocking` does, with a size of its own choice: up to the next line's end."""
        if not self._rest:
            self._rest = str(self._read(READ_BYTES, timeout))
        at = self._rest.find("\n") + 1 or len(self._rest)
        line, self._rest = self._rest[:at], self._rest[at:]
        self._log.write(line)
        return line


class DojoFactory:
    """Makes untraced Dojos for one project; compiles LeanDojo's Lean4Repl.lean for its Lean once, outside of it."""

    def __init__(
        self, project: Project, lake: LakeEnv, start_timeout: float = 300.0, library: NativeLibrary | None = None
    ) -> None:
        self.project = project
        self.lake = lake
        self.start_timeout = start_timeout
        self.library = library
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
            ours = usable(self.library)
            folders = (self._compiled,) if ours is None else (self._compiled, ours)
            return Scratch(self.project, self.lake.lake, folders, self.version)

    def __call__(self, target: Target, timeout: float = 10.0) -> UntracedDojo:
        """A Dojo for a theorem, not entered; its scratch folder goes with it."""
        imports = [MODULE] if usable(self.library) is not None else []
        return UntracedDojo(target, self.project, self.scratch(), self.start_timeout, timeout, imports)

    def _compile(self) -> Path:
        text, lean = LEAN4_REPL_PATH.read_text("utf-8"), f"{self.project.toolchain} {self.version}"
        try:
            return compiled(self.lake, "Lean4Repl", text, lean)
        except DoesNotCompile as error:
            raise LeanSetupError(
                f"LeanDojo's Lean4Repl.lean does not compile with this Lean "
                f"({shown(self.version) if self.version else 'version unknown'}): {error}. LeanDojo 4.20.0 was made for "
                "Lean up to about 4.20; use --lean repl for this project"
            ) from error


def _lake_script(project: Project, lake: str, folder: Path, compiled: tuple[Path, ...], drop_memory: bool) -> str:
    q = shlex.quote
    return f"""#!/bin/sh
# Made by proofsmith for one theorem: LeanDojo's command, run in the project.
PATH={q(os.environ.get("PATH", ""))}
LEAN_PATH={q(environment(compiled)["LEAN_PATH"])}
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
