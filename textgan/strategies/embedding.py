"""Continuous output: the judge reads expected embeddings, or the vectors that a generator puts out itself."""

from __future__ import annotations

from textgan.sampling import Expected
from textgan.strategies.pathwise import pathwise_turn
from textgan.strategies.schedules import Schedule, at, check_temperature
from textgan.types import Sampler, Situation, Strategy, Turn


class Embedding(Strategy):
    """The judge reads softmax(logits / temperature) @ its table at every position, after a drawn history.

    The gradient passes through each position's expectation and not through the history (see
    `sampling.Expected` for why the history is drawn; Zhang et al. 2017 feed the expectation back instead and
    take their variety from noise). temperature: a number, or a schedule over the phase's progress.
    The text that is judged is soft text: what improves is its score, not the expected score of drawn
    sentences, and for one fixed judge the two gradients can point apart (benchmarks/RESULTS.md, gradients).
    A generator of vectors (`generator: {name: continuous}`) writes its own and needs
    `discriminator: {table: corpus}`; the temperature then has no part.
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
