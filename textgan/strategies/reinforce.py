"""REINFORCE (Williams 1992) with Monte-Carlo rollouts, as in SeqGAN (Yu et al. 2017, eq. 4-8)."""

from __future__ import annotations

import copy
import math
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from textgan.errors import Unfit
from textgan.objectives.joint import over_all
from textgan.parts.ranges import NotBelow
from textgan.sampling import Draw
from textgan.strategies.baselines import BASELINES, LeaveOneOut, NoBaseline
from textgan.strategies.ranking import rescaled_by_rank
from textgan.strategies.rollouts import prefix_values, roll_out
from textgan.types import Generator, Sampler, Situation, Strategy, Text, Turn


class Reinforce(Strategy):
    """Samples text and weights each token's log-probability by its advantage.

    rollouts: completions per prefix, which estimate the value of a token; 0 gives every token the reward of its whole
    sentence.
    rollout_lag: after each step the rollout policy becomes lag * itself + (1 - lag) * generator (SeqGAN's update rate
    is 0.8); 0 uses the generator itself. Above 0 the values are those of another policy, which is a bias while the
    generator changes: .185 of the gradient's length (standard error .005) on a toy after 8 Adam steps at 5e-2 with
    lag 0.8, against .009 at lag 0.
    baseline: see `baselines.py`.
    entropy: weight of the policy's mean next-token entropy (nats per token), a bonus in the loss.
    kl: weight of the mean next-token divergence KL(policy || p_start) (nats per token), a penalty in the loss; p_start
    is the generator as it was when this phase began.
    anchor: anchor * (log p - log p_start), in nats, is subtracted from each token's reward (Ziegler et al. 2019,
    section 2.1), which maximises the expected reward minus anchor * KL(p || p_start) over whole sentences. `kl` and
    `entropy`, in contrast, are exact at each sampled prefix, but take the prefixes as given.
    bootstrap: above 0, values are replaced by rewards by rank of this steepness (`ranking.py`; LeakGAN's delta is 12).
    judge_temperatures: the discriminator's fakes are sampled at these temperatures, each batch at one chosen at random,
    so that it also learns about the sharper text that the generator moves towards and that is evaluated.

    A generator may turn the values into rewards of its own and add a term of its own (`Generator.credit`): `g-credit`
    and `g-beside` in the log are their means per token. `anchor` in the log is the mean of log p - log p_start.

    The loss is a mean over sentences of sums over tokens, so its gradient is minus the gradient of the expected
    reward, whatever the sentences' lengths. Departure: SeqGAN's code also sums over the sentences. That factor B does
    not matter to Adam, but it decides how often the published gradient clip at 5 takes effect.
    """

    def __init__(
        self,
        rollouts: int = 4,
        rollout_lag: float = 0.8,
        baseline: Literal["none", "batch", "ema", "leave-one-out", "q-difference"] = "leave-one-out",
        entropy: NotBelow = 0.0,
        kl: NotBelow = 0.0,
        anchor: float = 0.0,
        bootstrap: float = 0.0,
        judge_temperatures: list[float] | None = None,
    ) -> None:
        super().__init__()
        if rollouts < 0:
            raise ValueError(f"rollouts: {rollouts}; expected 0 or more")
        if not 0 <= rollout_lag < 1:
            raise ValueError(f"rollout_lag: {rollout_lag}; expected 0 or more, and less than 1")
        if baseline == "q-difference" and rollouts == 0:
            raise ValueError(
                "baseline: 'q-difference' compares the rollouts of successive prefixes; set rollouts above 0"
            )
        if anchor < 0:
            raise ValueError(f"anchor: {anchor}; expected 0 (off) or more")
        if bootstrap < 0:
            raise ValueError(f"bootstrap: {bootstrap}; expected 0 (off) or more")
        if bootstrap and baseline == "q-difference":
            raise ValueError(
                "bootstrap: 'q-difference' cannot subtract ranks of two positions; set baseline to leave-one-out"
            )
        temperatures = [1.0] if judge_temperatures is None else judge_temperatures
        if not temperatures or not all(0 < one < math.inf for one in temperatures):
            raise ValueError(
                f"judge_temperatures: {judge_temperatures}; expected numbers above 0, such as [1.0, 0.9]"
            )
        self.judge_temperatures = temperatures
        self.rollouts = rollouts
        self.rollout_lag = rollout_lag
        self.baseline = BASELINES[baseline]()
        self.entropy = entropy
        self.kl = kl
        self.anchor_weight = anchor
        self.bootstrap = bootstrap
        self.rollout_policy: Generator | None = None
        self.anchor: Generator | None = None

    def begin(self, generator: Generator) -> None:
        if not generator.has_likelihood:
            raise Unfit(
                "strategy: reinforce needs a generator with a likelihood, and this one has none; set it to embedding"
            )
        if self.rollouts and self.rollout_lag:
            self.rollout_policy = _frozen_copy(generator)
        if self.kl or self.anchor_weight:
            self.anchor = _frozen_copy(generator)

    def sampler(self, progress: float) -> Sampler:
        return Draw()

    def judge_sampler(self, progress: float) -> Sampler:
        samplers = self.first_samplers()
        return samplers[0] if len(samplers) == 1 else samplers[int(torch.randint(len(samplers), ()))]

    def first_samplers(self) -> tuple[Sampler, ...]:
        return tuple(map(Draw, self.judge_temperatures))

    def turn(self, situation: Situation) -> Turn:
        generator, ranks = situation.generator, situation.ranks
        with torch.no_grad():
            fake = generator.write(situation.prompt, situation.length, self.sampler(situation.progress))
            values, empty = self._values(situation, fake)
            last = values.gather(1, fake.mask.sum(1, keepdim=True) - 1)
            if self.bootstrap:
                values = over_all(ranks, partial(rescaled_by_rank, delta=self.bootstrap), values, fake.mask)
        worth, beside = generator.credit(fake, values)
        with torch.no_grad():
            advantage = over_all(ranks, self.baseline, worth, fake.mask, empty)  # (B, T)
        log_prob = generator.log_prob(fake)  # (B, T)
        tokens = ranks.mean_count(fake.mask.sum())
        log = {"reward": last.mean()}
        if self.anchor is not None and self.anchor_weight:
            with torch.no_grad():
                drift = log_prob - self.anchor.log_prob(fake)
                advantage = advantage - self.anchor_weight * over_all(ranks, _to_go, drift, fake.mask)
            log["anchor"] = drift.sum() / tokens
        policy_loss = -(advantage * log_prob).sum() / len(fake)
        log["g-loss"] = policy_loss.detach()
        loss = policy_loss
        if beside is not None:
            loss = loss - beside.sum() / len(fake)
            log["g-beside"] = beside.detach().sum() / tokens
            log["g-credit"] = worth.sum() / tokens
        if self.entropy or self.kl:
            log_probs = generator.logits(fake).log_softmax(-1)  # (B, T, V)
        if self.entropy:
            entropy = -((log_probs.exp() * log_probs).sum(-1) * fake.mask).sum() / tokens
            loss = loss - self.entropy * entropy
        if self.anchor is not None and self.kl:
            with torch.no_grad():
                anchored = self.anchor.logits(fake).log_softmax(-1)
            divergence = ((log_probs.exp() * (log_probs - anchored)).sum(-1) * fake.mask).sum() / tokens
            loss = loss + self.kl * divergence
            log["kl"] = divergence.detach()
        return Turn(loss, fake, log)

    def _values(self, situation: Situation, fake: Text) -> tuple[Tensor, Tensor]:
        """The value of every token (B,T), 0 after the end, and of the empty prefix (B,)."""
        discriminator, objective = situation.discriminator, situation.objective
        verdict_real = discriminator.judge(situation.real)
        if not self.rollouts:
            reward = objective.reward(verdict_real, discriminator.judge(fake))
            return reward.unsqueeze(1) * fake.mask, torch.zeros_like(reward)
        policy = self.rollout_policy if self.rollout_policy is not None else situation.generator
        needs_empty = self.baseline.needs_empty_prefix
        completions = roll_out(policy, fake, self.rollouts, Draw(), situation.length, from_empty=needs_empty)
        return prefix_values(completions, fake, discriminator, objective, verdict_real)

    @torch.no_grad()
    def after_step(self, generator: Generator) -> None:
        if self.rollout_policy is None:
            return
        for lagging, current in zip(self.rollout_policy.parameters(), generator.parameters(), strict=True):
            lagging.lerp_(current, 1 - self.rollout_lag)


def _to_go(costs: Tensor, mask: Tensor) -> Tensor:
    """The sum of costs (B,T) from each token on, minus a leave-one-out baseline if B > 1: (B,T), 0 past the end."""
    sums = costs.flip(1).cumsum(1).flip(1)
    baseline = LeaveOneOut() if len(costs) > 1 else NoBaseline()
    centred: Tensor = baseline(sums, mask, sums[:, 0])
    return centred


def _frozen_copy(generator: Generator) -> Generator:
    return copy.deepcopy(generator).requires_grad_(False).eval()
