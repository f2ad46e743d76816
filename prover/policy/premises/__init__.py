"""Premise selection: which theorems of the library fit a goal."""

from prover.policy.premises.index import PremiseIndex
from prover.policy.premises.statements import Premise, conclusion_of, head_of

__all__ = ["Premise", "PremiseIndex", "conclusion_of", "head_of"]
