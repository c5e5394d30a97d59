"""The game in the space of codes: the gradient reaches the generator through the code, and no token is in its way."""

from __future__ import annotations

import torch

from textgan.errors import Mistake
from textgan.sampling import Draw
from textgan.types import Generator, Sampler, Situation, Strategy, Turn


class Latent(Strategy):
    """The generator of codes fools the judge, and so does the encoder, the other way round (ARAE, Zhao et al. 2018).

    Algorithm 1: the codes of noise take the objective's generator loss; those of real text take minus the judge's loss
    times `encoder` (0.01 in the paper's code), which makes them look like the others: with a Wasserstein critic, its
    mean score on them. The autoencoder itself is trained by the mle phase and, beside the game, by the adversarial
    phase's `mle_every`.
    """

    def __init__(self, encoder: float = 0.01) -> None:
        super().__init__()
        if encoder < 0:
            raise ValueError(f"encoder: {encoder}; expected 0 or more")
        self.encoder = encoder

    def begin(self, generator: Generator) -> None:
        if not generator.reconstructs:
            raise Mistake("strategy: 'latent' needs a generator of codes; set generator to 'latent'")

    def sampler(self, progress: float) -> Sampler:
        return Draw()

    def turn(self, situation: Situation) -> Turn:
        discriminator, objective = situation.discriminator, situation.objective
        fake = situation.generator.write(situation.prompt, situation.length, self.sampler(situation.progress))
        verdict_real = discriminator.judge(situation.real)  # with a graph: it leads to the encoder
        verdict_fake = discriminator.judge(fake)
        with torch.no_grad():
            standing = discriminator.judge(situation.real)
            reward = objective.reward(standing, verdict_fake).mean()
        loss = objective.generator_loss(standing, verdict_fake)
        log = {"g-loss": loss.detach(), "reward": reward}
        if self.encoder:
            against = -objective.discriminator_loss(verdict_real, discriminator.judge(fake.detach()))
            log["encoder-loss"] = against.detach()
            loss = loss + self.encoder * against
        return Turn(loss, fake.detach(), log)
