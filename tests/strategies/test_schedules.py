"""A schedule's shapes by hand, and the strategies that go by one."""

from __future__ import annotations

import math

import pytest
import torch
from toy import LENGTH, players, real_text

from textgan.objectives.adversarial import Minimax
from textgan.sampling import Draw, Expected, GumbelRao, GumbelSoftmax, ReinMax
from textgan.strategies.embedding import Embedding
from textgan.strategies.gumbel import Gumbel
from textgan.strategies.schedules import Schedule, Shape, at
from textgan.types import Prompt, Situation, Strategy


@pytest.mark.parametrize(
    ("shape", "progress", "value"),
    [  # from 1 to 81
        ("constant", 0.0, 1.0),
        ("constant", 0.5, 1.0),
        ("constant", 1.0, 1.0),
        ("linear", 0.25, 21.0),
        ("linear", 0.5, 41.0),
        ("exponential", 0.25, 3.0),
        ("exponential", 0.5, 9.0),
        ("exponential", 0.75, 27.0),
        ("cosine", 1 / 3, 21.0),  # 1 - cos 60 degrees is a half, and half of that is a quarter
        ("cosine", 0.5, 41.0),
        ("cosine", 2 / 3, 61.0),
        ("quadratic", 0.25, 6.0),
        ("quadratic", 0.5, 21.0),
        ("sqrt", 0.25, 41.0),
        ("sqrt", 0.0625, 21.0),
        ("logarithmic", (math.sqrt(math.e) - 1) / (math.e - 1), 41.0),
        ("logarithmic", 0.5, 50.609),  # ln((e + 1) / 2) = .62011
    ],
)
def test_each_shape_goes_its_own_way(shape: Shape, progress: float, value: float) -> None:
    assert Schedule(1, 81, shape)(progress) == pytest.approx(value, abs=1e-3)
    assert Schedule(1, 81, shape, inverse=True)(progress) == pytest.approx(1 / value, rel=1e-5)


@pytest.mark.parametrize("shape", ["linear", "exponential", "cosine", "quadratic", "sqrt", "logarithmic"])
def test_every_shape_but_the_constant_ends_at_its_end(shape: Shape) -> None:
    schedule = Schedule(2, 8, shape)
    assert [schedule(x) for x in (0.0, 1.0)] == pytest.approx([2, 8])
    assert [schedule(x) for x in (-1.0, 2.0)] == pytest.approx([2, 8])  # progress is held in [0, 1]
    assert at(schedule, 1.0) == schedule(1.0) and at(3.0, 1.0) == 3.0


def test_inverse_temperatures_cool_as_they_rise() -> None:
    """RelGAN's: beta from 1 to 100 by equal ratios."""
    strategy = Gumbel(Schedule(1, 100, "exponential", inverse=True), hard=False)
    found = [strategy.sampler(progress) for progress in (0.0, 0.5, 1.0)]
    assert [sampler.temperature for sampler in found] == pytest.approx([1.0, 0.1, 0.01])  # type: ignore[attr-defined]
    assert strategy.judge_sampler(1.0) == found[-1]


def test_samplers_have_the_temperature_of_the_progress() -> None:
    falling = Schedule(2.0, 1.0)
    assert Gumbel(falling).sampler(0.5) == GumbelSoftmax(1.5)
    assert Gumbel(falling, estimator="rao").sampler(0.5) == GumbelRao(1.5, draws=8)
    assert Gumbel(falling, estimator="second-order").sampler(0.5) == ReinMax(1.5)
    assert Gumbel(falling, hard=False).judge_sampler(0.5) == GumbelSoftmax(1.5, hard=False)
    assert Gumbel(falling).judge_sampler(0.5) == Draw()  # the same text as one-hots at any temperature
    assert Embedding(falling).sampler(0.5) == Expected(1.5)
    assert Embedding(0.7).sampler(0.5) == Expected(0.7)


@pytest.mark.parametrize("strategy", [Gumbel(0.7), Gumbel(0.7, hard=False), Embedding(0.7)])
def test_a_turn_logs_the_loss_and_the_mean_reward_of_the_relaxed_text(strategy: Strategy) -> None:
    generator, discriminator = players()
    turn = strategy.turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(9), LENGTH, 0.0))
    score = discriminator.judge(turn.fake).score
    assert not score.requires_grad and turn.loss.requires_grad and turn.fake.choices is not None
    assert torch.allclose(turn.log["reward"], score.sigmoid().mean(), atol=1e-6)
    assert torch.allclose(turn.log["g-loss"], (1 - score.sigmoid()).log().mean(), atol=1e-6)
    assert torch.equal(turn.log["g-loss"], turn.loss.detach())
