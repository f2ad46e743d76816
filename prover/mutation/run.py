"""Runs the mutation engine: library theorems in, shards of verified new theorems out.

Several workers, each with a Lean process (here or on other machines), work on chunks of roots; each chunk
becomes a shard. A chunk's result depends on the plan and its roots only, and shards are written in the order
of the chunks: of a theorem that two chunks find, the earlier chunk has it, however many workers there are. A
killed run goes on where it stopped.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data.mutation import negatives, records, shards
from data.mutation.keys import KeySet
from data.mutation.records import Mutant
from prover.errors import LeanProcessError, LeanSetupError, StorageError
from prover.lean.embedded.process import RequestRefused
from prover.mutation.host import ChunkWorker, Host, MutationSettings
from prover.mutation.plan import Totals, order_of, prepare

__all__ = ["ChunkWorker", "Host", "MutationSettings", "Run", "Totals", "order_of"]

UNWRITTEN_LIMIT = 3
"""So many shards in a row that cannot be written end a run."""


@dataclass(frozen=True)
class Chunk:
    """What a worker made of a chunk, before it is compared with the other chunks."""

    found: list[Mutant]
    refuted: list[negatives.Negative]
    stats: dict[str, Any]


class Run:
    """A mutation run in a folder."""

    def __init__(
        self,
        out: Path,
        settings: MutationSettings,
        on_progress: Callable[[Totals], None] | None = None,
        benchmark: Collection[int] = frozenset(),
        new_worker: Callable[[MutationSettings], ChunkWorker] = Host,
    ) -> None:
        """A run that has not begun.

        Args:
            out: the folder.
            settings: what is to be made.
            on_progress: told now and then where the run is.
            benchmark: keys of statements that are to be no theorem's.
            new_worker: makes a worker; `host.connect` gives workers on other machines.
        """
        self.out = out
        self.settings = settings
        self.totals = Totals()
        self.problems: list[str] = []
        self._on_progress = on_progress or (lambda totals: None)
        self._benchmark = benchmark
        self._new_worker = new_worker
        self._keys: KeySet | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._core_before = 0.0
        self._accounted = 0.0
        self._workers: list[ChunkWorker] = []
        self._waiting: dict[int, Chunk | None] = {}
        self._next: list[int] = []
        self._unwritten_in_a_row = 0
        self._cpu_at_start = time.process_time()
        self._began = time.monotonic()

    def go(self) -> Totals:
        """Works until all chunks are done or a limit is reached. Raises what ends a worker for good."""
        errors: list[BaseException] = []
        try:
            plan = prepare(self.out, self.settings, self._benchmark, self._new_worker)
            self.settings, chunks = plan.settings, plan.chunks
            self.problems += plan.problems
            self.totals.chunks_total, self.totals.unknown_modules = len(chunks), plan.unknown_modules
            if plan.first is not None:
                self._workers.append(plan.first)
            done = self._read_finished()
            self._next = [number for number in range(len(chunks)) if number not in done]
            todo: queue.SimpleQueue[int] = queue.SimpleQueue()
            for number in self._next:
                todo.put(number)
            self._next.reverse()
            while len(self._workers) < self.settings.workers:
                self._workers.append(self._new_worker(self.settings))
            threads = [
                threading.Thread(target=self._work, args=(worker, chunks, todo, errors), daemon=True) for worker in self._workers
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
                    self._count_cores()
                    self._on_progress(self.totals)
        except KeyboardInterrupt:
            self._stop.set()
            for worker in self._workers:
                worker.interrupt()
            raise
        finally:
            self._count_cores()
            for worker in self._workers:
                worker.close()
            if self._keys is not None:
                self._keys.close()
            self._write_summary()
        if errors:
            raise errors[0]
        return self.totals

    def _read_finished(self) -> set[int]:
        done, wrong = shards.finished(self.out)
        self.problems += wrong
        known = (int(m.key, 16) for m in shards.mutants(self.out, self.problems))
        refuted = (int(n.key, 16) for n in negatives.negatives(self.out, self.problems))
        try:
            self._keys = KeySet(self.out / "keys.bin", known)
            for key in refuted:
                self._keys.add(key)
        except OSError as error:
            raise StorageError(f"{self.out} cannot be written: {error.strerror}; make room and try again") from error
        for shard in done:
            self.totals.add(shard.stats)
        self._core_before = sum(float(shard.stats.get("core_s", 0.0)) for shard in done)
        self._accounted = self._core_before
        return {shard.number for shard in done}

    def _work(
        self, worker: ChunkWorker, chunks: list[list[str]], todo: queue.SimpleQueue[int], errors: list[BaseException]
    ) -> None:
        try:
            while not self._finished():
                try:
                    number = todo.get_nowait()
                except queue.Empty:
                    return
                chunk = self._chunk(worker, chunks[number])
                if chunk is not None:
                    self._hand_in(number, chunk)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self._stop.set()
            errors.append(error)

    def _finished(self) -> bool:
        limit, theorems = self.settings.limit_core_hours, self.settings.limit_theorems
        over = limit is not None and self.totals.core_s >= limit * 3600
        return self._stop.is_set() or over or (theorems is not None and self.totals.accepted >= theorems)

    def _chunk(self, worker: ChunkWorker, roots: list[str]) -> Chunk | None:
        replies: list[dict[str, Any]] = []
        lost: list[str] = []
        seed = self.settings.seed
        try:
            replies = [worker.mutate(roots, seed)]
        except LeanSetupError:
            raise  # no fault of the roots
        except LeanProcessError:
            if self._stop.is_set():
                return None
            for root in roots:  # one of them ends the process: find it, keep the others
                try:
                    replies.append(worker.mutate([root], seed))
                except LeanSetupError:
                    raise
                except LeanProcessError as error:
                    lost.append(f"{root}: {error}")
        results = [result for reply in replies for result in reply["results"]]
        made = [reply["negatives"] for reply in replies]
        found = [self._graded(worker, records.read(raw)) for result in results for raw in result["records"]]
        stats = {
            "rejected": [one for result in results for one in result["rejected"]],
            "lost": lost + [f"{r['name']}: {r['error']}" for r in results if r.get("error")],
            "negatives_tried": sum(one["tried"] for one in made),
            "negatives_ms": sum(one["ms"] for one in made),
            "per_operator": _per_operator(results),
            **{
                key: sum(r.get(key, 0) for r in results)
                for key in ("proposed", "attempted", "built", "drafting_ms", "vacuity_ms", "printing_ms", "kernel_ms")
            },
        }
        return Chunk(found, [negatives.read(raw) for one in made for raw in one["records"]], stats)

    def _graded(self, worker: ChunkWorker, mutant: Mutant) -> Mutant:
        if int(mutant.key[-6:], 16) >= self.settings.grade_share * 0x1000000:
            return mutant
        try:
            grade, vacuous = worker.grade(mutant)
        except (LeanProcessError, RequestRefused):
            return mutant
        return replace(mutant, grade=grade, vacuous=vacuous)

    def _hand_in(self, number: int, chunk: Chunk) -> None:
        """Keeps a chunk until those before it are written, then writes what can be."""
        self._count_cores()
        with self._lock:
            self._waiting[number] = chunk
            while self._next and (ready := self._waiting.pop(self._next[-1], None)) is not None:
                self._keep(self._next.pop(), ready)

    def _keep(self, number: int, chunk: Chunk) -> None:
        """Drops what is there already, and writes the shard; one that cannot be written is skipped."""
        keys = self._keys
        assert keys is not None
        fresh: list[Mutant] = []
        refuted: list[negatives.Negative] = []
        dropped: set[str] = set()
        own: set[int] = set()
        counts: Counter[str] = Counter()
        for mutant in chunk.found:
            key = int(mutant.key, 16)
            if key in self._benchmark:
                counts["benchmark"] += 1
            elif mutant.parent in dropped or key in own or key in keys:
                counts["duplicates"] += 1
            else:
                own.add(key)
                fresh.append(mutant)
                continue
            dropped.add(mutant.name)
        for negative in chunk.refuted:
            key = int(negative.key, 16)
            if key not in own and key not in keys:
                own.add(key)
                refuted.append(negative)
        stats = {
            **chunk.stats,
            **{key: counts[key] for key in ("benchmark", "duplicates")},
            "negatives": len(refuted),
            "by_operator": dict(Counter(f"{m.operator} {m.direction} {m.place.split()[0]}, round {m.round}" for m in fresh)),
            # What was spent since the last shard: a killed run knows what it has cost.
            "core_s": round(self.totals.core_s - self._accounted, 3),
        }
        try:
            shards.write(self.out, number, fresh, stats, refuted)
            for key in own:
                keys.add(key)
        except OSError as error:
            self._unwritten(number, error)
            return
        self._unwritten_in_a_row = 0
        self._accounted = self.totals.core_s
        self.totals.add({"rows": len(fresh), **stats})
        self.totals.lost += stats["lost"]

    def _unwritten(self, number: int, error: OSError) -> None:
        self.totals.unwritten += 1
        self._unwritten_in_a_row += 1
        said = f"shard {number} cannot be written and is skipped: {error.strerror or error}"
        self.problems.append(said)
        if self._unwritten_in_a_row >= UNWRITTEN_LIMIT:
            raise StorageError(f"{said}; so were those before it. Make room and give the same command again")

    def _count_cores(self) -> None:
        self.totals.core_s = (
            self._core_before + sum(worker.used_s() for worker in self._workers) + time.process_time() - self._cpu_at_start
        )
        self.totals.wall_s = time.monotonic() - self._began

    def _write_summary(self) -> None:
        text = json.dumps({**self.totals.summary(), "problems": self.problems}, ensure_ascii=False, indent=2)
        try:
            (self.out / "summary.json").write_text(text + "\n", "utf-8")
        except OSError as error:
            self.problems.append(f"{self.out / 'summary.json'} cannot be written: {error.strerror or error}")


def _per_operator(results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for result in results:
        for name, one in result.get("per_operator", {}).items():
            counts.setdefault(name, Counter()).update(one)
    return {name: dict(one) for name, one in counts.items()}
