"""An endless stream of generated sentences, in blocks that depend on the seed and not on how many are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.data.tokenizers import Tokenizer
from textgan.machine.streams import seeded
from textgan.runs.asked import Drawn
from textgan.types import Discriminator, Generator, Prompt, Sampler, Text

FIRST, LARGEST = 16, 256
"""Sizes of the first block and of the largest; each block is twice as large as the one before, up to LARGEST."""


def blocks() -> Iterator[int]:
    """An endless stream of sizes: ten sentences cost 16, a hundred thousand are written 256 at a time."""
    for number in count():
        yield min(FIRST << min(number, 30), LARGEST)


@dataclass(frozen=True)
class Pen:
    """A generator ready to write, on its device and in eval mode.

    length: the most tokens of a sentence, EOS included. judge: the discriminator, in eval mode; None: no scores.
    likelihood: whether to compute log-probabilities.
    """

    generator: Generator
    tokenizer: Tokenizer
    length: int
    engine: Accelerator
    judge: Discriminator | None = None
    likelihood: bool = False

    def candidates(
        self,
        sampler: Sampler,
        seed: int,
        stream: int = 0,
        label: tuple[int, str] | None = None,
        prefix: Tensor | None = None,
    ) -> Iterator[Drawn]:
        """An endless stream of sentences, which depend on seed and stream alone, not on how many are taken.

        label: the index and name of the label of all sentences. prefix (P,): ids that every sentence begins with.
        """
        for number, size in enumerate(blocks()):
            yield from self._block(size, sampler, (seed, stream, number), label, prefix)

    @torch.no_grad()
    def _block(
        self,
        size: int,
        sampler: Sampler,
        source: tuple[int, ...],
        label: tuple[int, str] | None,
        prefix: Tensor | None,
    ) -> list[Drawn]:
        device = self.engine.device
        labels = None if label is None else torch.full((size,), label[0], device=device)
        begin = None if prefix is None else prefix.to(device).expand(size, -1)
        low, high = np.random.SeedSequence(source).generate_state(2).tolist()
        with seeded(high << 31 | low >> 1), self.engine.autocast():
            text = self.generator.write(Prompt(size, labels, begin), self.length, sampler)
            luck = torch.rand(size, dtype=torch.float64).tolist()
        lengths = text.mask.sum(1).tolist()
        rows = [row[:end] for row, end in zip(text.ids.tolist(), lengths, strict=True)]
        none: list[float | None] = [None] * size
        scores = none if self.judge is None else self._scores(self.judge, text)
        nats = none
        if self.likelihood:
            with self.engine.autocast():
                nats = [*self.generator.log_prob(text).cpu().double().sum(1).tolist()]
        name = None if label is None else label[1]
        parts = zip(self.tokenizer.sentences(rows), lengths, nats, scores, luck, strict=True)
        return [Drawn(words, name, *told) for words, *told in parts]

    def _scores(self, discriminator: Discriminator, text: Text) -> list[float | None]:
        with self.engine.autocast():
            return [*discriminator.judge(text).score.cpu().double().tolist()]
