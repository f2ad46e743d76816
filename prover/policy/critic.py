"""The learned critic at run time: how hopeful a tactic state is, from its text, in a fraction of a millisecond.

A state becomes a set of hashed features: words, pairs and triples of words of the goal and of the hypotheses' types, names of
variables made alike, and a few numbers in classes (stage, tactics before it, goals, hypotheses, lengths, head of the goal). A
softmax over them says how many tactics the smallest proof below the state has, in classes, or that none is found; the value is
the mean of WORTH ** (tactics − 1), 0 for none. Polu et al. 2022 (arXiv:2202.01344) train for classes of proof sizes, too;
counting each further tactic as a constant factor is ours.

Made by `proofsmith critic` (`prover.training.critic`), kept as `critic.safetensors`, evaluated with numpy alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prover.errors import PolicyError

FILE = "critic.safetensors"
FORMAT = "proofsmith-critic 1"
MARK = "critic"
BUCKETS = 1 << 14
SIZES = (1.0, 2.0, 3.5, 6.0)
"""What a class of proof sizes stands for: 1, 2, 3 to 4, 5 and more tactics. One more class: no proof was found."""
CLASSES = len(SIZES) + 1
WORTH = 0.9
"""The value of a state with a proof of n tactics is WORTH ** (n - 1)."""
LONGEST = 4000
"""Characters of a state that are looked at."""
WORD = re.compile(r"[^\W\d][\w.!?'₀-₉«»✝]*|\d+|[^\w\s]")
LENGTHS = (1, 2, 3, 5, 8, 12, 20, 35, 60, 120)

Floats = NDArray[np.float32]


def size_class(tactics: float | None) -> int:
    """The class of a proof of so many tactics; the last one for None, no proof."""
    if tactics is None:
        return CLASSES - 1
    return 0 if tactics <= 1 else 1 if tactics <= 2 else 2 if tactics <= 4 else 3


def features(text: str, depth: int, stage: int) -> tuple[NDArray[np.int32], Floats]:
    """A state's features: places below BUCKETS, and weights.

    Args:
        text: the state as Lean prints it, goals parted by an empty line.
        depth: tactics before it.
        stage: how often it was put back for harder attempts.
    """
    goals = [g for g in text[:LONGEST].split("\n\n") if g.strip()]
    first, _, target = goals[0].rpartition("⊢") if goals else ("", "", "")
    names: set[str] = set()
    types: list[str] = []
    for line in first.splitlines():
        left, colon, right = line.partition(" : ")
        if colon and not line.startswith((" ", "case ")):
            names.update(left.split())
            types.append(right)
        else:
            types.append("" if line.startswith("case ") else line)
    goal = _words(target, names)
    given = [_words(t, names) for t in types]
    grams = set(_grams("⊢", goal, 3))
    for words in given:
        grams.update(_grams(":", words, 2))
    shape = {
        f"#stage {stage}",
        f"#depth {min(depth, 8)}",
        f"#goals {min(len(goals), 4)}",
        f"#hypotheses {_step(len(types))}",
        f"#goal length {_step(len(goal))}",
        f"#length {_step(len(goal) + sum(map(len, given)))}",
        f"#numerals {min(3, sum(w.isdigit() for w in goal))}",
        f"#head {goal[0] if goal else ''}",
        f"#same {len(goal) > 2 and any(words == goal for words in given)}",
        f"#stage {stage} goal length {_step(len(goal))}",
    }
    order = [*sorted(grams), *sorted(shape)]
    places = np.fromiter((zlib.crc32(f.encode("utf-8", "replace")) % BUCKETS for f in order), np.int32, len(order))
    weights = np.full(len(order), 1 / max(1.0, len(grams)) ** 0.5, np.float32)
    weights[len(grams) :] = 0.5
    return places, weights


def _words(text: str, names: set[str]) -> list[str]:
    """The words of a text; a variable of the context is only a variable."""
    words = []
    for word in WORD.findall(text):
        first, dot, field_ = word.partition(".")
        words.append(f"_{dot}{field_}" if first in names else word)
    return words


def _grams(mark: str, words: Sequence[str], longest: int) -> Iterable[str]:
    for n in range(1, longest + 1):
        for at in range(len(words) - n + 1):
            yield f"{mark}{' '.join(words[at : at + n])}"


def _step(number: int) -> int:
    return sum(number >= bound for bound in LENGTHS)


@dataclass(frozen=True)
class Guess:
    """What the critic thinks: the chance that a proof is found, and the tactics of the smallest one if so."""

    proved: float
    tactics: float
    value: float


@dataclass(frozen=True, eq=False)
class StateCritic:
    """A critic with its weights. Safe to ask from many threads.

    Args:
        weights: [BUCKETS, CLASSES].
        bias: [CLASSES].
        sha256: of the file, for run folders.
        about: what it was trained on and how well it does.
    """

    weights: Floats
    bias: Floats
    sha256: str = ""
    about: dict[str, Any] = field(default_factory=dict)

    def value(self, text: str, depth: int, stage: int) -> float:
        """In [0, 1]; higher is more hopeful. Arguments as for `features`."""
        return self.guess(text, depth, stage).value

    def guess(self, text: str, depth: int, stage: int) -> Guess:
        """All that is thought about a state."""
        places, weights = features(text, depth, stage)
        return guess_of(weights @ self.weights[places] + self.bias)


def guess_of(scores: Floats) -> Guess:
    """What scores mean, [CLASSES]."""
    chances = np.exp(scores.astype(np.float64) - float(scores.max()))
    chances /= chances.sum()
    sizes = np.asarray(SIZES)
    found = float(chances[:-1].sum())
    tactics = float(chances[:-1] @ sizes / found) if found > 0 else SIZES[-1]
    return Guess(found, tactics, min(1.0, float(chances[:-1] @ WORTH ** (sizes - 1))))


def save(folder: Path, weights: Floats, bias: Floats, about: dict[str, Any]) -> Path:
    """Writes a critic, whole or not at all."""
    from safetensors.numpy import save as to_bytes

    path = folder / FILE
    folder.mkdir(parents=True, exist_ok=True)
    # One entry: safetensors writes several in an order of chance, and equal critics are to have equal hashes.
    metadata = {MARK: json.dumps({"format": FORMAT, "about": about}, ensure_ascii=False)}
    content = to_bytes({"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}, metadata)
    scratch = path.with_suffix(".unfinished")
    scratch.write_bytes(content)
    scratch.replace(path)
    return path


def load(folder: Path) -> StateCritic:
    """The critic in a folder of `proofsmith critic`, or in its file. Raises PolicyError when there is none that can be used."""
    import safetensors
    from safetensors.numpy import load as from_bytes

    path = folder / FILE if folder.is_dir() else folder
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"there is no critic at {folder} ({error.strerror}); give a folder that `proofsmith critic` wrote"
        ) from error
    try:
        tensors = from_bytes(content)
        metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")]).get("__metadata__", {})
        said = json.loads(metadata.get(MARK, "{}"))
        form, about = said.get("format"), said.get("about", {})
    except (safetensors.SafetensorError, ValueError, KeyError, AttributeError) as error:
        raise PolicyError(f"{path} cannot be read as a critic ({error}); make it anew with `proofsmith critic`") from error
    if form != FORMAT:
        raise PolicyError(f"{path} has format {form!r}; this version reads {FORMAT!r}: train the critic anew")
    weights, bias = tensors.get("weights"), tensors.get("bias")
    if weights is None or bias is None or weights.shape != (BUCKETS, CLASSES) or bias.shape != (CLASSES,):
        raise PolicyError(f"{path} holds other weights than a critic has; make it anew with `proofsmith critic`")
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise PolicyError(f"{path} holds weights that are no numbers; make it anew with `proofsmith critic`")
    return StateCritic(weights, bias, hashlib.sha256(content).hexdigest(), about)
