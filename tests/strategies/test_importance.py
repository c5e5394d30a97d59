"""Importance weights by hand, and against the gradient that listing every sentence gives."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from toy import LENGTH, VOCABULARY, estimates, every_sentence, flat, players, real_text

from textgan.generators.recurrent import LSTM
from textgan.objectives.adversarial import Minimax
from textgan.strategies.importance import ImportanceWeights, group_weights
from textgan.strategies.schedules import Schedule
from textgan.types import Discriminator, Generator, Prompt, Situation, Text, Turn, Verdict


def _turn(
    strategy: ImportanceWeights,
    generator: Generator,
    discriminator: Discriminator,
    real: Text,
    progress: float = 0.0,
) -> Turn:
    strategy.begin(generator)
    return strategy.turn(Situation(generator, discriminator, Minimax(), real, Prompt(12), LENGTH, progress))


class Blind(Discriminator):
    """Cannot tell anything from anything."""

    def judge(self, text: Text) -> Verdict:
        zeros = torch.zeros(len(text))
        return Verdict(zeros, zeros.unsqueeze(1))


def test_weights_by_hand() -> None:
    """D = 1/2, 3/4, 4/5: D / (1 - D) = 1, 3, 4, over their mean 8/3."""
    score = torch.tensor([math.log(d / (1 - d)) for d in (0.5, 0.75, 0.8)])
    assert group_weights(score, 3).tolist() == pytest.approx([3 / 8, 9 / 8, 12 / 8])
    # Groups of two in a row, each over its own mean: (1, 3) and (4, 1).
    score = torch.tensor([1.0, 3.0, 4.0, 1.0]).log()
    assert group_weights(score, 2).tolist() == pytest.approx([0.5, 1.5, 1.6, 0.4])
    assert group_weights(torch.tensor([800.0, -800.0]), 2).tolist() == [2.0, 0.0]


@pytest.mark.parametrize("baseline", [0.0, 1.0])
def test_the_loss_is_the_weighted_likelihood_of_what_was_written(baseline: float) -> None:
    generator, discriminator = players()
    torch.manual_seed(3)
    turn = _turn(ImportanceWeights(baseline), generator, discriminator, real_text())
    odds = discriminator.judge(turn.fake).score.exp().tolist()
    log_prob = generator.log_prob(turn.fake).sum(1).tolist()
    weights = [len(odds) * value / sum(odds) for value in odds]
    wanted = -sum((w - baseline) * lp for w, lp in zip(weights, log_prob, strict=True)) / len(odds)
    assert float(turn.loss.detach()) == pytest.approx(wanted, abs=1e-5)


def test_the_gradient_is_that_of_the_likelihood_under_the_discriminators_estimate() -> None:
    """Truth: the gradient of E_q log p with q(x) = p(x) D/(1-D) / Z held fixed, over all 40 sentences."""
    generator, discriminator = players()
    text = every_sentence()
    log_prob = generator.log_prob(text).sum(1)
    target = (log_prob + discriminator.judge(text).score).softmax(0).detach()
    truth = flat(torch.autograd.grad((target * log_prob).sum(), list(generator.parameters())))
    torch.manual_seed(1)
    found = estimates(ImportanceWeights(1.0), generator, discriminator, Minimax(), batch=4096, repeats=20)
    assert found.std(0).norm() / 20**0.5 < 0.02 * truth.norm()
    assert (found.mean(0) - truth).norm() < 0.04 * truth.norm()


def _likelihood_gradient(generator: Generator, text: Text, tokens: Tensor) -> Tensor:
    loss = -(generator.log_prob(text) * tokens).sum() / len(text)
    return flat(torch.autograd.grad(loss, list(generator.parameters())))


def test_a_whole_prefix_is_teacher_forcing() -> None:
    generator, discriminator = players()
    real = every_sentence()[torch.tensor([2, 7, 39])]
    turn = _turn(ImportanceWeights(prefix=1.0, completions=4), generator, discriminator, real)
    assert turn.fake.ids.tolist() == real.ids.repeat_interleave(4, 0).tolist()
    found = flat(torch.autograd.grad(turn.loss, list(generator.parameters())))
    assert torch.allclose(found, _likelihood_gradient(generator, real, real.mask), atol=1e-6)


def test_the_prefix_is_taught_and_the_rest_is_weighed() -> None:
    """A discriminator that is blind weighs all alike: with baseline 1 only the prefix, of one token, is learnt."""
    generator, discriminator = players()
    real = every_sentence()[torch.tensor([0, 20, 39])]  # the first is nothing but its end
    strategy = ImportanceWeights(prefix=1 / 3, completions=4)
    turn = _turn(strategy, generator, Blind(), real)
    assert turn.fake.ids[:, 0].tolist() == real.ids[:, 0].repeat_interleave(4).tolist()
    assert turn.fake.mask[:4].sum() == 4 and not turn.fake.ids[:4, 1:].any()
    first = torch.arange(LENGTH) < 1
    found = flat(torch.autograd.grad(turn.loss, list(generator.parameters())))
    assert torch.allclose(found, _likelihood_gradient(generator, real, first), atol=1e-6)
    # With opinions, the continuations of each prefix are weighed among themselves.
    torch.manual_seed(2)
    turn = _turn(strategy, generator, discriminator, real)
    log_prob = generator.log_prob(turn.fake)
    wanted = log_prob[:, 0].sum()
    odds = discriminator.judge(turn.fake).score.exp()
    for begin in (0, 4, 8):
        group = slice(begin, begin + 4)
        advantage = 4 * odds[group] / odds[group].sum() - 1
        wanted = wanted + (advantage * log_prob[group, 1:].sum(1)).sum()
    assert float((turn.loss + wanted / 12).detach()) == pytest.approx(0, abs=1e-5)


def test_the_prefix_shortens_and_unknown_words_are_not_taught() -> None:
    generator, discriminator = players()
    real = every_sentence()[torch.tensor([30, 35, 39])]
    strategy = ImportanceWeights(prefix=Schedule(1.0, 0.0))
    kept = [
        float(_turn(strategy, generator, discriminator, real, x).log["prefix"]) for x in (0.0, 0.4, 0.7, 1.0)
    ]
    assert kept == [3, 2, 1, 0]
    assert VOCABULARY.unk is not None
    holed = Text(real.ids.clone(), real.mask)
    holed.ids[0, 1] = VOCABULARY.unk
    loss = _turn(strategy, generator, discriminator, holed).loss
    known = holed.ids != VOCABULARY.unk
    assert float(loss.detach()) == pytest.approx(
        float(-(generator.log_prob(holed).detach() * known).sum() / 3), abs=1e-4
    )


@pytest.mark.parametrize(("count", "rows"), [(5, 12), (2, 8)])
def test_as_many_real_prefixes_as_there_are_with_their_labels(count: int, rows: int) -> None:
    """Twelve sentences in groups of four: three prefixes of five, but two of two, no longer than the real text."""
    generator = LSTM(VOCABULARY, embedding=3, hidden=4, classes=2)
    real = replace(every_sentence()[7 : 7 + count].narrowed(2), labels=torch.arange(count) % 2)
    strategy = ImportanceWeights(prefix=1.0, completions=4)
    fake = _turn(strategy, generator, Blind(), real).fake
    kept = real.ids[: rows // 4].repeat_interleave(4, 0)
    assert torch.equal(fake.ids[:, :2].masked_fill(~fake.mask[:, :2], 0), kept)
    assert fake.labels is not None and fake.labels.tolist() == [row // 4 % 2 for row in range(rows)]


def test_the_log_by_hand() -> None:
    generator, discriminator = players()
    turn = _turn(ImportanceWeights(), generator, discriminator, real_text())
    score = discriminator.judge(turn.fake).score
    odds = score.exp()
    assert torch.allclose(turn.log["reward"], (odds / (1 + odds)).mean(), atol=1e-6)
    assert torch.allclose(turn.log["effective-samples"], odds.sum() ** 2 / (odds**2).sum() / 12, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"prefix": 1.5}, "prefix: 1.5"),
        ({"prefix": Schedule(2, 0)}, "prefix: 2"),
        ({"completions": 1}, "completions: 1"),
    ],
)
def test_mistakes(arguments: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ImportanceWeights(**arguments)  # type: ignore[arg-type]
