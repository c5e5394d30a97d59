"""A denoising autoencoder of bags of words as the discriminator: its error is the energy (Glover 2016)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, leaky_relu

from textgan.errors import Mistake
from textgan.parts.ranges import Size
from textgan.types import Discriminator, Generator, Text, Verdict, Vocabulary


class BagAutoencoder(Discriminator):
    """score = -energy, the energy of a bag x (V words) being the error with which it is rebuilt.

    A document is the binary bag of its words: 1 for a word that occurs, however often. masking: in training, each
    word of each document is hidden with this probability from the encoder, and is to be rebuilt all the same. The
    hidden layer (B,F), `Verdict.features`, is the document's vector. error: `squared`, the mean over words of
    (x - rebuilt)^2, or `cross-entropy`, of rebuilt as a logit. Fits the objective `margin`.

    Departures: the released code sums over words and sets the margin to V / 20; we take the mean, so that the margin
    (0.05) does not depend on V. It hides the same words in a whole batch, and in the generator's turn too.
    """

    reads_vectors = True
    reads_bags = True

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        hidden: Size = 50,
        masking: float = 0.4,
        error: Literal["squared", "cross-entropy"] = "squared",
    ) -> None:
        super().__init__()
        if not 0 <= masking < 1:
            raise ValueError(f"masking: {masking}; expected 0 or more, and below 1")
        self.masking = masking
        self.error = error
        self.encoder = nn.Linear(vocabulary.size, hidden)
        self.decoder = nn.Linear(hidden, vocabulary.size)
        self.words: Tensor
        self.register_buffer("words", vocabulary.words(), persistent=False)

    def meet(self, generator: Generator) -> None:
        if not generator.has_likelihood and not getattr(generator, "writes_bags", False):
            raise Mistake(
                "generator: this discriminator reads bags of words, and the generator writes other vectors; "
                "set generator to 'bag'"
            )

    def embed(self, text: Text) -> Tensor:
        """The bag, (B,1,V), in [0, 1]; special tokens and what is outside the mask are not in it."""
        if text.vectors is not None:
            return text.vectors
        weight = text.weight.float()
        bag = torch.zeros(len(text), len(self.words), device=weight.device)
        for position, choice in enumerate(text.choices or ()):
            if choice.relaxed is None:
                raise ValueError("relaxed text has a position without a relaxed token")
            share = choice.relaxed
            if (
                choice.hard
            ):  # straight-through: counts the drawn word, passes the gradient to the relaxed token
                drawn = torch.zeros_like(share).scatter(1, choice.ids.unsqueeze(1), 1.0)
                share = drawn + share - share.detach()
            bag = bag + share * weight[:, position, None]
        if text.choices is None:
            bag = bag.scatter_add(1, text.ids, weight)
        return (bag.clamp(max=1) * self.words).unsqueeze(1)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        bag = embeddings[:, 0]  # (B, V); a penalty may have padded the second axis
        seen = bag
        if self.training and self.masking:
            seen = bag * (torch.rand_like(bag) >= self.masking)
        hidden = leaky_relu(self.encoder(seen), 0.2)  # (B, F)
        rebuilt = self.decoder(hidden)
        if self.error == "squared":
            errors = (bag - rebuilt).square()
        else:
            errors = binary_cross_entropy_with_logits(rebuilt, bag, reduction="none")
        energy = (errors * self.words).sum(-1) / self.words.sum()  # (B,)
        return Verdict(-energy, hidden)
