"""Runs the mutation engine: library theorems in, shards of verified new theorems out.

Several Lean processes work on chunks of roots; each chunk becomes a shard. A chunk's result depends on the
plan's seed and its roots only, so a killed run goes on where it stopped and ends with the same theorems; a
theorem that two chunks find is kept in the first of them to be written.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil

from data.mutation import records, shards
from data.mutation.operators import NAMES
from data.mutation.records import Mutant
from data.splits import split_of
from prover.errors import ConfigError, DataError, LeanProcessError
from prover.lean.process import RequestRefused
from prover.lean.worker import LeanWorker

LIBRARY = ("Init", "Std")
SKIPPED_MODULES_NEED = "the embedded Lean has Init and Std"
CHUNK_TIMEOUT_S = 1800.0
OPEN_TIMEOUT_S = 300.0
CHUNK_ROOTS = 32
GRADERS = ("rfl", "decide", "simp", "omega", "simp_all", "grind")
REFUTERS = ("exfalso; omega", "exfalso; simp_all; done", "exfalso; grind")
GRADE_HEARTBEATS = 20_000_000
GRADE_TIMEOUT_MS = 3000
KEY_BITS = 64


@dataclass(frozen=True)
class MutationSettings:
    """What is to be made. `limit_core_hours` counts the processor time of all Lean processes and of this
    one.
    """

    modules: tuple[str, ...] = LIBRARY
    operators: tuple[str, ...] = NAMES
    seed: int = 0
    rounds: int = 2
    per_root: int = 8
    attempts: int = 24
    keep_parents: int = 2
    grade_share: float = 0.02
    chunk_roots: int = CHUNK_ROOTS
    workers: int = 1
    limit_core_hours: float | None = None
    limit_theorems: int | None = None
    memory_mb: int = 3000
    roots: tuple[str, ...] | None = None
    split: str | None = None

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
            "chunk_roots",
            "roots",
            "split",
        )
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
            if key in keep
        }


@dataclass
class Totals:
    """Counts of a run so far; `core_s` is processor time."""

    accepted: int = 0
    built: int = 0
    attempted: int = 0
    proposed: int = 0
    duplicates: int = 0
    chunks: int = 0
    chunks_total: int = 0
    core_s: float = 0.0
    wall_s: float = 0.0
    by_operator: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    @property
    def per_core_hour(self) -> float:
        """Accepted theorems an hour of processor time."""
        return self.accepted / self.core_s * 3600 if self.core_s else 0.0

    def add(self, stats: Mapping[str, Any]) -> None:
        """Adds what a shard's file says."""
        self.accepted += stats["rows"]
        for key in ("built", "attempted", "proposed", "duplicates"):
            setattr(self, key, getattr(self, key) + stats.get(key, 0))
        self.chunks += 1
        self.by_operator.update(stats.get("by_operator", {}))

    def summary(self) -> dict[str, Any]:
        """For `summary.json`."""
        return {
            "accepted": self.accepted,
            "built": self.built,
            "attempted": self.attempted,
            "proposed": self.proposed,
            "duplicates": self.duplicates,
            "yield_of_built": round(self.accepted / self.built, 4) if self.built else None,
            "yield_of_attempted": round(self.accepted / self.attempted, 4) if self.attempted else None,
            "core_s": round(self.core_s, 1),
            "wall_s": round(self.wall_s, 1),
            "verified_per_core_hour": round(self.per_core_hour),
            "by_operator": dict(self.by_operator),
            "chunks": self.chunks,
            "chunks_total": self.chunks_total,
            "lost": self.lost,
        }


class Host:
    """A Lean process with the library read and indexed; replaces itself when it is gone or has grown."""

    def __init__(self, settings: MutationSettings) -> None:
        self.settings = settings
        self.worker = LeanWorker(settings.memory_mb)
        self.roots: list[str] = []
        self.core_s = 0.0
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
            try:
                self._state = self.worker.request(
                    "import", OPEN_TIMEOUT_S, modules=list(self.settings.modules)
                )["state"]
            except RequestRefused as error:
                raise DataError(
                    f"cannot import {', '.join(self.settings.modules)}: {error}; {SKIPPED_MODULES_NEED}"
                ) from error
            self.roots = self.worker.request("mutate_open", OPEN_TIMEOUT_S, state=self._state)["roots"]
            self._base = self.worker.base_state(self.settings.modules)
        return self._state

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

    def grade(self, mutant: Mutant) -> tuple[str | None, bool | None]:
        """Which tactic alone proves it, and whether its hypotheses are refuted by one."""
        self.ready()
        text = f"{mutant.context}theorem {mutant.statement} := by sorry\n"
        entered = self.worker.request("enter", state=self._base, text=text)
        if not entered["proofs"]:
            return None, None
        sid = entered["proofs"][-1]["sid"]
        try:
            first = self._first(sid, GRADERS)
            vacuous = None if mutant.hypotheses == 0 else self._first(sid, REFUTERS) is not None
        finally:
            ids = [i for proof in entered["proofs"] for i in (proof["sid"], *proof["parts"])]
            self.worker.request("release", proofs=ids)
        return first or "hard", vacuous

    def _first(self, sid: int, tactics: tuple[str, ...]) -> str | None:
        replies = self.worker.request(
            "tactics",
            sid=sid,
            tactics=list(tactics),
            heartbeats=GRADE_HEARTBEATS,
            timeout_ms=GRADE_TIMEOUT_MS,
            stop_when_done=True,
        )["results"]
        found: str | None = None
        opened: list[int] = []
        for tactic, reply in zip(tactics, replies, strict=False):
            if reply.get("done"):
                found = tactic
            elif "sid" in reply:
                opened += [reply["sid"], *reply["parts"]]
        if opened:
            self.worker.request("release", proofs=opened)
        return found


