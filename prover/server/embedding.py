"""A text as a vector of numbers, without a model: for LeanCopilot's `/encode`.

Words and pairs of neighbouring words are hashed to one of DIMENSIONS places with a sign; the sum has length 1. Texts that share
words are near each other. It is deterministic and the same everywhere.

Not guaranteed: that it knows what words mean. It must not be compared with vectors of another encoder, LeanCopilot's own premise
embeddings among them, though it has as many dimensions (those of ByT5 small): encode the premises with it, too.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re

DIMENSIONS = 1472
WORD = re.compile(r"[^\W_]+|[^\w\s]")


def encode(text: str) -> list[float]:
    """The vector of a text; all zeros when it has no words."""
    words = WORD.findall(text)
    vector = [0.0] * DIMENSIONS
    for feature in [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]:
        digest = int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
        vector[digest % DIMENSIONS] += 1.0 if digest >> 63 else -1.0
    length = math.sqrt(sum(x * x for x in vector))
    return [x / length for x in vector] if length else vector
