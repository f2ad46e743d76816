"""A batch over the machines of a Ray cluster.

Each machine has stations: Ray actors with Lean processes, searches and an audit of their own. Theorems go out and outcomes come
back; the run folder, and which theorem is next, stay with the command. A machine that joins is used from then on; the theorems
of one that is lost are taken up again elsewhere. A station whose program, Lean or policy is not the command's is not used.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from prover.audit.auditor import auditor_for
from prover.audit.outcome import Candidate, Failure, Proof
from prover.errors import ConfigError, LeanProcessError, ProverError
from prover.lean.engine import Backend
from prover.printable import tell
from prover.prove.claim import differences
from prover.prove.evaluator import ViewPolicy
from prover.prove.item import BatchSettings, Item, prove_item
from prover.prove.turn import Turn

LOCAL = "local"
ANSWER_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
LOOK_S = 1.0
"""So often the cluster is asked for its machines."""
LEANS_A_STATION = 8
"""A station is one Python process, which its searches share."""
MAX_LOSSES = 5
"""So many stations lost over a theorem set it aside; so many lost on a machine without an outcome between, the machine."""
PROBE = "import ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level='ERROR')"


def connect(address: str, **options: Any) -> None:
    """Joins a cluster.

    Args:
        address: what `ray.init` takes, such as `10.0.0.1:6379` or `auto`; `local` starts one on this machine.
        options: for `ray.init`.

    Raises:
        ConfigError: no cluster answers at the address.
    """
    if address != LOCAL:
        _answers(address)
    import ray

    try:
        ray.init(
            address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR,
            include_dashboard=False if address == LOCAL else None, **options,
        )  # fmt: skip
    except Exception as error:  # ray raises Exception itself
        raise _no_cluster(address, str(error)) from error


def _answers(address: str) -> None:
    """Asks an address in a process of its own: Ray waits for ever for a cluster that is not there."""
    host, _, port = address.rpartition(":")
    if host and "/" not in host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
        except (OSError, OverflowError) as error:
            raise _no_cluster(address, str(error)) from error
    try:
        asked = subprocess.run(
            [sys.executable, "-c", PROBE, address], capture_output=True, text=True, timeout=ANSWER_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _no_cluster(address, f"nothing within {ANSWER_TIMEOUT_S:.0f} s") from error
    if asked.returncode:
        raise _no_cluster(address, (asked.stderr.strip().splitlines() or ["it refuses"])[-1])


def _no_cluster(address: str, why: str) -> ConfigError:
    line = (why.splitlines() or ["?"])[0][:200]
    return ConfigError(f"--ray {address}: no Ray cluster answers there ({line}); start one with `ray start --head`, or say local")


@dataclass(frozen=True)
class Cluster:
    """A cluster that was joined, and what its stations have to agree with.

    Args:
        prepare: run on each machine: the policy there, and facts that tell policies and programs apart.
        facts: what `prepare` gives here.
        workers: Lean processes of each machine; None: as many as it has cores.
    """

    prepare: Callable[[], tuple[ViewPolicy, Mapping[str, Any]]]
    facts: Mapping[str, Any] = field(default_factory=dict)
    workers: int | None = None


class Line(Protocol):
    """The theorems of a batch, as the command has them."""

    def take(self) -> Item | None:
        """The next theorem, when there is one now."""
        ...

    def give_back(self, item: Item) -> None:
        """A theorem that was taken and has no outcome."""
        ...

    def settle(self, item: Item, outcome: Proof | Candidate | Failure) -> None:
        """A theorem is done."""
        ...

    def unsettled(self) -> bool:
        """Whether there is anything to do, or under way."""
        ...


class Station:
    """Lean processes of one machine, with their searches and their audit; runs there, as an actor."""

    def __init__(
        self, prepare: Callable[[], tuple[ViewPolicy, Mapping[str, Any]]], settings: BatchSettings, backend: Backend, leans: int
    ) -> None:
        self._prepare, self._settings, self._backend, self._leans = prepare, settings, backend, leans
        self._choosing = threading.Lock()

    def ready(self, wanted: Mapping[str, Any]) -> list[str]:
        """Makes the policy and the processes; in what this machine differs from the facts that are wanted, in words."""
        self._policy, facts = self._prepare()
        wrong = list(differences(facts, {key: value for key, value in wanted.items() if key != "lean"}))
        if wrong:
            return wrong
        memory_mb = self._settings.memory_mb
        self._engines = [self._backend.new_engine(memory_mb) for _ in range(self._leans)]
        self._locks = [threading.Lock() for _ in self._engines]
        self._open = [0] * len(self._engines)
        self._auditor = auditor_for(self._backend, memory_mb)
        threading.Thread(target=self._auditor.start, name="auditor start", daemon=True).start()
        return list(differences({"lean": self._engines[0].lean}, {"lean": wanted["lean"]}))

    def prove(self, item: Item) -> Proof | Failure | None:
        """One theorem to its end."""
        with self._choosing:
            place = self._open.index(min(self._open))
            self._open[place] += 1
        try:
            with Turn(self._locks[place]) as turn:
                engine = self._engines[place]
                outcome = prove_item(item, engine, self._policy, self._settings, lambda: False, self._auditor, turn)
                engine.recycle_if_big()
                return outcome
        finally:
            with self._choosing:
                self._open[place] -= 1


@dataclass(eq=False)
class _Placed:
    """A station as the command knows it."""

    actor: Any
    machine: str
    leans: int
    ready: bool = False
    under_way: dict[str, Item] = field(default_factory=dict)


class Stations:
    """Feeds a cluster's stations with the theorems of a line until all are settled.

    Args:
        cluster: was joined.
        line: the theorems.
        settings: of the searches.
        backend: which Lean works.
        lean: the Lean that answers here.
        stays: whether one of its processes serves theorem after theorem, so that several may be open in it.
        say: is told what happens to machines.
    """

    def __init__(
        self, cluster: Cluster, line: Line, settings: BatchSettings, backend: Backend, lean: str, stays: bool = True,
        say: Callable[[str], None] = tell,
    ) -> None:  # fmt: skip
        import ray

        self._ray: Any = ray
        self._line, self._say = line, say
        self._facts = {**cluster.facts, "lean": lean}
        self._workers = cluster.workers
        self._new = partial(ray.remote(Station).options, max_restarts=0)
        self._arguments = (cluster.prepare, settings, backend)
        self._a_lean = max(2, settings.open) if stays else 1  # at 2 no Lean waits for an audit
        self._stations: list[_Placed] = []
        self._machines: dict[str, str] = {}
        self._left_out: dict[str, str] = {}
        self._losses: Counter[str] = Counter()
        self._events: queue.SimpleQueue[tuple[_Placed, Item | None, Any]] = queue.SimpleQueue()

    def run(self, over: Callable[[], bool]) -> None:
        """To the end of the line, or until it is `over`.

        Raises:
            ConfigError: no machine can be used.
            LeanProcessError: the cluster itself is lost.
        """
        looked = -LOOK_S
        try:
            while self._line.unsettled() and not over():
                if time.monotonic() - looked >= LOOK_S:
                    self._look()
                    looked = time.monotonic()
                self._feed()
                with contextlib.suppress(queue.Empty):
                    self._heard(*self._events.get(timeout=LOOK_S))
        except self._ray.exceptions.RayError as error:
            said = (str(error).splitlines() or ["?"])[0]
            raise LeanProcessError(f"the cluster is lost ({said}); what was noted is kept; the same command goes on") from error
        finally:
            with contextlib.suppress(self._ray.exceptions.RayError):
                for station in self._stations:
                    self._ray.kill(station.actor)

    def _look(self) -> None:
        """Stations for machines that have none, or lost one; nothing is left to wait for when every machine was left out."""
        alive = {n["NodeID"]: n for n in self._ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) >= 1}
        leans = Counter[str]()
        for station in self._stations:
            leans[station.machine] += station.leans
        for machine, node in alive.items():
            if machine in self._left_out:
                continue
            if machine not in self._machines:
                self._machines[machine] = f"{node['NodeManagerHostname']} ({machine[:6]})"
                self._say(f"{self._machines[machine]}: joins with {int(node['Resources']['CPU'])} cores")
            cores = int(node["Resources"]["CPU"])
            self._place(machine, min(self._workers or cores, cores) - leans[machine])
        if not self._stations and alive and alive.keys() <= self._left_out.keys():
            raise ConfigError(f"no machine of the cluster can be used: {'; '.join(dict.fromkeys(self._left_out.values()))}")

    def _place(self, machine: str, leans: int) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        where = NodeAffinitySchedulingStrategy(machine, soft=False)
        for first in range(0, leans, LEANS_A_STATION):
            count = min(LEANS_A_STATION, leans - first)
            new = self._new(num_cpus=count, max_concurrency=count * self._a_lean, scheduling_strategy=where)
            station = _Placed(new.remote(*self._arguments, count), machine, count)
            self._stations.append(station)
            self._hear(station, None, station.actor.ready.remote(self._facts))

    def _hear(self, station: _Placed, item: Item | None, reference: Any) -> None:
        reference.future().add_done_callback(lambda done: self._events.put((station, item, done)))

    def _feed(self) -> None:
        """Theorems to the stations that are least busy."""
        while free := [s for s in self._stations if s.ready and len(s.under_way) < s.leans * self._a_lean]:
            item = self._line.take()
            if item is None:
                return
            station = min(free, key=lambda s: len(s.under_way) / s.leans)
            station.under_way[item.id] = item
            self._hear(station, item, station.actor.prove.remote(item))

    def _heard(self, station: _Placed, item: Item | None, done: Any) -> None:
        """A station is ready, an outcome is there, or either went wrong."""
        if station not in self._stations:
            return  # its theorems were given back
        try:
            found = done.result()
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            self._leave_out(station.machine, str(cause) if isinstance(cause, ProverError) else f"{type(cause).__name__}: {cause}")
        except self._ray.exceptions.RayError as error:
            self._lost(station, str(error))
        else:
            if item is None:
                station.ready = not found
                if found:
                    self._leave_out(station.machine, ", ".join(found))
            elif found is None:
                self._leave_out(station.machine, "it gave up a theorem")
            else:
                del station.under_way[item.id]
                self._losses[station.machine] = 0
                self._line.settle(item, found)

    def _leave_out(self, machine: str, why: str) -> None:
        """No more theorems for a machine."""
        self._left_out[machine] = f"{self._machines[machine]} is left out: {' '.join(why.split())[:300]}"
        self._say(self._left_out[machine])
        for station in [s for s in self._stations if s.machine == machine]:
            self._remove(station)

    def _lost(self, station: _Placed, why: str) -> None:
        """Its theorems are taken up again; the machine, if it is still there, gets another station."""
        if station.under_way:
            self._say(f"{self._machines[station.machine]}: lost; {len(station.under_way)} theorems are taken up again")
        self._losses.update([station.machine, *station.under_way])
        self._remove(station)
        if self._losses[station.machine] >= MAX_LOSSES:
            last = (why.strip().splitlines() or ["?"])[-1]
            self._leave_out(station.machine, f"{MAX_LOSSES} stations were lost there, the last: {last}")

    def _remove(self, station: _Placed) -> None:
        self._stations.remove(station)
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(station.actor)
        for item in station.under_way.values():
            if self._losses[item.id] >= MAX_LOSSES:
                reason = f"set aside: {MAX_LOSSES} stations were lost while this theorem was open there"
                self._line.settle(item, Failure(reason, status="error"))
            else:
                self._line.give_back(item)
        station.under_way.clear()
