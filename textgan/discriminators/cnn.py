"""The convolutional discriminator of SeqGAN (Yu et al. 2017), after Kim (2014): n-gram windows, max over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrizations import spectral_norm as normalise

from textgan.products import Linear, Windows
from textgan.types import Discriminator, Text, Verdict, Vocabulary, read_labels

Labels = Literal["project", "concatenate", "tell", "ignore"]


class CNN(Discriminator):
    """Convolutions of several widths, masked max-pooling, an optional highway layer, dropout, one score.

    widths: window sizes in tokens; filters: how many of each (one number for all, or one per width); highway:
    one layer (Srivastava et al. 2015); dropout: on the features; spectral_norm: on every weight but the table
    (Miyato et al. 2018). table: `own` is learned; `corpus` is the fixed word vectors that a generator of vectors
    writes in. labels, where text has them (classes > 0): `project`, score + <label, features> (projection
    discriminator, Miyato & Koyama 2018); `concatenate`, the label's embedding beside that of every token (Mirza &
    Osindero 2014, who join it to the input too); `tell`, the judge reads no label and tells one: logits l of the
    K classes, `classes`, with the score log sum_k exp(l_k), so that the sentence is real with probability
    sum_k exp(l_k) / (1 + sum_k exp(l_k)) and class K + 1, written text, has the logit 0 (Salimans et al. 2016,
    section 5); `ignore`. A label that is not known, -1, adds nothing.

    Windows that lie inside the sentence count, as in the paper; of a sentence shorter than a window, the one that
    begins with it does, and sees zeros past the end. So the score does not depend on how far a batch is padded.
    Where text is relaxed, a window counts as much as its last token is present.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: int = 64,
        widths: list[int] = [2, 3, 4, 5],  # noqa: B006 (never changed)
        filters: int | list[int] = 64,
        dropout: float = 0.25,
        highway: bool = True,
        spectral_norm: bool = False,
        table: Literal["own", "corpus"] = "own",
        vectors: Callable[[int], Tensor] | None = None,
        labels: Labels = "project",
        classes: int = 0,
    ) -> None:
        super().__init__()
        if not classes and labels in ("concatenate", "tell"):
            raise ValueError(
                f"labels: {labels!r} needs a corpus with labels; give corpus.label, or leave this out"
            )
        counts = [filters] * len(widths) if isinstance(filters, int) else filters
        if len(counts) != len(widths):
            raise ValueError(
                f"filters: {len(counts)} numbers for {len(widths)} widths; give one each, or one for all"
            )
        features = sum(counts)
        self.widths = list(widths)
        wrap: Callable[[nn.Module], nn.Module] = normalise if spectral_norm else lambda layer: layer
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.reads_vectors = table == "corpus"
        if self.reads_vectors:
            if vectors is None:
                raise ValueError("table: 'corpus' needs the corpus's word vectors, and none were handed in")
            self.table = nn.Embedding.from_pretrained(vectors(embedding), freeze=True)
        self.beside = nn.Embedding(classes, embedding) if labels == "concatenate" else None
        width_in = embedding * (2 if self.beside is not None else 1)
        self.convolutions = nn.ModuleList(
            wrap(Windows(width_in, count, width)) for width, count in zip(widths, counts, strict=True)
        )
        self.highway = wrap(Linear(features, 2 * features)) if highway else None
        self.dropout = nn.Dropout(dropout)
        self.tells_classes = labels == "tell"
        self.score = wrap(nn.Linear(features, classes if self.tells_classes else 1))
        self.labels = nn.Embedding(classes, features) if classes and labels == "project" else None

    def embed(self, text: Text) -> Tensor:
        embeddings = text.read(self.table.weight) if text.vectors is None else text.vectors
        return embeddings * text.weight.unsqueeze(-1)  # (B, T, E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        return self._verdict([found.amax(1) for found in self._found(embeddings, weight, labels)], labels)

    def shared(self, text: Text) -> list[Tensor]:
        """For every width, the running maximum of the windows up to each position: (B, T - width + 1, filters)."""
        found = self._found(self.embed(text), text.weight, text.labels)
        return [windows.cummax(1).values for windows in found]

    def judge_continued(self, text: Text, shared: list[Tensor], sentence: Tensor, kept: int) -> Verdict:
        # Windows inside the prefix were read with it; those that reach beyond it are left.
        found = self._found(self.embed(text), text.weight, text.labels, kept)
        pooled = []
        for width, windows, before in zip(self.widths, found, shared, strict=True):
            highest = windows.amax(1)
            if kept >= width:
                highest = torch.maximum(highest, before[sentence, kept - width])
            pooled.append(highest)
        return replace(self._verdict(pooled, text.labels), labels=text.labels, ids=text.ids)

    def _found(
        self, embeddings: Tensor, weight: Tensor, labels: Tensor | None, kept: int = 0
    ) -> Iterator[Tensor]:
        """For every width, the weighted windows (B, windows, filters) that reach beyond the first `kept` tokens."""
        if self.beside is not None:
            label = read_labels(self.beside, _given(labels)).unsqueeze(1)  # (B, 1, E)
            embeddings = torch.cat([embeddings, label * weight.unsqueeze(-1)], -1)
        short = max(self.widths) - embeddings.shape[1]
        if short > 0:
            embeddings, weight = pad(embeddings, (0, 0, 0, short)), pad(weight, (0, short))
        for width, convolution in zip(self.widths, self.convolutions, strict=True):
            begin = max(0, kept - width + 1)
            counts = weight[:, begin + width - 1 :]  # of each window's last token
            if not begin:
                counts = torch.cat([torch.ones_like(weight[:, :1]), counts[:, 1:]], 1)
            yield convolution(embeddings[:, begin:]) * counts.unsqueeze(-1)

    def _verdict(self, pooled: list[Tensor], labels: Tensor | None) -> Verdict:
        # The relu comes after the pooling, since a maximum and a weight of 0 or more pass through it.
        features = torch.cat(pooled, 1).relu()  # (B, F)
        if self.highway is not None:
            change, gate = self.highway(features).chunk(2, -1)
            gate = gate.sigmoid()
            features = gate * change.relu() + (1 - gate) * features
        features = self.dropout(features)
        if self.tells_classes:
            classes = self.score(features)  # (B, K)
            return Verdict(classes.logsumexp(-1), features, classes)
        score = self.score(features).squeeze(-1)
        if self.labels is not None:
            score = score + (read_labels(self.labels, _given(labels)) * features).sum(-1)
        return Verdict(score, features)


def _given(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("this discriminator judges by label: the text needs labels (B,)")
    return labels
