"""Gumbel-Softmax (Jang et al. 2017; Maddison et al. 2017): relaxed samples that let the gradient through."""

from __future__ import annotations

from typing import Literal

from textgan.sampling import Draw, GumbelRao, GumbelSoftmax, ReinMax
from textgan.strategies.pathwise import pathwise_turn
from textgan.strategies.schedules import Schedule, at, check_temperature
from textgan.types import Sampler, Situation, Strategy, Turn


class Gumbel(Strategy):
    """Writes relaxed one-hots. A lower temperature reduces the gradient's bias and raises its variance.

    temperature: a number, or a schedule over the adversarial phase's progress (`inverse: true` for RelGAN's
    beta). hard: straight-through, so that the discriminator and the generator's next step see one-hots.
    estimator: the gradient estimator of a straight-through token. `plain`; `rao`, with the same expectation and lower
    variance, at the cost of `draws` relaxed tokens, 8 by default (Paulus et al. 2021); `second-order`, with less bias
    (Liu et al. 2023; its temperature should be 1 or above).
    """

    pathwise = True

    def __init__(
        self,
        temperature: float | Schedule = 1.0,
        hard: bool = True,
        estimator: Literal["plain", "rao", "second-order"] = "plain",
        draws: int | None = None,
    ) -> None:
        super().__init__()
        if estimator != "plain" and not hard:
            raise ValueError(f"estimator: {estimator!r} needs straight-through tokens; set hard to true")
        if draws is not None and estimator != "rao":
            raise ValueError(
                f"draws: {draws}; the estimator {estimator!r} has no such option; set estimator to rao, or leave it out"
            )
        if draws is not None and draws < 1:
            raise ValueError(f"draws: {draws}; expected 1 or more")
        check_temperature(temperature)
        self.temperature = temperature
        self.hard = hard
        self.estimator = estimator
        self.draws = 8 if draws is None else draws

    def sampler(self, progress: float) -> Sampler:
        temperature = at(self.temperature, progress)
        if self.estimator == "rao":
            return GumbelRao(temperature, self.draws)
        if self.estimator == "second-order":
            return ReinMax(temperature)
        return GumbelSoftmax(temperature, self.hard)

    def judge_sampler(self, progress: float) -> Sampler:
        # Straight-through tokens are one-hots of exact samples: plain draws give the same text without (B,T,V).
        return Draw() if self.hard else self.sampler(progress)

    def turn(self, situation: Situation) -> Turn:
        return pathwise_turn(situation, self.sampler(situation.progress))
