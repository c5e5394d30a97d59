"""Minibatch features by hand."""

from __future__ import annotations

import math

import pytest
import torch

from textgan.discriminators.minibatch import Likeness


def test_by_hand() -> None:
    layer = Likeness(2, kernels=1, size=2)
    with torch.no_grad():
        layer.project.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
    # M = (1, 2), (0, 2), (1, 4): L1 distances 1, 2 and 3.
    found = layer(torch.tensor([[1.0, 1.0], [0.0, 1.0], [1.0, 2.0]]))
    near, middle, far = math.exp(-1), math.exp(-2), math.exp(-3)
    wanted = [(near + middle) / 2, (near + far) / 2, (middle + far) / 2]
    assert found.squeeze(1).tolist() == pytest.approx(wanted, rel=1e-6)


def test_a_batch_of_one_and_the_order_of_a_batch() -> None:
    torch.manual_seed(0)
    layer = Likeness(5, kernels=3)
    features = torch.randn(7, 5)
    assert torch.equal(layer(features[:1]), torch.zeros(1, 3))
    order = torch.randperm(7)
    assert torch.allclose(layer(features)[order], layer(features[order]), atol=1e-6)
    assert torch.allclose(layer(features.repeat(2, 1)).mean(), layer(features).mean(), atol=0.15)


@pytest.mark.parametrize("features", [20, 200])
def test_at_its_start_it_tells_sentences_apart_however_many_features_there_are(features: int) -> None:
    """For standard normal features, the 8 numbers of two points differ by N(0, 1/4) each.

    The mean of exp(-|x|) is then 2 exp(1/8) Phi(-1/2) = .6992, and likeness its 8th power.
    """
    torch.manual_seed(0)
    found = Likeness(features, kernels=100)(torch.randn(100, features))
    assert float(found.mean().detach()) == pytest.approx(0.6992**8, rel=0.15)


def test_it_learns() -> None:
    layer = Likeness(5, kernels=3)
    features = torch.randn(4, 5, requires_grad=True)
    layer(features).sum().backward()
    assert layer.project.grad is not None and layer.project.grad.abs().sum() > 0
    assert features.grad is not None and features.grad.isfinite().all() and features.grad.abs().sum() > 0
