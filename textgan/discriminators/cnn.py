"""The convolutional discriminator of SeqGAN (Yu et al. 2017), after Kim (2014): n-gram windows, max over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.nn.utils.parametrizations import spectral_norm as normalise

from textgan.discriminators.lookup import highest_beyond, worth_it
from textgan.discriminators.minibatch import Likeness
from textgan.machine.products import Linear, Windows
from textgan.parts.ranges import Share, Size, Sizes, Whole
from textgan.types import (
    Choice,
    Completed,
    Discriminator,
    State,
    Text,
    Verdict,
    Vocabulary,
    read_labels,
)

Labels = Literal["project", "concatenate", "tell", "ignore"]


class CNN(Discriminator):
    """Convolutions of several widths, masked max-pooling, an optional highway layer, dropout, one score.

    widths: window sizes in tokens; filters: how many of each (one number for all, or one per width); highway:
    one layer (Srivastava et al. 2015); dropout: on the features; spectral_norm: on every weight but the table
    (Miyato et al. 2018). table: `own` is learned; `corpus` is the fixed word vectors that a generator of vectors
    writes in; `one-hot` has the convolutions read the words' distributions themselves, (B,T,V), the space that a
    penalty then holds the critic smooth in (`embedding` has no part, and a small V is needed). minibatch > 0: as many
    features that tell how alike the sentences of a batch are (see `Likeness`). Real and written text are then judged
    apart. Rollouts are refused with such a discriminator (`strategy.rollouts: 0`): completions of one prefix would be
    judged beside each other, and are alike by their making.

    labels, where text has them (classes > 0): `project`, score + <label, features> (projection
    discriminator, Miyato & Koyama 2018); `concatenate`, the label's embedding beside that of every token (Mirza &
    Osindero 2014, who join it to the input too); `tell`, the discriminator reads no label and tells one: logits l of
    the K classes, `classes`, with the score log sum_k exp(l_k), so that the sentence is real with probability
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
        embedding: Size = 64,
        widths: Sizes = [2, 3, 4, 5],  # noqa: B006 (never changed)
        filters: Size | list[Size] = 64,
        dropout: Share = 0.25,
        highway: bool = True,
        spectral_norm: bool = False,
        table: Literal["own", "corpus", "one-hot"] = "own",
        vectors: Callable[[int], Tensor] | None = None,
        labels: Labels = "project",
        classes: int = 0,
        minibatch: Whole = 0,
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
        features = self.feature_size = sum(counts)
        self.widths = list(widths)
        wrap: Callable[[nn.Module], nn.Module] = normalise if spectral_norm else lambda layer: layer
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.reads_vectors = table == "corpus"
        if self.reads_vectors:
            if vectors is None:
                raise ValueError("table: 'corpus' needs the corpus's word vectors, and none were handed in")
            self.table = nn.Embedding.from_pretrained(vectors(embedding), freeze=True)
        elif table == "one-hot":
            embedding = vocabulary.size
            self.table = nn.Embedding.from_pretrained(torch.eye(embedding), freeze=True)
        self.beside = nn.Embedding(classes, embedding) if labels == "concatenate" else None
        width_in = embedding * (2 if self.beside is not None else 1)
        self.convolutions = nn.ModuleList(
            wrap(Windows(width_in, count, width)) for width, count in zip(widths, counts, strict=True)
        )
        self.highway = wrap(Linear(features, 2 * features)) if highway else None
        self.dropout = nn.Dropout(dropout)
        self.likeness = Likeness(features, minibatch) if minibatch else None
        self.one_by_one = not minibatch
        features += minibatch
        self.tells_classes = labels == "tell"
        self.score = wrap(nn.Linear(features, classes if self.tells_classes else 1))
        self.labels = nn.Embedding(classes, features) if classes and labels == "project" else None
        self.reach: Tensor  # (F,): the width of each feature's window
        self.register_buffer("reach", torch.tensor(widths).repeat_interleave(torch.tensor(counts)), False)

    def embed(self, text: Text) -> Tensor:
        embeddings = text.read(self.table.weight) if text.vectors is None else text.vectors
        return embeddings * text.weight.unsqueeze(-1)  # (B, T, E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        pooled = [found.amax(1) for found in self._found(embeddings, weight, labels)]
        return self._verdict(torch.cat(pooled, 1), labels)

    def judge_completed(self, text: Text, pieces: Sequence[Completed]) -> Iterator[Verdict]:
        # Windows inside the prefix are read with it, once: the running maximum up to each position.
        inside = [found.cummax(1).values for found in self._found(self.embed(text), text.weight, text.labels)]
        convolutions = [cast(Windows, layer) for layer in self.convolutions]
        if self.beside is None and worth_it(convolutions, pieces):
            beyond = highest_beyond(self.table.weight, convolutions, text, pieces)
        else:
            beyond = (self._beyond(piece.text, piece.kept) for piece in pieces)
        for piece, pooled in zip(pieces, beyond, strict=True):
            ends = [piece.kept - width for width in self.widths]
            before = [
                found[:, end] if end >= 0 else torch.full_like(found[:, 0], -torch.inf)
                for end, found in zip(ends, inside, strict=True)
            ]
            pooled = torch.maximum(pooled, torch.cat(before, 1)[piece.sentence])
            verdict = self._verdict(pooled, piece.text.labels)
            yield replace(verdict, labels=piece.text.labels, ids=piece.text.ids)

    def _beyond(self, text: Text, kept: int) -> Tensor:
        found = self._found(self.embed(text), text.weight, text.labels, kept)
        return torch.cat([windows.amax(1) for windows in found], 1)

    def features_along(self, text: Text) -> Tensor:
        embeddings = self.embed(text)
        pooled = []
        for width, layer, found in zip(
            self.widths, self.convolutions, self._found(embeddings, text.weight, text.labels), strict=True
        ):
            # Prefixes shorter than the window: the first window, read as far as they go.
            begin = embeddings[:, : width - 1]
            kernel, bias = cast(Tensor, layer.weight), cast(Tensor, layer.bias)
            partial = torch.einsum("bje,fej->bjf", begin, kernel[:, :, : begin.shape[1]]).cumsum(1)
            partial = pad(partial, (0, 0, 1, 0)) + bias  # of 0, 1, ... tokens
            pooled.append(torch.cat([partial, found.cummax(1).values], 1)[:, : text.ids.shape[1] + 1])
        return self._features(torch.cat(pooled, -1))

    def begin_reading(self, size: int) -> State:
        table = self.table.weight
        return {
            "window": table.new_zeros(size, max(self.widths), table.shape[1]),  # the last tokens read
            "highest": table.new_zeros(size, self.feature_size),
            "read": torch.full((size,), -1, device=table.device),  # how many tokens
        }

    def read_on(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        read = state["read"] + 1
        x = token.read(self.table.weight) if isinstance(token, Choice) else self.table(token)  # (B, E)
        x = x * (read > 0).unsqueeze(1)
        window = torch.cat([state["window"][:, 1:], x.unsqueeze(1)], 1)
        longest = window.shape[1]
        padded = pad(window, (0, 0, 0, longest))
        values = []
        for width, layer in zip(self.widths, self.convolutions, strict=True):
            # The window that ends here; of fewer tokens, the one that begins with them and sees zeros past them.
            begin = longest - read.clamp(max=width)
            places = begin.unsqueeze(1) + torch.arange(width, device=begin.device)  # (B, width)
            rows = padded.gather(1, places.unsqueeze(-1).expand(-1, -1, x.shape[1]))
            values.append(layer(rows).squeeze(1))
        value = torch.cat(values, 1).to(state["highest"].dtype)  # (B, F)
        first = read.unsqueeze(1) <= self.reach
        highest = torch.where(first, value, torch.maximum(state["highest"], value))
        return self._features(highest), {"window": window, "highest": highest, "read": read}

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

    def _verdict(self, pooled: Tensor, labels: Tensor | None) -> Verdict:
        features = self._features(pooled)  # (B, F)
        if self.likeness is not None:
            features = torch.cat([features, self.likeness(features)], 1)
        features = self.dropout(features)
        if self.tells_classes:
            classes = self.score(features)  # (B, K)
            return Verdict(classes.logsumexp(-1), features, classes)
        score = self.score(features).squeeze(-1)
        if self.labels is not None:
            score = score + (read_labels(self.labels, _given(labels)) * features).sum(-1)
        return Verdict(score, features)

    def _features(self, pooled: Tensor) -> Tensor:
        # The relu comes after the pooling, since a maximum and a weight of 0 or more pass through it.
        features = pooled.relu()
        if self.highway is not None:
            change, gate = self.highway(features).chunk(2, -1)
            gate = gate.sigmoid()
            features = gate * change.relu() + (1 - gate) * features
        return features


def _given(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("this discriminator judges by label: the text needs labels (B,)")
    return labels
