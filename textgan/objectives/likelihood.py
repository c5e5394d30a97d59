"""Likelihood of the mixture of real and generated text, for a discriminator that is a language model."""

from __future__ import annotations

from torch import Tensor

from textgan.errors import Mistake
from textgan.types import Verdict


class Likelihood:
    """The mediator's objective (Lu et al. 2019): the optimal M is the even mixture of data and generator, (p + G) / 2.

    discriminator_loss: -(E_p log M + E_G log M) / 2, in nats per sentence; its expectation is an upper bound of the
    mixture's entropy. The generator's loss, and minus its reward, is -log M of the generated text, in nats per token.
    That is only part of KL(G || M), as G's own entropy is missing; the strategy `cooperative` uses neither and
    minimises the full divergence.
    """

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        # Sums over tokens, not means, which would give short sentences more weight in the mixture.
        return -(_sentences(real).mean() + _sentences(fake).mean()) / 2

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -fake.score.mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """NLL of the mixture under M, and how much lower it is for real than for generated text; nats per sentence."""
        on_real, on_fake = _sentences(real).mean(), _sentences(fake).mean()
        return {"mixture-nll": -(on_real + on_fake) / 2, "mixture-gap": on_real - on_fake}


def _sentences(verdict: Verdict) -> Tensor:
    """Log-likelihood of each sentence, (B,)."""
    if verdict.per_token is None:
        raise Mistake(
            "objective: likelihood needs a discriminator that is a language model; set discriminator=mediator"
        )
    return verdict.per_token.sum(1)
