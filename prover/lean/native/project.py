"""A Lake project on disk: where it begins, which Lean it asks for, which options it builds with.

Only files are read; no program is started, so an unbuilt or broken project can be described too.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LAKEFILES = ("lakefile.toml", "lakefile.lean")
VERSION = re.compile(r"(?:^|[v: (])(\d+)\.(\d+)\.(\d+)(-rc\d+)?")
OLDEST = (4, 9, 0)
"""The oldest Lean that the native backends serve: `lean --json` is needed."""
SOUND_SINCE = (4, 34, 1)
"""Kernel faults are known in earlier releases (lean4 #14576, #14577 and others)."""
REPL_VARIABLE = "PROOFSMITH_REPL"
OPTION_NAME = re.compile(r"^[A-Za-z_][\w.]*$")

Version = tuple[int, int, int]


def version_in(text: str) -> Version | None:
    """The first Lean version in a text such as `leanprover/lean4:v4.34.1` or `Lean (version 4.20.0, …)`."""
    found = VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def shown(version: Version) -> str:
    """`4.34.1`."""
    return ".".join(map(str, version))


@dataclass(frozen=True)
class Project:
    """A folder with a lakefile. `toolchain` is the content of lean-toolchain, `options` are its `leanOptions`."""

    root: Path
    toolchain: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None

    @property
    def version(self) -> Version | None:
        """The Lean that the project asks for, if its toolchain names a release."""
        return version_in(self.toolchain) if self.toolchain else None

    @property
    def mathlib(self) -> Path | None:
        """Mathlib's folder, when the project has fetched it (or is Mathlib)."""
        if (self.root / "Mathlib.lean").exists():
            return self.root
        found = self.root / ".lake" / "packages" / "mathlib"
        return found if found.is_dir() else None

    @property
    def mathlib_built(self) -> bool:
        """Whether Mathlib's last module is compiled."""
        return self.mathlib is not None and any(
            (self.mathlib / ".lake" / "build" / "lib" / below / "Mathlib.olean").exists() for below in ("lean", "")
        )

    def repl(self) -> Path | None:
        """The REPL's program: PROOFSMITH_REPL, or built in the project or as its package."""
        named = os.environ.get(REPL_VARIABLE)
        places = [Path(named)] if named else [
            self.root / ".lake" / "packages" / name / ".lake" / "build" / "bin" / "repl" for name in ("repl", "REPL")
        ] + [self.root / ".lake" / "build" / "bin" / "repl"]  # fmt: skip
        return next((p.absolute() for p in places if p.is_file() and os.access(p, os.X_OK)), None)


def find_project(start: Path) -> Project | None:
    """The project that a file or folder lies in: the nearest folder upwards with a lakefile."""
    here = start.absolute()
    for folder in (here, *here.parents):
        if ".lake" not in folder.parts and any((folder / name).is_file() for name in LAKEFILES):
            return read_project(folder)
    return None


def read_project(root: Path) -> Project:
    """Reads lean-toolchain and the lakefile; what cannot be read is left out and named in `problem`."""
    root = root.absolute()
    problem = None
    try:
        toolchain = (root / "lean-toolchain").read_text("utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        toolchain = None
    options: dict[str, str] = {}
    try:
        lakefile = tomllib.loads((root / "lakefile.toml").read_text("utf-8"))
        options = _options(lakefile.get("leanOptions", {}))
    except OSError:
        pass  # lakefile.lean: a program; its options are not read
    except (ValueError, AttributeError) as error:
        problem = f"{root / 'lakefile.toml'} does not parse: {error}"
    return Project(root, toolchain, options, problem)


def _options(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, Mapping):
            found |= _options(value, name + ".")
        elif OPTION_NAME.match(name):
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
