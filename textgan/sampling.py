"""How a token is chosen from logits (B,V): drawn, greedy, relaxed by Gumbel noise, or expected.

Draws invert the cumulative distribution in two levels: first a block of tokens is drawn by the blocks' total weights,
then a token within that block. The distribution is that of `torch.multinomial`, which is slow on a CPU when the
vocabulary is large (benchmarks/RESULTS.md, section 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.types import Choice

_BLOCK = 64


def draw(weights: Tensor) -> Tensor:
    """Draw one id per row, (N,), from non-negative weights (N,V), which need not sum to 1; weight 0 is never drawn."""
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
    # NaN weights lead to the last place of the last block, which may lie beyond the last token; see `_search`.
    return (block * _BLOCK + _search(inside.cumsum(-1))).clamp_(max=size - 1)


def _search(cumulative: Tensor) -> Tensor:
    """Draw a uniform point in [0, total) per row and find its place in the running sums (N,M): (N,)."""
    total = cumulative[:, -1:]
    # Strictly below the total, so that rounding cannot lead the search past the last place that has weight.
    point = torch.minimum(torch.rand_like(total) * total, torch.nextafter(total, torch.zeros_like(total)))
    # Only NaN weights lead beyond the last place. Clamped, they reach the loss, where NaN is detected and reported.
    place = torch.searchsorted(cumulative, point, right=True).squeeze(-1)
    return place.clamp_(max=cumulative.shape[-1] - 1)


def draw_from_logits(logits: Tensor, temperature: float = 1.0, *, overwrite: bool = False) -> Tensor:
    """Draw one id per row, (N,), from softmax(logits / temperature), logits (N,V), without normalising it."""
    return draw(_weights(logits, temperature, overwrite))


def _weights(logits: Tensor, temperature: float, overwrite: bool = False) -> Tensor:
    """exp(logits / temperature), scaled so that each row's largest weight is 1. Computed as 2^x, which is faster.

    overwrite: reuse the memory of the logits, if they are contiguous and need no gradient.
    """
    scale = 1 / (temperature * math.log(2))
    place = logits if overwrite and logits.is_contiguous() and not logits.requires_grad else None
    return torch.add(logits.amax(-1, keepdim=True) * -scale, logits, alpha=scale, out=place).exp2_()


def draw_from_nucleus(logits: Tensor, p: float, temperature: float = 1.0) -> Tensor:
    """Draw one id per row, (N,), from the nucleus of softmax(logits / temperature) (Holtzman et al. 2020).

    The nucleus is the smallest set of most probable tokens whose mass is at least p; all tokens tied at its edge
    belong to it. This is rejection sampling: a draw from the full distribution is accepted if the tokens more
    probable than it have a total mass below p, and repeated otherwise. That is exact and avoids a sort, the most
    expensive step when the vocabulary is large.
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
    """Keep the k largest logits of each row and set the others to -inf; all ties at the edge are kept."""
    if k >= logits.shape[-1]:
        return logits
    edge = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < edge, -torch.inf)


POOL = 16
"""How many sentences are drawn together when candidates are resampled by the discriminator's odds."""
COLDEST, HOTTEST = 1e-6, 1e6
"""The range of temperatures: beyond it, logits / temperature leaves the range of float32."""


@dataclass(frozen=True)
class Draw:
    """Draws a token from softmax(logits / temperature), after top-k and top-p (nucleus) truncation if given.

    ValueError if the truncation would leave no token.
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
    """Chooses the most probable token."""

    def __call__(self, logits: Tensor) -> Choice:
        return Choice(logits.argmax(-1))


@dataclass(frozen=True)
class GumbelSoftmax:
    """Gumbel-Softmax (Jang et al. 2017; Maddison et al. 2017): softmax((logits + Gumbel noise) / temperature).

    The ids are the argmax of the noisy logits, hence exact draws from softmax(logits) at any temperature.
    hard: straight-through, that is the one-hot of the id forward, the soft token's gradient backward.
    """

    temperature: float = 1.0
    hard: bool = True

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        # -log(exponential) is Gumbel noise; the exponential is -log(uniform), faster than drawing it directly.
        exponential = torch.rand_like(logits).log_().neg_()
        soft = (logits - exponential.log_()).div_(self.temperature).softmax(-1)  # (B, V)
        return Choice(soft.argmax(-1), soft, self.hard)


@dataclass(frozen=True)
class GumbelRao:
    """Straight-through Gumbel-Softmax with lower variance and the same expectation (Gumbel-Rao, Paulus et al. 2021).

    The id is drawn first. The relaxed token is then the mean of `draws` Gumbel-Softmax tokens, whose noise is drawn on
    condition that it selects that id.
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
    """Log-softmax of logits (B,V) plus Gumbel noise, drawn on condition that `ids` (B,) are the argmax of the sum."""
    log_probs = logits.log_softmax(-1)
    uniform = torch.rand_like(logits).clamp_(min=torch.finfo(logits.dtype).tiny)
    exponential = uniform.log_().neg_()
    # The maximum is a standard Gumbel variable; the others are Gumbel variables truncated at it.
    highest = exponential.gather(-1, ids.unsqueeze(-1))
    others = -(exponential * (-log_probs).exp() + highest).log()
    return others.scatter(-1, ids.unsqueeze(-1), -highest.log())


@dataclass(frozen=True)
class ReinMax:
    """Second-order straight-through (ReinMax, Liu et al. 2023, Algorithm 2): less bias, more variance.

    At temperature 1 the expected gradient is exact if the discriminator's score is quadratic in the one-hot (the
    paper uses 1 and above). The relaxed token only carries the gradient: its entries need not be probabilities.
    """

    temperature: float = 1.0

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        ids = draw_from_logits(logits.detach())
        return Choice(ids, second_order(logits, ids, self.temperature), hard=True)


def second_order(logits: Tensor, ids: Tensor, temperature: float = 1.0) -> Tensor:
    """ReinMax's relaxed token (B,V) for drawn ids (B,): 2 p1 - p0 / 2.

    p0 = softmax(logits); p1 lies halfway between softmax(logits / temperature) and the one-hot of the id.
    """
    halfway = (logits.detach() / temperature).softmax(-1)
    halfway = halfway.scatter_add(-1, ids.unsqueeze(-1), torch.ones_like(halfway[..., :1])) / 2
    # The value is `halfway`; the gradient is that of a softmax of the logits with this value.
    middle = (halfway.log() + logits - logits.detach()).softmax(-1)
    return 2 * middle - logits.softmax(-1) / 2


@dataclass(frozen=True)
class Expected:
    """The discriminator reads the expectation softmax(logits / temperature); the generator continues from a drawn id.

    A recurrent generator without noise that read its own expectations would write the same sentence every time.
    Drawn histories keep the variety, and they are the histories the generator sees when it is sampled.
    """

    temperature: float = 1.0

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        ids = draw_from_logits(logits.detach())
        return Choice(ids, (logits / self.temperature).softmax(-1), read_back=False)
