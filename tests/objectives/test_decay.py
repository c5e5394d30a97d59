"""Decay of the score layer, by hand."""

from __future__ import annotations

import pytest
import torch

from textgan.discriminators.cnn import CNN
from textgan.errors import Mistake
from textgan.objectives.decay import ScoreDecay
from textgan.types import Discriminator, Text, Vocabulary


def test_half_the_squares_of_the_score_layer_and_of_no_other() -> None:
    discriminator = CNN(Vocabulary(8), embedding=2, widths=[1], filters=2, highway=False)
    with torch.no_grad():
        discriminator.score.weight.copy_(torch.tensor([[3.0, -1.0]]))
        discriminator.score.bias.fill_(2.0)
    text = Text(torch.tensor([[4, 2]]), torch.ones(1, 2, dtype=torch.bool))
    penalty = ScoreDecay(0.2)(discriminator, text, text)
    assert float(penalty.detach()) == pytest.approx(0.1 * (9 + 1 + 4))
    penalty.backward()
    assert torch.allclose(discriminator.score.weight.grad, 0.2 * discriminator.score.weight)
    assert discriminator.table.weight.grad is None
    with pytest.raises(Mistake, match="a layer called score"):
        ScoreDecay()(Discriminator(), text, text)
