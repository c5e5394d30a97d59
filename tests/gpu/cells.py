"""The recurrent cells that torch has for GPUs alone, written out: forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

Maybe = Tensor | None


def lstm(x: Tensor, h: Tensor, cx: Tensor, bias_x: Maybe = None, bias_h: Maybe = None) -> tuple[Tensor, ...]:
    """x, h (B,4H), the gates' two sums; the new state, the new cell, and the gates for the way back."""
    gates = x + h if bias_x is None or bias_h is None else x + h + bias_x + bias_h
    i, f, g, o = gates.chunk(4, 1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cy = f * cx + i * g
    return o * cy.tanh(), cy, torch.cat([i, f, g, o], 1)


def lstm_backward(
    d_hy: Maybe, d_cy: Maybe, cx: Tensor, cy: Tensor, gates: Tensor, has_bias: bool
) -> tuple[Maybe, ...]:
    i, f, g, o = gates.chunk(4, 1)
    bent = cy.tanh()
    d_h = torch.zeros_like(cy) if d_hy is None else d_hy
    d_c = d_h * o * (1 - bent * bent)
    if d_cy is not None:
        d_c = d_c + d_cy
    d_gates = torch.cat(
        [d_c * g * i * (1 - i), d_c * cx * f * (1 - f), d_c * i * (1 - g * g), d_h * bent * o * (1 - o)], 1
    )
    return d_gates, d_c * f, d_gates.sum(0) if has_bias else None


def gru(x: Tensor, h: Tensor, hx: Tensor, bias_x: Maybe = None, bias_h: Maybe = None) -> tuple[Tensor, ...]:
    """x, h (B,3H), as for `lstm`."""
    if bias_x is not None and bias_h is not None:
        x, h = x + bias_x, h + bias_h
    (x_r, x_z, x_n), (h_r, h_z, h_n) = x.chunk(3, 1), h.chunk(3, 1)
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    n = (x_n + r * h_n).tanh()
    return n + z * (hx - n), torch.cat([r, z, n, hx, h_n], 1)


def gru_backward(d_h: Tensor, gates: Tensor, has_bias: bool) -> tuple[Maybe, ...]:
    r, z, n, hx, h_n = gates.chunk(5, 1)
    d_z = d_h * (hx - n) * z * (1 - z)
    d_n = d_h * (1 - z) * (1 - n * n)
    d_r = d_n * h_n * r * (1 - r)
    d_x, d_hidden = torch.cat([d_r, d_z, d_n], 1), torch.cat([d_r, d_z, d_n * r], 1)
    biases = (d_x.sum(0), d_hidden.sum(0)) if has_bias else (None, None)
    return (d_x, d_hidden, d_h * z, *biases)


FUSED: dict[str, Callable[..., Any]] = {
    "_thnn_fused_lstm_cell": lstm,
    "_thnn_fused_lstm_cell_backward_impl": lstm_backward,
    "_thnn_fused_gru_cell": gru,
    "_thnn_fused_gru_cell_backward": gru_backward,
}
