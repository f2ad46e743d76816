"""Losses on whole tactics.

With p the probability that the model gives the recorded tactic, cross-entropy is −log p. Chen et al. ("Rethinking Fine-Tuning
when Scaling Test-Time Compute", arXiv 2502.07154) show that it makes a model overconfident for pass@N, and train for
−log(1 − (1 − p)^N) instead: the probability that one of N draws hits. For N = 1 it is cross-entropy. Its gradient is that of
cross-entropy times N (1 − p)^(N−1) p / (1 − (1 − p)^N), which vanishes as p grows: what N draws find anyway is not pressed
further.
"""

from __future__ import annotations

import math
from typing import Any

TINY = -600.0
"""Below this log p the loss is −log p − log N to the last digit, and p itself no longer fits a float."""


def sequence_log_probs(logits: Any, tokens: Any, targets: Any) -> tuple[Any, Any]:
    """Log-probability of each row's target tokens, [rows], and how many those are, [rows].

    Args:
        logits: [rows, length, vocabulary].
        tokens: [rows, length], the text; position i is predicted from those before it.
        targets: [rows, length], true where a token counts.
    """
    import torch

    counted = targets[:, 1:]
    chosen = torch.log_softmax(logits[:, :-1].float(), -1).gather(-1, tokens[:, 1:, None])[..., 0]
    return (chosen * counted).sum(-1), counted.sum(-1)


def pass_at(log_prob: Any, passes: int) -> Any:
    """The probability that one of `passes` draws is the target, given its log-probability."""
    import torch

    log_miss = passes * torch.log1p(-log_prob.double().exp().clamp(max=1 - 1e-12))
    return -torch.expm1(log_miss)


def limited_confidence(log_prob: Any, passes: int) -> Any:
    """−log(1 − (1 − p)^N) for each row.

    Args:
        log_prob: [rows], log p, at most 0.
        passes: N, at least 1.
    """
    import torch

    if passes == 1:
        return -log_prob
    rare = -log_prob - math.log(passes)
    safe = log_prob.double().clamp(min=TINY, max=-1e-6)
    log_miss = passes * torch.log1p(-safe.exp())
    common = -torch.log(-torch.expm1(log_miss)).to(log_prob.dtype)
    # Above the upper clamp p is 1 for float32: the loss is 0 and so is its gradient.
    return torch.where(log_prob < TINY, rare, common)
