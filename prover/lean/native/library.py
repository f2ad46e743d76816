"""lean_project/Proofsmith/Native.lean: what a native Lean answers about terms, where texts would have to do.

The file is compiled for the project's Lean when it is first needed. Where it is not at hand, does not compile or gives an
answer that cannot be read, `problem` says so and whoever asks goes by text.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prover.errors import LeanProcessError, LeanSetupError
from prover.lean.native.lake import DoesNotCompile, LakeEnv, Ran, compiled

SOURCE = Path(__file__).resolve().parents[3] / "lean_project" / "Proofsmith" / "Native.lean"
MODULE = "ProofsmithNative"
ANSWERS = "proofsmith "
SAYS = "proofsmith says "


@dataclass(frozen=True)
class Facts:
    """A theorem as its Lean has it.

    `statement` is its type: each different part a line that names its own parts by number, without the names and kinds of
    bound variables. `sorry` is `none`, `inside` or `whole`. `axioms` are empty where they were not asked for.
    """

    name: str
    levels: tuple[str, ...]
    statement: tuple[str, ...]
    sorry: str
    axioms: tuple[str, ...] = ()

    def same_statement(self, other: Facts) -> bool:
        """Whether two theorems state the same term over the same universes."""
        return (self.levels, self.statement) == (other.levels, other.statement)


class NativeLibrary:
    """The compiled file. Safe to share between threads.

    Args:
        lake: the project.
        lean: its version line.
        source: the file.
    """

    def __init__(self, lake: LakeEnv, lean: str, source: Path = SOURCE) -> None:
        self.problem: str | None = None
        self._lake = lake
        self._lean = lean
        self._source = source
        self._folder: Path | None = None
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path | None:
        """Where it is compiled; None when texts must do. Raises LeanProcessError when Lean could not be asked."""
        with self._lock:
            if self._folder is None and self.problem is None:
                try:
                    self._folder = compiled(self._lake, MODULE, self._source.read_text("utf-8"), self._lean)
                except OSError as error:
                    self.problem = f"{self._source} cannot be read: {error.strerror or error}"
                except DoesNotCompile as error:
                    self.problem = f"it does not compile with this Lean: {error}"
            return None if self.problem is not None else self._folder

    def give_up(self, reason: str) -> None:
        """Texts must do from now on."""
        self.problem = self.problem or reason

    def waiting(self, folder: Path, module: str, names: Sequence[str]) -> dict[str, Facts] | None:
        """The theorems with `sorry` of a module that is compiled in a folder, by name; None when texts must do.

        Args:
            folder: has `module`.olean.
            module: its name.
            names: theorems that are expected.
        """
        ours = self.folder
        if ours is None:
            return None
        question = f"import {module}\nimport {MODULE}\n#proofsmith_waiting {' '.join([module, *names])}\n"
        try:
            found = answers(self._lake.run(question, None, (folder, ours)))
        except LeanSetupError as error:
            self.give_up(str(error))
            return None
        if found is None or len(found) != 1 or not isinstance(found[0], list):
            self.give_up("its list of theorems cannot be read")
            return None
        try:
            return {f.name: f for f in map(facts, found[0])}
        except (LookupError, TypeError):
            self.give_up("its list of theorems cannot be read")
            return None


def theorem_question(name: str) -> str:
    """A command that is answered with a theorem's facts."""
    return f"#proofsmith_theorem {name}\n"


def answers(ran: Ran) -> list[object] | None:
    """What the library answered; None when Lean has errors or an answer is no JSON."""
    if ran.errors:
        return None
    try:
        return [json.loads(m.text.removeprefix(ANSWERS)) for m in ran.messages if m.text.startswith(ANSWERS)]
    except ValueError:
        return None


def facts(raw: object) -> Facts:
    """Reads the facts about a theorem. Raises LookupError or TypeError when they are none."""
    if not isinstance(raw, dict):
        raise TypeError("facts about a theorem are an object")
    return Facts(
        str(raw["name"]), tuple(map(str, raw["levels"])), tuple(map(str, raw["statement"])), str(raw["sorry"]),
        tuple(map(str, raw["axioms"])),
    )  # fmt: skip


def said_in(error: str) -> list[str] | None:
    """What a tactic said behind `proofsmith_says`, from that tactic's error; None when it is another error."""
    at = error.find(SAYS)
    if at < 0:
        return None
    try:
        return [str(text) for text in json.loads(error[at + len(SAYS) :].splitlines()[0])]
    except ValueError:
        return None


def usable(library: NativeLibrary | None) -> Path | None:
    """The library's folder, if there is one that serves; Lean's being lost over it is no reason to fail."""
    try:
        return library.folder if library is not None else None
    except LeanProcessError as error:
        assert library is not None
        library.give_up(str(error))
        return None
