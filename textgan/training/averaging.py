"""An exponential moving average of a model's weights, evaluated and saved while the raw ones go on training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Between steps the player holds the averaged weights; inside `training` its raw ones.

    So whatever looks at the player between steps, a metric, a checkpoint or a user, sees the average (Yazici et al.
    2019), and nothing else need know of it. decay: after an update the average is decay * itself +
    (1 - decay) * raw. Buffers are not averaged.
    """

    def __init__(self, player: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = list(player.parameters())
        self.other = [weight.detach().clone() for weight in self.weights]

    @contextmanager
    def training(self) -> Iterator[None]:
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def update(self) -> None:
        """After an update of the raw weights, inside `training`."""
        for average, raw in zip(self.other, self.weights, strict=True):
            average.lerp_(raw, 1 - self.decay)

    @torch.no_grad()
    def _swap(self) -> None:
        for weight, other in zip(self.weights, self.other, strict=True):
            held = weight.clone()
            weight.copy_(other)
            other.copy_(held)

    def state_dict(self) -> dict[str, list[Tensor]]:
        """Between steps: the raw weights; the averaged ones are the player's own."""
        return {"raw": [raw.clone() for raw in self.other]}

    def load_state_dict(self, state: dict[str, list[Tensor]]) -> None:
        for other, raw in zip(self.other, state["raw"], strict=True):
            other.copy_(raw)
