"""A run's folder: what was asked, what is known, and the guarantee that neither is lost or doubled.

    <out>/journal.sqlite    settings, inputs, one row a finished theorem (SQLite, write-ahead log); the truth. Beside them notes:
                            goals proved on the way, the time that open theorems have had
    <out>/results.jsonl     the same results as lines, appended as they come; made anew from the journal on resuming
    <out>/trees/*.json      search graphs, named after the theorem's place in the run
    <out>/.lock             held while a run is under way

A row is committed before its line is written, so whatever kills the process, the next run goes on from the rows. Rows carry
a checksum, and a line whose row is missing shows that the journal lost something: a damaged journal is refused, not misread.
Symbolic links in the folder are refused: following one would write outside it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

from prover.errors import ConfigError, DataError, StorageError
from prover.prove.claim import Claim

SCHEMA = 2
APPLICATION = 0x50_52_53_4D
"""SQLite's application id: tells our databases from those of other programs."""
JOURNAL = ("journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm")
OURS = (*JOURNAL, ".lock", "results.jsonl", "trees", "proofs")
TABLES = (
    "CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE result (id TEXT PRIMARY KEY, record TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
)
NOTES = (
    "CREATE TABLE IF NOT EXISTS note (kind TEXT, key TEXT, value TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (kind, key)) "
    "STRICT"
)


