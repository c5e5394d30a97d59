"""Verdicts and objectives of a batch that several ranks judge together: as if one process had judged all of it.

Many objectives are no means over sentences: they compare every fake with every real sentence, or means of both. So a
rank does not average its own loss. It gathers all verdicts, which are small beside the gradients, and computes the loss
of the joint batch with a gradient through its own; see `ranks`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from textgan.machine.ranks import Ranks
from textgan.types import Objective, Verdict


def join(verdict: Verdict, ranks: Ranks) -> Verdict:
    """All ranks' verdicts in one, in the order of the ranks; what is along tokens as wide as the widest."""
    if ranks.alone:
        return verdict
    held = {one.name: getattr(verdict, one.name) for one in fields(verdict)}
    along = {name: held.pop(name) for name in ("per_token", "mask", "ids")}
    joined = {name: ranks.join(value) for name, value in held.items() if value is not None}
    joined |= {name: ranks.join_wide(value) for name, value in along.items() if value is not None}
    return Verdict(**joined)


@dataclass(frozen=True)
class Joint:
    """An objective over the joint batch; what it is given are this rank's verdicts. Every rank must call it as often.

    Whatever else the objective has, it has too.
    """

    inner: Objective
    ranks: Ranks

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.inner.discriminator_loss(join(real, self.ranks), join(fake, self.ranks))

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.inner.generator_loss(join(real, self.ranks), join(fake, self.ranks))

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """Of this rank's fakes (B,), among those of all."""
        return self.ranks.own(self.inner.reward(join(real, self.ranks), join(fake, self.ranks)))

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return self.inner.value(join(real, self.ranks), join(fake, self.ranks))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def over_ranks(objective: Objective, ranks: Ranks) -> Objective:
    return objective if ranks.alone else Joint(objective, ranks)


def apart(objective: Objective, real: Verdict) -> tuple[Objective, Verdict]:
    """The objective itself, and the joint batch's real verdicts: to reward what each rank has another number of."""
    if isinstance(objective, Joint):
        return objective.inner, join(real, objective.ranks)
    return objective, real


def plain(objective: Objective) -> Any:
    """The objective as the recipe names it."""
    return objective.inner if isinstance(objective, Joint) else objective


def over_all(ranks: Ranks, of: Callable[..., Tensor], *rows: Tensor) -> Tensor:
    """This rank's rows, (B,T), of what `of` makes of the joint batch's (B,...): a baseline, a ranking."""
    if ranks.alone:
        return of(*rows)
    with torch.no_grad():
        return ranks.own(of(*(ranks.join_wide(one) for one in rows)))[:, : rows[0].shape[1]]
