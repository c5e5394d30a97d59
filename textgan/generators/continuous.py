"""A generator that outputs word vectors; decoding replaces each by the nearest word of the vocabulary.

Rajeswar et al. 2017 feed softmax vectors to the critic (see `simplex.py`); here, as the strategy's name says, the
output lives in the space of the word vectors themselves. Those are fixed (see `data/vectors.py`), so that neither
generator nor discriminator can lower its loss by moving them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from textgan.generators.recurrent import FORBIDDEN
from textgan.parts.ranges import Size
from textgan.types import Generator, Prompt, Sampler, Text, Vocabulary, read_labels


class Continuous(Generator):
    """An LSTM cell driven by noise: z (B,noise) sets its start and, drawn anew, joins every input.

    vectors: gives the fixed word vectors (V,E) for a size E, handed in by the run. Has no likelihood, and
    decodes greedily: all the variety of its text comes from the noise.
    """

    has_likelihood = False
    writes_vectors = True

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        vectors: Callable[[int], Tensor],
        embedding: Size = 64,
        hidden: Size = 256,
        noise: Size = 64,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.noise = noise
        self.table: Tensor
        self.forbidden: Tensor
        self.register_buffer("table", vectors(embedding))
        self.begin = nn.Linear(noise, 2 * hidden)
        self.cell = nn.LSTMCell(embedding + noise, hidden)
        self.output = nn.Linear(hidden, embedding)
        self.labels = nn.Embedding(classes, noise) if classes else None
        allowed = torch.zeros(vocabulary.size)
        allowed[list(vocabulary.forbidden)] = FORBIDDEN
        self.register_buffer("forbidden", allowed, persistent=False)

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Sentences as vectors (B,T,E) with a graph; ids are their nearest words. The sampler is not used."""
        if prompt.prefix is not None:
            raise ValueError("a generator of vectors cannot continue a given prefix")
        draw = torch.randn(prompt.size, length + 1, self.noise, device=self.table.device)  # (B, T+1, noise)
        if self.labels is not None:
            if prompt.labels is None:
                raise ValueError("this generator writes by label: the prompt needs labels (B,)")
            draw = draw + read_labels(self.labels, prompt.labels).unsqueeze(1)
        h, c = self.begin(draw[:, -1]).tanh().chunk(2, -1)
        vector = self.table[self.vocabulary.bos].expand(prompt.size, -1)
        vectors = []
        for position in range(length):
            h, c = self.cell(torch.cat([vector, draw[:, position]], -1), (h, c))
            vector = self.output(h)  # (B, E)
            vectors.append(vector)
        written = torch.stack(vectors, 1)  # (B, T, E)
        ids = self.nearest(written)
        ended = (ids == self.vocabulary.eos).long().cumsum(1)
        mask = (ended == 0) | ((ended == 1) & (ids == self.vocabulary.eos))
        return Text(ids.masked_fill(~mask, self.vocabulary.pad), mask, prompt.labels, vectors=written)

    @torch.no_grad()
    def nearest(self, vectors: Tensor) -> Tensor:
        """Ids (B,T) of the allowed words nearest to vectors (B,T,E), by Euclidean distance."""
        closeness = vectors @ self.table.T - self.table.square().sum(-1) / 2  # argmax of it = nearest
        return (closeness + self.forbidden).argmax(-1)
