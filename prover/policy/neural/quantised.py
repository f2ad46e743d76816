"""Weights as they ship: safetensors, every matrix as 8-bit integers with a 32-bit scale a row, vectors as they are.

A matrix `name` [rows, columns] is stored as `name` (int8) and `name.scale` (float32, [rows]); a weight is integer × scale of its
row, so that it is at most half a scale from what it was. The largest of a row is ±127 (symmetric, no zero point). With 16 bits a
matrix is stored as float16, which costs twice the room and changes next to nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prover.errors import PolicyError
from prover.policy.neural.llama import Array

FORMAT = "proofsmith-int8-1"
SCALE = ".scale"
BITS = (8, 16)
HALF_MAX = 65504.0
"""The largest number of float16."""


def quantised(weights: Mapping[str, Array], bits: int = 8) -> dict[str, Any]:
    """Arrays by name, as they are stored with 8 or 16 bits. Raises PolicyError for a weight that is not a number."""
    stored: dict[str, Any] = {}
    for name, matrix in weights.items():
        if not np.isfinite(matrix).all():
            raise PolicyError(f"the weights {name} are not all finite; the training went wrong")
        if matrix.ndim != 2:
            stored[name] = matrix.astype(np.float32)
            continue
        if bits == 16:
            if np.abs(matrix).max() > HALF_MAX:
                raise PolicyError(f"the weights {name} are too large for 16 bits; ship them with 8")
            stored[name] = matrix.astype(np.float16)
            continue
        scale = np.abs(matrix).max(1) / 127
        scale[scale == 0] = 1
        stored[name] = np.rint(matrix / scale[:, None]).astype(np.int8)
        stored[name + SCALE] = scale.astype(np.float32)
    return stored


def write(path: Path, weights: Mapping[str, Array], bits: int = 8) -> None:
    """Quantises and writes."""
    from safetensors.numpy import save_file

    save_file(quantised(weights, bits), path, metadata={"format": FORMAT if bits == 8 else "pt"})


def read(path: Path) -> dict[str, Array]:
    """The weights of a file as 32-bit floats, whether it is quantised or transformers'.

    Raises PolicyError when it is not there, damaged, or holds numbers that numpy has not (bfloat16).
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        stored = load_file(path)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        line = (str(error).splitlines() or [type(error).__name__])[0]
        raise PolicyError(f"the weights {path} cannot be read: {line}") from error
    weights: dict[str, Array] = {}
    for name, values in stored.items():
        if name.endswith(SCALE):
            continue
        if values.dtype == np.int8:
            scale = stored.get(name + SCALE)
            if scale is None or scale.shape != values.shape[:1]:
                raise PolicyError(f"the weights {path} cannot be read: {name} has no scale a row")
            weights[name] = values.astype(np.float32) * scale[:, None]
        else:
            weights[name] = values.astype(np.float32)
    return weights


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex. Raises PolicyError when it cannot be read."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise PolicyError(f"cannot read {path}: {error.strerror}") from error
