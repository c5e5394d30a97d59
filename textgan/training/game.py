"""What every phase works with: generator, discriminator, objective, strategy, text and hardware."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textgan.data.batches import Batches, Encoded
from textgan.data.windows import Tokens, WindowedBatches
from textgan.machine.ranks import ALONE, Ranks
from textgan.objectives.joint import over_ranks
from textgan.types import Discriminator, Generator, Objective, Penalty, Prompt, Strategy, Text, Verdict


@dataclass
class Game:
    """Both players on their device, with everything they need for a step.

    train and heldout are encoded splits on the CPU; heldout is validation text, never test text. judged: the real text
    that the discriminator learns from, `train` unless some is kept for it alone. A batch that is asked for is that of
    all ranks together, and each gets its share.
    """

    generator: Generator
    discriminator: Discriminator
    objective: Objective
    penalty: Penalty | None
    strategy: Strategy
    train: Encoded | Tokens
    heldout: Encoded
    length: int
    seed: int
    engine: Accelerator
    at_most: int | None = None
    ranks: Ranks = ALONE
    judged: Encoded | Tokens | None = None

    @property
    def limit(self) -> int:
        """The most tokens of a sentence in play: `length`, or the `at_most` of a curriculum that is not there yet."""
        return self.at_most or self.length

    @property
    def writers(self) -> dict[str, nn.Module]:
        """The players needed to write text: the generator, and the discriminator if the generator reads it."""
        players: dict[str, nn.Module] = {"generator": self.generator}
        return players | ({"discriminator": self.discriminator} if self.generator.reads_judge else {})

    def batches(
        self,
        encoded: Encoded | Tokens,
        size: int,
        stream: int,
        *,
        bucket: bool = False,
        labelled: float = 0.0,
    ) -> Batches:
        """A stream of its own, so that one phase's reading never shifts another's."""
        if isinstance(encoded, Tokens):
            return WindowedBatches(
                encoded, size, seed=self.seed * 1000 + stream, bucket=bucket,
                rank=self.ranks.rank, count=self.ranks.count,
            )  # fmt: skip
        return Batches(
            encoded, size, seed=self.seed * 1000 + stream, bucket=bucket, labelled=labelled,
            rank=self.ranks.rank, count=self.ranks.count,
        )  # fmt: skip

    @property
    def joint(self) -> Objective:
        """The objective, over the verdicts of all ranks."""
        return over_ranks(self.objective, self.ranks)

    def next_text(self, batches: Batches) -> Text:
        return batches.next()[0].narrowed(self.limit).to(self.engine.device)

    def prompt(self, like: Text, size: int) -> Prompt:
        """As many sentences as asked for, with labels drawn from real text where there are any."""
        labels = like.labels
        if labels is not None:
            labels = labels[torch.randint(len(labels), (size,), device=labels.device)]
        return Prompt(size, labels)

    @torch.no_grad()
    def write_fakes(self, like: Text, size: int, progress: float) -> Text:
        """Text by the strategy's own sampler, for the discriminator to learn from."""
        policy_mode(self.generator)
        with self.engine.autocast():
            return self.generator.write(
                self.prompt(like, size), self.limit, self.strategy.judge_sampler(progress)
            )


def policy_mode(generator: Generator) -> None:
    """No dropout in what is drawn or in its log-probability: both must come from the same distribution.

    Recurrent layers stay in training mode, which changes nothing in them (they hold no dropout) and which
    their backward pass needs on a GPU.
    """
    generator.eval()
    for module in generator.modules():
        if isinstance(module, nn.RNNBase):
            module.train()


@contextmanager
def judging(discriminator: Discriminator) -> Iterator[None]:
    """The discriminator without dropout and without gradients of its own; the gradient through it still flows."""
    was_training = discriminator.training
    wanted = [parameter.requires_grad for parameter in discriminator.parameters()]
    discriminator.eval().requires_grad_(False)
    try:
        yield
    finally:
        for parameter, want in zip(discriminator.parameters(), wanted, strict=True):
            parameter.requires_grad_(want)
        discriminator.train(was_training)


def pair_accuracy(real: Verdict, fake: Verdict, objective: Objective | None = None) -> Tensor:
    """Share of (real, fake) pairs in which the real sentence scores higher; chance is .5, ties count half.

    Needs no threshold, so it means the same for every objective (a critic's scores have no zero). An objective that
    trains something other than the score says what to go by: `compared(real, fake)`, two vectors.
    """
    compared = getattr(objective, "compared", None)
    first, second = compared(real, fake) if compared else (real.score, fake.score)
    difference = first.unsqueeze(1) - second.unsqueeze(0)  # (B_real, B_fake)
    return (difference > 0).float().mean() + (difference == 0).float().mean() / 2


def told_classes(verdict: Verdict) -> dict[str, Tensor]:
    """Share of sentences that the discriminator classifies correctly; empty if it does not classify, or no labels."""
    if verdict.classes is None or verdict.labels is None:
        return {}
    return {"class-accuracy-heldout": (verdict.classes.argmax(1) == verdict.labels).float().mean()}
