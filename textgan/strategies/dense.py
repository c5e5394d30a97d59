"""REINFORCE with a reward for every token and no rollouts, as in ScratchGAN (de Masson d'Autume et al. 2019)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from textgan.errors import Mistake, Unfit
from textgan.objectives.joint import over_all, plain
from textgan.sampling import Draw
from textgan.strategies.baselines import RunningMean
from textgan.types import Discriminator, Generator, Objective, Sampler, Situation, Strategy, Turn, Verdict


@runtime_checkable
class TokenRewards(Protocol):
    """What the objective must have: a reward for every token (B,T), 0 outside the mask."""

    def token_reward(self, real: Verdict, fake: Verdict) -> Tensor: ...


class Dense(Strategy):
    """Weights each token's log-probability by its discounted return minus a running mean of returns (eq. 5-6).

    R_t = sum over s >= t of discount^(s-t) r_s, where r_s is the objective's reward of token s. With discount 1 the
    expected gradient is that of the expected sum of rewards. Below 1, each token follows the gradient of its own
    discounted return with the prefix held fixed, and the sum of these is not the gradient of any one objective.
    decay: of the baseline, an exponential moving average of the batches' mean return (with the paper's .08, nearly
    all of it is the last batch's).

    The loss is a mean over sentences of sums over tokens, as for `reinforce`. Departure: the paper's code also takes
    the mean over tokens, which changes the scale of the learning rate.
    """

    def __init__(self, discount: float = 0.23, decay: float = 0.08) -> None:
        super().__init__()
        if not 0 <= discount <= 1:
            raise ValueError(f"discount: {discount}; expected 0 to 1")
        if not 0 <= decay < 1:
            raise ValueError(f"decay: {decay}; expected 0 or more, and less than 1")
        self.discount = discount
        self.baseline = RunningMean(decay)

    def meet(self, judge: Discriminator, objective: Objective) -> None:
        _token_rewards(objective)

    def begin(self, generator: Generator) -> None:
        if not generator.has_likelihood:
            raise Unfit(
                "strategy: dense needs a generator with a likelihood, and this one has none; set it to embedding"
            )

    def sampler(self, progress: float) -> Sampler:
        return Draw()

    def turn(self, situation: Situation) -> Turn:
        generator, discriminator, ranks = situation.generator, situation.discriminator, situation.ranks
        rewarding = _token_rewards(situation.objective)
        with torch.no_grad():
            fake = generator.write(situation.prompt, situation.length, self.sampler(situation.progress))
            verdict_real = discriminator.judge(situation.real)
            rewards = rewarding.token_reward(verdict_real, discriminator.judge(fake))  # (B, T)
            values = returns(rewards, self.discount)
            advantage = over_all(ranks, self.baseline, values, fake.mask, torch.zeros_like(values[:, 0]))
        loss = -(advantage * generator.log_prob(fake)).sum() / len(fake)
        tokens = ranks.mean_count(fake.mask.sum())
        log = {"g-loss": loss.detach(), "reward": rewards.sum() / tokens, "return": values.sum() / tokens}
        return Turn(loss, fake, log)


def _token_rewards(objective: Objective) -> TokenRewards:
    rewarding = plain(objective)
    if not isinstance(rewarding, TokenRewards):
        raise Mistake(
            "strategy: dense needs an objective that rewards every token; set objective.name to 'per-token'"
        )
    return rewarding


def returns(rewards: Tensor, discount: float) -> Tensor:
    """Discounted sum of the rewards from each token on, its own included: (B,T) -> (B,T).

    Rewards after a sentence's end must be 0; the returns there are then 0 too.
    """
    places = torch.arange(rewards.shape[1], device=rewards.device)
    gap = places.unsqueeze(1) - places  # (T, T): s - t, rows s of rewards, columns t of returns
    weights = torch.where(gap >= 0, float(discount) ** gap.clamp(min=0), 0.0)
    return rewards @ weights.to(rewards.dtype)
