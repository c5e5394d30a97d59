"""How a token is chosen from logits (B,V): drawn, greedy, relaxed by Gumbel noise, or expected.

Draws use the inverse CDF in two levels: the weights are summed in blocks, a block is found in the running sums
of the blocks, and the token in those of its block. The distribution is that of `torch.multinomial`, which is slow
on a CPU where the vocabulary is large (benchmarks/RESULTS.md, section 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.types import Choice

_BLOCK = 64


def draw(weights: Tensor) -> Tensor:
    """One id a row, (N,), from non-negative weights (N,V) that need not sum to one; zero weight, never drawn."""
    size = weights.shape[-1]
    if size <= 4 * _BLOCK:
        return _search(weights.cumsum(-1))
    whole = size - size % _BLOCK
    blocks = weights[:, :whole].unflatten(1, (-1, _BLOCK)).sum(-1)
    if whole < size:
        blocks = torch.cat([blocks, weights[:, whole:].sum(-1, keepdim=True)], 1)
    block = _search(blocks.cumsum(-1))
    places = block.unsqueeze(1) * _BLOCK + torch.arange(_BLOCK, device=weights.device)  # (N, 64)
    inside = weights.gather(1, places.clamp(max=size - 1)).masked_fill(places >= size, 0.0)
    # NaN weights end at the last place of the last block, which may lie beyond the last token; see `_search`.
    return (block * _BLOCK + _search(inside.cumsum(-1))).clamp_(max=size - 1)


def _search(cumulative: Tensor) -> Tensor:
    """Where a uniform share of the total falls in running sums (N,M): (N,)."""
    total = cumulative[:, -1:]
    # Just below the total at most: the search then ends at a place that has weight, whatever the rounding.
    point = torch.minimum(torch.rand_like(total) * total, torch.nextafter(total, torch.zeros_like(total)))
    # Only NaN weights end beyond the last place; held inside, they reach the loss, where they are told as such.
    place = torch.searchsorted(cumulative, point, right=True).squeeze(-1)
    return place.clamp_(max=cumulative.shape[-1] - 1)


def draw_from_logits(logits: Tensor, temperature: float = 1.0, *, overwrite: bool = False) -> Tensor:
    """One id a row, (N,), from softmax(logits / temperature), (N,V); without the pass that would normalise it."""
    return draw(_weights(logits, temperature, overwrite))


def _weights(logits: Tensor, temperature: float, overwrite: bool = False) -> Tensor:
    """exp(logits / temperature) but for a factor a row: the largest is 1. As a power of 2, which is quicker.

    overwrite: in the place of the logits, where they can be had for it.
    """
    scale = 1 / (temperature * math.log(2))
    place = logits if overwrite and logits.is_contiguous() and not logits.requires_grad else None
    return torch.add(logits.amax(-1, keepdim=True) * -scale, logits, alpha=scale, out=place).exp2_()


def draw_from_nucleus(logits: Tensor, p: float, temperature: float = 1.0) -> Tensor:
    """One id a row, (N,), from the nucleus of softmax(logits / temperature) (Holtzman et al. 2020).

    The nucleus is the smallest set of likeliest tokens with mass >= p; of equally likely ones at its edge, all.
    A draw from the whole is kept if the tokens likelier than it have a mass below p, and drawn again if not: exact,
    and without a sort, which costs more than all else where the vocabulary is large.
    """
    weights = _weights(logits, temperature)
    edge = p * weights.sum(-1)
    ids = torch.zeros_like(edge, dtype=torch.long)
    rows = torch.arange(len(weights), device=weights.device)
    while len(rows):
        left = weights[rows] if len(rows) < len(weights) else weights
        ids[rows] = drawn = draw(left)
        own = left.gather(1, drawn.unsqueeze(1))
        likelier = torch.where(left > own, left, 0.0).sum(-1)
        rows = rows[likelier >= edge[rows]]
    return ids


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest logits of each row, the rest at -inf (ties at the edge are all kept)."""
    if k >= logits.shape[-1]:
        return logits
    edge = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < edge, -torch.inf)


POOL = 16
"""Sentences that are drawn together by a judge's odds, out of so many times as many candidates."""
COLDEST, HOTTEST = 1e-6, 1e6
"""Temperatures beyond these divide logits into what float32 cannot hold."""


