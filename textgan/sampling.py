"""How a token is chosen from logits (B,V): drawn, greedy, relaxed by Gumbel noise, or expected.

Draws use the inverse CDF (softmax, cumulative sum, one uniform a row, binary search): the same distribution
as `torch.multinomial`, which is slow on a CPU where the vocabulary is large.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.types import Choice


def draw(probabilities: Tensor) -> Tensor:
    """One id a row, (N,), from non-negative weights (N,V) that need not sum to one; zero weight, never drawn."""
    cumulative = probabilities.cumsum(-1)
    total = cumulative[:, -1:]
    # Just below the total at most: the search then ends at a token that has weight, whatever the rounding.
    point = torch.minimum(torch.rand_like(total) * total, torch.nextafter(total, torch.zeros_like(total)))
    # Only NaN weights end beyond the last token; held inside, they reach the loss, where they are told as such.
    return (
        torch.searchsorted(cumulative, point, right=True).squeeze(-1).clamp_(max=probabilities.shape[-1] - 1)
    )


def draw_from_logits(logits: Tensor) -> Tensor:
    """One id a row, (N,), from softmax(logits), (N,V); without the pass that would normalise it."""
    return draw((logits - logits.amax(-1, keepdim=True)).exp_())


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest logits of each row, the rest at -inf (ties at the edge are all kept)."""
    if k >= logits.shape[-1]:
        return logits
    edge = logits.topk(k, dim=-1).values[..., -1:]
    return logits.masked_fill(logits < edge, -torch.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Nucleus (Holtzman et al. 2020): the smallest set of likeliest tokens with mass >= p, the rest at -inf."""
    if p >= 1:
        return logits
    ordered, index = logits.sort(-1, descending=True)
    probabilities = ordered.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities  # mass of the tokens that are likelier
    dropped = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, index, before >= p)
    return logits.masked_fill(dropped, -torch.inf)


@dataclass(frozen=True)
class Draw:
    """Draws a token from softmax(logits / temperature), after top-k and top-p cuts where given."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None

    def __call__(self, logits: Tensor) -> Choice:
        logits = logits.float()
        if self.temperature != 1:
            logits = logits / self.temperature
        if self.top_k is not None:
            logits = keep_top_k(logits, self.top_k)
        if self.top_p is not None:
            logits = keep_top_p(logits, self.top_p)
        return Choice(draw_from_logits(logits))


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
        noise = -torch.empty_like(logits).exponential_().log()
        soft = ((logits + noise) / self.temperature).softmax(-1)  # (B, V)
        ids = soft.argmax(-1)
        if not self.hard:
            return Choice(ids, soft)
        one_hot = torch.zeros_like(soft).scatter(-1, ids.unsqueeze(-1), 1.0)
        return Choice(ids, one_hot + soft - soft.detach())


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


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers from `seed` inside, the outer stream untouched: a look at the model changes no training."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
