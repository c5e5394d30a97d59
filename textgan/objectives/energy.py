"""The objective of a judge whose score is minus an energy, such as an autoencoder's reconstruction error."""

from __future__ import annotations

from torch import Tensor

from textgan.types import Verdict


class Energy:
    """Energy-based GAN (Zhao et al. 2017, eq. 1-2): energy E = -score, low on real text.

    The discriminator minimises E(real) + max(0, margin - E(fake)): fakes above the margin are left alone, or the
    energy of all that is not real would grow without end. The generator minimises E(fake), and its reward is
    -E(fake), the same for score-function strategies (Yoo et al. 2017). margin: in units of the energy; it is to
    lie above the energy that real text ends with, and below that of text which cannot be rebuilt at all.
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
        """Mean energies of both sides."""
        return {"energy-real": -real.score.mean(), "energy-fake": -fake.score.mean()}
