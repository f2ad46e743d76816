"""The symbolic policy: good without any model. `prover.policy.neural.default` adds the one that ships, where it does."""

from __future__ import annotations

from dataclasses import replace

from prover.policy.base import Mixture, Proposer
from prover.policy.bounds import enumerated, factors
from prover.policy.calibration import shipped as shipped_counts
from prover.policy.cases import apply, congruence, take_apart
from prover.policy.closers import Closers
from prover.policy.induction import FunctionalInduction, Induction
from prover.policy.lemmas.proposer import Lemmas
from prover.policy.numbers import casts, divides, multiply_out, power_residues, powers, residues
from prover.policy.programs import Programs
from prover.policy.ranker import shipped as shipped_ranker
from prover.policy.retrieval import Kin, Relatives, Retrieved
from prover.policy.rewriting import OwnTheorems, definitions, deprecated, hypotheses, own_definitions, projections
from prover.policy.structure import build, equal, intro, splits, witness
from prover.policy.wrapped import unwrap

PROPOSERS: tuple[Proposer, ...] = (
    Closers(), intro, equal, build, witness, splits, take_apart, apply, congruence, Induction(),
    FunctionalInduction(), own_definitions, OwnTheorems(), hypotheses, residues, power_residues,
    enumerated, factors, divides, powers, multiply_out, casts, unwrap,
    definitions, deprecated, projections,
)  # fmt: skip

LEADERS = (Programs(), Lemmas(), OwnTheorems())
"""Theorems about a file's own recursive functions are theirs at first."""


def builtin_policy(premises: Kin | None = None, calibrated: bool = True) -> Mixture:
    """The mixture of all proposers that need no model.

    Args:
        premises: finds theorems of the library; None goes without retrieval.
        calibrated: use the ranker that ships, and for templates that it does not know the counts of data/calibration.json, where
            these are there; False leaves the proposers' guesses.
    """
    proposers = PROPOSERS if premises is None else (*PROPOSERS, Retrieved(premises), Relatives(premises))
    counts, ranker = (shipped_counts(), shipped_ranker()) if calibrated else (None, None)
    rates = counts if ranker is None else replace(ranker, otherwise=counts)
    return Mixture([(p, 1.0) for p in proposers], rates=rates, leaders=LEADERS)
