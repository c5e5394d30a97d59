"""How good a strategy's gradient estimate is: its noise, its bias against a reference, and its cost in time.

Generator and discriminator are held fixed, and `estimate` repeats the same generator turn with fresh random draws.
g_1 .. g_R are the R flat gradients in the direction of ascent (minus the gradient of the turn's loss); m is their
mean, V the trace of their covariance, r a reference. Noise, which averages out, is measured apart from bias, which
does not:

    length of the expected gradient  sqrt(|m|^2 - V / R)           |m|^2 alone is too large by V / R on average
    noise of one estimate            sqrt(V) / length
    bias                             |E g - r| / |r|               the same correction, for both means
    cosine                           <m, r> / (length * |r|)       of the expected gradient, not of the noisy mean
    signal per second                length^2 / V / seconds        1 / the seconds until noise is as long as signal

Signal per second says how fast averaging removes the noise, not whether the average is right: always read it together
with bias and cosine.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from textgan.errors import Mistake
from textgan.machine.streams import seeded
from textgan.types import Generator, Situation, Strategy

GROUPS = 8
"""The estimates are split into this many groups, and only each group's moments are kept (one (P,) float64 vector)."""


@dataclass(frozen=True)
class Moments:
    """The mean (P,) of `count` vectors, float64, and scatter, the sum of their squared distances from it."""

    count: int
    mean: Tensor
    scatter: float = 0.0

    def with_one(self, vector: Tensor) -> Moments:
        """With one more vector (Welford 1962, for the trace in place of the whole covariance)."""
        away = vector.double() - self.mean
        mean = self.mean + away / (self.count + 1)
        return Moments(self.count + 1, mean, self.scatter + float(away @ (vector.double() - mean)))

    def joined(self, other: Moments) -> Moments:
        """Both sets of vectors together (Chan et al. 1979)."""
        count = self.count + other.count
        away = other.mean - self.mean
        scatter = self.scatter + other.scatter + float(away @ away) * self.count * other.count / count
        return Moments(count, self.mean + away * (other.count / count), scatter)


@dataclass(frozen=True)
class Estimates:
    """Repeated estimates of one gradient, summarised by their moments; for the formulas see the module's docstring.

    mean (P,) float64: over all trainable parameters of the generator, in order. variance: the trace of one estimate's
    covariance. count: R. seconds: CPU time over all threads for one estimate (writing, judging and the backward pass).
    halves: the cosine between the means of the even and of the odd estimates, nan with fewer than two of either.
    Relative to the reference r passed to `estimate`, nan without one: cosine_of_one, the mean cosine between a single
    estimate and r; gap_error, the standard error of |E g - r|^2 as computed by `against` (r taken as exact; a rough
    estimate that tends to be too large).
    """

    mean: Tensor
    variance: float
    count: int
    seconds: float = 0.0
    halves: float = math.nan
    cosine_of_one: float = math.nan
    gap_error: float = math.nan

    @classmethod
    def exact(cls, gradient: Tensor) -> Estimates:
        """A gradient (P,) known without error, to serve as a reference."""
        return cls(gradient.detach().double(), 0.0, 1)

    @property
    def square(self) -> float:
        """Unbiased estimate of the expected gradient's squared length; can be negative if noise dominates."""
        return float(self.mean @ self.mean) - self.variance / self.count

    @property
    def length(self) -> float:
        """Length of the expected gradient; 0 if it is lost in the noise."""
        return math.sqrt(max(self.square, 0.0))

    @property
    def noise(self) -> float:
        """Standard deviation of one estimate, in lengths of the expected gradient; inf if that length is 0."""
        return math.sqrt(self.variance) / self.length if self.length else math.inf

    @property
    def signal_per_second(self) -> float:
        """Squared length over variance, per CPU second; 0 if the length is 0, inf without noise or cost."""
        cost = self.variance * self.seconds
        return self.length**2 / cost if cost else math.inf

    @property
    def likeness(self) -> float:
        """Estimated cosine between `mean` and the expected gradient: sqrt(2 c / (1 + c)), c the halves' cosine.

        How reliable a long-run mean is as a reference (Spearman 1910, Brown 1910; with a root, as only one of the two
        vectors is noisy). 0 if the halves do not agree at all.
        """
        return math.sqrt(max(0.0, 2 * self.halves / (1 + self.halves))) if self.halves > -1 else 0.0

    def against(self, reference: Estimates) -> Comparison:
        """Compare the expected gradients of two independent sets of estimates; nan where a length is 0."""
        apart = self.mean - reference.mean
        gap = float(apart @ apart) - self.variance / self.count - reference.variance / reference.count
        if not reference.length:
            return Comparison(math.nan, math.nan, math.nan)
        cosine = math.nan
        if self.length:
            cosine = float(self.mean @ reference.mean) / (self.length * reference.length)
        return Comparison(
            gap=gap / reference.square,
            cosine=min(1.0, max(-1.0, cosine)) if self.length else cosine,
            length=self.length / reference.length,
        )


