"""Continuous output: the discriminator reads expected embeddings, or vectors that the generator itself outputs."""

from __future__ import annotations

from textgan.sampling import Expected
from textgan.strategies.pathwise import pathwise_turn
from textgan.strategies.schedules import Schedule, at, check_temperature
from textgan.types import Sampler, Situation, Strategy, Turn


class Embedding(Strategy):
    """The discriminator reads the expected embedding softmax(logits / temperature) @ table at every position.

    Each expectation is conditioned on a history of drawn tokens. The gradient passes through the expectations, not
    through the history (`sampling.Expected` says why the history is drawn; Zhang et al. 2017 feed the expectation
    back instead, and get their variety from noise). temperature: a number, or a schedule over the phase's progress.

    What improves is the score of this soft text, not the expected score of sampled sentences; for a given
    discriminator the two gradients can point in different directions (benchmarks/RESULTS.md, gradients).

    A generator that outputs vectors (`generator: {name: continuous}`) needs `discriminator: {table: corpus}`; the
    temperature then has no effect.
    """

    pathwise = True

    def __init__(self, temperature: float | Schedule = 1.0) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def sampler(self, progress: float) -> Sampler:
        return Expected(at(self.temperature, progress))

    def turn(self, situation: Situation) -> Turn:
        return pathwise_turn(situation, self.sampler(situation.progress))
