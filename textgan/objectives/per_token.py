"""Objective for a discriminator that scores every token, given the tokens before it."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from textgan.errors import Mistake
from textgan.parts.ranges import Part
from textgan.types import Verdict


class PerToken:
    """Cross-entropy of every token (de Masson d'Autume et al. 2019, eq. 4), with means over real and fake tokens.

    For the strategy `dense`, each token's reward is 2 D - 1, in [-1, 1]. For strategies that reward whole sentences,
    it is the mean over the sentence's tokens. For pathwise strategies, the generator's loss is the non-saturating one,
    -log D of every token. smoothing: the target for real tokens is 1 - smoothing.
    """

    def __init__(self, smoothing: Part = 0.0) -> None:
        self.smoothing = smoothing

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        real_scores, fake_scores = _scores(real), _scores(fake)
        on_real = softplus(-real_scores) + self.smoothing * real_scores
        return _mean(on_real, real) + _mean(softplus(fake_scores), fake)

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return _mean(softplus(-_scores(fake)), fake)

    def token_reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """The reward of each token, (B,T), 0 outside the mask."""
        return (2 * _scores(fake).sigmoid() - 1) * _mask(fake)

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.token_reward(real, fake).sum(1) / _mask(fake).sum(1).clamp(min=1)

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The mean over tokens of log D on real and of log(1 - D) on fake, at most 0, nats."""
        return {"value": _mean(logsigmoid(_scores(real)), real) + _mean(logsigmoid(-_scores(fake)), fake)}


def _scores(verdict: Verdict) -> Tensor:
    if verdict.per_token is None:
        raise Mistake(
            "objective: per-token needs a discriminator that scores every token; set discriminator.name to 'recurrent'"
        )
    return verdict.per_token


def _mask(verdict: Verdict) -> Tensor:
    scores = _scores(verdict)
    return scores.new_ones(scores.shape) if verdict.mask is None else verdict.mask.to(scores.dtype)


def _mean(values: Tensor, verdict: Verdict) -> Tensor:
    """Mean over all tokens of the batch, (B,T) -> (): every token has the same weight, not every sentence."""
    mask = _mask(verdict)
    return (values * mask).sum() / mask.sum().clamp(min=1)
