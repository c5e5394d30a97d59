"""Terms that are added to the discriminator's loss to keep it smooth."""

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

    The lines run in the discriminator's embedding space, the only space in which real and written text both
    live. Beyond a sentence's end its embeddings are zero; a line is as long as the longer of its two sentences.
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

    The gradient is taken in the discriminator's embedding space. The same weight serves any objective; it does
    not hold the norm at 1, but lets the judge go flat where fakes have become real.
    """

    def __init__(self, weight: NotBelow = 1.0) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        embeddings = discriminator.embed(real).detach().requires_grad_()  # (B, T, E)
        gradient = _gradient(discriminator, embeddings, real.weight, real.labels)
        return self.weight / 2 * gradient.square().sum((1, 2)).mean()


def _gradient(discriminator: Discriminator, points: Tensor, weight: Tensor, labels: Tensor | None) -> Tensor:
    """Of the scores at points (B,T,E), with a graph: (B,T,E), 0 where weight (B,T) is.

    A window of a short sentence sees zeros past the end, and has a derivative by them, of as many as the batch is
    padded to. No sentence has tokens there, so that part is none of the penalty's.
    """
    with _twice_differentiable(discriminator):
        score = discriminator(points, weight, labels).score
        (gradient,) = torch.autograd.grad(score.sum(), points, create_graph=True)
    return gradient.masked_fill(weight[:, : gradient.shape[1], None] == 0, 0.0)


@contextmanager
def _twice_differentiable(discriminator: Discriminator) -> Iterator[None]:
    """On a GPU, cuDNN's recurrent layers have a first derivative only; torch's own, slower ones have both."""
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
