"""Rewards by rank: how a sentence stands among the others of its batch, whatever the scale of the scores."""

from __future__ import annotations

from torch import Tensor


def rescaled_by_rank(values: Tensor, mask: Tensor, delta: float) -> Tensor:
    """Bootstrapped rewards (LeakGAN, Guo et al. 2018): sigmoid(delta * (0.5 - rank / B)) at each position.

    values, mask (B,T), at every position t ranked among the sentences that have a token there, B_t in number; the
    highest value has rank 1. Equal values share the mean of their ranks. In (0, 1); 0 outside the mask.
    The released codes rank the sentences' places in the batch and not their values, which is a mistake.
    """
    counts = mask.sum(0).clamp(min=1)  # (T,)
    above = values.unsqueeze(0) > values.unsqueeze(
        1
    )  # (B, B, T): the second index's value is above the first's
    level = values.unsqueeze(0) == values.unsqueeze(1)  # its own among them
    others = mask.unsqueeze(0)
    rank = (above & others).sum(1) + ((level & others).sum(1) + 1) / 2  # (B, T)
    return (delta * (0.5 - rank / counts)).sigmoid() * mask
