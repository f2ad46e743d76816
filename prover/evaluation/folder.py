"""The folder of an evaluation: whose it is, and reading what a finished one holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from prover.errors import ConfigError, DataError
from prover.evaluation.datasets import DataSet
from prover.prove.folder import RunFolder

FORMAT = "proofsmith-eval 1"


def check_folder(out: Path, dataset: DataSet, fresh: bool) -> None:
    """Raises ConfigError when the folder belongs to something else, before anything is written to it.

    `--fresh` replaces an earlier evaluation of the same benchmark only.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise ConfigError(f"{out} is not a folder; choose another with --out")
    if (out / "summary.json").is_file():
        earlier = read_summary(out)
        if earlier.get("benchmark") != dataset.title or earlier.get("split") != dataset.split:
            raise ConfigError(
                f"{out} holds a run of {earlier.get('title') or 'something else'}, not of {dataset.label}; "
                "choose another folder with --out"
            )
        if not fresh and earlier.get("sample_sha256") != dataset.sample_sha256:
            raise ConfigError(
                f"{out} holds a run of another copy or sample of {dataset.label}; "
                "choose another folder with --out, or begin anew with --fresh"
            )
    elif any(out.iterdir()) and not (out / "journal.sqlite").exists():
        raise ConfigError(f"{out} is not empty and holds no run; choose another folder with --out")


def forget(out: Path) -> None:
    """Removes what an earlier evaluation left, so that no page of it stands beside a half of the new one."""
    for name in ("summary.json", "eval.html", "report.html"):
        (out / name).unlink(missing_ok=True)
    for name in ("proofs", "trees"):
        shutil.rmtree(out / name, ignore_errors=True)


def read_summary(folder: Path) -> dict[str, Any]:
    """A run folder's summary. Raises DataError when it has none that can be read."""
    path = folder / "summary.json"
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise DataError(
            f"{folder} is not the folder of a finished run: cannot read {path.name} ({error.strerror})"
        ) from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} is not a run's summary")
    return found


def read_results(folder: Path) -> list[dict[str, Any]]:
    """A run folder's records. Raises DataError when they cannot be read, or lack a field."""
    path = folder / "results.jsonl"
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError("not an object")
            for key in ("id", "name", "status"):
                if not isinstance(record.get(key), str):
                    raise ValueError(f"{key} is missing")
        except ValueError as error:
            raise DataError(f"{path}:{number} is not a result: {error}") from error
        records.append(record)
    return records


def tree_of(out: Path, runs: int, record: dict[str, Any], folder: RunFolder) -> dict[str, Any] | None:
    """The searched tree of a record, of several runs that which the record names; None when it cannot be read."""
    path = folder.tree_path(record["id"])
    if runs > 1:
        path = out / f"run-{record['run']}" / path.relative_to(out)
    try:
        tree: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return tree
