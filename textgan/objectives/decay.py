"""Weight decay on the discriminator's score layer only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.parts.ranges import NotBelow
from textgan.types import Discriminator, Text


class ScoreDecay:
    """weight / 2 * ||the score layer's weights and bias||^2, as in SeqGAN's code (Yu et al. 2017, l2 = 0.2).

    The published weight carries over unchanged. SeqGAN's loss is a mean over real and fake text together, ours is the
    sum of the two means, twice as much; and SeqGAN decays two logits, of which ours is the difference, which has twice
    the squared norm. Mistake for a discriminator without a layer called `score`.
    """

    def __init__(self, weight: NotBelow = 0.2) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        layer = getattr(discriminator, "score", None)
        if not isinstance(layer, nn.Module):
            raise Mistake("penalty: score-decay needs a discriminator with a layer called score, such as cnn")
        squares = [parameter.square().sum() for parameter in layer.parameters()]
        return self.weight / 2 * torch.stack(squares).sum()