@dataclass(frozen=True)
class Comparison:
    """An expected gradient compared with a reference r.

    gap: |E g - r|^2 / |r|^2. cosine: between E g and r. length: |E g| / |r|. The correction for noise is right on
    average, not in each case, so the gap can be negative. bias: the gap's square root; 0 means none was detected.
    """

    gap: float
    cosine: float
    length: float

    @property
    def bias(self) -> float:
        return math.sqrt(max(self.gap, 0.0)) if not math.isnan(self.gap) else math.nan


def estimate(
    strategy: Strategy,
    situation: Situation,
    repeats: int,
    *,
    reference: Estimates | None = None,
    warm: int = 1,
    seed: int = 0,
    begin: bool = True,
) -> Estimates:
    """`repeats` estimates of the generator's gradient in one situation, each from `strategy.turn` with fresh draws.

    Generator and discriminator are used as they are: put them into the mode of a generator turn first (`policy_mode`
    and `judging` of the trainer: no dropout, and a discriminator that does not learn). The real text is the situation's
    every time, so the noise of drawing real batches is not included.
    reference: for `cosine_of_one` and `gap_error`; made with another seed, or the cosine is too large. warm: turns
    before the first that counts; use more for a strategy with state, such as a running baseline. begin: whether to
    call `strategy.begin`; False in the middle of training, when the strategy already has its anchor and rollout policy.
    The caller's random state is left unchanged. Mistake for fewer than two repeats, or a generator with no trainable
    parameter.
    """
    if repeats < 2:
        raise Mistake(f"gradients.repeats: {repeats}; a variance needs 2 or more")
    seconds, cosines = 0.0, 0.0
    with seeded(seed):
        if begin:
            strategy.begin(situation.generator)
        for _ in range(warm):
            flat_gradient(strategy, situation)
        groups: list[Moments] = []
        for turn in range(repeats):
            began = time.process_time()
            gradient = flat_gradient(strategy, situation)
            seconds += time.process_time() - began
            if turn < GROUPS:
                groups.append(Moments(1, gradient.double()))
            else:
                groups[turn % GROUPS] = groups[turn % GROUPS].with_one(gradient)
            if reference is not None:
                one, target = gradient.double(), reference.mean
                cosines += float(one @ target / (one.norm() * target.norm()).clamp(min=1e-300))
    even, odd = (reduce(Moments.joined, groups[first::2]) for first in (0, 1))
    whole = even.joined(odd)
    agreement = float(even.mean @ odd.mean / (even.mean.norm() * odd.mean.norm()).clamp(min=1e-300))
    return Estimates(
        whole.mean,
        whole.scatter / (repeats - 1),
        repeats,
        seconds / repeats,
        halves=agreement if repeats >= 4 else math.nan,
        cosine_of_one=cosines / repeats if reference is not None else math.nan,
        gap_error=_gap_error([group.mean - reference.mean for group in groups]) if reference else math.nan,
    )


def _gap_error(apart: list[Tensor]) -> float:
    """Standard error of |E g - r|^2 from each group's mean of g - r: a jackknife over the products of two groups.

    It tends to be too large: by a factor of about 1.5 if there is no bias (the statistic is then degenerate).
    nan with fewer than four groups.
    """
    if len(apart) < 4:
        return math.nan
    table = torch.stack(apart)
    products = (table @ table.T).fill_diagonal_(0)
    # The sum over all pairs that leave out one group: everything but its row and its column.
    without = products.sum() - 2 * products.sum(1)
    count = len(apart)
    values = without / ((count - 1) * (count - 2))
    return math.sqrt(float((values - values.mean()).square().sum()) * (count - 1) / count)


def flat_gradient(strategy: Strategy, situation: Situation) -> Tensor:
    """One estimate, (P,): minus the gradient of one turn's loss; 0 for a parameter that the loss does not depend on."""
    parameters = learning(situation.generator)
    loss = strategy.turn(situation).loss
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(found, parameters, strict=True)
    return -torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def learning(generator: Generator) -> list[Tensor]:
    """The generator's trainable parameters; Mistake if there are none."""
    found: list[Tensor] = [p for p in generator.parameters() if p.requires_grad]
    if not found:
        raise Mistake("gradients: the generator has no trainable parameter; call its requires_grad_(True)")
    return found
