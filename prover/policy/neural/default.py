"""The policy that is used when none is asked for: the symbolic proposers and, where one ships, the default model beside them.

The model is a folder, `prover/policy/model` or what the variable PROOFSMITH_MODEL names (empty: none), as
`python -m prover.training.ship` writes it. It runs in this process on numpy alone (`prover.policy.neural.light`).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from prover.errors import PolicyError
from prover.policy.base import Mixture
from prover.policy.builtin import builtin_policy
from prover.policy.names import LibraryNames
from prover.policy.neural.generator import Sampling
from prover.policy.neural.light import WEIGHTS, LightGenerator
from prover.policy.neural.presets import OWN_MARK, PRESETS
from prover.policy.neural.proposer import NeuralProposer
from prover.policy.neural.quantised import sha256_of
from prover.policy.retrieval import Kin
from prover.policy.scale import Scale, read

MODEL_VARIABLE = "PROOFSMITH_MODEL"
MIXTURE = "mixture.json"
SAMPLES = 16
MAX_TOKENS = 32
WIDEN = 3
FIRST_STAGE = 1
"""A state's first visit is for what costs milliseconds; the model's tenth of a second is spent on what that did not close."""


@dataclass(frozen=True)
class LightModel:
    """A model ready to propose, and what identifies it."""

    generator: LightGenerator
    sha256: str
    max_tokens: int
    scale: Scale

    def proposer(
        self, samples: int = SAMPLES, temperature: float = 0.0, max_tokens: int | None = None, seed: int = 0,
        first_stage: int = FIRST_STAGE, names: LibraryNames | None = None,
    ) -> NeuralProposer:  # fmt: skip
        """The proposer that asks it, in the format that it was trained in, held to the library's names where they are known."""
        preset = replace(PRESETS["proofsmith"], max_tokens=max_tokens or self.max_tokens)
        sampling = Sampling(samples, temperature, preset.max_tokens, preset.stop, seed)
        return NeuralProposer(self.generator, preset, sampling, first_stage=first_stage, names=names, widen=WIDEN)


def model_folder() -> Path | None:
    """The folder of the default model; None where no weights are there. The variable's folder is returned unseen."""
    named = os.environ.get(MODEL_VARIABLE)
    if named is not None:
        return Path(named) if named.strip() else None
    folder = Path(str(resources.files("prover.policy") / "model"))
    return folder if (folder / WEIGHTS).is_file() else None


def load(folder: Path) -> LightModel:
    """A model of the light runtime; the same one again for the same folder. Raises PolicyError when it cannot be used."""
    try:
        changed = (folder / WEIGHTS).stat().st_mtime_ns
    except OSError:
        changed = 0
    return _load(folder.absolute(), changed)


@lru_cache(maxsize=2)
def _load(folder: Path, changed: int) -> LightModel:
    generator = LightGenerator(folder)
    sha256 = sha256_of(folder / WEIGHTS)
    return LightModel(generator, sha256, _max_tokens(folder), read(folder / MIXTURE, sha256))


def _max_tokens(folder: Path) -> int:
    try:
        about: Any = json.loads((folder / OWN_MARK).read_text("utf-8"))
        tokens = int(about.get("light", {}).get("max_tokens", MAX_TOKENS))
    except FileNotFoundError:
        return MAX_TOKENS
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise PolicyError(f"{folder / OWN_MARK} is damaged: {error}") from error
    if tokens < 1:
        raise PolicyError(f"{folder / OWN_MARK} says max_tokens {tokens}; it must be at least 1")
    return tokens


class Library(Kin, LibraryNames, Protocol):
    """The library's theorems, found by goal and by name, and all its names; `PremiseIndex` and `LazyPremises` are two."""


def default_policy(premises: Library | None = None, model: bool = True, first_stage: int = FIRST_STAGE) -> Mixture:
    """The symbolic proposers, and the default model beside them where there is one.

    Args:
        premises: finds theorems of the library, and knows its names; None goes without retrieval.
        model: False leaves the model out.
        first_stage: when it is asked; 0 where a state is looked at once and no more.

    Raises:
        PolicyError: there is a model, and it cannot be used.
    """
    folder = model_folder() if model else None
    if folder is None:
        return builtin_policy(premises)
    found = load(folder)
    return with_model(builtin_policy(premises), found, found.proposer(first_stage=first_stage, names=premises))


def with_model(
    policy: Mixture, model: LightModel, proposer: NeuralProposer | None = None, weight: float = 1.0, alone: bool = False
) -> Mixture:
    """A policy with a model as one more member, its log-probabilities scaled as was fitted for it."""
    joined = proposer or model.proposer()
    members = () if alone else tuple(policy.members)
    return replace(
        policy,
        members=[*members, (joined, weight)],
        leaders=() if alone else policy.leaders,
        scales={**policy.scales, joined.name: model.scale},
    )