@dataclass(frozen=True)
class Draw:
    """Draws a token from softmax(logits / temperature), after top-k and top-p cuts where given.

    ValueError where a cut would leave no token.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __post_init__(self) -> None:
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k: {self.top_k}; expected 1 or more")
        if self.top_p is not None and not self.top_p > 0:
            raise ValueError(f"top_p: {self.top_p}; expected a share above 0")

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        if self.top_k is not None:
            logits = keep_top_k(logits, self.top_k)
        if self.top_p is not None and self.top_p < 1:
            return Choice(draw_from_nucleus(logits, self.top_p, self.temperature))
        return Choice(draw_from_logits(logits, self.temperature, overwrite=True))


@dataclass(frozen=True)
class Greedy:
    """The likeliest token."""

    def __call__(self, logits: Tensor) -> Choice:
        return Choice(logits.argmax(-1))


@dataclass(frozen=True)
class GumbelSoftmax:
    """Gumbel-Softmax (Jang et al. 2017; Maddison et al. 2017): softmax((logits + Gumbel noise) / temperature).

    The ids are the arg max of the noisy logits, hence exact draws from softmax(logits) at any temperature.
    hard: straight-through, the one-hot of the id forward and the soft token's gradient backward.
    """

    temperature: float = 1.0
    hard: bool = True

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        # -log of an exponential number is a Gumbel one; from uniform numbers, which are quicker to draw.
        exponential = torch.rand_like(logits).log_().neg_()
        soft = (logits - exponential.log_()).div_(self.temperature).softmax(-1)  # (B, V)
        return Choice(soft.argmax(-1), soft, self.hard)


@dataclass(frozen=True)
class GumbelRao:
    """Straight-through Gumbel-Softmax with less variance (Gumbel-Rao, Paulus et al. 2021): the same expectation.

    The id is drawn first; the relaxed token is the mean of `draws` Gumbel-Softmax tokens whose noise chose that id.
    """

    temperature: float = 1.0
    draws: int = 8

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        ids = draw_from_logits(logits.detach())
        soft = [
            ((logits - logits.detach() + noisy_given(logits.detach(), ids)) / self.temperature).softmax(-1)
            for _ in range(self.draws)
        ]
        return Choice(ids, torch.stack(soft).mean(0), hard=True)


def noisy_given(logits: Tensor, ids: Tensor) -> Tensor:
    """Logits (B,V) with Gumbel noise, less their logsumexp, drawn on condition that `ids` (B,) are their arg max."""
    log_probs = logits.log_softmax(-1)
    uniform = torch.rand_like(logits).clamp_(min=torch.finfo(logits.dtype).tiny)
    exponential = uniform.log_().neg_()
    # The largest has a Gumbel number of its own; the others are Gumbel numbers cut off there.
    highest = exponential.gather(-1, ids.unsqueeze(-1))
    others = -(exponential * (-log_probs).exp() + highest).log()
    return others.scatter(-1, ids.unsqueeze(-1), -highest.log())


@dataclass(frozen=True)
class ReinMax:
    """Straight-through of second order (ReinMax, Liu et al. 2023, Algorithm 2): less bias, more variance.

    The gradient's expectation is exact where the judge's score is quadratic in the one-hot (at temperature 1; the
    paper takes 1 and above). The relaxed token carries gradients only: its numbers need not be shares.
    """

    temperature: float = 1.0

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        ids = draw_from_logits(logits.detach())
        return Choice(ids, second_order(logits, ids, self.temperature), hard=True)


def second_order(logits: Tensor, ids: Tensor, temperature: float = 1.0) -> Tensor:
    """ReinMax's relaxed token for drawn ids (B,): 2 p1 - p0 / 2, (B,V), p1 halfway from p0 to the one-hot."""
    halfway = (logits.detach() / temperature).softmax(-1)
    halfway = halfway.scatter_add(-1, ids.unsqueeze(-1), torch.ones_like(halfway[..., :1])) / 2
    # As a softmax of the logits: the numbers are those of `halfway`, the gradient is that of a softmax there.
    middle = (halfway.log() + logits - logits.detach()).softmax(-1)
    return 2 * middle - logits.softmax(-1) / 2


@dataclass(frozen=True)
class Expected:
    """The judge reads the expectation softmax(logits / temperature); the generator goes on from a drawn id.

    A recurrent generator without noise that read its own expectations would write one and the same sentence
    every time. Drawn histories keep the variety, and are those that the generator meets when it is sampled.
    """

    temperature: float = 1.0

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        ids = draw_from_logits(logits.detach())
        return Choice(ids, (logits / self.temperature).softmax(-1), read_back=False)
