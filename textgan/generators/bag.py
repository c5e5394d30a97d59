"""A generator of documents as bags of words: from noise to a weight in [0, 1] for every word (Glover 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.parts.ranges import Size
from textgan.types import Discriminator, Generator, Prompt, Sampler, Text, Vocabulary

SMALLEST = 64  # documents written together, so that the batch's statistics mean something


class Bag(Generator):
    """z (B,noise) -> two hidden layers -> sigmoid: a document as a bag (B,V), without order.

    The discriminator reads the bag itself, as `Text.vectors` (B,1,V), and the gradient passes through it. The readable
    text lists the words with a weight of at least 0.5, the largest first: at least one, and at most length - 1.

    Batch normalisation is by the batch that is being written, in training and after it, as in the released code: it
    is what keeps different noise giving different documents (with layer normalisation all became one within a
    thousand turns). So a document depends on those it is written with, 64 at least. Does not write by label.
    """

    has_likelihood = False
    writes_bags = True

    def __init__(self, vocabulary: Vocabulary, *, noise: Size = 50, hidden: Size = 300) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.noise = noise
        self.layers = nn.Sequential(
            nn.Linear(noise, hidden),
            nn.BatchNorm1d(hidden, track_running_stats=False),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden, track_running_stats=False),
            nn.ReLU(),
            nn.Linear(hidden, vocabulary.size),
        )
        self.words: Tensor
        self.register_buffer("words", vocabulary.words(), persistent=False)

    def meet(self, judge: Discriminator) -> None:
        if not getattr(judge, "reads_bags", False):
            raise Mistake(
                "discriminator: the generator writes bags of words, which this discriminator cannot read; "
                "set discriminator to 'bag-autoencoder'"
            )

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Documents as bags (B,1,V) with a graph, and their words as ids (B,T). The sampler is not used."""
        if prompt.prefix is not None:
            raise ValueError("a generator of bags cannot continue a given prefix")
        noise = torch.randn(max(prompt.size, SMALLEST), self.noise, device=self.words.device)
        bag = self.layers(noise)[: prompt.size].sigmoid() * self.words  # (B, V)
        ids, mask = self.read(bag.detach(), length)
        return Text(ids, mask, vectors=bag.unsqueeze(1))

    def read(self, bag: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """The words of bags (B,V), the surest first, and EOS: ids and mask (B,T)."""
        count = min(length - 1, int(self.vocabulary.size))
        share, words = bag.masked_fill(self.words == 0, -1).topk(count)  # (B, T - 1)
        kept = share >= 0.5
        kept[:, 0] = True
        sizes = kept.sum(1, keepdim=True)
        ids = nn.functional.pad(words.masked_fill(~kept, self.vocabulary.pad), (0, 1))
        positions = torch.arange(count + 1, device=bag.device)
        ids = ids.masked_fill(positions == sizes, self.vocabulary.eos)
        return ids, positions <= sizes
