"""An optimiser as plain values, as a recipe gives it, and the one way to take a step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from textgan.errors import Unfit
from textgan.ranges import NotBelow, Part
from textgan.ranks import Ranks


@dataclass(frozen=True)
class Optimizer:
    """lr: learning rate; betas: Adam's; momentum: SGD's and RMSprop's; clip: largest gradient norm, 0 for none."""

    lr: NotBelow = 1e-3
    name: Literal["adam", "sgd", "rmsprop"] = "adam"
    betas: tuple[Part, Part] = (0.9, 0.999)
    momentum: NotBelow = 0.0
    weight_decay: NotBelow = 0.0
    clip: NotBelow = 5.0

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        if self.name == "sgd":
            return torch.optim.SGD(trained, self.lr, momentum=self.momentum, weight_decay=self.weight_decay)
        if self.name == "rmsprop":
            return torch.optim.RMSprop(
                trained, self.lr, momentum=self.momentum, weight_decay=self.weight_decay
            )
        return torch.optim.Adam(
            trained, self.lr, betas=self.betas, weight_decay=self.weight_decay, fused=True
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

    Mistake where the loss reaches no weight.
    """
    if not loss.requires_grad:
        raise Unfit(
            f"objective: what it asks of the {type(model).__name__} depends on no weight of it; take another "
            "objective, or another discriminator"
        )
    optimizer.zero_grad(set_to_none=True)
    engine.backward(loss)
    ranks.average_gradients(model.parameters())
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip if clip > 0 else float("inf"))
    optimizer.step()
    return norm.detach()