class RunFolder:
    """An open run folder; use as a context manager.

    Args:
        path: made when it is not there.
        settings: what decides the outcome; a folder with results of others is refused.
        inputs: name of each input → SHA-256 of its text; likewise.
        fresh: throw away what the folder holds of an earlier run.

    Raises:
        ConfigError: another run is using the folder; it belongs to a run of other settings or inputs, or of another version;
            its journal is damaged.
        StorageError: it cannot be written to.
    """

    def __init__(
        self, path: Path, settings: Mapping[str, Any], inputs: Mapping[str, str], fresh: bool = False
    ) -> None:
        self.path = path
        self._settings = {"settings": dict(settings), "inputs": dict(inputs)}
        self._fresh = fresh
        self._claim = Claim(path)

    def __enter__(self) -> RunFolder:
        with ExitStack() as held:
            held.enter_context(self._claim.held())
            self._refuse_links()
            self._open()
            self._held = held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a copy of the journal; written anew next time
            self._results.close()
        self._db.close()
        self._held.close()

    def _refuse_links(self) -> None:
        for name in OURS:
            if (self.path / name).is_symlink():
                raise ConfigError(
                    f"{self.path / name} is a symbolic link, and what is written there would land elsewhere; remove it, "
                    "or choose another folder with --out"
                )

    def _open(self) -> None:
        database = self.path / JOURNAL[0]
        if self._fresh:
            for name in (*JOURNAL, "results.jsonl", "summary.json", "report.html"):
                (self.path / name).unlink(missing_ok=True)
            for tree in (self.path / "trees").glob("*.json"):
                tree.unlink()
        try:
            self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(database)
                self._rewrite_results()
            except BaseException:
                self._db.close()
                raise
        except sqlite3.OperationalError as error:
            raise StorageError(f"cannot write to {database}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise _damaged(database, str(error)) from error
        self._results = (self.path / "results.jsonl").open("a", encoding="utf-8")

    def _prepare(self, database: Path) -> None:
        """Makes the tables, or makes sure that they are ours and whole."""
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_schema")}
        if tables and application != APPLICATION and "result" not in tables:
            raise ConfigError(f"{database} belongs to another program; choose another folder with --out")
        if (tables or version) and (application, version) != (APPLICATION, SCHEMA):
            raise ConfigError(
                f"{database} was written by another version of proofsmith (format {version}, this one knows "
                f"{SCHEMA}); choose another folder with --out, or begin anew with --fresh"
            )
        if tables:
            whole = self._db.execute("PRAGMA quick_check").fetchone()[0]
            if whole != "ok":
                raise _damaged(database, whole)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("BEGIN IMMEDIATE")  # all or nothing: a half-made journal would be taken for a foreign one
        if not tables:
            for table in TABLES:
                self._db.execute(table)
            self._db.execute(f"PRAGMA application_id = {APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {SCHEMA}")
            self._db.execute("INSERT INTO run VALUES ('asked', ?)", (json.dumps(self._settings, sort_keys=True),))
        self._db.execute(NOTES)
        self._same_run(database)
        self._db.execute("COMMIT")

    def _same_run(self, database: Path) -> None:
        wanted = json.dumps(self._settings, sort_keys=True)
        row = self._db.execute("SELECT value FROM run WHERE key = 'asked'").fetchone()
        if row is not None and row[0] == wanted:
            return
        try:
            asked = json.loads(row[0])
            there = {**asked["settings"], **asked["inputs"]}
        except (TypeError, ValueError, KeyError) as error:
            raise _damaged(database, "the settings cannot be read") from error
        if self._db.execute("SELECT count(*) FROM result").fetchone()[0] == 0:  # ended before its first result: nothing is lost
            self._db.execute("UPDATE run SET value = ? WHERE key = 'asked'", (wanted,))
            self._db.execute("DELETE FROM note")
            return
        now = json.loads(wanted)
        self._claim.compare(there, {**now["settings"], **now["inputs"]})

    def known(self) -> dict[str, dict[str, Any]]:
        """The results so far, by id, in the order in which they came."""
        known: dict[str, dict[str, Any]] = {}
        for key, record, checksum in self._db.execute("SELECT id, record, checksum FROM result ORDER BY rowid"):
            if checksum != _checksum(key, record):
                raise _damaged(self.path / JOURNAL[0], f"the result of {key} is not as it was written")
            known[key] = json.loads(record)
        return known

    def add(self, key: str, record: Mapping[str, Any], tree: Mapping[str, Any] | None = None) -> None:
        """Notes a finished theorem: tree, row, line, in this order. Raises StorageError when the disk is full."""
        text = json_text(record)
        try:
            if tree is not None:
                write_atomically(self.tree_path(key), json_text(tree))
            self._db.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?)", (key, text, _checksum(key, text)))
            self._results.write(text + "\n")
            self._results.flush()
        except (OSError, sqlite3.OperationalError) as error:
            raise StorageError(
                f"cannot write to {self.path}: {getattr(error, 'strerror', None) or error}. What was noted before is kept; "
                "the same command goes on from there"
            ) from error

    def notes(self) -> dict[tuple[str, str], Any]:
        """What was noted besides the results, by kind and key."""
        found: dict[tuple[str, str], Any] = {}
        for kind, key, value, checksum in self._db.execute("SELECT kind, key, value, checksum FROM note ORDER BY rowid"):
            if checksum != _checksum(f"{kind} {key}", value):
                raise _damaged(self.path / JOURNAL[0], f"the {kind} of {key} is not as it was noted")
            found[kind, key] = json.loads(value)
        return found

    def note(self, notes: Iterable[tuple[str, str, Any]]) -> None:
        """Note kind, key and value of what helps to go on, all or none. Raises StorageError when the disk is full."""
        rows = [(kind, key, text := json_text(value), _checksum(f"{kind} {key}", text)) for kind, key, value in notes]
        if not rows:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO note VALUES (?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("ROLLBACK")
            raise StorageError(f"cannot write to {self.path}: {error}. What was noted before is kept") from error

    def tree(self, key: str) -> dict[str, Any] | None:
        """A theorem's search graph, when it has one."""
        try:
            tree: dict[str, Any] = json.loads(self.tree_path(key).read_bytes())
        except (OSError, ValueError):
            return None
        return tree

    def tree_path(self, key: str) -> Path:
        """Where a theorem's search graph is kept; nothing of the theorem's name becomes part of the path."""
        return tree_path(self.path, key)

    def _rewrite_results(self) -> None:
        known = self.known()
        lost = sorted(_ids_of_lines(self.path / "results.jsonl") - known.keys())
        if lost:
            raise _damaged(self.path / JOURNAL[0], f"results.jsonl has {len(lost)} results that it has not, {lost[0]} for one")
        write_atomically(self.path / "results.jsonl", "".join(json_text(record) + "\n" for record in known.values()))


def tree_path(folder: Path, key: str) -> Path:
    """The file of a theorem's search graph in a run's folder."""
    return folder / "trees" / f"{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.json"


def tree_path_of(folder: Path, record: Mapping[str, Any]) -> Path:
    """The file of a record's search graph; of several runs of `eval`, that of the run which counts."""
    return tree_path(folder / f"run-{record['run']}" if "run" in record else folder, record["id"])


def json_text(value: object, indent: int | None = None) -> str:
    """JSON, on one line without `indent`; readable, but for what UTF-8 cannot express."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    unspeakable = not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)
    return json.dumps(value, indent=indent) if unspeakable else text


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file of JSON lines, with the numbers of their lines. Raises DataError that names the line."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    record = json.loads(line)
                except ValueError as error:
                    raise DataError(f"{path}:{number} is not JSON: {error}") from error
                if not isinstance(record, dict):
                    raise DataError(f"{path}:{number} is not a JSON object")
                yield number, record
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text") from error


def write_below(folder: Path, name: str, text: str) -> Path:
    """Writes `folder/name`, atomically, and nowhere else. Raises ConfigError for a name or link that leads out of it."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute():
        raise ConfigError(f"{name!r} does not name a file below {folder}")
    for depth in range(len(parts)):
        if (at := folder.joinpath(*parts[:depth])).is_symlink():
            raise ConfigError(f"{at} is a symbolic link, and what is written there would land elsewhere; remove it")
    path = folder.joinpath(*parts)
    write_atomically(path, text)
    return path


def write_atomically(path: Path, text: str) -> None:
    """The whole file or nothing: a temporary file beside it, then a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error  # a full disk does not say where
        raise


def _checksum(key: str, record: str) -> str:
    return hashlib.sha256(f"{key}\0{record}".encode()).hexdigest()[:16]


def _ids_of_lines(path: Path) -> set[str]:
    """The ids in a file of results; a half-written line has none."""
    ids = set()
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    ids.add(str(json.loads(line)["id"]))
    except FileNotFoundError:
        pass
    return ids


def _damaged(database: Path, why: str) -> ConfigError:
    said = " ".join(why.replace("*** in database main ***", "").split())[:120]
    return ConfigError(
        f"{database} is damaged or not a journal of proofsmith ({said}); choose another folder, or begin anew with --fresh"
    )