def order_of(roots: Iterable[str], seed: int) -> list[str]:
    """The roots in the order in which they are worked on."""
    ordered = sorted(roots)
    random.Random(seed).shuffle(ordered)
    return ordered


class Run:
    """A mutation run in a folder."""

    def __init__(
        self, out: Path, settings: MutationSettings, on_progress: Callable[[Totals], None] | None = None
    ) -> None:
        self.out = out
        self.settings = settings
        self.totals = Totals()
        self.problems: list[str] = []
        self._on_progress = on_progress or (lambda totals: None)
        self._keys: set[int] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._core_before = 0.0
        self._accounted = 0.0
        self._hosts: list[Host] = []
        self._cpu_at_start = time.process_time()
        self._began = time.monotonic()

    def go(self) -> Totals:
        """Works until all chunks are done or a limit is reached. Raises what ends a worker for good."""
        chunks = self._prepare()
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        done = self._read_finished()
        for number in range(len(chunks)):
            if number not in done:
                todo.put(number)
        errors: list[BaseException] = []
        threads = [
            threading.Thread(target=self._work, args=(host, chunks, todo, errors), daemon=True)
            for host in self._all_hosts()
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
                    self._count_cores()
                    self._on_progress(self.totals)
        except KeyboardInterrupt:
            self._stop.set()
            for host in self._hosts:
                host.worker.interrupt()
            raise
        finally:
            self._count_cores()
            for host in self._hosts:
                host.worker.close()
            self._write_summary()
        if errors:
            raise errors[0]
        return self.totals

    def _prepare(self) -> list[list[str]]:
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / shards.PLAN
        plan = self.settings.plan
        if path.exists():
            try:
                known = json.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise DataError(f"{path} is damaged ({error}); give another --out") from error
            old = {key: known.get(key) for key in plan}
            if old != plan:
                differing = ", ".join(sorted(key for key in plan if old[key] != plan[key]))
                raise ConfigError(
                    f"{self.out} holds a run with other settings ({differing}); give another --out"
                )
            roots = known["order"]
        else:
            first = Host(self.settings)
            self._hosts.append(first)
            first.ready()
            roots = self._chosen(first.roots)
            path.write_text(
                json.dumps({**plan, "lean": first.worker.lean, "order": roots}, ensure_ascii=False), "utf-8"
            )
        size = self.settings.chunk_roots
        chunks = [roots[at : at + size] for at in range(0, len(roots), size)]
        self.totals.chunks_total = len(chunks)
        return chunks

    def _chosen(self, available: list[str]) -> list[str]:
        wanted = self.settings.roots
        if wanted is not None:
            known = set(available)
            self.problems += [
                f"{name} is not a theorem of the library that can be mutated; it is skipped"
                for name in wanted
                if name not in known
            ]
            available = [name for name in wanted if name in known]
        if self.settings.split is not None:
            available = [name for name in available if split_of(name) == self.settings.split]
        if not available:
            raise DataError("there is no root theorem to start from")
        return order_of(available, self.settings.seed)

    def _all_hosts(self) -> list[Host]:
        while len(self._hosts) < self.settings.workers:
            self._hosts.append(Host(self.settings))
        return self._hosts

    def _read_finished(self) -> set[int]:
        done, wrong = shards.finished(self.out)
        self.problems += wrong
        self._keys = {int(m.key, 16) for m in shards.mutants(self.out, self.problems)} if done else set()
        for shard in done:
            self.totals.add(shard.stats)
        self._core_before = sum(float(shard.stats.get("core_s", 0.0)) for shard in done)
        self._accounted = self._core_before
        return {shard.number for shard in done}

    def _work(
        self, host: Host, chunks: list[list[str]], todo: queue.SimpleQueue[int], errors: list[BaseException]
    ) -> None:
        try:
            while not self._finished():
                try:
                    number = todo.get_nowait()
                except queue.Empty:
                    return
                self._chunk(host, number, chunks[number])
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self._stop.set()
            errors.append(error)

    def _finished(self) -> bool:
        limit, theorems = self.settings.limit_core_hours, self.settings.limit_theorems
        over = limit is not None and self.totals.core_s >= limit * 3600
        return self._stop.is_set() or over or (theorems is not None and self.totals.accepted >= theorems)

    def _chunk(self, host: Host, number: int, roots: list[str]) -> None:
        results: list[dict[str, Any]] = []
        lost: list[str] = []
        seed = self.settings.seed
        try:
            results = host.mutate(roots, seed)["results"]
        except LeanProcessError:
            if self._stop.is_set():
                return
            for root in roots:  # one of them ends the process: find it, keep the others
                try:
                    results += host.mutate([root], seed)["results"]
                except LeanProcessError as error:
                    lost.append(f"{root}: {error}")
        self._keep(host, number, results, lost)

    def _keep(self, host: Host, number: int, results: list[dict[str, Any]], lost: list[str]) -> None:
        found = [records.read(raw) for result in results for raw in result["records"]]
        fresh: list[Mutant] = []
        dropped: set[str] = set()
        duplicates = 0
        with self._lock:
            for mutant in found:
                key = int(mutant.key, 16)
                if mutant.parent in dropped or key in self._keys:
                    duplicates += 1
                    continue
                self._keys.add(key)
                fresh.append(mutant)
        graded = [self._graded(host, mutant) for mutant in fresh]
        stats = {
            "duplicates": duplicates,
            "by_operator": dict(
                Counter(f"{m.operator} {m.direction} {m.place.split()[0]}, round {m.round}" for m in graded)
            ),
            "rejected": [one for result in results for one in result["rejected"]],
            "lost": lost + [f"{r['name']}: {r['error']}" for r in results if r.get("error")],
            **{
                key: sum(r.get(key, 0) for r in results)
                for key in ("proposed", "attempted", "built", "drafting_ms", "printing_ms", "kernel_ms")
            },
        }
        self._count_cores()
        with self._lock:  # what was spent since the last shard: a killed run knows what it has cost
            stats["core_s"] = round(self.totals.core_s - self._accounted, 3)
            self._accounted = self.totals.core_s
        shards.write(self.out, number, graded, stats)
        with self._lock:
            self.totals.add({"rows": len(graded), **stats})
            self.totals.lost += stats["lost"]
        self._count_cores()

    def _graded(self, host: Host, mutant: Mutant) -> Mutant:
        if int(mutant.key[-6:], 16) >= self.settings.grade_share * 0x1000000:
            return mutant
        try:
            grade, vacuous = host.grade(mutant)
        except (LeanProcessError, RequestRefused):
            return mutant
        return Mutant(**{**asdict(mutant), "grade": grade, "vacuous": vacuous})

    def _count_cores(self) -> None:
        self.totals.core_s = (
            self._core_before
            + sum(h.used_s() for h in self._hosts)
            + time.process_time()
            - self._cpu_at_start
        )
        self.totals.wall_s = time.monotonic() - self._began

    def _write_summary(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self.totals.summary(), "problems": self.problems}, ensure_ascii=False, indent=2)
        (self.out / "summary.json").write_text(text + "\n", "utf-8")


