"""A game so small that every sentence can be listed: the exact gradient of the expected reward is a sum."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from textgan.discriminators.cnn import CNN
from textgan.generators.recurrent import LSTM
from textgan.types import (
    Discriminator,
    Generator,
    Objective,
    Prompt,
    Situation,
    Strategy,
    Text,
    Verdict,
    Vocabulary,
)

VOCABULARY = Vocabulary(7)  # pad, bos, eos, unk and three words: V = 4 tokens can be written
LENGTH = 3
WORDS = (4, 5, 6)


def every_sentence() -> Text:
    """All 40 sentences of at most three tokens."""
    rows: list[tuple[int, ...]] = []
    for words in range(LENGTH):
        rows += [(*row, VOCABULARY.eos) for row in itertools.product(WORDS, repeat=words)]
    rows += list(itertools.product(WORDS, repeat=LENGTH))
    mask = torch.tensor([[position < len(row) for position in range(LENGTH)] for row in rows])
    ids = torch.tensor([[*row, *[VOCABULARY.pad] * (LENGTH - len(row))] for row in rows])
    return Text(ids, mask)


def players(seed: int = 0) -> tuple[Generator, Discriminator]:
    """A generator and a fixed discriminator with strong opinions."""
    torch.manual_seed(seed)
    generator = LSTM(VOCABULARY, embedding=3, hidden=4)
    discriminator = CNN(VOCABULARY, embedding=4, widths=[1, 2, 3], filters=8, dropout=0.5, highway=False)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(1.5)
        discriminator.score.weight.mul_(4)
    return generator, discriminator.eval().requires_grad_(False)


def real_text() -> Text:
    return every_sentence()[torch.tensor([5, 20, 33])]


def expected_reward(generator: Generator, discriminator: Discriminator, objective: Objective) -> Tensor:
    text = every_sentence()
    probability = generator.log_prob(text).sum(1).exp()  # (40,)
    reward = objective.reward(discriminator.judge(real_text()), discriminator.judge(text))
    return (probability * reward).sum()


def exact_gradient(generator: Generator, discriminator: Discriminator, objective: Objective) -> Tensor:
    """Of the expected reward, over all the generator's parameters, flat."""
    return flat(
        torch.autograd.grad(
            expected_reward(generator, discriminator, objective), list(generator.parameters())
        )
    )


def flat(gradients: object) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients])  # type: ignore[attr-defined]


def estimates(
    strategy: Strategy,
    generator: Generator,
    discriminator: Discriminator,
    objective: Objective,
    batch: int,
    repeats: int,
) -> Tensor:
    """Independent estimates of the gradient of the expected reward, (repeats, parameters)."""
    strategy.begin(generator)
    found = []
    for _ in range(repeats):
        turn = strategy.turn(
            Situation(generator, discriminator, objective, real_text(), Prompt(batch), LENGTH, 0.0)
        )
        found.append(-flat(torch.autograd.grad(turn.loss, list(generator.parameters()), allow_unused=False)))
    return torch.stack(found)


def verdict(*scores: float) -> Verdict:
    score = torch.tensor(scores)
    return Verdict(score, score.unsqueeze(1))
