"""What a result depends on besides its data: the program's own code, and the machine."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
from pathlib import Path

import psutil

CODE = (
    "prover/lean",
    "prover/policy",
    "prover/prove/theorem.py",
    "prover/prove/environment.py",
    "prover/audit/auditor.py",
    "prover/prove/batch.py",
    "prover/prove/item.py",
    "prover/prove/script.py",
    "prover/prove/environment.py",
    "prover/prove/script.py",
    "search",
    "data/calibration.json",
)
"""What decides an outcome. Results of different code are not mixed in one run folder."""


@functools.cache
def code_sha256() -> str:
    """Hash, when first asked for, of the program's parts that decide an outcome."""
    root = Path(__file__).resolve().parents[2]
    whole = hashlib.sha256()
    for part in CODE:
        path = root / part
        found = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in found:
            if "__pycache__" not in file.parts and not file.name.startswith("."):
                content = file.read_bytes()
                whole.update(f"{file.relative_to(root).as_posix()}\0{len(content)}\0".encode() + content)
    return whole.hexdigest()[:16]


def hardware() -> str:
    """Processor, cores and memory of this machine."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        model = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model
        )
    except OSError:
        pass  # not Linux
    memory = psutil.virtual_memory().total / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"
