"""Proof searches as jobs: in a queue, in a database, and watched while they run.

    <state>/jobs.sqlite    one row a job: the request, and the result once there is one (SQLite, write-ahead log)
    <state>/.lock          held while a server uses the folder

A job that waits or runs when the server ends is still in the database and is taken up again by the next server, from its
beginning; one that takes two servers down with it is an error. Of finished jobs the last KEPT stay.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock

from prover.errors import ConfigError, ProverError, StorageError
from prover.server.guard import Refused

KEPT = 1000
MAX_TRIES = 2
TABLE = """CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, created REAL NOT NULL, started REAL,
    finished REAL, tries INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL, result TEXT, tree BLOB) STRICT"""
COLUMNS = "id, status, created, started, finished, request, result"


@dataclass
class Live:
    """A job that waits or runs: what is known of it so far. `version` grows with every change."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    version: int = 0
    progress: dict[str, Any] = field(default_factory=dict)
    tree: dict[str, Any] | None = None

    def note(self, progress: Mapping[str, Any], tree: dict[str, Any] | None) -> None:
        """Takes over what a search tells; called from its thread."""
        self.progress = dict(progress)
        if tree is not None:
            self.tree = tree
        self.version += 1


Work = Callable[[Mapping[str, Any], Live], Mapping[str, Any]]
"""Does a job: gets its request and where to note progress; returns its result, with `status` and perhaps `tree`."""


