"""Importance weights as rewards (MaliGAN, Che et al. 2017): maximum likelihood by the discriminator's estimate."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from textgan.errors import Mistake
from textgan.machine.ranks import ALONE, Ranks
from textgan.sampling import Draw
from textgan.strategies.schedules import Schedule, at
from textgan.types import Generator, Prompt, Sampler, Situation, Strategy, Text, Turn


class ImportanceWeights(Strategy):
    """Weights a generated sentence's log-probability by D / (1 - D), normalised over the batch, minus a baseline.

    For the optimal discriminator, D / (1 - D) is the ratio of the data's probability to the generator's, so the
    weighted mean estimates the gradient of the data's likelihood. D is the sigmoid of the score, hence the weights are
    exp(score): the objective must be one that trains a logit (minimax, non-saturating).

    baseline: a number, or a schedule over the phase's progress; the weights are normalised to mean 1, so 1 is their
    mean. prefix: the share of the length that is taken from real text and trained by teacher forcing (the paper's
    mixed training); a schedule from 1 to 0 shortens it. completions: how many continuations each real prefix gets.
    Weights are normalised within the continuations of one prefix, or over the whole batch if the prefix is empty.

    Departures: the prefix shortens with the phase's progress, not after a fixed number of steps; the discriminator is
    trained on sentences that the generator wrote without a prefix.
    """

    def __init__(
        self, baseline: float | Schedule = 1.0, prefix: float | Schedule = 0.0, completions: int = 4
    ) -> None:
        super().__init__()
        for end in (prefix.start, prefix.end) if isinstance(prefix, Schedule) else (prefix,):
            if not 0 <= end <= 1:
                raise ValueError(f"prefix: {end}; expected a share of the length, from 0 to 1")
        if completions < 2:
            raise ValueError(
                f"completions: {completions}; expected 2 or more, as weights are relative to each other"
            )
        self.baseline = baseline
        self.prefix = prefix
        self.completions = completions

    def begin(self, generator: Generator) -> None:
        if not generator.has_likelihood:
            raise Mistake(
                "strategy: importance-weights needs a generator with a likelihood, and this one has none; set "
                "generator to lstm or gru"
            )

    def sampler(self, progress: float) -> Sampler:
        return Draw()

    def turn(self, situation: Situation) -> Turn:
        generator = situation.generator
        with torch.no_grad():
            prompt, group = self._begun(situation)
            kept = 0 if prompt.prefix is None else prompt.prefix.shape[1]
            fake = generator.write(prompt, situation.length, self.sampler(situation.progress))
            score = situation.discriminator.judge(fake).score
            weights = _weights(score, group, situation.ranks if prompt is situation.prompt else ALONE)
            advantage = weights - at(self.baseline, situation.progress)  # (B,)
            forced = torch.arange(fake.ids.shape[1], device=fake.ids.device) < kept  # (T,)
            taught = (fake.mask & self._known(situation, fake)).float()
            share = torch.where(forced, taught, advantage.unsqueeze(1) * fake.mask)  # (B, T)
        loss = -(share * generator.log_prob(fake)).sum() / len(fake)
        effective = weights.sum().square() / weights.square().sum()  # (of this rank's share)
        log = {
            "g-loss": loss.detach(),
            "reward": score.float().sigmoid().mean(),
            "effective-samples": effective / len(fake),
            "prefix": torch.tensor(float(kept)),
        }
        return Turn(loss, fake, log)

    def _begun(self, situation: Situation) -> tuple[Prompt, int]:
        """The prompt, and how many consecutive sentences of it share a prefix (a group)."""
        prompt, real = situation.prompt, situation.real
        kept = min(round(at(self.prefix, situation.progress) * situation.length), real.ids.shape[1])
        if kept == 0:
            return prompt, prompt.size
        count = max(1, min(len(real), prompt.size // self.completions))
        rows = torch.arange(count, device=real.ids.device).repeat_interleave(self.completions)
        labels = None if real.labels is None else real.labels[rows]
        return replace(prompt, size=len(rows), labels=labels, prefix=real.ids[rows, :kept]), self.completions

    @staticmethod
    def _known(situation: Situation, fake: Text) -> Tensor:
        """(B,T), whether the generator can write this token: not <unk> or another forbidden one."""
        forbidden = situation.generator.vocabulary.forbidden
        return ~torch.isin(fake.ids, torch.tensor(forbidden, dtype=torch.long, device=fake.ids.device))


def _weights(score: Tensor, group: int, ranks: Ranks) -> Tensor:
    """`group_weights` of this rank's scores (B,), each group extending over all of `ranks`."""
    return ranks.own(group_weights(ranks.join(score), group * ranks.count))


def group_weights(score: Tensor, group: int) -> Tensor:
    """D / (1 - D) for scores (B,), normalised to mean 1 within consecutive groups of `group`; B is a multiple of it."""
    return score.float().unflatten(0, (-1, group)).softmax(1).flatten() * group
