"""Objectives over a batch that is split among several ranks, computed as if one process had the whole batch.

Many objectives are not means over sentences: they compare every fake with every real sentence, or means of both. So
the ranks' own losses cannot simply be averaged. Each rank gathers all verdicts, which are small compared with the
gradients, and computes the loss of the joint batch, with a gradient through its own verdicts; see `machine/ranks.py`.
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
    """All ranks' verdicts concatenated in rank order; tensors along tokens are padded to the widest."""
    if ranks.alone:
        return verdict
    held = {one.name: getattr(verdict, one.name) for one in fields(verdict)}
    along = {name: held.pop(name) for name in ("per_token", "mask", "ids")}
    joined = {name: ranks.join(value) for name, value in held.items() if value is not None}
    joined |= {name: ranks.join_wide(value) for name, value in along.items() if value is not None}
    return Verdict(**joined)


@dataclass(frozen=True)
class Joint:
    """An objective over the joint batch, called with this rank's verdicts. All ranks must make the same calls.

    Other attributes are those of the inner objective.
    """

    inner: Objective
    ranks: Ranks

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.inner.discriminator_loss(join(real, self.ranks), join(fake, self.ranks))

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor:
        return self.inner.generator_loss(join(real, self.ranks), join(fake, self.ranks))

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """The rewards (B,) of this rank's fakes, as part of the joint batch."""
        return self.ranks.own(self.inner.reward(join(real, self.ranks), join(fake, self.ranks)))

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        return self.inner.value(join(real, self.ranks), join(fake, self.ranks))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def over_ranks(objective: Objective, ranks: Ranks) -> Objective:
    """The objective over the joint batch of all ranks."""
    return objective if ranks.alone else Joint(objective, ranks)


def apart(objective: Objective, real: Verdict) -> tuple[Objective, Verdict]:
    """The inner objective and the joint batch's real verdicts, for rewards that ranks compute a different number of."""
    if isinstance(objective, Joint):
        return objective.inner, join(real, objective.ranks)
    return objective, real


def plain(objective: Objective) -> Any:
    """The objective that the recipe names, without the wrapper for ranks."""
    return objective.inner if isinstance(objective, Joint) else objective


def over_all(ranks: Ranks, of: Callable[..., Tensor], *rows: Tensor) -> Tensor:
    """This rank's rows (B,T) of `of` (a baseline or a ranking) applied to the joint batch's rows (B,...)."""
    if ranks.alone:
        return of(*rows)
    with torch.no_grad():
        return ranks.own(of(*(ranks.join_wide(one) for one in rows)))[:, : rows[0].shape[1]]
