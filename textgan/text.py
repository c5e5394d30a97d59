"""Text as the parts hand it to each other: the vocabulary they must know of, tokens that may be relaxed, sentences.

One alphabet of shapes: B sentences, T tokens, V vocabulary, E embedding, K classes. Time and batch are never reordered
with `view`; the batch axis always comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad


@dataclass(frozen=True)
class Vocabulary:
    """The token ids a model must know of. `forbidden`: ids that a generator never emits (pad, bos, unk).

    Pretrained tokenizers often use one id for bos and eos, which must then stay allowed.
    """

    size: int
    pad: int = 0
    bos: int = 1
    eos: int = 2
    unk: int | None = 3

    @property
    def forbidden(self) -> tuple[int, ...]:
        return tuple(i for i in (self.pad, self.bos, self.unk) if i is not None and i != self.eos)

    def words(self) -> Tensor:
        """(V,) float: 1 for an id that stands for text, 0 for pad, bos, eos and unk."""
        found = torch.ones(self.size)
        found[[*self.forbidden, self.eos]] = 0
        return found


@dataclass(frozen=True)
class Choice:
    """One position's tokens: ids (B,) int64 and, from a pathwise sampler, relaxed (B,V) with a graph.

    hard: who reads it sees the one-hot of the id, and the gradient passes to the relaxed token as if that had been
    read (straight-through). read_back: the generator reads the relaxed token next; False: it reads the id, the
    discriminator the relaxed token.
    """

    ids: Tensor
    relaxed: Tensor | None = None
    hard: bool = False
    read_back: bool = True

    def read(self, table: Tensor) -> Tensor:
        """Rows of a table (V,E), mixed as the token is relaxed: (B,E)."""
        if self.relaxed is None:
            return embedding(self.ids, table)
        if self.hard:
            found: Tensor = _StraightThrough.apply(self.relaxed, self.ids, table)
            return found
        return self.relaxed @ table

    def share(self, word: int) -> Tensor:
        """How much of the token is this word, (B,)."""
        chosen = (self.ids == word).float()
        if self.relaxed is None:
            return chosen
        soft = self.relaxed[:, word]
        return chosen + soft - soft.detach() if self.hard else soft

    def map(self, change: Callable[[Tensor], Tensor]) -> Choice:
        relaxed = None if self.relaxed is None else change(self.relaxed)
        return replace(self, ids=change(self.ids), relaxed=relaxed)


class _StraightThrough(torch.autograd.Function):
    """one_hot(ids) @ table, with the gradient of relaxed @ table; no one-hot is built, and no product is made of it."""

    @staticmethod
    def forward(ctx: Any, relaxed: Tensor, ids: Tensor, table: Tensor) -> Tensor:
        ctx.save_for_backward(relaxed, ids, table)
        return embedding(ids, table)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, None, Tensor | None]:
        relaxed, ids, table = ctx.saved_tensors
        to_relaxed = gradient @ table.T if ctx.needs_input_grad[0] else None
        to_table = None
        if ctx.needs_input_grad[2]:
            to_table = torch.zeros_like(table).index_add_(0, ids, gradient)
        return to_relaxed, None, to_table


@dataclass(frozen=True)
class Text:
    """Sentences, as ids and, where a pathwise strategy wrote them, as relaxed tokens or vectors too.

    ids (B,T) int64; mask (B,T) bool, True up to and including EOS (everywhere if the sentence reached the
    length limit without one); labels (B,) int64, -1 where it is not known; choices: T relaxed tokens, each for
    all B; vectors (B,T,E).
    presence (B,T) float, of relaxed text: how far the sentence has not ended before this token, the product of
    1 - p(EOS) over the tokens before. It is the mask where tokens are one-hots, and lets the gradient reach the
    decision to end: with the mask alone, Gumbel's bias does not vanish at low temperature.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor | None = None
    choices: tuple[Choice, ...] | None = None
    vectors: Tensor | None = None
    presence: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """How much of each position there is, (B,T): presence where the text is relaxed, else the mask."""
        return self.mask if self.presence is None else self.presence

    def __len__(self) -> int:
        return self.ids.shape[0]

    def _map(self, change: Callable[[Tensor], Tensor]) -> Text:
        held = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "choices"}
        changed: dict[str, Any] = {name: change(value) for name, value in held.items() if value is not None}
        if self.choices is not None:
            changed["choices"] = tuple(choice.map(change) for choice in self.choices)
        return replace(self, **changed)

    def to(self, device: torch.device | str) -> Text:
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def detach(self) -> Text:
        return self._map(lambda tensor: tensor.detach())

    def __getitem__(self, rows: Any) -> Text:
        """The sentences that `rows` (a slice, or an index or bool tensor) selects."""
        return self._map(lambda tensor: tensor[rows])

    def narrowed(self, width: int) -> Text:
        """The first `width` positions: the same sentences, if the longest has no more tokens."""
        choices = None if self.choices is None else self.choices[:width]
        short = replace(self, choices=None)._map(
            lambda tensor: tensor[:, :width] if tensor.dim() > 1 else tensor
        )
        return replace(short, choices=choices)

    def read(self, table: Tensor) -> Tensor:
        """Rows of a table (V,E), mixed where tokens are relaxed: (B,T,E)."""
        if self.choices is None:
            return embedding(self.ids, table)
        return torch.stack([choice.read(table) for choice in self.choices], 1)

    def joined(self, other: Text) -> Text:
        """These sentences and then those, as wide as the wider; neither is relaxed, and both have labels or none."""
        width = max(self.ids.shape[1], other.ids.shape[1])
        ids, mask = (
            torch.cat([pad(mine, (0, width - mine.shape[1])), pad(theirs, (0, width - theirs.shape[1]))])
            for mine, theirs in ((self.ids, other.ids), (self.mask, other.mask))
        )
        labels = None
        if self.labels is not None and other.labels is not None:
            labels = torch.cat([self.labels, other.labels])
        return Text(ids, mask, labels)

    @property
    def relaxed(self) -> bool:
        return self.choices is not None or self.vectors is not None


def read_labels(table: nn.Embedding, labels: Tensor) -> Tensor:
    """Rows of a table (K,E) of labels (B,), zero for the label -1, not known: (B,E)."""
    found: Tensor = table(labels.clamp(min=0))
    return found * (labels >= 0).unsqueeze(-1)
