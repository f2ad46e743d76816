"""How a command is handed over to the background process (`prover.server.daemon`): the socket, and what is said over it.

    <runtime folder>/proofsmith-<uid>/      0700
        socket      the background process listens here
        lock        it holds this while it runs
        log         what it has to say

The client sends one JSON object, a length before it, with its three standard files beside it, and reads lines of JSON. The first
is `{"pid": n}`; the client answers with one byte, and only then the command begins, in that process. The last is `{"exit": n}`.
This module needs the standard library only: a client has to be quick.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prover import __version__

SOCKET, LOCK, LOG = "socket", "lock", "log"
GO = b"\n"
LENGTH = struct.Struct(">I")
LARGEST = 4 << 20
PACKAGES = Path(__file__).parents[2]
PARTS = ("prover", "search", "data")
DECIDING = ("PROOFSMITH_", "PYTHON", "HOME", "XDG_CACHE_HOME")
"""Environment variables that begin so decide what the background process has loaded and started."""


class Unusable(Exception):
    """There is no background process that could be asked."""


def folder() -> Path:
    """Where the socket is; need not exist."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp"
    return Path(runtime) / f"proofsmith-{os.getuid()}"


def identity() -> str:
    """Tells programs and settings apart: the code, file by file, the interpreter, and the variables in `DECIDING`."""
    found = hashlib.sha256(f"{__version__}\0{sys.executable}\0{PACKAGES}".encode())
    for path in sorted(path for part in PARTS for path in _files(os.fspath(PACKAGES / part))):
        found.update("\0".join(map(str, path)).encode("utf-8", "surrogateescape"))
    for name in sorted(name for name in os.environ if name.startswith(DECIDING)):
        found.update(f"\0{name}={os.environ[name]}".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def _files(at: str) -> Iterator[tuple[str, int, int]]:
    with os.scandir(at) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                facts = entry.stat()
                yield entry.path, facts.st_mtime_ns, facts.st_size


@contextmanager
def opened(place: Path) -> Iterator[int]:
    """A file descriptor of the folder of the socket, once it is sure that only this user can enter it; else Unusable."""
    try:
        at = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Unusable(f"{place}: {error.strerror}") from error
    try:
        facts = os.fstat(at)
        if facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise Unusable(f"{place} is not this user's alone (owner {facts.st_uid}, mode {stat.S_IMODE(facts.st_mode):o})")
        yield at
    finally:
        os.close(at)


def address(at: int) -> str:
    """The address of the socket in an open folder; the path of one may be too long for an address."""
    return f"/proc/self/fd/{at}/{SOCKET}"


def locked(at: int) -> int | None:
    """The lock in an open folder, as an open file that holds it; None when another process does."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=at)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def connected(place: Path, timeout_s: float) -> socket.socket:
    """A connection to the background process of this user; Unusable when there is none."""
    with opened(place) as at:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect(address(at))
            if (uid := peer(connection)) != os.getuid():
                raise Unusable(f"the process at {place} is user {uid}'s")
        except OSError as error:
            connection.close()
            raise Unusable(f"{place}: {error.strerror or error}") from error
        except Unusable:
            connection.close()
            raise
    return connection


def peer(connection: socket.socket) -> int:
    """The user at the other end."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def send(connection: socket.socket, message: dict[str, Any], files: Sequence[int] = ()) -> None:
    """Sends a request, with open files. Raises OSError."""
    data = json.dumps(message).encode()
    head = LENGTH.pack(len(data))
    sent = socket.send_fds(connection, [head], list(files)) if files else connection.send(head)
    if sent != LENGTH.size:
        raise OSError("the socket takes nothing")
    connection.sendall(data)


def receive(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A request, and the files that came with it. Raises OSError or ValueError."""
    head, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    try:
        length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else LARGEST + 1
        if length > LARGEST:
            raise ValueError("no request")
        data = b""
        while len(data) < length:
            more = connection.recv(length - len(data))
            if not more:
                raise ValueError("half a request")
            data += more
        message = json.loads(data)
        if not isinstance(message, dict):
            raise ValueError("no object")
    except BaseException:
        for file in files:
            os.close(file)
        raise
    return message, files


def tell(connection: socket.socket, message: dict[str, Any]) -> None:
    """Sends a line."""
    connection.sendall(json.dumps(message).encode() + b"\n")


def line(connection: socket.socket) -> dict[str, Any] | None:
    """The next line; None when the other end is gone. Raises OSError past the connection's timeout."""
    text = b""
    while not text.endswith(b"\n"):
        try:
            more = connection.recv(1)
        except ConnectionError:
            return None
        if not more:
            return None
        text += more
    found: dict[str, Any] = json.loads(text)
    return found
