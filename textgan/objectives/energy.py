"""Objective for a discriminator whose score is minus an energy, such as an autoencoder's reconstruction error."""

from __future__ import annotations

from torch import Tensor

from textgan.types import Verdict


class Energy:
    """Energy-based GAN (Zhao et al. 2017, eq. 1-2): energy E = -score, low on real text.

    The discriminator minimises E(real) + max(0, margin - E(fake)). Fakes above the margin have no loss, since their
    energy would otherwise grow without bound. The generator minimises E(fake); the reward of score-function strategies
    is -E(fake) (Yoo et al. 2017). margin: in units of the energy; choose it above the energy that real text reaches by
    the end of training, and below that of text that cannot be reconstructed at all. `margin` is the same game with a
    pull-away term, for energies near 0.
    """

    def __init__(self, margin: float = 1.0) -> None:
        if margin <= 0:
            raise ValueError(f"margin: {margin}; expected a number above 0")
        self.margin = margin

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -real.score.mean() + (self.margin + fake.score).relu().mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -fake.score.mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The mean energy of real and of generated text."""
        return {"energy-real": -real.score.mean(), "energy-fake": -fake.score.mean()}
