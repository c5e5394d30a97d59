"""Importance weights in place of rewards (Che et al. 2017, MaliGAN): maximum likelihood under the judge's estimate."""

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
    """Raises the log-probability of what it wrote by D / (1 - D), normalised over the batch, minus a baseline.

    At the best judge D / (1 - D) is the ratio of the data's probability to the generator's, so the weighted mean
    estimates the gradient of the data's likelihood. D is the sigmoid of the judge's score, hence the weights are its
    exponentials: the objective must be one that trains a logit (minimax, non-saturating).

    The weights of a group sum to its size, so that baseline 1 is their mean. baseline: a number, or a schedule over
    the phase's progress. prefix: the share of the length that is taken from real text and learnt by teacher forcing
    (mixed training); a schedule from 1 to 0 shortens it. completions: how often each real prefix is
    continued; a group is the continuations of one prefix, and where the prefix is empty the whole batch.

    Departures: the prefix shortens with the phase's progress and not after a fixed number of steps; the judge learns
    from text that the generator wrote whole.
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
                f"completions: {completions}; expected 2 or more, as one has nothing to weigh against"
            )
        self.baseline = baseline
        self.prefix = prefix
        self.completions = completions

    def begin(self, generator: Generator) -> None:
        if not generator.has_likelihood:
            raise Mistake(
                "strategy: importance-weights needs a generator with a likelihood; this one puts out vectors"
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
        """What is to be written, and how many of its sentences in a row share a prefix."""
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
        """Where a token is one that the generator can write, and no <unk>, (B,T)."""
        forbidden = situation.generator.vocabulary.forbidden
        return ~torch.isin(fake.ids, torch.tensor(forbidden, dtype=torch.long, device=fake.ids.device))


def _weights(score: Tensor, group: int, ranks: Ranks) -> Tensor:
    """Of this rank's scores (B,); where the batch is one group, it is that of all ranks."""
    return ranks.own(group_weights(ranks.join(score), group * ranks.count))


def group_weights(score: Tensor, group: int) -> Tensor:
    """D / (1 - D) of scores (B,), normalised within each `group` in a row to a mean of 1; B is a multiple of it."""
    return score.float().unflatten(0, (-1, group)).softmax(1).flatten() * group
