"""A run's folder: what was asked, what is known, and the guarantee that neither is lost or doubled.

    <out>/journal.sqlite    settings, inputs and one row a finished theorem (SQLite, write-ahead log); the truth
    <out>/results.jsonl     the same results as lines, appended as they come; made anew from the journal on resuming
    <out>/trees/*.json      search graphs, named after the theorem's place in the run
    <out>/.lock             held while a run is under way

A row is committed before its line is written, so whatever kills the process, the next run goes on from the rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import filelock

from prover.errors import ConfigError, DataError

SCHEMA = 1
TABLES = """
CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS result (id TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
"""


class RunFolder:
    """An open run folder; use as a context manager.

    Args:
        path: made when it is not there.
        settings: what decides the outcome; a folder made with others is refused.
        inputs: name of each input → SHA-256 of its text; likewise.
        fresh: throw away what the folder holds of an earlier run.

    Raises ConfigError: another run is using the folder, or it belongs to a run of other settings or inputs.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], inputs: Mapping[str, str], fresh: bool = False
    ) -> None:
        self.path = path
        self._settings = {"settings": dict(settings), "inputs": dict(inputs)}
        self._fresh = fresh
        self._lock = filelock.FileLock(path / ".lock")

    def __enter__(self) -> RunFolder:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot make the run folder {self.path}: {error.strerror}") from error
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise ConfigError(
                f"another run is using {self.path}; wait for it to end, or choose another folder with --out"
            ) from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._results.close()
        self._db.close()
        self._lock.release()

    def _open(self) -> None:
        database = self.path / "journal.sqlite"
        if self._fresh:
            for name in ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "results.jsonl"):
                (self.path / name).unlink(missing_ok=True)
        try:
            self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA):
                raise ConfigError(
                    f"{database} was written by another version of proofsmith (format {version}, this one knows "
                    f"{SCHEMA}); choose another folder with --out, or begin anew with --fresh"
                )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(TABLES)
            self._db.execute(f"PRAGMA user_version = {SCHEMA}")
            self._claim()
        except sqlite3.DatabaseError as error:
            raise ConfigError(
                f"{database} is not a journal of proofsmith ({error}); choose another folder, or begin anew with --fresh"
            ) from error
        self._rewrite_results()
        self._results = (self.path / "results.jsonl").open("a", encoding="utf-8")

    def _claim(self) -> None:
        wanted = json.dumps(self._settings, sort_keys=True)
        row = self._db.execute("SELECT value FROM run WHERE key = 'asked'").fetchone()
        if row is None:
            self._db.execute("INSERT INTO run VALUES ('asked', ?)", (wanted,))
        elif row[0] != wanted:
            changed = _differences(json.loads(row[0]), self._settings)
            self._db.close()
            raise ConfigError(
                f"{self.path} holds a run of other settings or inputs ({', '.join(changed)}); "
                "choose another folder with --out, or begin anew with --fresh"
            )

    def known(self) -> dict[str, dict[str, Any]]:
        """The results so far, by id, in the order in which they came."""
        rows = self._db.execute("SELECT id, record FROM result ORDER BY rowid").fetchall()
        return {key: json.loads(record) for key, record in rows}

    def add(self, key: str, record: Mapping[str, Any], tree: Mapping[str, Any] | None = None) -> None:
        """Notes a finished theorem: tree, row, line, in this order. Raises DataError when the disk is full."""
        text = json.dumps(record, ensure_ascii=False)
        try:
            if tree is not None:
                write_atomically(self.tree_path(key), json.dumps(tree, ensure_ascii=False))
            self._db.execute("INSERT OR REPLACE INTO result VALUES (?, ?)", (key, text))
            self._results.write(text + "\n")
            self._results.flush()
        except (OSError, sqlite3.OperationalError) as error:
            raise DataError(f"cannot write to {self.path}: {error}; what was noted before is kept") from error

    def tree(self, key: str) -> dict[str, Any] | None:
        """A theorem's search graph, when it has one."""
        try:
            tree: dict[str, Any] = json.loads(self.tree_path(key).read_bytes())
        except (OSError, ValueError):
            return None
        return tree

    def tree_path(self, key: str) -> Path:
        """Where a theorem's search graph is kept; nothing of the theorem's name becomes part of the path."""
        return self.path / "trees" / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.json"

    def _rewrite_results(self) -> None:
        lines = [json.dumps(record, ensure_ascii=False) for record in self.known().values()]
        write_atomically(self.path / "results.jsonl", "".join(line + "\n" for line in lines))


def write_atomically(path: Path, text: str) -> None:
    """The whole file or nothing: a temporary file beside it, then a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[str]:
    for group in ("settings", "inputs"):
        for key in sorted(old[group].keys() | new[group].keys()):
            before, after = old[group].get(key), new[group].get(key)
            if before != after:
                yield f"{key}: {_short(before)} there, {_short(after)} now"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else text[:12] + "…"