@dataclass(frozen=True)
class Recheck:
    """What a fresh process says about theorems of a run."""

    checked: int
    failures: tuple[str, ...]
    seconds: float


def recheck(out: Path, sample: int, seed: int, modules: tuple[str, ...] = LIBRARY) -> Recheck:
    """Elaborates a random sample of a run's theorems from their text in a new process, and has its kernel
    check them again.
    """
    problems: list[str] = []
    found = list(shards.mutants(out, problems))
    if not found:
        raise DataError(f"{out} holds no theorems")
    chosen = random.Random(seed).sample(found, min(sample, len(found)))
    failures = list(problems)
    began = time.monotonic()
    with LeanWorker() as worker:
        for mutant in chosen:
            why = verdict(worker, mutant, modules)
            if why is not None:
                failures.append(f"{mutant.name}: {why}")
    return Recheck(len(chosen), tuple(failures), time.monotonic() - began)


def verdict(worker: LeanWorker, mutant: Mutant, modules: tuple[str, ...] = LIBRARY) -> str | None:
    """Why a theorem does not hold up when its text is elaborated behind the bare imports; None: it does."""
    base = worker.base_state(modules)
    done = worker.request("elaborate", state=base, text=mutant.standalone)
    state = done["state"]
    try:
        errors = [m["text"] for c in done["commands"] for m in c["messages"] if m["severity"] == "error"]
        if errors:
            return str(errors[0]).splitlines()[0]
        facts = worker.request("constants", state=state, base=base)["constants"]
        own = {fact["name"]: fact for fact in facts}
        if own.get(mutant.name, {}).get("kind") != "theorem":
            return "no theorem of that name came of it"
        if any(fact["kind"] == "axiom" or "sorryAx" in fact["uses"] for fact in facts):
            return "it rests on an axiom of its own"
        replayed = worker.request("replay", state=state, base=base, names=[fact["name"] for fact in facts])
        error = replayed["error"]
        return None if error is None else str(error)
    finally:
        worker.request("release", states=[state])
