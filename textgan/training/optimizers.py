"""An optimiser's settings, as a recipe gives them. `descend` takes every optimiser step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textgan.errors import Unfit
from textgan.machine.ranks import Ranks
from textgan.parts.ranges import NotBelow, Part


@dataclass(frozen=True)
class Optimizer:
    """lr: learning rate; clip: largest gradient norm, 0 for none.

    betas: Adam's, (0.9, 0.999) where none are given; momentum: SGD's and RMSprop's. ValueError if set for another
    optimiser.
    """

    lr: NotBelow = 1e-3
    name: Literal["adam", "sgd", "rmsprop"] = "adam"
    betas: tuple[Part, Part] | None = None
    momentum: NotBelow = 0.0
    weight_decay: NotBelow = 0.0
    clip: NotBelow = 5.0

    def __post_init__(self) -> None:
        if self.betas is not None and self.name != "adam":
            raise ValueError(f"betas: only adam has them, and the optimiser is {self.name}; leave them out")
        if self.momentum and self.name == "adam":
            raise ValueError(
                f"momentum: {self.momentum:g}; adam has none; set betas, or name to sgd or rmsprop"
            )

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        if self.name == "sgd":
            return torch.optim.SGD(trained, self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        if self.name == "rmsprop":
            return torch.optim.RMSprop(
                trained, self.lr, momentum=self.momentum, weight_decay=self.weight_decay
            )
        return torch.optim.Adam(
            trained, self.lr, betas=self.betas or (0.9, 0.999), weight_decay=self.weight_decay, fused=True
        )  # one pass over the weights in place of ten


def descend(
    loss: Tensor,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    clip: float,
    engine: Accelerator,
    ranks: Ranks,
) -> Tensor:
    """Backward, the mean over the ranks, clip, step. Returns the gradient norm before clipping.

    Mistake if the loss depends on no weight.
    """
    if not loss.requires_grad:
        raise Unfit(
            f"objective: its loss for the {type(model).__name__} depends on no weight of that model; choose another "
            "objective or discriminator"
        )
    optimizer.zero_grad(set_to_none=True)
    engine.backward(loss)
    ranks.average_gradients(model.parameters())
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip if clip > 0 else float("inf"))
    optimizer.step()
    return norm.detach()
