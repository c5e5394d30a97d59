"""Terms that are added to the discriminator's loss to keep it smooth."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

from textgan.types import Discriminator, Text


class GradientPenalty:
    """weight * E (||gradient of the score|| - 1)^2 on straight lines between real and fake (Gulrajani et al. 2017).

    The lines run in the discriminator's embedding space, the only space in which real and written text both
    live. Beyond a sentence's end its embeddings are zero; a line is as long as the longer of its two sentences.
    """

    def __init__(self, weight: float = 10.0) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        size = min(len(real), len(fake))
        width = max(real.ids.shape[1], fake.ids.shape[1])
        first, weight_first = _embedded(discriminator, real[:size], width)
        second, weight_second = _embedded(discriminator, fake[:size], width)
        share = torch.rand(size, 1, 1, device=first.device)
        between = (share * first + (1 - share) * second).requires_grad_()  # (B, T, E)
        score = discriminator(between, torch.maximum(weight_first, weight_second), real[:size].labels).score
        (gradient,) = torch.autograd.grad(score.sum(), between, create_graph=True)
        norm = gradient.flatten(1).norm(dim=1)
        return self.weight * (norm - 1).square().mean()


def _embedded(discriminator: Discriminator, text: Text, width: int) -> tuple[Tensor, Tensor]:
    """Detached embeddings and weights, padded to (B, width, E) and (B, width)."""
    missing = width - text.ids.shape[1]
    embeddings = discriminator.embed(text).detach()
    return pad(embeddings, (0, 0, 0, missing)), pad(text.weight.detach().to(embeddings.dtype), (0, missing))
