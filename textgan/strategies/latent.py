"""Adversarial training in a latent space: the gradient reaches the generator through codes, not through tokens."""

from __future__ import annotations

import torch

from textgan.errors import Mistake
from textgan.sampling import Draw
from textgan.types import Generator, Sampler, Situation, Strategy, Turn


class Latent(Strategy):
    """The code generator and the text encoder are both trained against the discriminator (ARAE, Zhao et al. 2018).

    Algorithm 1: codes made from noise are trained with the objective's generator loss. Codes of real text are trained
    with `encoder` (0.01 in the paper's code) times minus the discriminator's loss, which makes the two kinds of codes
    harder to tell apart; with a Wasserstein critic that is the critic's mean score of the real codes. The autoencoder
    itself is trained in the mle phase, and during the adversarial phase by `mle_every`.
    """

    def __init__(self, encoder: float = 0.01) -> None:
        super().__init__()
        if encoder < 0:
            raise ValueError(f"encoder: {encoder}; expected 0 or more")
        self.encoder = encoder

    def begin(self, generator: Generator) -> None:
        if not generator.reconstructs:
            raise Mistake("strategy: 'latent' needs a generator with latent codes; set generator to 'latent'")

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
