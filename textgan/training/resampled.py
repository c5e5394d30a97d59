"""The judge at the writing table: each sentence is one of several, drawn by how real the judge finds it."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from textgan.sampling import draw
from textgan.training.game import judging
from textgan.types import Discriminator, Generator, Prompt, Sampler, Text

AT_ONCE = 2048
"""Candidates that are written and judged together."""


class Resampled(Generator):
    """Sampling importance resampling (Rubin 1988) of a generator by the odds of its judge.

    Each sentence is one of `candidates` that the generator draws, chosen with weights exp(score): if the score is the
    log-odds log p_data(x) - log p_G(x), as it is of the best judge of a classifying objective, what is chosen has the
    distribution of real text where candidates are many. With few, it lies between the generator's and that: a weight
    never counts for more than its group, so that no sentence is written again and again (cf. rejection by odds, Azadi
    et al. 2019, which is exact and may wait for ever).

    Writes, and has no likelihood: that of a chosen sentence is a sum over all groups it might have been chosen from.
    """

    has_likelihood = False

    def __init__(self, generator: Generator, judge: Discriminator, candidates: int) -> None:
        super().__init__()
        self.vocabulary, self.generator, self.judge = generator.vocabulary, generator, judge
        self.candidates = candidates
        self.training = (
            generator.training
        )  # so that whoever puts the mode back after writing puts that one back

    @torch.no_grad()
    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Sentences as the generator's own `write`, (B,T), of some `AT_ONCE` candidates at a time."""
        rows = max(1, AT_ONCE // self.candidates)
        pieces = [
            self._write(min(rows, prompt.size - begin), prompt, begin, length, sampler)
            for begin in range(0, prompt.size, rows)
        ]
        return reduce(Text.joined, pieces)

    def _write(self, size: int, prompt: Prompt, begin: int, length: int, sampler: Sampler) -> Text:
        """`size` sentences, those of the prompt from `begin` on."""

        def asked(rows: Tensor | None) -> Tensor | None:
            """Each of them as often as it has candidates."""
            return None if rows is None else rows[begin : begin + size].repeat_interleave(self.candidates, 0)

        like = Prompt(size * self.candidates, asked(prompt.labels), asked(prompt.prefix))
        text = self.generator.write(like, length, sampler)
        with judging(self.judge):
            scores = self.judge.judge(text).score.float().view(-1, self.candidates)  # (B, K)
        chosen = draw(scores.softmax(1))  # (B,)
        rows = chosen + torch.arange(size, device=chosen.device) * self.candidates
        labels = None if text.labels is None else text.labels[rows]
        return replace(text, ids=text.ids[rows], mask=text.mask[rows], labels=labels)
