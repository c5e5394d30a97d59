"""Gradient penalties: terms added to the discriminator's loss that keep its score smooth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.functional import pad

from textgan.parts.ranges import NotBelow
from textgan.types import Discriminator, Text


class GradientPenalty:
    """weight * E (||gradient of the score|| - 1)^2 on straight lines between real and fake (Gulrajani et al. 2017).

    The lines run in the discriminator's embedding space, the only continuous space that real and generated text share.
    Embeddings past a sentence's end are zero; a line covers the positions of the longer of its two sentences.
    """

    def __init__(self, weight: NotBelow = 10.0) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        size = min(len(real), len(fake))
        width = max(real.ids.shape[1], fake.ids.shape[1])
        first, weight_first = _embedded(discriminator, real[:size], width)
        second, weight_second = _embedded(discriminator, fake[:size], width)
        share = torch.rand(size, 1, 1, device=first.device)
        between = (share * first + (1 - share) * second).requires_grad_()  # (B, T, E)
        weight = torch.maximum(weight_first, weight_second)
        norm = _gradient(discriminator, between, weight, real[:size].labels).flatten(1).norm(dim=1)
        return self.weight * (norm - 1).square().mean()


class RealGradientPenalty:
    """R1: weight / 2 * E ||gradient of the score||^2 on real text (Mescheder et al. 2018, eq. 9).

    The gradient is taken in the discriminator's embedding space. Unlike `gradient`, it does not pull the norm towards
    1, so the score can become flat where generated text is like real text; it can be used with any objective.
    """

    def __init__(self, weight: NotBelow = 1.0) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        embeddings = discriminator.embed(real).detach().requires_grad_()  # (B, T, E)
        gradient = _gradient(discriminator, embeddings, real.weight, real.labels)
        return self.weight / 2 * gradient.square().sum((1, 2)).mean()


def _gradient(discriminator: Discriminator, points: Tensor, weight: Tensor, labels: Tensor | None) -> Tensor:
    """Gradient of the scores at points (B,T,E), with a graph: (B,T,E), 0 where weight (B,T) is 0.

    In a short sentence, a convolution's window may reach past the end and have a derivative there, which would depend
    on how far the batch is padded. There are no tokens there, so it is not part of the penalty.
    """
    with _twice_differentiable(discriminator):
        score = discriminator(points, weight, labels).score
        (gradient,) = torch.autograd.grad(score.sum(), points, create_graph=True)
    return gradient.masked_fill(weight[:, : gradient.shape[1], None] == 0, 0.0)


@contextmanager
def _twice_differentiable(discriminator: Discriminator) -> Iterator[None]:
    """Disables cuDNN for recurrent layers, which have no second derivative; PyTorch's own, slower ones do."""
    if not any(hasattr(module, "weight_hh_l0") for module in discriminator.modules()):
        yield
        return
    with torch.backends.cudnn.flags(enabled=False):
        yield


def _embedded(discriminator: Discriminator, text: Text, width: int) -> tuple[Tensor, Tensor]:
    """Detached embeddings and weights, padded to (B, width, E) and (B, width)."""
    missing = width - text.ids.shape[1]
    embeddings = discriminator.embed(text).detach()
    return pad(embeddings, (0, 0, 0, missing)), pad(text.weight.detach().to(embeddings.dtype), (0, missing))
