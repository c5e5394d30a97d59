"""Objectives that compare real and generated text by a distance between the distributions of their features.

The generator minimises the distance between the discriminator's features of real and of generated text; the
discriminator learns features that maximise it. f (B,F) are the features of real text, g (B,F) of generated text.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize

from textgan.errors import Unfit
from textgan.objectives.adversarial import Logistic
from textgan.types import Verdict


class Matching(Logistic):
    """Base: the discriminator minimises classify * cross-entropy - weight * distance, the generator the distance.

    The cross-entropy trains the score from which the discriminator's accuracy is computed; with classify = 0 that
    accuracy is meaningless. A sentence's reward depends on the other sentences of its batch, so rollouts are refused.
    """

    of_the_batch = True

    def __init__(self, weight: float = 1.0, classify: float = 1.0) -> None:
        super().__init__()
        if weight < 0 or classify < 0:
            raise ValueError("weight, classify: expected 0 or more of each")
        self.weight = weight
        self.classify = classify

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        loss = -self.weight * self.distance(real, fake)
        return loss + self.classify * super().discriminator_loss(real, fake) if self.classify else loss

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.distance(real, fake)

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return {"feature-distance": self.distance(real, fake)}

    def distance(self, real: Verdict, fake: Verdict) -> Tensor:
        raise NotImplementedError


class MaximumMeanDiscrepancy(Matching):
    """Squared maximum mean discrepancy of the features under a sum of Gaussian kernels (TextGAN, Zhang et al. 2017,
    eq. 3-6; Gretton et al. 2012, eq. 3, the unbiased form).

    bandwidths: of the kernels, as multiples of the median distance between distinct real sentences of the batch, which
    makes them independent of the features' scale; in the features' own units with relative = False, or if all real
    features are equal.

    The reward of a sentence is its contribution to the gradient of the expected squared discrepancy, so a
    score-function strategy follows the same objective. Needs at least two real and two generated sentences.
    Departures: the unbiased estimator, not the biased one; no reconstruction of the generator's noise; relative
    bandwidths.
    """

    def __init__(
        self,
        bandwidths: list[float] = [0.25, 0.5, 1.0, 2.0, 4.0],  # noqa: B006 (never changed)
        relative: bool = True,
        weight: float = 1.0,
        classify: float = 1.0,
    ) -> None:
        super().__init__(weight, classify)
        if not bandwidths or min(bandwidths) <= 0:
            raise ValueError(f"bandwidths: {bandwidths}; expected one or more numbers above 0")
        self.bandwidths = bandwidths
        self.relative = relative

    def distance(self, real: Verdict, fake: Verdict) -> Tensor:
        widths = self._widths(real.features)
        return squared_mmd(real.features, fake.features, widths)

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """2 * (mean kernel to the real sentences - mean kernel to the other generated ones), (B,)."""
        f, g = real.features, fake.features
        widths = self._widths(f)
        to_real = gaussian_kernels(g, f, widths).mean(1)
        return 2 * (to_real - _mean_to_others(gaussian_kernels(g, g, widths)))

    def _widths(self, features: Tensor) -> Tensor:
        """Bandwidths (S,) in the features' units; no gradient, so that scaling the features gains nothing."""
        widths = features.new_tensor(self.bandwidths)
        if not self.relative:
            return widths
        return widths * _median_distance(features.detach())


class FeatureMover(Matching):
    """Optimal transport between the features with cosine cost: the feature mover's distance (FM-GAN, Chen et al. 2018,
    eq. 5-7), by the proximal point method IPOT (Xie et al. 2018, Algorithm 1).

    step: 1 / beta of the proximal term. iterations: of IPOT. The transport plan is held fixed in the gradient; by the
    envelope theorem that is the gradient of the distance if the plan is optimal. The reward of a sentence is minus its
    share of the cost times the batch size, so that the mean reward is minus the distance.

    Departures: classify adds a cross-entropy to the discriminator's loss (the paper: 0). Score-function strategies, for
    which the paper has no counterpart, do not follow the gradient of the distance: the derivative of the minimal cost
    by a point's mass is a dual potential, which IPOT does not compute, and not the point's share of the cost.
    """

    def __init__(
        self, step: float = 2.0, iterations: int = 50, weight: float = 1.0, classify: float = 1.0
    ) -> None:
        super().__init__(weight, classify)
        if step <= 0:
            raise ValueError(f"step: {step}; expected a number above 0")
        if iterations < 1:
            raise ValueError(f"iterations: {iterations}; expected 1 or more")
        self.step = step
        self.iterations = iterations

    def distance(self, real: Verdict, fake: Verdict) -> Tensor:
        cost = cosine_cost(real.features, fake.features)
        return (transport_plan(cost, self.step, self.iterations) * cost).sum()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        cost = cosine_cost(real.features, fake.features)
        return -(transport_plan(cost, self.step, self.iterations) * cost).sum(0) * len(fake.score)


