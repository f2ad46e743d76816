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
    counted = targets[:, 1:]
    return (token_log_probs(logits, tokens) * counted).sum(-1), counted.sum(-1)


def token_log_probs(logits: Any, tokens: Any) -> Any:
    """Log-probability of each token but the first, [rows, length − 1]; arguments as of `sequence_log_probs`."""
    import torch

    return torch.log_softmax(logits[:, :-1].float(), -1).gather(-1, tokens[:, 1:, None])[..., 0]


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


def preference(chosen: Any, rejected: Any) -> Any:
    """−log σ(chosen − rejected) for each row of implicit rewards (Rafailov et al. 2023, arXiv 2305.18290, equation 7)."""
    import torch

    return -torch.nn.functional.logsigmoid(chosen - rejected)


def clipped_objective(log_ratio: Any, advantage: float, clip: float) -> tuple[Any, Any]:
    """min(ρ A, clip(ρ, 1 − ε, 1 + ε) A) for each token, and whether the clip decided (arXiv 2402.03300, equation 3).

    Args:
        log_ratio: [tokens], log ρ.
        advantage: A.
        clip: ε.
    """
    import torch

    ratio = log_ratio.exp()
    free, held = ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage
    return torch.minimum(free, held), (held < free).detach()


def divergence(log_prob: Any, reference: Any) -> Any:
    """π₀/π − log(π₀/π) − 1 for each token: an unbiased estimate of KL(π‖π₀), at least 0 (arXiv 2402.03300, equation 4)."""
    away = reference - log_prob
    return away.exp() - away - 1
