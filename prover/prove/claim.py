"""Whose folder it is: one process at a time works in a run's folder, and only on the run that the folder holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from prover.errors import ConfigError, DataError, StorageError

LOCK = ".lock"


@dataclass(frozen=True)
class Claim:
    """A claim on a folder for a run.

    Attributes:
        path: the folder.
        kind: what the run is called, "training run" for one.
        file: where its settings are kept, as JSON.
        ours: patterns of all that such a run writes there; `fresh` removes it.
    """

    path: Path
    kind: str = "run"
    file: str = "settings.json"
    ours: Sequence[str] = ()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder and keep other processes out of it.

        Raises ConfigError when another run is using it, StorageError when it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise ConfigError(f"{self.path} is not a folder; choose another with --out") from error
        except OSError as error:
            raise StorageError(f"cannot make the run folder {self.path}: {error.strerror}") from error
        if (self.path / LOCK).is_symlink():
            raise ConfigError(f"{self.path / LOCK} is a symbolic link; remove it, or choose another folder with --out")
        lock = filelock.FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            raise ConfigError(
                f"another run is using {self.path}; wait for it to end, or choose another folder with --out"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def begin(self, settings: Mapping[str, Any], fresh: bool = False) -> None:
        """Note the settings in an empty folder, or make sure that the run in it has the same.

        Raises ConfigError when the folder holds something else, DataError when its settings cannot be read.
        """
        if fresh:
            self._forget()
        known = self.settings()
        if known is not None:
            self.compare(known, json.loads(json.dumps(settings)))
        elif self.path.exists() and any(p.name != LOCK for p in self.path.iterdir()):
            raise ConfigError(f"{self.path} is not empty and holds no {self.kind}; choose another folder with --out")
        else:
            from prover.prove.folder import json_text, write_atomically

            write_atomically(self.path / self.file, json_text(settings, indent=2) + "\n")

    def settings(self) -> dict[str, Any] | None:
        """The settings of the run in the folder; None when it has none. Raises DataError when they cannot be read."""
        path = self.path / self.file
        if not path.exists():
            return None
        try:
            known = json.loads(path.read_text("utf-8"))
            if not isinstance(known, dict):
                raise ValueError("it is no JSON object")
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is damaged ({error}); choose another --out, or begin anew with --fresh") from error
        return known

    def compare(self, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
        """Raise ConfigError that names what differs between two settings."""
        changed = list(differences(known, wanted))
        if changed:
            raise ConfigError(
                f"{self.path} holds a {self.kind} of other settings or inputs ({', '.join(changed)}); choose another folder "
                "with --out, or begin anew with --fresh"
            )

    def _forget(self) -> None:
        for path in (path for pattern in (self.file, *self.ours) for path in self.path.glob(pattern)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What differs, for people: `search.timeout_s: 60 there, 10 now`."""
    there, now = dict(_flat(old)), dict(_flat(new))
    for key in sorted(there.keys() | now.keys()):
        if there.get(key, "nothing") != now.get(key, "nothing"):
            yield f"{key}: {_short(there.get(key, 'nothing'))} there, {_short(now.get(key, 'nothing'))} now"


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 20 else text[:12] + "…"
