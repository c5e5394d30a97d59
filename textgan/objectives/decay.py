"""Weight decay on the judge's last layer alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.parts.ranges import NotBelow
from textgan.types import Discriminator, Text


class ScoreDecay:
    """weight / 2 * ||the score layer's weights and bias||^2, as SeqGAN's code has it (Yu et al. 2017, l2 0.2).

    There a mean over real and fake text together, of a softmax over two logits, is decayed; here the loss is the sum
    of both sides' means, and the one logit stands for the difference of two: both make the same factor of two, so
    the published weight is ours. Mistake for a judge that has no layer called `score`.
    """

    def __init__(self, weight: NotBelow = 0.2) -> None:
        self.weight = weight

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor:
        layer = getattr(discriminator, "score", None)
        if not isinstance(layer, nn.Module):
            raise Mistake("penalty: score-decay needs a discriminator with a layer called score, such as cnn")
        squares = [parameter.square().sum() for parameter in layer.parameters()]
        return self.weight / 2 * torch.stack(squares).sum()
