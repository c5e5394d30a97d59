"""Gradient diagnostics: moments by hand, corrections on vectors of known law, the strategies on the listed game."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from torch import Tensor
from toy import LENGTH, estimates, exact_gradient, flat, players, real_text

from textgan.errors import Mistake
from textgan.machine.streams import seeded
from textgan.objectives.adversarial import Minimax
from textgan.strategies.gradients import Estimates, Moments, estimate, flat_gradient
from textgan.strategies.gumbel import Gumbel
from textgan.strategies.reinforce import Reinforce
from textgan.types import Discriminator, Generator, Prompt, Situation, Strategy, Turn


class Vector(Generator):
    """A generator that is nothing but a vector of weights, and one weight that no loss reaches."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weights = torch.nn.Parameter(torch.zeros(size))
        self.unused = torch.nn.Parameter(torch.zeros(1))


class Listed(Strategy):
    """Turns whose gradients (ascent) are the rows of a table, in order."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows, self.at, self.begun = rows, 0, 0

    def begin(self, generator: Generator) -> None:
        self.begun += 1

    def turn(self, situation: Situation) -> Turn:
        row = self.rows[self.at]
        self.at += 1
        return Turn(-(row * situation.generator.weights).sum(), situation.real, {})


@cache
def discriminator() -> Discriminator:
    with seeded(0):  # `players` seeds the stream
        return players()[1]


def situation(generator: Generator) -> Situation:
    return Situation(
        generator, discriminator(), Minimax(bounded_reward=False), real_text(), Prompt(64), LENGTH, 0.0
    )


def listed(rows: Tensor, reference: Tensor | None = None, warm: int = 0) -> Estimates:
    against = None if reference is None else Estimates.exact(reference)
    place = situation(Vector(rows.shape[1]))
    return estimate(Listed(rows), place, len(rows) - warm, reference=against, warm=warm)


def test_by_hand() -> None:
    rows = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0], [2.0, -3.0]])
    found = listed(rows, torch.tensor([5.0, 0.0, 0.0]))
    assert found.mean.tolist() == [2.0, 0.0, 0.0]  # the last is the weight that no loss reaches
    assert found.variance == pytest.approx((1 + 1 + 9 + 9) / 3)
    assert found.square == pytest.approx(4 - 20 / 3 / 4)
    assert found.noise == pytest.approx(math.sqrt(20 / 3) / math.sqrt(4 - 5 / 3))
    # two estimates lie along the reference, two have cosine 2 / sqrt(13)
    assert found.cosine_of_one == pytest.approx((2 + 4 / math.sqrt(13)) / 4)
    # even: mean of rows 0 and 2, (1.5, 1.5); odd: (2.5, -1.5)
    cosine = (3.75 - 2.25) / (math.sqrt(4.5) * math.sqrt(8.5))
    assert found.halves == pytest.approx(cosine)
    assert found.likeness == pytest.approx(math.sqrt(2 * cosine / (1 + cosine)))


def test_signal_per_second_by_hand() -> None:
    found = Estimates(torch.tensor([3.0, 4.0]).double(), variance=50.0, count=10, seconds=0.25)
    assert found.square == 20.0 and found.signal_per_second == pytest.approx(20 / 50 / 0.25)
    nothing = Estimates(torch.tensor([1.0]).double(), variance=50.0, count=10, seconds=0.25)
    assert nothing.length == 0 and nothing.noise == math.inf and nothing.signal_per_second == 0
    assert math.isnan(nothing.against(found).cosine) and math.isnan(found.against(nothing).bias)


def test_streaming_is_the_whole_table() -> None:
    torch.manual_seed(0)
    rows = torch.randn(9, 5).double() * 3 + 100
    moments = Moments(1, rows[0])
    for row in rows[1:4]:
        moments = moments.with_one(row)
    other = Moments(1, rows[4])
    for row in rows[5:]:
        other = other.with_one(row)
    for found, wanted in ((moments, rows[:4]), (moments.joined(other), rows)):
        torch.testing.assert_close(found.mean, wanted.mean(0), rtol=1e-13, atol=0)
        trace = float(wanted.var(0).sum()) * (len(wanted) - 1)
        assert found.count == len(wanted) and found.scatter == pytest.approx(trace, rel=1e-10)


def test_the_corrections_take_out_what_noise_adds() -> None:
    """50 numbers with noise of deviation 3 around a vector of length 5, four estimates at a time."""
    torch.manual_seed(1)
    truth = torch.zeros(50)
    truth[0] = 5.0
    wrong = torch.zeros(51)
    wrong[1] = 5.0
    squares, gaps, naive = [], [], []
    for _ in range(225):
        found = listed(truth + 3 * torch.randn(4, 50))
        other = listed(torch.randn(4, 50) + wrong[:50])
        squares.append(found.square)
        apart = found.mean - other.mean
        naive.append(float(apart @ apart))
        gaps.append(naive[-1] - found.variance / 4 - other.variance / 4)
    squared, gap = torch.tensor(squares), torch.tensor(gaps)
    assert abs(float(squared.mean()) - 25) < 4 * float(squared.std()) / 15
    assert abs(float(gap.mean()) - 50) < 4 * float(gap.std()) / 15
    assert sum(naive) / 225 > 50 + 100  # 50 * (9 + 1) / 4 = 125 too large
    many, several = listed(truth + 3 * torch.randn(1500, 50)), listed(wrong[:50] + torch.randn(1500, 50))
    compared = many.against(several)
    assert compared.bias == pytest.approx(math.sqrt(2), abs=0.05)
    assert compared.cosine == pytest.approx(0, abs=0.05)
    assert compared.length == pytest.approx(1, abs=0.05)


def test_the_error_of_the_gap_is_how_far_it_strays() -> None:
    """With a bias that the noise runs along, and with none."""
    torch.manual_seed(4)
    for offset in (0.0, 6.0):
        gaps, told = [], []
        for _ in range(150):
            found = listed(
                offset * torch.eye(10)[0] + 2 * torch.randn(40, 10), torch.tensor([0.0] * 10 + [1e-3])
            )
            gaps.append(found.square)  # the reference is next to nothing, so this is the gap
            told.append(found.gap_error**2)
        strays = float(torch.tensor(gaps).std())
        # by the formula of a U-statistic: 4 * offset^2 * 4 / 40 + 2 * 10 * 16 / 40^2
        assert strays == pytest.approx(math.sqrt(16 * offset**2 / 40 + 0.2), rel=0.15)
        assert 0.85 * strays < math.sqrt(sum(told) / 150) < (1.7 if offset == 0 else 1.15) * strays


def test_likeness_is_the_cosine_to_the_truth() -> None:
    torch.manual_seed(2)
    truth = torch.zeros(200)
    truth[:4] = 2.0
    told, true = [], []
    for _ in range(60):
        found = listed(truth + 3 * torch.randn(40, 200))
        told.append(found.likeness)
        true.append(float(found.mean[:200] @ truth.double() / found.mean.norm() / truth.norm()))
    assert 0.4 < sum(true) / 60 < 0.7  # 4 / sqrt(16 + 200 * 9 / 40) = .51
    assert sum(told) / 60 == pytest.approx(sum(true) / 60, abs=0.05)


@pytest.mark.parametrize("strategy", [Reinforce(2, rollout_lag=0.0), Gumbel(0.5)])
def test_the_same_draws_give_the_moments_of_the_same_table(strategy: Strategy) -> None:
    generator, _ = players()
    found = estimate(strategy, situation(generator), 6, warm=0, seed=7)
    torch.manual_seed(7)
    table = estimates(strategy, generator, discriminator(), Minimax(bounded_reward=False), 64, 6).double()
    torch.testing.assert_close(found.mean, table.mean(0), rtol=1e-9, atol=1e-12)
    assert found.variance == pytest.approx(float(table.var(0).sum()), rel=1e-9)


def test_an_unbiased_estimator_and_a_biased_one() -> None:
    objective = Minimax(bounded_reward=False)
    generator, opinion = players(1)
    place = Situation(generator, opinion, objective, real_text(), Prompt(1024), LENGTH, 0.0)
    exact = Estimates.exact(exact_gradient(generator, opinion, objective))
    right = estimate(Reinforce(0), place, 60, reference=exact)
    assert right.against(exact).bias < 0.03 and right.against(exact).cosine > 0.999
    assert right.halves > 0.98 and 0.9 < right.cosine_of_one < right.likeness
    wrong = estimate(Gumbel(1.0, hard=False), place, 20, reference=exact)
    assert wrong.against(exact).bias > 0.25 and wrong.noise < right.noise
    assert wrong.against(right).bias == pytest.approx(wrong.against(exact).bias, abs=0.04)


def test_the_stream_outside_is_left_alone_and_the_seed_decides() -> None:
    generator, _ = players()
    torch.manual_seed(3)
    wanted = torch.rand(4)
    torch.manual_seed(3)
    first = estimate(Gumbel(), situation(generator), 3, seed=5)
    assert torch.equal(torch.rand(4), wanted)
    assert torch.equal(first.mean, estimate(Gumbel(), situation(generator), 3, seed=5).mean)
    assert not torch.equal(first.mean, estimate(Gumbel(), situation(generator), 3, seed=6).mean)
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_warm_turns_do_not_count_and_begin_is_called_once() -> None:
    strategy = Listed(torch.tensor([[100.0], [100.0], [1.0], [3.0]]))
    found = estimate(strategy, situation(Vector(1)), 2, warm=2)
    assert found.mean.tolist() == [2.0, 0.0] and found.variance == 2.0 and strategy.begun == 1


def test_only_what_learns_is_counted() -> None:
    generator, _ = players()
    whole = flat([p for p in generator.parameters()])
    torch.manual_seed(0)
    assert flat_gradient(Gumbel(), situation(generator)).shape == whole.shape
    first = next(generator.parameters()).requires_grad_(False)
    assert len(flat_gradient(Gumbel(), situation(generator))) == len(whole) - first.numel()
    with pytest.raises(Mistake, match="no trainable parameter"):
        estimate(Gumbel(), situation(generator.requires_grad_(False)), 2)
    with pytest.raises(Mistake, match="gradients.repeats: 1"):
        estimate(Gumbel(), situation(generator), 1)
