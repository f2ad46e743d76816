"""The symbolic policy: good without any model. `prover.policy.neural.default` adds the one that ships, where it does."""

from __future__ import annotations

from prover.policy.base import Mixture, Proposer
from prover.policy.bounds import enumerated, factors
from prover.policy.calibration import shipped
from prover.policy.cases import apply, congruence, take_apart
from prover.policy.closers import Closers
from prover.policy.definitions import Definitions, Projections
from prover.policy.induction import FunctionalInduction, Induction
from prover.policy.lemmas.proposer import Lemmas
from prover.policy.numbers import casts, divides, multiply_out, power_residues, powers, residues
from prover.policy.programs import Programs
from prover.policy.relatives import Kin, Relatives
from prover.policy.retrieval import Retrieved
from prover.policy.rewriting import Hypotheses, OwnDefinitions, OwnTheorems
from prover.policy.structure import build, intro, splits, witness
from prover.policy.wrapped import Unwrap

PROPOSERS: tuple[Proposer, ...] = (
    Closers(), intro, build, witness, splits, take_apart, apply, congruence, Induction(),
    FunctionalInduction(), OwnDefinitions(), OwnTheorems(), Hypotheses(), residues, power_residues,
    enumerated, factors, divides, powers, multiply_out, casts, Unwrap(),
    Definitions(), Projections(),
)  # fmt: skip

LEADERS = (Programs(), Lemmas())
"""Theorems about a file's own recursive functions are theirs at first."""


def builtin_policy(premises: Kin | None = None, calibrated: bool = True) -> Mixture:
    """The mixture of all proposers that need no model.

    Args:
        premises: finds theorems of the library; None goes without retrieval.
        calibrated: use the counts of data/calibration.json, if they are there; False leaves the proposers' guesses.
    """
    proposers = PROPOSERS if premises is None else (*PROPOSERS, Retrieved(premises), Relatives(premises))
    return Mixture([(p, 1.0) for p in proposers], rates=shipped() if calibrated else None, leaders=LEADERS)
