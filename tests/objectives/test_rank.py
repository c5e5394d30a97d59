"""Rank scores against a case computed by hand and against the formula in plain floats."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from textgan.errors import Mistake
from textgan.objectives.rank import Rank, log_complement
from textgan.training.game import pair_accuracy
from textgan.types import Verdict


def _verdict(*features: list[float]) -> Verdict:
    held = torch.tensor(features)
    return Verdict(torch.zeros(len(held)), held)


def _cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)


def _log_rank(
    s: list[float], others: list[list[float]], references: list[list[float]], gamma: float
) -> float:
    found = []
    for u in references:
        own = math.exp(gamma * _cosine(s, u))
        found.append(math.log(own / (own + sum(math.exp(gamma * _cosine(c, u)) for c in others))))
    return sum(found) / len(found)


def test_a_case_by_hand() -> None:
    """One reference (1, 0) and one comparison at a right angle to it: cosines 0.6 and 0."""
    real, fake = _verdict([2.0, 0.0], [0.0, 5.0]), _verdict([3.0, 4.0])
    objective = Rank(gamma=2.0, references=1)
    # P = e^1.2 / (e^1.2 + e^0) = 3.3201 / 4.3201 = 0.76852
    assert float(objective.reward(real, fake).exp()) == pytest.approx(0.76852, abs=1e-5)
    # The real sentence among the written one: 1 / (1 + 3.3201) = 0.23148; the discriminator's loss of both:
    loss = -math.log(0.23148) - math.log(1 - 0.76852)
    assert float(objective.discriminator_loss(real, fake)) == pytest.approx(loss, abs=1e-4)
    assert float(objective.generator_loss(real, fake)) == pytest.approx(-math.log(0.76852), abs=1e-5)
    told = objective.value(real, fake)
    assert float(told["rank-real"]) == pytest.approx(0.23148, abs=1e-5)
    assert float(told["rank-fake"]) == pytest.approx(0.76852, abs=1e-5)


REAL = [[0.3, 1.0, 0.0], [1.0, 0.2, 0.4], [0.1, 0.1, 2.0], [0.5, 0.5, 0.1], [0.9, 0.0, 0.3]]
FAKE = [[0.2, 0.7, 0.1], [1.5, 0.0, 1.0], [0.0, 0.3, 0.3]]


def test_several_references_and_comparisons_by_the_formula() -> None:
    objective = Rank(gamma=3.0, references=2)
    references, others = REAL[:2], REAL[2:]
    reward = [_log_rank(s, others, references, 3.0) for s in FAKE]
    real, fake = _verdict(*REAL), _verdict(*FAKE)
    assert objective.reward(real, fake).tolist() == pytest.approx(reward, abs=1e-5)
    on_real = [_log_rank(s, FAKE, references, 3.0) for s in others]
    loss = -sum(on_real) / 3 - sum(math.log(1 - math.exp(r)) for r in reward) / 3
    assert float(objective.discriminator_loss(real, fake)) == pytest.approx(loss, abs=1e-5)
    told = objective.value(real, fake)
    assert float(told["rank-real"]) == pytest.approx(sum(map(math.exp, on_real)) / 3, abs=1e-5)
    assert float(told["rank-fake"]) == pytest.approx(sum(map(math.exp, reward)) / 3, abs=1e-5)
    # A sentence's reward does not depend on what else was written.
    assert objective.reward(real, _verdict(FAKE[1])).tolist() == pytest.approx(reward[1:2], abs=1e-5)


def test_equal_sentences_share_the_rank_and_the_reward_follows_likeness() -> None:
    same = _verdict(*[[1.0, 2.0]] * 6)
    reward = Rank(references=2).reward(same, _verdict([1.0, 2.0]))
    assert float(reward.exp()) == pytest.approx(1 / 5)
    real = _verdict([1.0, 0.0], [1.0, 0.1], [0.5, 0.5], [0.0, 1.0])
    near, far = Rank(references=2).reward(real, _verdict([1.0, 0.05], [0.0, 1.0])).tolist()
    assert near > far


def test_a_sure_ranker_and_silent_features_give_numbers() -> None:
    real = Verdict(torch.zeros(4), torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]))
    features = torch.tensor([[1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    loss = Rank(gamma=500.0, references=2).discriminator_loss(real, Verdict(torch.zeros(2), features))
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.isfinite(loss) and torch.isfinite(gradient).all()


@pytest.mark.parametrize("gamma", [0.5, 5.0, 10.0, 40.0, 300.0])
@pytest.mark.parametrize("count", [1, 2])
def test_the_discriminator_learns_however_far_the_written_text_is_ahead(gamma: float, count: int) -> None:
    """Against the formula in float64, with written text that wins outright, loses outright and stands between."""
    real = torch.tensor([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.2], [-1.0, 0.5]], dtype=torch.double)[2 - count :]
    written = torch.tensor([[1.0, 0.05], [-0.8, 0.5], [0.1, 0.9]], dtype=torch.double)

    def relevance(features: Tensor) -> Tensor:
        return gamma * normalize(features, dim=1) @ normalize(real[:count], dim=1).T

    def wanted(features: Tensor) -> Tensor:
        own, rivals = relevance(features), relevance(real[count:])
        beside = rivals.unsqueeze(0).expand(len(own), -1, -1)  # (N, C, U)
        log_p = own - torch.cat([beside, own.unsqueeze(1)], 1).logsumexp(1)
        behind = rivals.logsumexp(0) - own
        # log P has lost what is beyond float64 where the sentence wins; log(1 + e^x) has not.
        a = torch.where(behind < -20, softplus(behind), -log_p).mean(1)
        on_real = torch.stack([r - torch.cat([relevance(features), r[None]]).logsumexp(0) for r in rivals])
        return -on_real.mean() - torch.log(-torch.expm1(-a)).mean()

    single = written.float().requires_grad_()
    double = written.clone().requires_grad_()
    objective = Rank(gamma=gamma, references=count)
    loss = objective.discriminator_loss(
        Verdict(torch.zeros(len(real)), real.float()), Verdict(torch.zeros(3), single)
    )
    assert loss.item() == pytest.approx(wanted(double).item(), rel=1e-5, abs=1e-5)
    (found,) = torch.autograd.grad(loss, single)
    (right,) = torch.autograd.grad(wanted(double), double)
    torch.testing.assert_close(found.double(), right, rtol=1e-3, atol=1e-4 * gamma)


def test_log_complement_in_float64_and_where_it_underflows() -> None:
    behind = torch.linspace(-60, 30, 541, dtype=torch.double).unsqueeze(1) + torch.tensor([0.0, 1.5, -3.0])
    behind.requires_grad_()
    wanted = torch.log(-torch.expm1(-softplus(behind).mean(1)))
    (right,) = torch.autograd.grad(wanted.sum(), behind)
    single = behind.detach().float().requires_grad_()
    found = log_complement(single)
    (gradient,) = torch.autograd.grad(found.sum(), single)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient.double(), right, rtol=1e-4, atol=1e-6)
    # R = 1 - e^-1000 of one reference: log(1 - R) = -1000, and it falls as fast as the sentence gets ahead.
    far = torch.tensor([[-1000.0]], requires_grad=True)
    value = log_complement(far)
    assert value.item() == -1000 and torch.autograd.grad(value.sum(), far)[0].item() == 1


def test_accuracy_goes_by_relevance_and_not_by_the_untrained_score() -> None:
    real, fake = _verdict([1.0, 0.0], [1.0, 0.1], [0.9, 0.1], [1.0, 0.2]), _verdict([0.0, 1.0], [1.0, 0.0])
    assert float(pair_accuracy(real, fake)) == 0.5  # all scores are 0
    first, second = Rank(references=1).compared(real, fake)

    def share(first: Tensor, second: Tensor) -> float:
        return float((first.unsqueeze(1) > second).float().mean())

    assert float(pair_accuracy(real, fake, Rank(references=1))) == share(first, second) == 0.5
    assert first.shape == (3,) and second.tolist() == pytest.approx([0.0, 10.0])


@pytest.mark.parametrize(
    ("arguments", "says"), [({"gamma": 0.0}, "gamma: 0.0"), ({"references": 0}, "references: 0")]
)
def test_mistakes(arguments: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Rank(**arguments)  # type: ignore[arg-type]
    with pytest.raises(Mistake, match="at least two real sentences"):
        Rank().reward(_verdict([1.0]), _verdict([1.0]))
