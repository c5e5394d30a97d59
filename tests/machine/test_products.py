"""The quick forms are the plain ones: same values, same gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d
from torch.nn.functional import linear as plain_linear

from textgan.machine.products import linear, log_prob_at, rows_at_once, windows


def _agree(ours: Tensor, plain: Tensor, inputs: list[Tensor]) -> None:
    assert ours.shape == plain.shape
    assert torch.allclose(ours, plain, atol=1e-9)
    cotangent = torch.randn_like(plain)
    for mine, theirs in zip(
        torch.autograd.grad(ours, inputs, cotangent),
        torch.autograd.grad(plain, inputs, cotangent),
        strict=True,
    ):
        assert torch.allclose(mine, theirs, atol=1e-9)


@pytest.mark.parametrize("intel", [True, False])
@pytest.mark.parametrize("size", [12, 130])
@pytest.mark.parametrize("shape", [(3,), (200,), (256,), (25, 13), (2, 3, 50)])
def test_linear(shape: tuple[int, ...], size: int, intel: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textgan.machine.products.intel", lambda: intel)
    torch.manual_seed(0)
    x = torch.randn(*shape, size, dtype=torch.double, requires_grad=True)
    weight = torch.randn(31, size, dtype=torch.double, requires_grad=True)
    bias = torch.randn(31, dtype=torch.double, requires_grad=True)
    _agree(linear(x, weight, bias), plain_linear(x, weight, bias), [x, weight, bias])
    _agree(linear(x, weight), plain_linear(x, weight), [x, weight])


def test_linear_in_float32() -> None:
    """Double precision takes another road through torch; float32 is the one that is used."""
    torch.manual_seed(0)
    x, weight, bias = torch.randn(730, 64), torch.randn(900, 64), torch.randn(900)
    exact = plain_linear(x.double(), weight.double(), bias.double())
    size = plain_linear(x.double().abs(), weight.double().abs(), bias.double().abs())
    assert ((linear(x, weight, bias) - exact).abs() < 1e-6 * size).all()  # 8 roundings of 1.2e-7


@pytest.mark.parametrize("width", [1, 3, 7])
def test_windows(width: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 7, 4, dtype=torch.double, requires_grad=True)
    weight = torch.randn(6, 4, width, dtype=torch.double, requires_grad=True)
    bias = torch.randn(6, dtype=torch.double, requires_grad=True)
    _agree(
        windows(x, weight, bias), conv1d(x.transpose(1, 2), weight, bias).transpose(1, 2), [x, weight, bias]
    )


def test_pieces_are_never_empty() -> None:
    assert rows_at_once(10**9, torch.device("cpu")) == 32
    assert rows_at_once(5_000, torch.device("cpu")) * 5_000 <= 5_000_000


def test_log_prob_at() -> None:
    torch.manual_seed(0)
    logits = (30 * torch.randn(50, 40)).requires_grad_()
    with torch.no_grad():
        logits[:, 3] = -1e9
    ids = torch.randint(4, 40, (50,))
    plain = logits.double().log_softmax(-1).gather(1, ids.unsqueeze(1)).squeeze(1)
    ours = log_prob_at(logits, ids)
    assert torch.allclose(ours.double(), plain, atol=1e-4, rtol=1e-6)
    cotangent = torch.randn(50)
    (got,) = torch.autograd.grad(ours, logits, cotangent)
    (wanted,) = torch.autograd.grad(plain, logits, cotangent.double())
    assert torch.allclose(got, wanted, atol=1e-6)
