"""A project's own Lean as a backend: through leanprover-community/repl, or through LeanDojo's process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import lean_dojo

from prover.errors import LeanSetupError
from prover.lean.engine import Engine
from prover.lean.leandojo.engine import DojoEngine
from prover.lean.leandojo.untraced import DojoFactory
from prover.lean.native.engine import NATIVE_MEMORY_MB
from prover.lean.native.lake import LakeEnv
from prover.lean.native.library import NativeLibrary
from prover.lean.native.project import Project, version_in
from prover.lean.native.reader import NativeReader
from prover.lean.repl.engine import ReplEngine
from prover.lean.source import Target


@dataclass(frozen=True)
class Native:
    """What the REPL and LeanDojo share: a project, whose Lean is asked for its version when this is made, and its reader.

    Raises LeanSetupError when no Lean answers there.
    """

    project: Project
    why: str
    name: str = "native"
    default_memory_mb: int = NATIVE_MEMORY_MB

    def __post_init__(self) -> None:
        assert self.lean

    @cached_property
    def lake(self) -> LakeEnv:
        """Runs texts in the project."""
        return LakeEnv(self.project)

    @cached_property
    def lean(self) -> str:
        """The version line of the project's Lean."""
        code, out, err = self.lake.call(["env", "lean", "--version"])
        if code != 0 or version_in(out) is None:
            said = (out + err).strip().splitlines()
            raise LeanSetupError(
                f"`lake env lean --version` in {self.project.root} said {(said or ['nothing'])[0][:200]!r}; "
                f"see `proofsmith doctor --project {self.project.root}`"
            )
        return out.strip().splitlines()[0]

    @cached_property
    def library(self) -> NativeLibrary:
        """Our own library, compiled for this Lean."""
        return NativeLibrary(self.lake, self.lean)

    def new_reader(self) -> NativeReader:
        """Reads files for one engine, in processes that end with it."""
        return NativeReader(LakeEnv(self.project), self.library)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> Engine:
        """See `Backend`."""
        raise NotImplementedError


@dataclass(frozen=True)
class ReplBackend(Native):
    """Through leanprover-community/repl. Raises LeanSetupError when there is none."""

    name: str = "repl"

    def __post_init__(self) -> None:
        super().__post_init__()
        ReplEngine(self.project).command()  # a missing REPL is known before anything starts

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> ReplEngine:
        """A REPL of its own."""
        return ReplEngine(self.project, memory_mb, self.new_reader(), self.lean, *([timeout_s] if timeout_s is not None else []))


@dataclass(frozen=True)
class DojoBackend(Native):
    """Through LeanDojo's own process."""

    name: str = "dojo"

    @cached_property
    def factory(self) -> Callable[[Target], lean_dojo.Dojo]:
        """Makes LeanDojo's processes."""
        return DojoFactory(self.project, self.lake, library=self.library)

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> DojoEngine:
        """A place for one theorem's process after another."""
        return DojoEngine(self.project, self.factory, memory_mb, self.new_reader(), self.lean)
