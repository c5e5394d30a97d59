"""Baselines for REINFORCE: subtracted from the reward to reduce the variance of the gradient estimate.

Each takes the values (expected rewards) of the tokens (B,T), the mask (B,T) and the values of the empty prefix (B,),
and returns the advantage (B,T), 0 outside the mask.

Statements about bias below hold if a sentence's reward depends on that sentence alone. If it also depends on the rest
of its batch (`of_the_batch`), the baseline and the reward share those sentences, and `batch` and `leave-one-out` have a
further bias of order 1/n: for `mmd` with leave-one-out, on an example small enough to enumerate every batch of n, it
is .93 / (n - 1) of the gradient's length.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textgan.errors import Unfit


class Baseline(nn.Module):
    """The interface; a module, so that a running mean is saved with the run.

    needs_empty_prefix: `empty` must hold rollout values of the empty prefix; it is zeros otherwise.
    """

    needs_empty_prefix = False

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        raise NotImplementedError


class NoBaseline(Baseline):
    """No baseline: the advantage is the value itself. Unbiased, with the highest variance."""

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        return values * mask


class BatchMean(Baseline):
    """Subtracts the mean over the sentences that have a token at this position.

    The mean includes the sentence's own value, so the gradient comes out smaller by the factor (1 - 1/n), n the
    number of sentences in the mean. `leave-one-out` is the same without that bias.
    """

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        mean = (values * mask).sum(0) / mask.sum(0).clamp(min=1)  # (T,)
        return (values - mean) * mask


class RunningMean(Baseline):
    """Subtracts an exponential moving average of the batches' mean values, excluding this batch."""

    def __init__(self, decay: float = 0.9) -> None:
        super().__init__()
        self.decay = decay
        self.mean: Tensor
        self.seen: Tensor
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        # Bias correction as in Adam: divided by the weight seen so far, so that the average does not start at 0.
        baseline = self.mean / self.seen.clamp(min=1e-12)
        advantage = (values - baseline) * mask
        batch = (values * mask).sum() / mask.sum().clamp(min=1)
        self.mean.lerp_(batch.to(self.mean.dtype), 1 - self.decay)
        self.seen.lerp_(torch.ones_like(self.seen), 1 - self.decay)
        return advantage


class LeaveOneOut(Baseline):
    """Subtracts the mean over the *other* sentences at this position (Kool et al. 2019, eq. 8, per time step).

    Unbiased. Where no other sentence is that long, the mean of the others' last values is used. Raises Unfit, a
    ValueError, if B < 2.
    """

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        size = values.shape[0]
        if size < 2:
            raise Unfit(
                "strategy.baseline: leave-one-out needs at least two sentences in a batch; raise "
                "train.adversarial.batch, or set it to ema"
            )
        held = values * mask
        others = mask.sum(0) - mask.long()  # (B, T)
        mean = (held.sum(0) - held) / others.clamp(min=1)
        last = values.gather(1, mask.sum(1, keepdim=True) - 1)  # (B, 1)
        stand_in = (last.sum() - last) / (size - 1)
        return (values - torch.where(others > 0, mean, stand_in)) * mask


class QDifference(Baseline):
    """Q_t - Q_(t-1): by how much this token changed the expected reward. Needs rollouts, also of the empty prefix.

    Unbiased: the rollouts that estimate Q_(t-1) are independent of token t.
    """

    needs_empty_prefix = True

    def forward(self, values: Tensor, mask: Tensor, empty: Tensor) -> Tensor:
        before = torch.cat([empty.unsqueeze(1), values[:, :-1]], 1)
        return (values - before) * mask


BASELINES: dict[str, type[Baseline]] = {
    "none": NoBaseline,
    "batch": BatchMean,
    "ema": RunningMean,
    "leave-one-out": LeaveOneOut,
    "q-difference": QDifference,
}
