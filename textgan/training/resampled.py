"""Resampling by the discriminator: each sentence is chosen among several candidates by how real they look."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import torch
from torch import Tensor

from textgan.sampling import POOL
from textgan.training.game import judging
from textgan.types import Discriminator, Generator, Prompt, Sampler, Text

AT_ONCE = 2048
"""Candidates written and scored at a time."""


class Resampled(Generator):
    """Sampling importance resampling (Rubin 1988) of a generator by the odds of its discriminator.

    One in `candidates` sentences that the generator draws is chosen, with weights exp(sharpness * score). If the score
    is the log-odds log p_data(x) - log p_G(x), as for the optimal discriminator of a classifying objective, the chosen
    sentences at sharpness 1 approach the distribution of real text as candidates grows. A discriminator that misses
    differences has odds too near 1; sharpness above 1 raises them to that power (the optimum of REINFORCE with an
    anchor of 1/sharpness). POOL sentences at a time are drawn out of POOL * candidates without replacement, so no
    candidate is written twice; choosing one out of each `candidates` would keep the least bad of a bad group. (Compare
    rejection by odds, Azadi et al. 2019, which is exact, but whose running time is unbounded.) Sentences with the same
    requested label are drawn together; those with a given prefix are drawn one by one.

    It has no likelihood: that of a chosen sentence would be a sum over all pools it might have been chosen from.
    """

    has_likelihood = False

    def __init__(
        self, generator: Generator, judge: Discriminator, candidates: int, sharpness: float = 1.0
    ) -> None:
        super().__init__()
        self.vocabulary, self.generator, self.judge = generator.vocabulary, generator, judge
        self.candidates, self.sharpness = candidates, sharpness
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
            scores = self.judge.judge(text).score.float().view(size, self.candidates)  # (B, K)
        labels = None if prompt.labels is None else prompt.labels[begin : begin + size]
        rows = self._drawn(scores, labels, 1 if prompt.prefix is not None else POOL)
        labels = None if text.labels is None else text.labels[rows]
        return replace(text, ids=text.ids[rows], mask=text.mask[rows], labels=labels)

    def _drawn(self, scores: Tensor, labels: Tensor | None, together: int) -> Tensor:
        """Which of the candidates (B * K,) is written for each sentence, (B,); scores (B, K)."""
        keys = self.sharpness * scores - torch.empty_like(scores).exponential_().log()  # + Gumbel noise
        device, count = scores.device, self.candidates
        every = torch.arange(len(scores), device=device)
        alike = [every] if labels is None else [every[labels == label] for label in labels.unique()]
        chosen = torch.empty_like(every)
        for pool in (pool for rows in alike for pool in rows.split(together)):
            # in the order they were written in: the likeliest of a pool are not to stand first in the text
            best = keys[pool].flatten().topk(len(pool)).indices.sort().values
            chosen[pool] = pool[best // count] * count + best % count
        return chosen
