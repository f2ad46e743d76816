"""Which side of the fence a theorem is on: training, validation or test. Fixed for ever.

The side is a hash of the theorem's family (`data.library_bench.family`: the last part of its name without
numbers, primes and usual endings), so that `UInt8.toNat_add` and `UInt16.toNat_add` are never on different
sides; 80 % train, 10 % valid, 10 % test. It is the split of the library benchmark: a mutant has its root's
side, and nothing that comes from a held-out theorem reaches training data.
"""

from __future__ import annotations

from data.library_bench import SPLITS, family, split_of

__all__ = ["SPLITS", "TRAIN", "family", "split_of"]

TRAIN = "train"
