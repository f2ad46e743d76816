"""A policy made random by a seed, so that repeated runs of a deterministic search differ.

Each log-probability gets Gumbel noise of a given scale: taking the best of log p + G is drawing from p
(Gumbel 1954; the Gumbel-max trick), so at temperature 1 the order of the tactics is a sample of the policy's
own distribution without replacement. The noise is a function of seed, state and tactic: the same seed gives
the same run.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace

from prover.policy.base import View
from prover.prove.evaluator import ViewPolicy
from search.types import Proposal


@dataclass(frozen=True)
class NoisyPolicy:
    """A policy with Gumbel noise on its log-probabilities; temperature 0 leaves it as it is.

    The noised log-probabilities are shifted together so that the best of them stays the policy's best: what
    the search compares across states keeps its scale. It does not guarantee that they sum to one.
    """

    policy: ViewPolicy
    seed: int
    temperature: float

    def propose(self, view: View) -> list[Proposal]:
        """The policy's proposals with other log-probabilities, the likeliest first."""
        proposals = self.policy.propose(view)
        if self.temperature == 0 or not proposals:
            return proposals
        noised = [
            p.log_prob + self.temperature * gumbel(self.seed, view.pp, view.stage, p.tactic)
            for p in proposals
        ]
        shift = max(p.log_prob for p in proposals) - max(noised)
        changed = [replace(p, log_prob=min(0.0, n + shift)) for p, n in zip(proposals, noised, strict=True)]
        return sorted(changed, key=lambda p: -p.log_prob)


def gumbel(seed: int, *what: object) -> float:
    """A standard Gumbel number that is a function of its arguments."""
    text = "\0".join(map(str, (seed, *what))).encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    uniform = (bits + 0.5) / 2**64
    return -math.log(-math.log(min(uniform, 1 - 2**-53)))