class Jobs:
    """The queue, the threads that work on it, and the database.

    Args:
        folder: made when it is not there.
        work: does one job; stops soon after `live.cancelled` or `live.stopped` is set.
        running: jobs at a time.
        waiting: jobs that may wait.

    Raises:
        ConfigError: another server uses the folder, or its database cannot be read.
        StorageError: the folder cannot be written.
    """

    def __init__(self, folder: Path, work: Work, running: int, waiting: int) -> None:
        self._work = work
        self._waiting = waiting
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._live: dict[str, Live] = {}
        self.closed = False
        self._file_lock = filelock.FileLock(folder / ".lock")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file_lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise ConfigError(f"another server uses {folder}; stop it, or give another folder with --state") from error
        except OSError as error:
            raise StorageError(f"cannot use {folder}: {error.strerror or error}") from error
        try:
            self._open(folder / "jobs.sqlite")
        except sqlite3.Error as error:
            self._file_lock.release()
            raise ConfigError(f"{folder / 'jobs.sqlite'} cannot be used: {error}; move it away to begin anew") from error
        self._threads = [threading.Thread(target=self._serve, name=f"job-{i}", daemon=True) for i in range(running)]
        for thread in self._threads:
            thread.start()

    def _open(self, path: Path) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(TABLE)
        lost = json.dumps({"status": "error", "reason": f"the server was lost {MAX_TRIES} times during this search"})
        self._database.execute(
            "UPDATE job SET status = 'error', finished = ?, result = ? WHERE status IN ('waiting', 'running') AND tries >= ?",
            (time.time(), lost, MAX_TRIES),
        )
        self._database.execute("UPDATE job SET status = 'waiting', started = NULL WHERE status = 'running'")
        for (name,) in self._database.execute("SELECT id FROM job WHERE status = 'waiting' ORDER BY number"):
            self._queue[name] = None
            self._live[name] = Live()

    # ------------------------------------------------------------------ asking

    def add(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Takes on a job and returns it. Raises Refused: 429 when too many wait, 503 when the server stops."""
        with self._changed:
            if self.closed:
                raise Refused(503, "the server is stopping")
            if len(self._queue) >= self._waiting:
                raise Refused(429, f"{self._waiting} jobs wait already; try again later", (b"retry-after", b"10"))
            name = secrets.token_urlsafe(9)
            self._database.execute(
                "INSERT INTO job (id, status, created, request) VALUES (?, 'waiting', ?, ?)",
                (name, time.time(), json.dumps(request)),
            )
            self._queue[name] = None
            self._live[name] = Live()
            self._changed.notify()
        return self.get(name)

    def get(self, name: str) -> dict[str, Any]:
        """A job, with its request and result. Raises Refused (404) for an unknown one."""
        with self._lock:
            row = self._database.execute(f"SELECT {COLUMNS} FROM job WHERE id = ?", (name,)).fetchone()
            live = self._live.get(name)
            place = list(self._queue).index(name) + 1 if name in self._queue else None
        if row is None:
            raise _unknown(name)
        return _as_job(row) | {"progress": dict(live.progress) if live is not None else {}, "place": place}

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The latest jobs, newest first, without their texts."""
        with self._lock:
            rows = self._database.execute(f"SELECT {COLUMNS} FROM job ORDER BY number DESC LIMIT ?", (limit,)).fetchall()
        jobs = [_as_job(row) for row in rows]
        for job in jobs:
            job["request"].pop("text", None)
            if job["result"] is not None:
                job["result"].pop("text", None)
        return jobs

    def live(self, name: str) -> Live | None:
        """What a job has come to so far; None when it is finished or unknown."""
        with self._lock:
            return self._live.get(name)

    def tree(self, name: str) -> dict[str, Any] | None:
        """The search tree, as far as it is known. Raises Refused (404) for an unknown job."""
        with self._lock:
            live = self._live.get(name)
            row = self._database.execute("SELECT tree FROM job WHERE id = ?", (name,)).fetchone()
        if row is None:
            raise _unknown(name)
        if live is not None:
            return live.tree
        return json.loads(zlib.decompress(row[0])) if row[0] is not None else None

    def cancel(self, name: str) -> dict[str, Any]:
        """Stops a job; a finished one stays as it is. Raises Refused (404) for an unknown one."""
        with self._changed:
            live = self._live.get(name)
            if live is not None:
                live.cancelled.set()
            if name in self._queue:
                del self._queue[name]
                self._finish(name, {"status": "cancelled", "reason": "cancelled before it began"})
        return self.get(name)

    @property
    def counts(self) -> dict[str, int]:
        """How many wait and run."""
        with self._lock:
            return {"waiting": len(self._queue), "running": len(self._live) - len(self._queue)}

    # ------------------------------------------------------------------ working

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self.closed:
                    self._changed.wait()
                if self.closed:
                    return
                name, _ = self._queue.popitem(last=False)
                live = self._live[name]
                self._database.execute(
                    "UPDATE job SET status = 'running', started = ?, tries = tries + 1 WHERE id = ?", (time.time(), name)
                )
                (text,) = self._database.execute("SELECT request FROM job WHERE id = ?", (name,)).fetchone()
                live.version += 1
            result: Mapping[str, Any]
            try:
                result = self._work(json.loads(text), live)
            except ProverError as error:
                result = {"status": "error", "reason": str(error)}
            except Exception as error:  # noqa: BLE001 - the outermost level of this thread; the next job is another's
                result = {"status": "error", "reason": f"internal error: {type(error).__name__}: {error}"}
            with self._lock, suppress(sqlite3.Error):  # a full disk: the job is taken up again by the next server
                if live.stopped.is_set() and not live.cancelled.is_set() and result["status"] != "proved":
                    self._put_back(name)
                elif live.cancelled.is_set() and result["status"] != "proved":
                    self._finish(name, {**result, "status": "cancelled", "reason": "cancelled"})
                else:
                    self._finish(name, result)

    def _put_back(self, name: str) -> None:
        self._database.execute(
            "UPDATE job SET status = 'waiting', started = NULL, tries = tries - 1 WHERE id = ?", (name,)
        )
        self._live.pop(name, None)

    def _finish(self, name: str, result: Mapping[str, Any]) -> None:
        facts = dict(result)
        tree = facts.pop("tree", None)
        packed = zlib.compress(json.dumps(tree).encode()) if tree is not None else None
        self._database.execute(
            "UPDATE job SET status = ?, finished = ?, result = ?, tree = ? WHERE id = ?",
            (facts["status"], time.time(), json.dumps(facts), packed, name),
        )
        self._database.execute(
            "DELETE FROM job WHERE status NOT IN ('waiting', 'running') "
            "AND number <= (SELECT max(number) FROM job) - ?", (KEPT,)
        )  # fmt: skip
        self._live.pop(name, None)

    # ------------------------------------------------------------------ the end

    def close(self) -> None:
        """Takes on and begins nothing more. Takes no lock: a signal handler may call it."""
        self.closed = True

    def stop(self, grace_s: float) -> None:
        """Gives what runs `grace_s` seconds, puts the rest back for the next server."""
        self.closed = True
        with self._changed:
            self._changed.notify_all()
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            for live in self._live.values():
                live.stopped.set()
        for thread in self._threads:
            thread.join(30.0)
        with self._lock:
            self._database.close()
        self._file_lock.release()


def _as_job(row: tuple[Any, ...]) -> dict[str, Any]:
    name, status, created, started, finished, request, result = row
    return {
        "id": name,
        "status": status,
        "created": created,
        "started": started,
        "finished": finished,
        "request": json.loads(request),
        "result": json.loads(result) if result is not None else None,
    }


def _unknown(name: str) -> Refused:
    return Refused(404, f"there is no job {name[:40]!r}; the last {KEPT} finished ones are kept")
