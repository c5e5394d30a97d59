"""Each objective against its formula, written out with plain floats."""

from __future__ import annotations

import math

import pytest
import torch

from textgan.objectives.adversarial import (
    Hinge,
    LeastSquares,
    LogOdds,
    Minimax,
    NonSaturating,
    Relativistic,
    RelativisticAverage,
    Wasserstein,
)
from textgan.types import Objective, Verdict

REAL = [0.3, -1.2, 2.0]
FAKE = [-1.7, 0.9, 0.1]  # one beyond the hinge, as in REAL


def _verdict(scores: list[float]) -> Verdict:
    score = torch.tensor(scores, dtype=torch.double)
    return Verdict(score, score.unsqueeze(1))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _log(x: float) -> float:
    return math.log(_sigmoid(x))


R, F = _mean(REAL), _mean(FAKE)
LOGISTIC = -_mean([_log(s) for s in REAL]) - _mean([math.log(1 - _sigmoid(s)) for s in FAKE])
CASES = [
    (Minimax(), LOGISTIC, _mean([math.log(1 - _sigmoid(s)) for s in FAKE])),
    (NonSaturating(), LOGISTIC, -_mean([_log(s) for s in FAKE])),
    (LogOdds(), LOGISTIC, -F),
    (LogOdds(clip=0.5), LOGISTIC, -_mean([-0.5, 0.5, 0.1])),
    (
        LeastSquares(),
        (_mean([(s - 1) ** 2 for s in REAL]) + _mean([s**2 for s in FAKE])) / 2,
        _mean([(s - 1) ** 2 for s in FAKE]) / 2,
    ),
    (Hinge(), _mean([max(0, 1 - s) for s in REAL]) + _mean([max(0, 1 + s) for s in FAKE]), -F),
    (Wasserstein(), F - R, -F),
    (
        Relativistic(),
        -_mean([_log(r - f) for r in REAL for f in FAKE]),
        -_mean([_log(f - r) for r in REAL for f in FAKE]),
    ),
    (
        RelativisticAverage(),
        -_mean([_log(r - F) for r in REAL]) - _mean([_log(R - f) for f in FAKE]),
        -_mean([_log(f - R) for f in FAKE]) - _mean([_log(F - r) for r in REAL]),
    ),
]


@pytest.mark.parametrize(
    ("objective", "discriminator", "writer"), CASES, ids=lambda case: type(case).__name__
)
def test_losses_are_their_formulas(objective: Objective, discriminator: float, writer: float) -> None:
    real, fake = _verdict(REAL), _verdict(FAKE)
    assert float(objective.discriminator_loss(real, fake)) == pytest.approx(discriminator, abs=1e-12)
    assert float(objective.generator_loss(real, fake)) == pytest.approx(writer, abs=1e-12)


@pytest.mark.parametrize(
    "objective",
    [
        *(Minimax(bounded_reward=False), NonSaturating(), LogOdds(), LogOdds(clip=0.5), LeastSquares()),
        *(Hinge(), Wasserstein(), Relativistic()),
    ],
    ids=lambda objective: type(objective).__name__,
)
def test_the_mean_reward_is_minus_the_generator_loss(objective: Objective) -> None:
    real, fake = _verdict(REAL), _verdict(FAKE)
    reward = objective.reward(real, fake)
    assert reward.shape == (3,)
    assert float(reward.mean()) == pytest.approx(-float(objective.generator_loss(real, fake)), abs=1e-12)


def test_seqgan_reward_is_the_probability_of_being_real() -> None:
    reward = Minimax().reward(_verdict(REAL), _verdict(FAKE))
    assert reward.tolist() == pytest.approx([_sigmoid(s) for s in FAKE])


def test_at_the_best_discriminator_the_mean_log_odds_are_minus_the_divergence() -> None:
    """D = p / (p + q) has the logit log p - log q, whose mean under q is -KL(q || p)."""
    p, q = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.2, 0.6])
    score = (p / (p + q)).logit()
    reward = LogOdds().reward(_verdict(REAL), Verdict(score, score.unsqueeze(1)))
    assert float((q * reward).sum()) == pytest.approx(float((q * (p / q).log()).sum()), abs=1e-6)


@pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
def test_a_clip_that_leaves_nothing_is_refused(clip: float) -> None:
    with pytest.raises(ValueError, match="clip"):
        LogOdds(clip=clip)


def test_relativistic_average_reward_is_its_gradient_by_probability() -> None:
    """Over a distribution p on three scores, d(-loss)/dp is the reward in a batch that has p's shares."""
    scores, real = torch.tensor(FAKE, dtype=torch.double), torch.tensor(REAL, dtype=torch.double)
    p = torch.tensor([0.2, 0.3, 0.5], dtype=torch.double, requires_grad=True)
    loss = p @ torch.log1p((R - scores).exp()) + torch.log1p((real - p @ scores).exp()).mean()
    (wanted,) = torch.autograd.grad(-loss, p)
    batch = [FAKE[0]] * 2 + [FAKE[1]] * 3 + [FAKE[2]] * 5
    objective = RelativisticAverage()
    assert float(objective.generator_loss(_verdict(REAL), _verdict(batch))) == pytest.approx(
        float(loss.detach())
    )
    reward = objective.reward(_verdict(REAL), _verdict(batch))
    assert reward[[0, 2, 5]].tolist() == pytest.approx(wanted.tolist(), abs=1e-12)


def test_the_value_and_the_divergence_it_implies() -> None:
    told = Minimax().value(_verdict(REAL), _verdict(FAKE))
    assert float(told["value"]) == pytest.approx(-LOGISTIC, abs=1e-12)
    assert float(told["jsd"]) == pytest.approx((-LOGISTIC + math.log(4)) / 2, abs=1e-12)
    blind = Minimax().value(_verdict([0.0, 0.0]), _verdict([0.0, 0.0]))
    assert float(blind["jsd"]) == pytest.approx(0, abs=1e-12)  # D = 1/2 everywhere
    sure = Minimax().value(_verdict([60.0]), _verdict([-60.0]))
    assert float(sure["jsd"]) == pytest.approx(math.log(2), abs=1e-12)


@pytest.mark.parametrize("objective", [LeastSquares(), Hinge(), Relativistic(), RelativisticAverage()])
def test_the_gap_of_the_scores(objective: Objective) -> None:
    told = objective.value(_verdict(REAL), _verdict(FAKE))
    assert {name: float(found) for name, found in told.items()} == pytest.approx({"score-gap": R - F})


def test_the_distance_that_a_wasserstein_critic_tells() -> None:
    told = Wasserstein().value(_verdict(REAL), _verdict(FAKE))
    assert {name: float(found) for name, found in told.items()} == pytest.approx({"wasserstein": R - F})


def test_smoothing_moves_the_real_target_only() -> None:
    loss = NonSaturating(smoothing=0.1).discriminator_loss(_verdict(REAL), _verdict(FAKE))
    wanted = -_mean([0.9 * _log(s) + 0.1 * math.log(1 - _sigmoid(s)) for s in REAL])
    wanted -= _mean([math.log(1 - _sigmoid(s)) for s in FAKE])
    assert float(loss) == pytest.approx(wanted, abs=1e-12)
