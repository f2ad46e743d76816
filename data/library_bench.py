"""A benchmark made of a library's own theorems: which there are, on which side of a split, in which file.

Each theorem is to be proved with nothing but the modules that its own module imports, so that it cannot be
looked up. Splits go by a hash of the family, not of the name: near-duplicates, of other types too, are on one
side.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

SPLITS = ("train", "valid", "test")
DIGITS = re.compile(r"[0-9₀-₉]+")
VARIANT = re.compile(r"(?:'|_#|#|_(?:left|right|iff|self|of|eq|comm|symm|mp|mpr|aux|lemma)|[!?])$")


@dataclass(frozen=True)
class Theorem:
    """A theorem of the library: its module, what the module imports, its signature as text (without
    `theorem`)."""

    name: str
    module: str
    imports: tuple[str, ...]
    signature: str

    @property
    def lean(self) -> str:
        """A file of its own that imports what the theorem's module imports."""
        return "\n".join(
            [
                "prelude",
                *(f"import {m}" for m in self.imports),
                "",
                "set_option autoImplicit false",
                "",
                f"theorem {self.signature} := by",
                "  sorry",
                "",
            ]
        )

    @property
    def area(self) -> str:
        """The first two components of the module's name; three below `Data`."""
        parts = self.module.split(".")
        return ".".join(parts[: 3 if parts[1:2] == ["Data"] else 2])


def family(name: str) -> str:
    """What near-duplicates share: the last component, numbers made alike, without marks of variants.

    `Nat.add_le_add_left'` and `Int.add_le_add_right` are one family, `UInt8.toInt_ofNat` and
    `UInt16.toInt_ofNat` too.
    """
    last = DIGITS.sub("#", name.rsplit(".", 1)[-1])
    while (shorter := VARIANT.sub("", last)) and shorter != last:
        last = shorter
    return last


def split_of(name: str) -> str:
    """train (80 of 100), valid (10) or test (10), by the hash of the family."""
    place = int(hashlib.sha256(family(name).encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % 100
    return SPLITS[0] if place < 80 else SPLITS[1] if place < 90 else SPLITS[2]


def in_hash_order(names: Iterable[str]) -> list[str]:
    """The names in an order that has nothing to do with the library's: a prefix of it is a fixed sample."""
    return sorted(names, key=lambda n: (hashlib.sha256(n.encode("utf-8", "surrogatepass")).hexdigest(), n))


def dump(theorems: Sequence[Theorem]) -> str:
    """JSON lines."""
    return "".join(json.dumps(asdict(t), ensure_ascii=False) + "\n" for t in theorems)


def load(text: str) -> list[Theorem]:
    """What `dump` wrote. Raises ValueError for anything else."""
    try:
        records = [json.loads(line) for line in text.split("\n") if line]
        return [Theorem(r["name"], r["module"], tuple(r["imports"]), r["signature"]) for r in records]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a library benchmark: {error!r}") from error
