"""Rewards by rank within the batch, which do not depend on the scale of the scores."""

from __future__ import annotations

from torch import Tensor


def rescaled_by_rank(values: Tensor, mask: Tensor, delta: float) -> Tensor:
    """Bootstrapped rewards (LeakGAN, Guo et al. 2018): sigmoid(delta * (0.5 - rank / B)) at each position.

    values, mask (B,T) -> (B,T), in (0, 1), 0 outside the mask. At each position, the values are ranked among the
    sentences that have a token there, and B is their number; the highest value has rank 1, and equal values share the
    mean of their ranks. The paper's released code ranks the sentences' indices in the batch instead of their values,
    which is a bug.
    """
    counts = mask.sum(0).clamp(min=1)  # (T,)
    own, other = values.unsqueeze(1), values.unsqueeze(0)  # compared: (B, B, T)
    present = mask.unsqueeze(0)
    above = ((other > own) & present).sum(1)  # (B, T)
    equal = ((other == own) & present).sum(1)  # the sentence itself is one of them
    rank = above + (equal + 1) / 2
    return (delta * (0.5 - rank / counts)).sigmoid() * mask
