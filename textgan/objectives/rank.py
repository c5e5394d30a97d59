"""Adversarial ranking (RankGAN, Lin et al. 2017): sentences are ranked by their similarity to real ones."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from textgan.errors import Mistake
from textgan.types import Verdict


class Rank:
    """A ranker in place of a classifier. It uses the discriminator's features, not its score.

    The relevance of a sentence s to a reference u is the cosine of their features. Its rank score among the comparison
    set C is P(s|u,C) = exp(gamma cos(s,u)) / sum over s' in C and s of exp(gamma cos(s',u)), and log R(s|U,C) is the
    mean of log P(s|u,C) over the references U. The discriminator maximises E log R(real|U,C-) plus
    E log(1 - R(fake|U,C+)), where C- is generated and C+ real text. The reward of a fake s is log R(s|U,C+).

    gamma: the softmax's inverse temperature. references: how many sentences of the real batch form U (at most half of
    the batch); the others form C+ and are ranked. Mistake for a real batch of one sentence.

    Departures: U and C are taken from each batch; there is also a generator loss for pathwise strategies, -log R, where
    the paper has policy gradients only.
    """

    def __init__(self, gamma: float = 10.0, references: int = 16) -> None:
        if gamma <= 0:
            raise ValueError(f"gamma: {gamma}; expected a number above 0")
        if references < 1:
            raise ValueError(f"references: {references}; expected 1 or more")
        self.gamma = gamma
        self.references = references

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        references, others = self._parted(real)
        on_real = self._log_rank(others, fake.features, references)
        on_fake = log_complement(self._behind(fake.features, others, references))
        return -on_real.mean() - on_fake.mean()

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return -self.reward(real, fake).mean()

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        references, others = self._parted(real)
        return self._log_rank(fake.features, others, references)

    def compared(self, real: Verdict, fake: Verdict) -> tuple[Tensor, Tensor]:
        """The mean relevance of each real sentence that is not a reference, and of each generated sentence."""
        references, others = self._parted(real)
        return (
            self._relevance(others, references).mean(1),
            self._relevance(fake.features, references).mean(1),
        )

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """R of real among generated text, and of generated among real; 1 / (|C| + 1) if they are indistinguishable."""
        references, others = self._parted(real)
        return {
            "rank-real": self._log_rank(others, fake.features, references).exp().mean(),
            "rank-fake": self._log_rank(fake.features, others, references).exp().mean(),
        }

    def _parted(self, real: Verdict) -> tuple[Tensor, Tensor]:
        """The real batch's features, split into the references (U,F) and the others (C,F)."""
        size = len(real.features)
        if size < 2:
            raise Mistake(
                "batch: ranking needs at least two real sentences, a reference and one to compare with; raise it"
            )
        count = min(self.references, size // 2)
        return real.features[:count], real.features[count:]

    def _relevance(self, features: Tensor, references: Tensor) -> Tensor:
        """gamma * cosine, (N,U)."""
        return self.gamma * normalize(features.float(), dim=1) @ normalize(references.float(), dim=1).T

    def _log_rank(self, features: Tensor, comparisons: Tensor, references: Tensor) -> Tensor:
        """log R (N,) of N sentences, each ranked on its own among the comparisons."""
        return -softplus(self._behind(features, comparisons, references)).mean(1)

    def _behind(self, features: Tensor, comparisons: Tensor, references: Tensor) -> Tensor:
        """log((1 - P) / P), (N,U): the logsumexp of the comparisons' relevance, minus the sentence's own."""
        rivals = self._relevance(comparisons, references).logsumexp(0)  # (U,)
        return rivals - self._relevance(features, references)


def log_complement(behind: Tensor) -> Tensor:
    """log(1 - R), (N,), from log((1 - P) / P), (N,U), where log R is the mean of log P over the references.

    With a = -log R, the mean of log(1 + exp(behind)), it is log(1 - exp(-a)). For a sentence far ahead of all others,
    R rounds to 1 and a to 0. Therefore log a is computed instead, which keeps both the value and the gradient.
    """
    # log log(1 + e^x) is x - e^x / 2 for x far below 0, and log(1 - e^-a) is log a - a / 2 for small a.
    low = behind.clamp(max=-9)
    each = torch.where(behind < -9, low - low.exp() / 2, softplus(behind.clamp(min=-9)).log())  # (N, U)
    log_a = each.logsumexp(1) - math.log(behind.shape[1])
    low = log_a.clamp(max=-9)
    return torch.where(log_a < -9, low - low.exp() / 2, (-torch.expm1(-log_a.clamp(min=-9).exp())).log())
