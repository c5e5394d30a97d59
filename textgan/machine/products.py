"""Matrix products in the form that the processor is quickest at. The results are those of the plain form.

On an AMD processor, oneDNN's convolutions run well above the rate of the matrix product behind
`torch.nn.functional.linear`; on an Intel one, only for narrow inputs (benchmarks/RESULTS.md, section 6). On a GPU the
linear form is the plain one.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import conv2d, pad
from torch.nn.functional import linear as plain_linear

from textgan.machine.process import intel

_LOG2_E = 1 / math.log(2)
_WIDE = 128  # from here on, the plain product is 1.1 to 1.3 times as fast on an Intel processor
_SLABS = 16  # below 16 images, a single thread gets torch's own slow convolution in place of oneDNN's


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x (...,H) times weight (V,H), plus bias (V): (...,V), as `torch.nn.functional.linear`."""
    rows, inner = x.numel() // x.shape[-1], x.shape[-1]
    # Where rows are few, to bring the weights into oneDNN's layout costs more than it gains.
    few = rows < max(128, inner // 4)
    wide = inner >= _WIDE and intel()
    if x.device.type != "cpu" or few or wide or not torch.backends.mkldnn.is_available():
        return plain_linear(x, weight, bias)
    flat = x.reshape(rows, -1)
    if missing := -rows % _SLABS:
        flat = pad(flat, (0, 0, 0, missing))
    slabs = flat.view(_SLABS, 1, -1, x.shape[-1]).permute(0, 3, 1, 2)  # (16, H, 1, rows/16), channels last
    out = conv2d(slabs, weight[:, :, None, None], bias).permute(0, 2, 3, 1).reshape(len(flat), -1)
    return (out[:rows] if missing else out).view(*x.shape[:-1], -1)


def whole_slabs(rows: Tensor) -> Tensor:
    """An index (N,), lengthened by some of its own first rows to a number that `linear` need not pad."""
    return torch.cat([rows, rows[: -len(rows) % _SLABS]]) if len(rows) >= _SLABS else rows


def windows(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The convolution of x (B,T,E) with weight (F,E,k), without padding: (B,T-k+1,F).

    Time stays in the middle: x is then in the layout "channels last" as it is, and so is the result.
    """
    return conv2d(x.transpose(1, 2).unsqueeze(2), weight.unsqueeze(2), bias).squeeze(2).transpose(1, 2)


class Linear(nn.Linear):
    """`torch.nn.Linear` in the quick form."""

    def forward(self, input: Tensor) -> Tensor:
        return linear(input, self.weight, self.bias)


class Windows(nn.Conv1d):
    """`torch.nn.Conv1d` over (B,T,E), without padding: (B,T-k+1,F)."""

    def forward(self, input: Tensor) -> Tensor:
        return windows(input, self.weight, self.bias)


def log_prob_at(logits: Tensor, ids: Tensor) -> Tensor:
    """log_softmax(logits)[ids]: (N,V) and (N,) to (N,), in fewer passes over (N,V), for a gradient of first order."""
    found: Tensor = _LogProbAt.apply(logits, ids)
    return found


class _LogProbAt(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, ids: Tensor) -> Tensor:
        logits = logits.float()
        peak = logits.amax(-1, keepdim=True)
        weights = torch.add(peak * -_LOG2_E, logits, alpha=_LOG2_E).exp2_()  # a power of 2 is the quicker exp
        total = weights.sum(-1, keepdim=True)
        ctx.save_for_backward(weights, total, ids)
        return (logits.gather(-1, ids.unsqueeze(-1)) - peak - total.log()).squeeze(-1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        weights, total, ids = ctx.saved_tensors
        gradient = gradient.unsqueeze(-1)
        return (weights * (gradient / -total)).scatter_add_(-1, ids.unsqueeze(-1), gradient), None


DRAWN = 3_200_000
"""Logits in memory at a time while tokens are drawn: the passes over them want them nearer than a product does."""


def rows_at_once(row: int, device: torch.device, numbers: int = 5_000_000) -> int:
    """How many rows of `row` numbers to have in memory at a time: few enough for a CPU's cache, many for a GPU.

    numbers: how many of them a CPU is to have.
    """
    numbers = numbers if device.type == "cpu" else 100_000_000
    return max(32, numbers // row // 32 * 32)
