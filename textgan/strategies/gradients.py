"""What a strategy's gradient is worth: its noise, its bias against a reference, and what a second of it buys.

Both players stand still, and `estimate` asks the strategy for the same generator turn again and again, with fresh
draws. g_1 .. g_R are the gradients, flat, in the direction of ascent (minus the gradient of the turn's loss), R of
them; m is their mean, V the trace of their covariance, r a reference. Noise that averages away is kept apart from bias
that does not:

    length of the expected gradient  sqrt(|m|^2 - V / R)           |m|^2 alone is too large by V / R on average
    noise of one estimate            sqrt(V) / length
    bias                             |E g - r| / |r|               the same correction, for both means
    cosine                           <m, r> / (length * |r|)       of the expected gradient, not of the noisy mean
    signal per second                length^2 / V / seconds        1 / the seconds until noise is as long as signal

Signal per second says how fast averaging gains on the noise, and nothing of whether the average is right: it stands
beside bias and cosine or not at all.
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
"""The estimates fall into so many groups, of which only moments are kept: so many vectors of P float64 at most."""


@dataclass(frozen=True)
class Moments:
    """The mean of vectors (P,), float64, and their summed squared distance from it; no vector is kept."""

    count: int
    mean: Tensor
    scatter: float = 0.0

    def with_one(self, vector: Tensor) -> Moments:
        """One vector more (Welford 1962, with the trace in place of the whole covariance)."""
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
    """Estimates of one gradient, as moments; the formulas are the module's.

    mean (P,) float64: over all the generator's parameters that learn, in their order. variance: the trace of one
    estimate's covariance. count: R. seconds: of the processor, all threads, for one estimate (writing, judging and
    the backward pass). halves: the cosine between the means of the even and of the odd ones, nan below two each.
    Beside the reference r that was handed in, nan without one: cosine_of_one, the mean cosine of a single estimate to
    it, and gap_error, the standard error of |E g - r|^2 as `against` finds it (r taken as exact; rough, and rather too
    large than too small).
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
        """A gradient (P,) that is known without error, as a reference."""
        return cls(gradient.detach().double(), 0.0, 1)

    @property
    def square(self) -> float:
        """Squared length of the expected gradient, without bias; so it can come out below 0 where noise prevails."""
        return float(self.mean @ self.mean) - self.variance / self.count

    @property
    def length(self) -> float:
        """Length of the expected gradient; 0 where the noise leaves nothing to be seen of it."""
        return math.sqrt(max(self.square, 0.0))

    @property
    def noise(self) -> float:
        """Root of one estimate's variance, in lengths of the expected gradient; inf where that is 0."""
        return math.sqrt(self.variance) / self.length if self.length else math.inf

    @property
    def signal_per_second(self) -> float:
        """Squared length over variance, per processor second; 0 where nothing is seen, inf without noise or cost."""
        cost = self.variance * self.seconds
        return self.length**2 / cost if cost else math.inf

    @property
    def likeness(self) -> float:
        """Estimated cosine between `mean` and the expected gradient: sqrt(2 c / (1 + c)), c the halves' cosine.

        The error of a long-run mean that serves as reference (Spearman 1910, Brown 1910; a root, as only one of the
        two has noise). 0 where the halves do not agree at all.
        """
        return math.sqrt(max(0.0, 2 * self.halves / (1 + self.halves))) if self.halves > -1 else 0.0

    def against(self, reference: Estimates) -> Comparison:
        """How the expected gradients of two independent sets lie to each other; nan where nothing is seen of one."""
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
    """An expected gradient beside a reference r: gap, |E g - r|^2 / |r|^2; their cosine; and length, |E g| / |r|.

    Noise is taken out on average and not in each case, so the gap can come out below 0; bias is its root, and a bias
    of 0 means none that could be seen.
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
    """`repeats` estimates of the generator's gradient at one situation, each from `strategy.turn` with fresh draws.

    Both players are taken as they are: put them into the mode that training plays in (the trainer's `policy_mode` and
    `judging`: no dropout, a judge that learns nothing). `strategy.begin` is called, unless begin is False: so for one
    in mid-game, whose anchor and rollout policy are not those of a game that begins here. The real text is that of the
    situation every time, so what its draw adds to the noise is not in it. reference: for `cosine_of_one`; made with
    another seed, or the cosine is too large. warm: turns before the first that counts; give more to a strategy that
    carries something from turn to turn, such as a running baseline. The stream of random numbers outside is left
    as it was. Mistake if there are fewer than two repeats, or the generator has nothing that learns.
    """
    if repeats < 2:
        raise Mistake(f"gradients.repeats: {repeats} estimates have no variance; give 2 or more")
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
    """Standard error of |E g - r|^2 from groups' mean g - r: the jackknife of the mean product of two groups.

    It tends to be too large: by a factor of about 1.5 where there is no bias (the statistic is then degenerate).
    nan below four groups.
    """
    if len(apart) < 4:
        return math.nan
    table = torch.stack(apart)
    products = (table @ table.T).fill_diagonal_(0)
    # The sum over pairs without group a: all but its row and its column.
    without = products.sum() - 2 * products.sum(1)
    count = len(apart)
    values = without / ((count - 1) * (count - 2))
    return math.sqrt(float((values - values.mean()).square().sum()) * (count - 1) / count)


def flat_gradient(strategy: Strategy, situation: Situation) -> Tensor:
    """One estimate, (P,): minus the gradient of one turn's loss; 0 for a parameter that the loss does not reach."""
    parameters = learning(situation.generator)
    loss = strategy.turn(situation).loss
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(found, parameters, strict=True)
    return -torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def learning(generator: Generator) -> list[Tensor]:
    """The parameters that an optimiser would change; Mistake if there are none."""
    found: list[Tensor] = [p for p in generator.parameters() if p.requires_grad]
    if not found:
        raise Mistake("gradients: no parameter of the generator learns; call its requires_grad_(True)")
    return found
