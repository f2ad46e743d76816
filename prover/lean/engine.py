"""What every Lean here can do: the protocol that the embedded host, the REPL and LeanDojo's process implement.

An engine is a place where one Lean process at a time answers. It starts one when it needs one and replaces one that is lost
or too big; `generation` counts them, so whoever keeps a proof state can tell whether it still means something. A tactic that
fails is a value; a process that is lost is a LeanProcessError, which says nothing about the theorem. `prover.lean.dojo` makes
LeanDojo's interface of any engine: states that outlive their process, retries, tactics that are set aside.

A backend is which Lean that is, before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from prover.errors import LeanProcessError, LeanSetupError
from prover.lean.answers import Command, Message, Outline, ProofView, TacticReply
from prover.lean.context import FileContext
from prover.lean.targets import LeanFile, Reading, Target

DEFAULT_HEARTBEATS = 200_000
"""Lean's own limit for a declaration, in thousands of small allocations; here for each tactic. Deterministic."""

Result = TypeVar("Result")


def again(work: Callable[[], Result], tries: int, over: Callable[[], bool] = lambda: False) -> Result:
    """Does what Lean may be lost over, on up to `tries` processes, until `over`. Raises the last loss, or LeanSetupError."""
    for tries_left in reversed(range(tries)):
        try:
            return work()
        except LeanSetupError:
            raise
        except LeanProcessError:
            if tries_left == 0 or over():
                raise
    raise AssertionError("at least one try")


@dataclass(frozen=True)
class Limits:
    """Of a single tactic; `left_s` of all that a request runs, None for no limit.

    `heartbeats` are in thousands, 0 for none; a project's own Lean keeps its file's instead.
    """

    timeout_s: float = 10.0
    heartbeats: int = DEFAULT_HEARTBEATS
    left_s: float | None = None


class Engine(Protocol):
    """See the module's docstring. Not for several threads at once, but for `interrupt`.

    `inside_s` is the time in requests and `span_s` that from first to last, of all processes so far, `start_s` what the last
    process took to start; `at_once` is how many tactics one round trip takes, `tries` how many processes a tactic may end before
    it is set aside, `patience` how many may be lost over a state that is made again; `stays` tells whether a process serves
    theorem after theorem, and so can hold several, `stops` whether a tactic past its time is stopped without ending the process.
    """

    generation: int
    processes_lost: int
    start_s: float
    at_once: int
    tries: int
    patience: int
    stays: bool
    stops: bool

    # ---- texts

    def header(self, text: str, path: Path | None = None) -> LeanFile:
        """The text with its imports read. Raises DataError with the line when they do not parse."""
        ...

    def load_imports(self, file: LeanFile) -> None:
        """Makes a file's imports, where that can be done ahead. Raises as `commands` does."""
        ...

    def commands(
        self, file: LeanFile, until: int | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Command]:
        """A file's commands, elaborated, with what Lean says about each.

        Args:
            file: the file.
            until: commands that start behind this byte may be left out; None: all are elaborated.
            cancelled: looked at now and then; what was elaborated so far is returned.

        Raises:
            DataError: an import that this Lean has not.
            LeanProcessError: the process was lost on this file.
        """
        ...

    def read(self, text: str, path: Path | None = None) -> Reading:
        """The theorems of a file that wait for a proof. Raises as `header` and `commands` do."""
        ...

    def auto_bound(self, targets: Sequence[Target]) -> list[tuple[str, ...]]:
        """For each of a file's theorems, the names in its statement that no one declares and Lean binds (`autoImplicit`)."""
        ...

    def outline(self, file: LeanFile, command: Command) -> Outline:
        """Where the tactics and the `sorry` of a command stand."""
        ...

    def file_context(self, target: Target) -> FileContext:
        """What the theorem's file offers it."""
        ...

    def shared_prefix(self, text: str) -> int:
        """How many leading commands of a text need not be elaborated here."""
        ...

    def prepare(self, target: Target) -> None:
        """Elaborates what stands before a theorem; a process that is lost over it says nothing about the theorem."""
        ...

    # ---- proof states

    def enter(self, target: Target) -> ProofView:
        """The theorem's statement as a proof state. Raises DojoInitError when it gives none."""
        ...

    def run(
        self, view: ProofView, tactics: Sequence[str], limits: Limits, stop_when_done: bool = False
    ) -> list[TacticReply]:
        """Runs each of at most `at_once` tactics on a state of the present process.

        Returns one reply for each, in order; fewer when `stop_when_done` and one closed the state.
        """
        ...

    def split(self, view: ProofView) -> list[ProofView]:
        """The goals of a state as states of their own; none when they depend on each other, or cannot be told apart."""
        ...

    def messages(self, view: ProofView, tactic: str, limits: Limits) -> list[str]:
        """What a tactic says, whether or not it leads anywhere."""
        ...

    def check(self, target: Target, proof: str, timeout_s: float) -> Sequence[Message]:
        """What Lean says of the theorem's command with a whole proof in it. A search's opinion, not an audit's."""
        ...

    def release(self, views: Sequence[ProofView]) -> None:
        """Lets states of the present process go, with the theorem that they are of."""
        ...

    # ---- the index of the library, which a process's first library search builds

    def is_warm(self, modules: tuple[str, ...]) -> bool:
        """Whether the present process has indexed what these imports bring, or never will."""
        ...

    def note_warm(self, modules: tuple[str, ...], built: bool = True) -> None:
        """It has, or was lost over it."""
        ...

    # ---- the process

    @property
    def inside_s(self) -> float:
        """See the class."""
        ...

    @property
    def span_s(self) -> float:
        """See the class."""
        ...

    @property
    def lean(self) -> str:
        """The Lean that answers."""
        ...

    @property
    def alive(self) -> bool:
        """Whether a process runs now."""
        ...

    @property
    def ready(self) -> bool:
        """Whether the next request is answered: by the process that runs, or one that is quickly there."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether `interrupt` was called."""
        ...

    def recycle_if_big(self) -> None:
        """Between theorems: gives memory back."""
        ...

    def settle(self, programs: bool = False) -> None:
        """After a stranger's text: nothing of it stays; `programs`: nor does a process in which a program of it ran."""
        ...

    def interrupt(self) -> None:
        """From another thread, for good: ends whatever runs."""
        ...

    def close(self) -> None:
        """Ends the process; the next request starts another."""
        ...


class Backend(Protocol):
    """Which Lean works. `why` is one line for people, `default_memory_mb` the ceiling of a process."""

    @property
    def name(self) -> str:
        """`embedded`, `repl`, `dojo` or `traced`."""
        ...

    @property
    def why(self) -> str:
        """Why this one, in one line for people."""
        ...

    @property
    def default_memory_mb(self) -> int:
        """Ceiling of a process, when the user names none."""
        ...

    def new_engine(self, memory_mb: int, timeout_s: float | None = None) -> Engine:
        """An engine; its processes may use so much memory, and a request (a command of a file) take so long."""
        ...
