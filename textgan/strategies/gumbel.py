"""Gumbel-Softmax (Jang et al. 2017; Maddison et al. 2017): relaxed draws that the gradient can pass through."""

from __future__ import annotations

from textgan.sampling import Draw, GumbelSoftmax
from textgan.strategies.pathwise import pathwise_turn
from textgan.strategies.schedules import Schedule, at
from textgan.types import Sampler, Situation, Strategy, Turn


class Gumbel(Strategy):
    """Writes relaxed one-hots; biased for any temperature above 0, the less the lower, at a growing variance.

    temperature: a number, or a schedule over the adversarial phase's progress (`inverse: true` for RelGAN's
    beta). hard: straight-through, so that the judge and the generator's next step see one-hots.
    """

    pathwise = True

    def __init__(self, temperature: float | Schedule = 1.0, hard: bool = True) -> None:
        super().__init__()
        self.temperature = temperature
        self.hard = hard

    def sampler(self, progress: float) -> Sampler:
        return GumbelSoftmax(at(self.temperature, progress), self.hard)

    def judge_sampler(self, progress: float) -> Sampler:
        # Straight-through tokens are one-hots of exact draws: plain draws are the same text, without (B,T,V).
        return Draw() if self.hard else self.sampler(progress)

    def turn(self, situation: Situation) -> Turn:
        return pathwise_turn(situation, self.sampler(situation.progress))
