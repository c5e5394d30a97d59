"""A discriminator that reads a sentence through several embeddings (RelGAN, Nie et al. 2019)."""

from __future__ import annotations

from torch import Tensor, nn

from textgan.discriminators.cnn import CNN
from textgan.parts.ranges import Share, Size, Sizes
from textgan.types import Discriminator, Text, Verdict, Vocabulary


class MultiRepresentation(Discriminator):
    """The embedding is cut into `representations` pieces; one CNN judges each; score and features are their means.

    embedding: of all pieces together, a multiple of representations. widths, filters, dropout, highway,
    spectral_norm, classes: of the CNN, which all pieces share (`discriminators/cnn.py`).

    Departures: RelGAN takes the mean of the pieces' losses, this the mean of their scores, which allows any objective,
    reward or penalty; its layer of 100 features between highway and score is left out.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        representations: Size = 8,
        widths: Sizes = [2, 3, 4, 5],  # noqa: B006 (never changed)
        filters: Size | list[Size] = 64,
        dropout: Share = 0.25,
        highway: bool = True,
        spectral_norm: bool = False,
        classes: int = 0,
    ) -> None:
        super().__init__()
        if representations < 1 or embedding % representations:
            raise ValueError(
                f"representations: {representations} equal pieces cannot be cut from an embedding of {embedding}; "
                "give a divisor of it"
            )
        self.representations = representations
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.shared_judge = CNN(
            vocabulary,
            embedding=embedding // representations,
            widths=widths,
            filters=filters,
            dropout=dropout,
            highway=highway,
            spectral_norm=spectral_norm,
            classes=classes,
        )
        del self.shared_judge.table  # it is given embeddings, and never reads ids

    def embed(self, text: Text) -> Tensor:
        embeddings = text.read(self.table.weight) if text.vectors is None else text.vectors
        return embeddings * text.weight.unsqueeze(-1)  # (B, T, E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        count = self.representations
        pieces = embeddings.unflatten(-1, (count, -1)).transpose(1, 2).flatten(0, 1)  # (B * R, T, E / R)
        repeated = None if labels is None else labels.repeat_interleave(count, 0)
        verdict = self.shared_judge(pieces, weight.repeat_interleave(count, 0), repeated)
        score = verdict.score.unflatten(0, (-1, count)).mean(1)
        features = verdict.features.unflatten(0, (-1, count)).mean(1)
        return Verdict(score, features)
