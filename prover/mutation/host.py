"""A Lean process that makes mutants: the library read and indexed, chunks of roots worked on, difficulty
graded. What it holds can be made again, so it replaces itself when it is gone or has grown.

On a Ray cluster the workers are actors, each with such a process. Only chunks and records travel; the folder, the order of the
chunks and what counts as a duplicate stay with the command, so the shards are the same. Each machine needs Proofsmith installed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import psutil

from data.mutation import leakage
from data.mutation.operators import NAMES
from data.mutation.records import Mutant
from prover.errors import DataError, LeanCrashedError
from prover.lean.answers import ProofView
from prover.lean.embedded.process import RequestRefused
from prover.lean.embedded.worker import LeanWorker
from prover.prove import cluster

LIBRARY = ("Init", "Std")
MODULES_NEED = "the embedded Lean has Init, Std, Lean and what is below them"
CHUNK_TIMEOUT_S = 1800.0
OPEN_TIMEOUT_S = 1200.0
"""Reading and indexing the library takes 15 s of a processor; on a crowded machine, minutes."""
CHUNK_ROOTS = 32
GRADERS = ("rfl", "decide", "simp", "omega", "simp_all", "grind")
SEARCHER = "exact?"
"""Asked last. Its first call reads the whole library, which takes seconds and cannot be cancelled."""
SEARCH_TIMEOUT_MS = 300_000
REFUTERS = ("exfalso; omega", "exfalso; simp_all; done", "exfalso; grind")
GRADE_HEARTBEATS = 20_000_000
GRADE_TIMEOUT_MS = 3000
PATIENT_S = 600.0
"""A crowded machine takes its time, and a process that is given up costs more than the wait."""
LOCAL = cluster.LOCAL
USED_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class MutationSettings:
    """What is to be made. `limit_core_hours` counts the processor time of all Lean processes and of this
    one; `negatives` is the part of the roots of which a false neighbour is looked for; `held_out` names
    theorems that no training theorem may use, beyond those of `data/splits.py`. Only a comparison, whose
    theorems are not kept, is not `guarded`.
    """

    modules: tuple[str, ...] = LIBRARY
    operators: tuple[str, ...] = NAMES
    seed: int = 0
    rounds: int = 2
    per_root: int = 8
    attempts: int = 24
    keep_parents: int = 2
    negatives: float = 0.25
    grade_share: float = 0.02
    chunk_roots: int = CHUNK_ROOTS
    workers: int = 1
    limit_core_hours: float | None = None
    limit_theorems: int | None = None
    memory_mb: int = 3000
    roots: tuple[str, ...] | None = None
    split: str | None = None
    held_out: frozenset[str] = frozenset()
    guarded: bool = True

    @property
    def plan(self) -> dict[str, Any]:
        """What a folder's theorems depend on; two runs with the same plan may share a folder."""
        keep = (
            "modules",
            "operators",
            "seed",
            "rounds",
            "per_root",
            "attempts",
            "keep_parents",
            "negatives",
            "chunk_roots",
            "roots",
            "split",
        )
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items() if key in keep}


class ChunkWorker(Protocol):
    """What a run asks of a worker, here (`Host`) or on another machine (`RayHost`)."""

    def roots(self) -> list[str]:
        """Theorems that can be mutated."""

    def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
        """One chunk. Raises LeanProcessError when the process is lost."""

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        """Which tactic alone proves it, and whether its hypotheses are refuted by one."""

    def used_s(self) -> float:
        """Processor seconds so far."""

    def interrupt(self) -> None:
        """Ends what is under way, from another thread."""

    def close(self) -> None:
        """Ends the worker."""


