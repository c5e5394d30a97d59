"""Energy-based objective: real text gets low energy, generated text an energy of at least a margin."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from textgan.types import Verdict


class Margin:
    """Discriminator: E(real) + max(0, margin - E(fake)); generator: E(fake) (Zhao et al. 2017, eq. 1 and 2).

    E = -score is 0 or more, as from an autoencoder. margin: in units of the energy; with 0 the discriminator is a
    plain autoencoder of real text. pull_away: weight of the mean squared cosine between the features of different
    fakes (section 2.4), added to the generator's loss against mode collapse; it is not part of the reward.
    """

    def __init__(self, margin: float = 0.05, pull_away: float = 0.0) -> None:
        if margin < 0 or pull_away < 0:
            name, value = ("margin", margin) if margin < 0 else ("pull_away", pull_away)
            raise ValueError(f"{name}: {value}; expected 0 or more")
        self.margin = margin
        self.pull_away = pull_away

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return (self.margin + fake.score).relu().mean() - real.score.mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        loss = -fake.score.mean()
        if self.pull_away and len(fake.features) > 1:
            direction = normalize(fake.features, dim=-1)
            squares = (direction @ direction.T).square()  # (B, B)
            count = len(direction)
            others = squares.sum() - torch.diagonal(squares).sum()
            loss = loss + self.pull_away * others / (count * (count - 1))
        return loss

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The mean energies of real and generated text, and their difference."""
        return {
            "energy-real": -real.score.mean(),
            "energy-fake": -fake.score.mean(),
            "score-gap": real.score.mean() - fake.score.mean(),
        }
