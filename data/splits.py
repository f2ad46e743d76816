"""Which side of the fence a theorem is on: training, validation or test. Fixed for ever.

The side is a hash of the theorem's family (`data.library_bench.family`: the last part of its name without
numbers, primes and usual endings), so that `UInt8.toNat_add` and `UInt16.toNat_add` are never on different
sides; 80 % train, 10 % valid, 10 % test. It is the split of the library benchmark: a mutant has its root's
side, and nothing that comes from a held-out theorem reaches training data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data.library_bench import SPLITS, family, split_of

__all__ = ["SPLITS", "TRAIN", "family", "side_of", "split_of"]

TRAIN = "train"


def side_of(record: Mapping[str, Any]) -> str:
    """The side of a result: the held-out one that its data set names (miniF2F's test statements, say), else that of its name."""
    named = record.get("split")
    return str(named) if named in SPLITS and named != TRAIN else split_of(str(record["name"]))
