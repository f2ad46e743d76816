"""comparator (leanprover/comparator): a judge of its own, run on a project of ours that holds the two files.

It wants modules that `lake build` can make, so a Lake project is written for it into a temporary folder: the target is
`Challenge`, the submission `Solution`, the toolchain and the options are the user's project's. It builds and exports both
in a sandbox (landrun), compares the statements with all that they rest on, looks at the axioms, and has the kernel
check the solution. Exit code 0 and `Your solution is okay!` is its yes; its no is an exception, with exit code 1.

Files that import more than Init, Std and Lean do not get here: the embedded audit, which comes first, has nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from prover.audit.reasons import one_line
from prover.audit.tool_reports import ACCEPTED, NOT_RUN, REFUSED, Said
from prover.audit.trust import ALLOWED_AXIOMS
from prover.errors import LeanCrashedError
from prover.lean.native.lake import LakeEnv
from prover.lean.native.project import Project

COMPARATOR = "comparator"
VARIABLE = "PROOFSMITH_COMPARATOR"
CHALLENGE, SOLUTION, CONFIG = "Challenge", "Solution", "config.json"
YES = "Your solution is okay!"
NO = "uncaught exception:"
MACHINERY = ("could not execute", "no such file", "child exited with", "permission denied", "resource exhausted")
"""Exceptions of comparator that are about a process that it started, not about what it compared."""


def find_comparator() -> str | None:
    """The program that PROOFSMITH_COMPARATOR names, else one on PATH; None when there is none."""
    found = shutil.which(os.environ.get(VARIABLE) or COMPARATOR)
    return os.path.abspath(found) if found is not None else None


class Comparator:
    """Puts questions to comparator.

    Args:
        program: where it is.
        project: whose toolchain and options.
        timeout_s: for one question: two builds, two exports, the comparison and the kernel.
    """

    def __init__(self, program: str, project: Project, timeout_s: float) -> None:
        self._program = program
        self._project = project
        self._timeout_s = timeout_s

    def compare(self, target: str, submission: str, names: Sequence[str]) -> Said:
        """Whether the submission proves these theorems of the target. Raises LeanProcessError when it is lost."""
        return self._ask(target, submission, names, ALLOWED_AXIOMS)

    def trial(self, target: str, names: Sequence[str]) -> Said:
        """Whether it works at all: the target against itself, its `sorry` allowed."""
        return self._ask(target, target, names, (*ALLOWED_AXIOMS, "sorryAx"))

    def _ask(self, target: str, submission: str, names: Sequence[str], axioms: Sequence[str]) -> Said:
        with tempfile.TemporaryDirectory(prefix="proofsmith-comparator-") as folder:
            write_project(Path(folder), self._project, target, submission, names, axioms)
            lake = LakeEnv(Project(Path(folder)), self._timeout_s)
            return comparator_said(lake.call(["env", self._program, CONFIG]))


def write_project(
    folder: Path, project: Project, target: str, submission: str, names: Sequence[str], axioms: Sequence[str]
) -> None:
    """The Lake project and the configuration that comparator reads."""
    options = "".join(f"{json.dumps(k)} = {_toml(v)}\n" for k, v in project.options.items())
    libraries = "".join(f'\n[[lean_lib]]\nname = "{name}"\n' for name in (CHALLENGE, SOLUTION))
    (folder / "lakefile.toml").write_text(f'name = "proofsmith_check"\n\n[leanOptions]\n{options}{libraries}', "utf-8")
    if project.toolchain is not None:
        (folder / "lean-toolchain").write_text(project.toolchain + "\n", "utf-8")
    for name, text in ((CHALLENGE, target), (SOLUTION, submission)):
        (folder / f"{name}.lean").write_text(text, "utf-8")
    config = {
        "challenge_module": CHALLENGE, "solution_module": SOLUTION, "theorem_names": list(names),
        "permitted_axioms": list(axioms), "enable_nanoda": False,
    }  # fmt: skip
    (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False), "utf-8")


def comparator_said(ran: tuple[int, str, str]) -> Said:
    """Reads its answer. Raises LeanCrashedError when a signal ended it."""
    code, out, err = ran
    if code == 0 and YES in out.splitlines():
        return Said(ACCEPTED, "")
    if code < 0 or code >= 128:
        raise LeanCrashedError(f"comparator was killed (exit code {code})")
    told = err[err.rindex(NO) + len(NO) :].strip() if NO in err else ""
    if code == 1 and told and not told.lower().startswith(MACHINERY):
        return Said(REFUSED, one_line(told))
    last = one_line(told or "\n".join((out + "\n" + err).strip().splitlines()[-2:])) or "nothing"
    return Said(NOT_RUN, f"it ended with exit code {code} and said: {last}")


def _toml(value: str) -> str:
    """A Lean option's value as TOML: a truth value, a number or a string."""
    return value if value in ("true", "false") or value.isdecimal() else json.dumps(value)
