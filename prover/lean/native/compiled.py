"""Lean files of ours, compiled for the Lean of a project: once, in the cache, outside of the project."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import filelock
import platformdirs

from prover.errors import LeanSetupError
from prover.lean.embedded.package import CACHE_VARIABLE
from prover.lean.native.lake import LakeEnv
from prover.lean.source import first_line


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
    cache = Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("proofsmith"))
    key = hashlib.sha256(f"{lean} {text}".encode()).hexdigest()[:16]
    folder = cache.absolute() / f"{module.lower()}-{key}"
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
