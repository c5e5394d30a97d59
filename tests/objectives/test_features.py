"""Distances between samples of features: against plain loops, by listing every sample, against the best assignment."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from textgan.objectives.features import (
    FeatureMover,
    MaximumMeanDiscrepancy,
    cosine_cost,
    squared_mmd,
    transport_plan,
)
from textgan.strategies.baselines import Baseline, LeaveOneOut, NoBaseline
from textgan.types import Verdict

BANDWIDTHS = torch.tensor([0.5, 1.0, 3.0], dtype=torch.double)


def _features(size: int, seed: int, wide: int = 4) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(size, wide, generator=draw, dtype=torch.double)


def _verdict(features: Tensor) -> Verdict:
    return Verdict(features.sum(1), features)


def _kernel(x: Tensor, y: Tensor) -> float:
    apart = sum((a - b) ** 2 for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return sum(math.exp(-apart / (2 * s * s)) for s in BANDWIDTHS.tolist())


def test_discrepancy_is_the_plain_double_loop() -> None:
    f, g = _features(5, 0), _features(4, 1) + 0.5
    wanted = sum(_kernel(f[i], f[j]) for i in range(5) for j in range(5) if i != j) / 20
    wanted += sum(_kernel(g[i], g[j]) for i in range(4) for j in range(4) if i != j) / 12
    wanted -= 2 * sum(_kernel(x, y) for x in f for y in g) / 20
    assert float(squared_mmd(f, g, BANDWIDTHS)) == pytest.approx(wanted, rel=1e-10)


def test_it_is_zero_in_expectation_for_one_distribution_and_not_for_two() -> None:
    """Every pair of samples of two and three from a distribution on three points: the mean is exactly 0."""
    points = _features(3, 2)

    def mean(second: Tensor) -> float:
        found = [
            float(squared_mmd(points[list(one)], second[list(other)], BANDWIDTHS))
            for one in itertools.product(range(3), repeat=2)
            for other in itertools.product(range(3), repeat=3)
        ]
        return sum(found) / len(found)

    assert mean(points) == pytest.approx(0, abs=1e-12)
    assert mean(points + 0.3) > 0.01


def test_its_reward_is_its_gradient_by_probability() -> None:
    """Over a distribution p on three points, d MMD^2 / dp is minus the expected reward, but for a constant."""
    points, f = _features(3, 3), _features(6, 4)
    p = torch.tensor([0.2, 0.3, 0.5], dtype=torch.double, requires_grad=True)
    kernels = torch.tensor([[_kernel(x, y) for y in points] for x in points], dtype=torch.double)
    to_real = torch.tensor([[_kernel(x, y) for y in f] for x in points], dtype=torch.double).mean(1)
    (wanted,) = torch.autograd.grad(p @ kernels @ p - 2 * p @ to_real, p)
    objective = MaximumMeanDiscrepancy(BANDWIDTHS.tolist(), relative=False)
    expected = torch.zeros(3, dtype=torch.double)  # of the reward of a point whose companion is drawn from p
    with torch.no_grad():
        for mine, other in itertools.product(range(3), repeat=2):
            reward = objective.reward(_verdict(f), _verdict(points[[mine, other]]))
            expected[mine] += p[other] * reward[0]
    assert torch.allclose(-expected, wanted, atol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_leave_one_out_has_a_bias_where_the_others_are_in_the_reward(size: int) -> None:
    """The expected estimate from batches of `size` one-word sentences, every batch listed, against the gradient."""
    points, real = _features(4, 15), _features(6, 16)
    theta = torch.tensor([0.4, -0.3, 0.8, -0.1], dtype=torch.double, requires_grad=True)
    p = theta.softmax(0)
    within = torch.tensor([[_kernel(x, y) for y in points] for x in points], dtype=torch.double)
    to_real = torch.tensor([[_kernel(x, y) for y in real] for x in points], dtype=torch.double).mean(1)
    (exact,) = torch.autograd.grad(2 * p @ to_real - p @ within @ p, theta)
    objective = MaximumMeanDiscrepancy(BANDWIDTHS.tolist(), relative=False)
    p = p.detach()

    def bias(baseline: Baseline) -> float:
        total = torch.zeros_like(p)
        for words in map(list, itertools.product(range(4), repeat=size)):
            reward = objective.reward(_verdict(real), _verdict(points[words])).unsqueeze(1)
            advantage = baseline(reward, torch.ones(size, 1, dtype=torch.bool), torch.zeros(size))
            slopes = torch.eye(4, dtype=torch.double)[words] - p  # of log p by theta
            total += p[words].prod() * (advantage * slopes).mean(0)
        return float((total - exact).norm() / exact.norm())

    assert bias(NoBaseline()) < 1e-9
    assert bias(LeaveOneOut()) * (size - 1) == pytest.approx(0.67073015, rel=1e-6)  # of order 1 / n


def test_relative_bandwidths_do_not_know_the_scale() -> None:
    f, g = _features(7, 5), _features(6, 6) + 1
    objective = MaximumMeanDiscrepancy()
    small = objective.distance(_verdict(f), _verdict(g))
    for scale in (1e-4, 1000):
        assert torch.allclose(objective.distance(_verdict(scale * f), _verdict(scale * g)), small)
    same = torch.ones(4, 3, requires_grad=True)  # a discriminator that says the same of all text: no NaN
    (gradient,) = torch.autograd.grad(objective.distance(_verdict(same.detach()), _verdict(same)), same)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_equal_real_sentences_leave_the_bandwidth_to_the_others(offset: float) -> None:
    """Six of eight real rows are one sentence: 15 of 28 pairs are at 0, and 12 of the others at 3."""
    f = torch.zeros(8, 3) + offset
    f[6, 0], f[7, 1] = offset + 3, offset - 3  # at 3 from the six, sqrt(18) from each other
    objective = MaximumMeanDiscrepancy([0.5, 2.0])
    assert torch.allclose(objective._widths(f), torch.tensor([1.5, 6.0]))
    g = (f + 1).requires_grad_()
    (gradient,) = torch.autograd.grad(objective.distance(_verdict(f), _verdict(g)), g)
    assert (gradient.abs().sum(1) > 1e-3).all()
    assert torch.equal(
        objective._widths(f[:6]), torch.tensor([0.5, 2.0])
    )  # all alike: the features' own units


def test_the_bandwidth_is_the_median_of_all_pairs_where_none_are_equal() -> None:
    f = _features(7, 15)
    pairs = sorted(float((f[i] - f[j]).norm()) for i, j in itertools.combinations(range(7), 2))
    assert float(MaximumMeanDiscrepancy([1.0])._widths(f)) == pytest.approx(pairs[10], rel=1e-9)
    half = MaximumMeanDiscrepancy([1.0])._widths(f.bfloat16())  # as a run of precision bf16 has them
    assert float(half) == pytest.approx(pairs[10], rel=0.02)


def test_the_cost_is_one_minus_the_cosine() -> None:
    cost = cosine_cost(torch.tensor([[3.0, 4.0], [-1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, -0.5]]))
    assert torch.allclose(cost, torch.tensor([[0.4, 1.8], [2.0, 1.0]]))


@pytest.mark.parametrize("iterations", [1, 3])
def test_transport_goes_by_the_steps_of_the_paper(iterations: int) -> None:
    """Xie et al. 2018, Algorithm 1, without logarithms and with one inner step."""
    cost = cosine_cost(_features(5, 7), _features(4, 8))
    plan, b = torch.ones(5, 4, dtype=torch.double), torch.full((4,), 1 / 4, dtype=torch.double)
    for _ in range(iterations):
        moved = (-2.0 * cost).exp() * plan
        a = 1 / 5 / (moved @ b)
        b = 1 / 4 / (moved.T @ a)
        plan = a.diag() @ moved @ b.diag()
    assert torch.allclose(transport_plan(cost, 2.0, iterations), plan, rtol=1e-9)
    mean = FeatureMover(2.0, iterations).distance(_verdict(_features(5, 7)), _verdict(_features(4, 8)))
    assert torch.allclose(mean, (plan * cost).sum(), rtol=1e-9)


def test_transport_is_the_best_assignment() -> None:
    """With equal weights the least cost is that of the best permutation."""
    cost = cosine_cost(_features(5, 7), _features(5, 8))
    orders = list(itertools.permutations(range(5)))
    costs = [sum(float(cost[i, order[i]]) for i in range(5)) / 5 for order in orders]
    best, wanted = min(zip(costs, orders, strict=True))
    plan = transport_plan(cost, step=2.0, iterations=3000)
    assert torch.allclose(plan.sum(0), torch.full((5,), 0.2, dtype=torch.double))
    assert torch.allclose(plan.sum(1), torch.full((5,), 0.2, dtype=torch.double), atol=1e-6)
    assert float((plan * cost).sum()) == pytest.approx(best, abs=1e-5)
    assert plan.argmax(1).tolist() == list(wanted)


def test_its_gradient_is_that_of_the_best_assignment() -> None:
    """The envelope: the plan stands still where it is optimal, so finite differences of the minimum agree."""
    f, g = _features(4, 9), _features(4, 10).requires_grad_()

    def least(g: Tensor) -> Tensor:
        cost = cosine_cost(f, g)
        return torch.stack(
            [cost[range(4), list(order)].mean() for order in itertools.permutations(range(4))]
        ).min()

    objective = FeatureMover(iterations=3000)
    (found,) = torch.autograd.grad(objective.distance(_verdict(f), _verdict(g)), g)
    (wanted,) = torch.autograd.grad(least(g), g)
    assert torch.allclose(found, wanted, atol=1e-6)


def test_sides_of_different_sizes_and_the_reward_is_minus_the_loss() -> None:
    real, fake = _verdict(_features(6, 11)), _verdict(_features(4, 12))
    objective = FeatureMover()
    assert float(objective.reward(real, fake).mean()) == pytest.approx(
        -float(objective.generator_loss(real, fake)), rel=1e-9
    )
    plan = transport_plan(cosine_cost(real.features, fake.features), 2.0, 500)
    assert torch.allclose(plan.sum(0), torch.full((4,), 0.25, dtype=torch.double))


@pytest.mark.parametrize("kind", [MaximumMeanDiscrepancy, FeatureMover])
def test_the_players_pull_in_opposite_directions(
    kind: type[MaximumMeanDiscrepancy] | type[FeatureMover],
) -> None:
    real, fake = _verdict(_features(6, 13)), _verdict(_features(6, 14))
    alone = kind(weight=2.0, classify=0.0)
    loss = float(alone.discriminator_loss(real, fake))
    assert loss == pytest.approx(-2 * float(alone.generator_loss(real, fake)))
    both = float(kind(weight=2.0).discriminator_loss(real, fake))
    s, t = real.score, fake.score
    entropy = -(s.sigmoid().log().mean() + (1 - t.sigmoid()).log().mean())
    assert both == pytest.approx(loss + float(entropy))


@pytest.mark.parametrize("bad", [{"bandwidths": []}, {"bandwidths": [0.0]}, {"weight": -1.0}])
def test_what_cannot_be_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        MaximumMeanDiscrepancy(**bad)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least two real and two generated"):
        MaximumMeanDiscrepancy().distance(_verdict(_features(3, 0)), _verdict(_features(1, 0)))
