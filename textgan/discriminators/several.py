"""An ensemble of discriminators (GMAN, Durugkar et al. 2017): each has its own loss, the generator sees them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.parts.binding import bind
from textgan.parts.ranges import Above, Whole
from textgan.types import Discriminator, Generator, Text, Verdict, Vocabulary


class Several(Discriminator):
    """`parts`: discriminators as a recipe names them, each made `copies` times over, with a start of its own.

    Their scores are put together by `together`: `mean`; `min`, the harshest critic of each sentence (GMAN's max of
    the discriminators' values); `softmax`, their mean weighted by softmax(-sharpness * score): 0 is the mean,
    infinity the harshest. Scores of tokens and of classes likewise, where all parts give them; features stand
    side by side. Each part has its own loss and penalty (see `members`), and none knows of the others.

    Departures: the critics are weighed sentence by sentence and not by a whole batch's value; sharpness is fixed.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        parts: list[dict[str, Any]] = [{"name": "cnn"}],  # noqa: B006 (never changed)
        copies: Whole = 3,
        together: Literal["mean", "min", "softmax"] = "mean",
        sharpness: Above = 1.0,
        vectors: Callable[[int], Tensor] | None = None,
        length: int = 0,
        classes: int = 0,
        decode: Callable[[Sequence[Sequence[int]]], list[str]] | None = None,
    ) -> None:
        super().__init__()
        if copies < 1 or not parts:
            raise ValueError(
                f"copies: {copies} of {len(parts)} parts; there must be one discriminator at least"
            )
        handed: dict[str, Any] = {
            **{"vocabulary": vocabulary, "vectors": vectors, "length": length},
            **{"classes": classes, "decode": decode},
        }
        bound = [
            bind("discriminator", mapping, handed, f"discriminator.parts.{place}")
            for place, mapping in enumerate(parts)
        ]
        members: list[Discriminator] = [part.build(**handed) for part in bound for _ in range(copies)]
        for place, part in enumerate(parts):
            if not members[place * copies].reads_relaxed:
                raise Mistake(
                    f"discriminator.parts.{place}: {part.get('name')!r} reads token ids only, and the members of an "
                    "ensemble share their embeddings; use it as the only discriminator"
                )
        self.judges = nn.ModuleList(members)
        self.together = together
        self.sharpness = sharpness
        self.reads_vectors = all(member.reads_vectors for member in members)
        self.one_by_one = all(member.one_by_one for member in members)
        one = Text(torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool))
        self.sizes = [member.embed(one).shape[-1] for member in members]

    def meet(self, generator: Generator) -> None:
        for member in self.members():
            member.meet(generator)

    def members(self) -> list[Discriminator]:
        return [member for member in self.judges if isinstance(member, Discriminator)]

    def embed(self, text: Text) -> Tensor:
        return torch.cat([member.embed(text) for member in self.members()], -1)  # (B, T, sum of E)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        read = embeddings.split(self.sizes, -1)
        verdicts = [member(x, weight, labels) for member, x in zip(self.members(), read, strict=True)]
        return Verdict(
            self._aggregate([verdict.score for verdict in verdicts]),
            torch.cat([verdict.features for verdict in verdicts], -1),
            self._where_all([verdict.classes for verdict in verdicts]),
            self._where_all([verdict.per_token for verdict in verdicts]),
            mask=verdicts[0].mask,
        )

    def _where_all(self, found: list[Tensor | None]) -> Tensor | None:
        given = [one for one in found if one is not None]
        return self._aggregate(given) if len(given) == len(found) else None

    def _aggregate(self, scores: list[Tensor]) -> Tensor:
        stacked = torch.stack(scores)  # (discriminators, ...)
        if self.together == "min":
            return stacked.amin(0)
        if self.together == "mean":
            return stacked.mean(0)
        return (stacked * (-self.sharpness * stacked).softmax(0)).sum(0)
