"""Likelihood of the mixture of real and written text, for a judge that is a language model."""

from __future__ import annotations

from torch import Tensor

from textgan.errors import Mistake
from textgan.types import Verdict


class Likelihood:
    """The mediator's objective (Lu et al. 2019): the best M is the even mixture of data and generator, (p + G) / 2.

    discriminator_loss: -(E_p log M + E_G log M) / 2, nats a sentence. Its value is an upper bound of the
    mixture's entropy. The generator's loss, and minus its reward, is -log M of what it wrote, nats a token: part of
    KL(G || M) only, as G's own entropy is missing; the strategy `cooperative` has the whole, and uses neither.
    """

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        # Sums over sentences: with means over tokens, text of short sentences would weigh more in the mixture.
        return -(_sentences(real).mean() + _sentences(fake).mean()) / 2

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -fake.score.mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """Nats a sentence under M: of the mixture, and how much less for real text than for written."""
        on_real, on_fake = _sentences(real).mean(), _sentences(fake).mean()
        return {"mixture-nll": -(on_real + on_fake) / 2, "mixture-gap": on_real - on_fake}


def _sentences(verdict: Verdict) -> Tensor:
    """Log-likelihood of each sentence, (B,)."""
    if verdict.per_token is None:
        raise Mistake(
            "objective: likelihood needs a judge that scores every word; set discriminator=mediator"
        )
    return verdict.per_token.sum(1)
