"""A recurrent discriminator that scores every token, as in ScratchGAN (de Masson d'Autume et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as normalise

from textgan.discriminators.layers import Cell, Layer, at_end
from textgan.parts.ranges import Depth, Share, Size
from textgan.types import Discriminator, Text, Verdict, Vocabulary, read_labels


class RecurrentJudge(Discriminator):
    """LSTM or GRU layers; a score for each token given those before it, the last being that of the sentence.

    embedding, hidden, layers: sizes; dropout: on the embeddings and on every layer's states; layer_norm: on what
    every layer reads and on the last states; spectral_norm: on every weight but the table (Miyato et al. 2018).
    table: `own` is learned; `corpus` is the fixed word vectors that a generator of vectors writes in.
    classes > 0: projection discriminator (Miyato & Koyama 2018) at every token.

    Of relaxed text the sentence's score is the expectation over where it ends. Departures: the paper's layer
    normalisation may stand inside the cells, and it appends a position signal to the embeddings.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        cell: Cell = "lstm",
        embedding: Size = 64,
        hidden: Size = 128,
        layers: Depth = 1,
        dropout: Share = 0.1,
        layer_norm: bool = True,
        spectral_norm: bool = False,
        table: Literal["own", "corpus"] = "own",
        vectors: Callable[[int], Tensor] | None = None,
        classes: int = 0,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers: {layers}; expected 1 or more")
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.reads_vectors = table == "corpus"
        if self.reads_vectors:
            if vectors is None:
                raise ValueError("table: 'corpus' needs the corpus's word vectors, and none were handed in")
            self.table = nn.Embedding.from_pretrained(vectors(embedding), freeze=True)
        sizes = [embedding] + [hidden] * (layers - 1)
        self.layers = nn.ModuleList(Layer(cell, size, hidden, spectral_norm) for size in sizes)
        self.norms = nn.ModuleList(
            nn.LayerNorm(size) if layer_norm else nn.Identity() for size in [*sizes, hidden]
        )
        self.dropout = nn.Dropout(dropout)
        score = nn.Linear(hidden, 1)
        self.score = normalise(score) if spectral_norm else score
        self.labels = nn.Embedding(classes, hidden) if classes else None

    def embed(self, text: Text) -> Tensor:
        embeddings = text.read(self.table.weight) if text.vectors is None else text.vectors
        return embeddings * text.weight.unsqueeze(-1)  # (B, T, E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        states = self.dropout(self.norms[0](embeddings))
        for layer, norm in zip(self.layers, self.norms[1:], strict=True):
            states = self.dropout(norm(layer(states)))  # (B, T, F)
        scores = self.score(states).squeeze(-1)  # (B, T)
        if self.labels is not None:
            if labels is None:
                raise ValueError("this discriminator judges by label: the text needs labels (B,)")
            scores = scores + (states @ read_labels(self.labels, labels).unsqueeze(-1)).squeeze(-1)
        mask = weight > 0
        # Zeros of the mask times what stands there would let a NaN of the padding through.
        scores = scores.masked_fill(~mask, 0.0)
        features = at_end(states.masked_fill(~mask.unsqueeze(-1), 0.0), weight)
        score = at_end(scores.unsqueeze(-1), weight).squeeze(-1)
        return Verdict(score, features, per_token=scores, mask=weight)
