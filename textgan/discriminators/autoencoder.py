"""A discriminator that rebuilds what it reads: text is as real as it can be rebuilt (EBGAN, Zhao et al. 2017)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.parametrizations import spectral_norm as normalise

from textgan.discriminators.layers import Cell, Layer, at_end, fixed_table
from textgan.parts.ranges import Size
from textgan.types import Discriminator, Text, Verdict, Vocabulary


class Autoencoder(Discriminator):
    """score = -energy; energy = the mean over a sentence's tokens of |x - rebuilt x|^2, the features are the code.

    reads: `order`, a recurrent encoder and decoder, the decoder given the code at every position and no token, so
    that all it knows is in the code; or `bag`, the mean of the sentence's vectors through one hidden layer, which
    knows no order. code, hidden: sizes; corruption: share of the input's numbers that are dropped while training,
    a denoising autoencoder; spectral_norm: on every weight. table: `corpus`, word vectors of the corpus, or
    `random`, random directions. Both are unit vectors and fixed: a table that learned would make the error small by
    making the vectors small. So text of which nothing is rebuilt has energy 1 (below 1 for a bag), whatever its
    length.

    per_token holds minus each token's error where the order is read. What relaxed text has of a token counts.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        reads: Literal["order", "bag"] = "order",
        cell: Cell = "lstm",
        embedding: Size = 64,
        hidden: Size = 128,
        code: Size = 32,
        corruption: float = 0.0,
        spectral_norm: bool = False,
        table: Literal["corpus", "random"] = "corpus",
        vectors: Callable[[int], Tensor] | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= corruption < 1:
            raise ValueError(f"corruption: {corruption}; expected 0 or more, and less than 1")
        wrap: Callable[[nn.Module], nn.Module] = normalise if spectral_norm else lambda layer: layer
        self.corruption = corruption
        self.reads_vectors = table == "corpus"
        self.table = fixed_table(table, vocabulary.size, embedding, vectors)
        self.in_order = reads == "order"
        if self.in_order:
            self.encoder: nn.Module = Layer(cell, embedding, hidden, spectral_norm)
            self.decoder: nn.Module = Layer(cell, code, hidden, spectral_norm)
        else:
            self.encoder = nn.Sequential(wrap(nn.Linear(embedding, hidden)), nn.Tanh())
            self.decoder = nn.Sequential(wrap(nn.Linear(code, hidden)), nn.Tanh())
        self.to_code = wrap(nn.Linear(hidden, code))
        self.rebuild = wrap(nn.Linear(hidden, embedding))

    def embed(self, text: Text) -> Tensor:
        embeddings = text.read(self.table.weight) if text.vectors is None else text.vectors
        return embeddings * text.weight.unsqueeze(-1)  # (B, T, E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        weight = weight.to(embeddings.dtype)
        # A bag is a sum over all positions, those past the end among them.
        embeddings = embeddings.masked_fill((weight == 0).unsqueeze(-1), 0.0)
        read = dropout(embeddings, self.corruption, self.training) if self.corruption else embeddings
        count = weight.sum(1, keepdim=True).clamp(min=1e-6)  # (B, 1)
        if not self.in_order:
            code = self.to_code(self.encoder(read.sum(1) / count))
            rebuilt = self.rebuild(self.decoder(code))
            return Verdict(-(embeddings.sum(1) / count - rebuilt).square().sum(-1), code)
        code = self.to_code(at_end(self.encoder(read), weight))  # (B, F)
        rebuilt = self.rebuild(self.decoder(code.unsqueeze(1).expand(-1, weight.shape[1], -1)))
        error = (embeddings - rebuilt).square().sum(-1) * weight  # (B, T)
        return Verdict(-error.sum(1) / count.squeeze(1), code, per_token=-error, mask=weight)
