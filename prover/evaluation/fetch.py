"""Data sets named by a URL: fetched once and kept in the cache; the printed hash says which copy it was."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from prover.errors import DataError
from prover.lean.embedded.package import cache_dir

SCHEMES = ("https://", "file://")
TIMEOUT_S = 60.0
LEAN_DOJO = "4.20.0"
CLONE_TIMEOUT_S = 600.0
MAX_BYTES = 200_000_000


def local(source: str, fresh: bool = False) -> Path:
    """The source as a path: itself, or for a URL the copy in the cache.

    Args:
        source: a path, the URL of a .jsonl file, or the URL of a git repository.
        fresh: fetch anew even when there is a copy.

    Raises DataError when it cannot be fetched; an earlier copy is then still there.
    """
    if not source.startswith(SCHEMES):
        return Path(source)
    name = source.rstrip("/").rsplit("/", 1)[-1].removesuffix(".git") or "source"
    place = cache_dir() / "benchmarks" / "sources" / hashlib.sha256(source.encode()).hexdigest()[:12]
    target = place / name
    if target.exists() and not fresh:
        return target
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        unfinished = Path(folder) / name
        if name.endswith(".jsonl"):
            _download(source, unfinished)
        else:
            _clone(source, unfinished)
        if target.is_dir():
            shutil.rmtree(target)
        os.replace(unfinished, target)
    return target


def _download(url: str, target: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as reply:
            content: bytes = reply.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise DataError(
            f"cannot fetch {url}: {error}; fetch it yourself and give the file as --source"
        ) from error
    if len(content) > MAX_BYTES:
        raise DataError(f"{url} has more than {MAX_BYTES} bytes; that is no benchmark of this kind")
    target.write_bytes(content)


def _clone(url: str, target: Path) -> None:
    command = ["git", "clone", "--quiet", "--depth", "1", "--", url, str(target)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLONE_TIMEOUT_S,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(
            f"cannot clone {url}: {error}; clone it yourself and give the folder as --source"
        ) from error
    if done.returncode:
        said = " ".join(done.stderr.split())[:200] or f"git ended with {done.returncode}"
        raise DataError(f"cannot clone {url}: {said}; clone it yourself and give the folder as --source")


def leandojo_sources() -> Path:
    """lean-dojo's source distribution, which holds LeanDojo Benchmark 4; obtained through pip once.

    Raises DataError when pip does not give it.
    """
    place = cache_dir() / "benchmarks" / "sources"
    target = place / f"lean_dojo-{LEAN_DOJO}.tar.gz"
    if target.exists():
        return target
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", folder]
        done = subprocess.run([*command, f"lean-dojo=={LEAN_DOJO}"], capture_output=True, text=True, check=False)
        found = next(Path(folder).glob("lean_dojo-*.tar.gz"), None)
        if found is None:
            said = (done.stderr.strip().splitlines() or ["no file came"])[-1]
            raise DataError(f"pip does not give the source distribution of lean-dojo {LEAN_DOJO}: {said}")
        os.replace(found, target)
    return target