def squared_mmd(f: Tensor, g: Tensor, bandwidths: Tensor) -> Tensor:
    """Unbiased squared MMD of f (B1,F) and g (B2,F); with expectation 0 for equal distributions, it can be negative."""
    within = _mean_to_others(gaussian_kernels(f, f, bandwidths)).mean()
    within = within + _mean_to_others(gaussian_kernels(g, g, bandwidths)).mean()
    return within - 2 * gaussian_kernels(f, g, bandwidths).mean()


def gaussian_kernels(f: Tensor, g: Tensor, bandwidths: Tensor) -> Tensor:
    """sum over s of exp(-|f - g|^2 / (2 s^2)), (B1,B2); bandwidths (S,) in the features' units."""
    apart = _squared_distances(f, g)
    return torch.stack([(apart / (-2 * width**2)).exp() for width in bandwidths.unbind()]).sum(0)


def cosine_cost(f: Tensor, g: Tensor) -> Tensor:
    """1 - cosine of every pair, (B1,B2), in [0, 2]."""
    return 1 - normalize(f, dim=-1) @ normalize(g, dim=-1).T


@torch.no_grad()
def transport_plan(cost: Tensor, step: float, iterations: int) -> Tensor:
    """The transport plan (B1,B2) between two uniform distributions with minimal cost for cost (B1,B2), by IPOT.

    Columns sum to 1/B2, and rows to 1/B1 up to convergence. Computed in logarithms, so that no weight underflows.
    """
    rows, columns = cost.shape
    kernel = -cost * step
    plan = torch.zeros_like(cost)  # log, up to a constant: the first iteration scales it
    column = torch.full_like(cost[0], -math.log(columns))
    for _ in range(iterations):
        moved = kernel + plan
        row = -math.log(rows) - torch.logsumexp(moved + column, 1)  # (B1,)
        column = -math.log(columns) - torch.logsumexp(moved + row.unsqueeze(1), 0)  # (B2,)
        plan = moved + row.unsqueeze(1) + column
    return plan.exp()


def _squared_distances(f: Tensor, g: Tensor) -> Tensor:
    """(B1,B2), as |f|^2 + |g|^2 - 2 <f, g>, which needs no (B1,B2,F)."""
    apart = f.square().sum(1, keepdim=True) + g.square().sum(1) - 2 * f @ g.T
    return apart.clamp(min=0)


def _median_distance(f: Tensor) -> Tensor:
    """The median distance () between rows of f (B,F) that differ; 1 if none do.

    Pairs of equal sentences do not count: if they were half of the pairs, the bandwidth would be 0 and the kernel
    without a gradient. Distances within rounding error of the largest count as 0. Selecting by a mask (or `nanmedian`)
    would synchronise with a GPU; pairs that do not count are sorted to the end instead.
    """
    # `cdist` by differences, so that equal rows give exactly 0, without a tensor (B,B,F).
    f = f.to(torch.promote_types(f.dtype, torch.float32))  # in bfloat16 there is no `cdist`
    apart = torch.cdist(f, f, compute_mode="donot_use_mm_for_euclid_dist")
    differ = apart > 1e-5 * apart.max()
    ordered = apart.masked_fill(~differ, math.inf).flatten().sort().values  # each pair twice
    middle = ((differ.sum() - 1) // 2).clamp(min=0)
    median = ordered.gather(0, middle.unsqueeze(0)).squeeze(0)
    return torch.where(median.isinf(), 1.0, median).clamp(min=1e-6)


def _mean_to_others(kernels: Tensor) -> Tensor:
    """Of a square matrix (B,B), each row's mean without the diagonal: (B,)."""
    size = len(kernels)
    if size < 2:
        raise Unfit(
            "objective: the discrepancy needs at least two real and two generated sentences; raise "
            "train.adversarial.batch"
        )
    return (kernels.sum(1) - kernels.diagonal()) / (size - 1)
