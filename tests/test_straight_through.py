"""Gradients through one drawn token, against the exact one, found by listing what can be drawn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from textgan.sampling import GumbelRao, GumbelSoftmax, ReinMax, noisy_given, second_order
from textgan.strategies.gumbel import Gumbel
from textgan.types import Choice, Sampler

V = 5
LOGITS = torch.tensor([0.7, -0.4, 0.1, -1.3, 0.5])
torch.manual_seed(0)
CURVE, SLOPE = torch.randn(V, V), torch.randn(V)


def _quadratic(token: Tensor) -> Tensor:
    return ((token @ CURVE) * token).sum(-1) + token @ SLOPE


def _steep(token: Tensor) -> Tensor:
    """No polynomial: what a discriminator is."""
    return (token @ CURVE).tanh().sum(-1) + _quadratic(token)


def _exact(score: object, logits: Tensor) -> Tensor:
    """Of E score(one-hot): the sum over all tokens of score * gradient of the probability."""
    logits = logits.clone().requires_grad_()
    expected = (logits.softmax(-1) * score(torch.eye(V))).sum()  # type: ignore[operator]
    return torch.autograd.grad(expected, logits)[0]


def _through(choice: Choice, score: object, logits: Tensor) -> Tensor:
    """The estimates (N,V) of N rows."""
    table = torch.eye(V)
    return torch.autograd.grad(score(choice.read(table)).sum(), logits)[0]  # type: ignore[operator]


def _second_order_expectation(score: object) -> Tensor:
    logits = LOGITS.expand(V, -1).clone().requires_grad_()
    ids = torch.arange(V)
    found = _through(Choice(ids, second_order(logits, ids), hard=True), score, logits)
    return (LOGITS.softmax(-1).unsqueeze(1) * found).sum(0)


def _estimates(sampler: Sampler, score: object, count: int) -> Tensor:
    logits = LOGITS.expand(count, -1).clone().requires_grad_()
    return _through(sampler(logits), score, logits)


def test_the_second_order_estimate_is_exact_for_a_quadratic_and_nearer_for_what_is_none() -> None:
    assert torch.allclose(_second_order_expectation(_quadratic), _exact(_quadratic, LOGITS), atol=1e-6)
    torch.manual_seed(1)
    truth = _exact(_steep, LOGITS)
    plain = _estimates(GumbelSoftmax(1.0), _steep, 400_000)
    noise = float(plain.std(0).norm()) / 400_000**0.5
    bias = float((plain.mean(0) - truth).norm())
    assert float((_second_order_expectation(_steep) - truth).norm()) < 0.5 * bias
    assert noise < 0.02 * bias


def test_the_samplers_draws_give_the_listed_expectation() -> None:
    torch.manual_seed(2)
    found = _estimates(ReinMax(), _steep, 400_000)
    error = found.std(0) / 400_000**0.5
    assert ((found.mean(0) - _second_order_expectation(_steep)) / error).abs().max() < 4.5


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_the_mean_over_noise_has_the_plain_expectation_and_less_variance(temperature: float) -> None:
    torch.manual_seed(3)
    count = 200_000
    plain = _estimates(GumbelSoftmax(temperature), _steep, count)
    averaged = _estimates(GumbelRao(temperature, draws=16), _steep, count)
    error = ((plain.var(0) + averaged.var(0)) / count).sqrt()
    assert ((plain.mean(0) - averaged.mean(0)) / error).abs().max() < 4.5
    assert float(averaged.var(0).sum()) < 0.8 * float(plain.var(0).sum())


def test_noise_on_condition_of_its_arg_max_is_gumbel_noise() -> None:
    """Given ids drawn from the softmax, the noise of all tokens together is as if no condition had been made."""
    torch.manual_seed(4)
    logits = LOGITS.expand(200_000, -1)
    ids = torch.multinomial(LOGITS.softmax(-1), len(logits), replacement=True)
    noisy = noisy_given(logits, ids)
    assert torch.equal(noisy.argmax(-1), ids)
    noise = noisy + LOGITS.logsumexp(-1) - LOGITS
    assert torch.allclose(noise.mean(0), torch.full((V,), 0.577216), atol=5 * 1.2825 / 200_000**0.5)
    assert torch.allclose(noise.var(0), torch.full((V,), math.pi**2 / 6), rtol=0.03)
    off_diagonal = torch.corrcoef(noise.T) - torch.eye(V)
    assert off_diagonal.abs().max() < 5 / 200_000**0.5


def test_a_uniform_number_of_0_makes_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "rand_like", torch.zeros_like)
    noisy = noisy_given(LOGITS.unsqueeze(0), torch.tensor([3]))
    assert noisy.isfinite().all() and int(noisy.argmax()) == 3


@pytest.mark.parametrize("estimator", ["rao", "second-order"])
def test_forbidden_tokens_make_no_nan_and_get_no_gradient(estimator: str) -> None:
    torch.manual_seed(5)
    logits = torch.randn(50, V)
    logits[:, 1] = -1e9
    logits.requires_grad_()
    choice = Gumbel(0.5 if estimator == "rao" else 1.0, estimator=estimator).sampler(0.0)(logits)  # type: ignore[arg-type]
    gradient = _through(choice, _steep, logits)
    assert gradient.isfinite().all() and (gradient[:, 1] == 0).all() and not (choice.ids == 1).any()


def test_a_strategy_takes_them_by_name() -> None:
    assert Gumbel(0.5, estimator="rao", draws=3).sampler(0.0) == GumbelRao(0.5, 3)
    assert Gumbel(estimator="second-order").sampler(0.0) == ReinMax(1.0)
    with pytest.raises(ValueError, match="estimator: 'rao'.*hard"):
        Gumbel(estimator="rao", hard=False)
    with pytest.raises(ValueError, match="draws: 0"):
        Gumbel(estimator="rao", draws=0)
    for estimator in ("plain", "second-order"):
        with pytest.raises(ValueError, match=f"draws: 8; the estimator '{estimator}' .*rao"):
            Gumbel(estimator=estimator, draws=8)  # type: ignore[arg-type]