class Host:
    """A Lean process of this machine."""

    def __init__(self, settings: MutationSettings) -> None:
        self.settings = settings
        self.worker = LeanWorker(settings.memory_mb, import_timeout_s=OPEN_TIMEOUT_S)
        self.core_s = 0.0
        self._roots: list[str] = []
        self._pid = -1
        self._state = -1
        self._base = -1
        self._of_this_process = 0.0

    def ready(self) -> int:
        """Id of the imported state; starts the process when needed."""
        self.worker.recycle_if_big()
        if not self.worker.alive or self._pid != self.worker.process.pid:
            self.core_s += self._of_this_process
            self._of_this_process = 0.0
            self._pid = self.worker.process.pid
            modules = self.settings.modules
            try:
                self._state = self.worker.request("import", OPEN_TIMEOUT_S, modules=list(modules))["state"]
            except RequestRefused as error:
                raise DataError(f"cannot import {', '.join(modules)}: {error}; {MODULES_NEED}") from error
            self._roots = self._open([])
            if self.settings.guarded:
                self._open(leakage.held_out(self._roots, self.settings.held_out))
            self._base = self.worker.base_state(modules)
        return self._state

    def _open(self, held_out: Collection[str]) -> list[str]:
        reply = self.worker.request("mutate_open", OPEN_TIMEOUT_S, state=self._state, held_out=list(held_out))
        roots: list[str] = reply["roots"]
        return roots

    def roots(self) -> list[str]:
        """Theorems that can be mutated."""
        self.ready()
        return self._roots

    def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
        """One chunk."""
        settings = self.settings
        state = self.ready()
        reply = self.worker.request(
            "mutate",
            CHUNK_TIMEOUT_S,
            state=state,
            roots=roots,
            seed=seed,
            rounds=settings.rounds,
            per_root=settings.per_root,
            attempts=settings.attempts,
            keep_parents=settings.keep_parents,
            operators=list(settings.operators),
            negatives=settings.negatives,
        )
        self._of_this_process = reply["process_cpu_s"]
        return reply

    def used_s(self) -> float:
        """Processor seconds of all processes that this host had, their start included."""
        if self.worker.alive:
            try:
                times = psutil.Process(self._pid).cpu_times()
                self._of_this_process = times.user + times.system
            except psutil.Error:
                pass
        return self.core_s + self._of_this_process

    def interrupt(self) -> None:
        """Ends the request that is under way."""
        self.worker.interrupt()

    def close(self) -> None:
        """Ends the process."""
        self.worker.close()

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        """Which tactic alone proves it, and whether its hypotheses are refuted by one."""
        self.ready()
        text = f"{mutant.context}theorem {mutant.statement} := by sorry\n"
        entered = self.worker.request("enter", PATIENT_S, state=self._base, text=text)
        if not entered["proofs"]:
            return None, None
        sid = entered["proofs"][-1].sid
        try:
            first = self._first(sid, GRADERS) or self._first(sid, (SEARCHER,), SEARCH_TIMEOUT_MS)
            vacuous = None if mutant.hypotheses == 0 else self._first(sid, REFUTERS) is not None
        finally:
            self.worker.release(entered["proofs"])
        return first or "hard", vacuous

    def _first(self, sid: int, tactics: tuple[str, ...], timeout_ms: int = GRADE_TIMEOUT_MS) -> str | None:
        replies = self.worker.request(
            "tactics",
            PATIENT_S,
            sid=sid,
            tactics=list(tactics),
            heartbeats=GRADE_HEARTBEATS,
            timeout_ms=timeout_ms,
            stop_when_done=True,
        )["results"]
        found: str | None = None
        opened: list[ProofView] = []
        for tactic, reply in zip(tactics, replies, strict=False):
            if reply.done:
                found = tactic
            elif reply.proof is not None:
                opened.append(reply.proof)
        self.worker.release(opened)
        return found


def usable(modules: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """The modules that can be imported, and what is wrong with the others.

    Raises:
        DataError: none can be imported.
    """
    known: list[str] = []
    problems: list[str] = []
    with LeanWorker() as worker:
        for module in modules:
            try:
                state = worker.request("import", OPEN_TIMEOUT_S, modules=[module])["state"]
                worker.request("release", states=[state])
                known.append(module)
            except RequestRefused as error:
                problems.append(f"module {module} is skipped: {str(error).splitlines()[0]}; {MODULES_NEED}")
    if not known:
        raise DataError("; ".join(problems))
    return tuple(known), problems


def connect(address: str, **options: Any) -> Callable[[MutationSettings], RayHost]:
    """Joins a cluster, and gives what makes workers there.

    Args:
        address: what `ray.init` takes, such as `10.0.0.1:6379` or `auto`; `local` starts one on this machine.
        options: for `ray.init`.

    Raises:
        ConfigError: there is no cluster at the address.
    """
    cluster.connect(address, **options)
    return RayHost


class RayHost:
    """A worker somewhere on the cluster; answers as `Host` does."""

    def __init__(self, settings: MutationSettings) -> None:
        import ray

        self._ray = ray
        self._settings = settings
        # While a chunk is under way, a second thread tells what it has used.
        self._new = ray.remote(Host).options(num_cpus=1, max_concurrency=2).remote
        self._actor: Any = self._new(settings)
        self._used = 0.0
        self._lost = 0.0

    def roots(self) -> list[str]:
        """Theorems that can be mutated."""
        roots: list[str] = self._ask("roots")
        return roots

    def mutate(self, roots: list[str], seed: int) -> dict[str, Any]:
        """One chunk. Raises LeanProcessError when the process, or its machine, is lost."""
        reply: dict[str, Any] = self._ask("mutate", roots, seed)
        return reply

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        """Which tactic alone proves it, and whether its hypotheses are refuted by one."""
        grade: tuple[str | None, bool | None] = self._ask("grade", mutant)
        return grade

    def used_s(self) -> float:
        """Processor seconds, as far as the worker can be asked."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._used = self._ray.get(self._actor.used_s.remote(), timeout=USED_TIMEOUT_S)
        return self._lost + self._used

    def interrupt(self) -> None:
        """Ends the worker."""
        self._ray.kill(self._actor)

    def close(self) -> None:
        """Ends the worker's process, and the worker."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.get(self._actor.close.remote(), timeout=USED_TIMEOUT_S)
        self._ray.kill(self._actor)

    def _ask(self, method: str, *args: Any) -> Any:
        try:
            return self._ray.get(getattr(self._actor, method).remote(*args))
        except self._ray.exceptions.RayActorError as error:
            self._lost += self._used
            self._used = 0.0
            self._actor = self._new(self._settings)
            raise LeanCrashedError(f"a worker of the cluster is gone: {str(error).splitlines()[0]}") from error
