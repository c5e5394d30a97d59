"""What every registered objective's reward has to be, for strategies that follow it in place of the loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from textgan.names import PARTS
from textgan.parts import bind
from textgan.types import Objective, Verdict

NAMES = sorted(PARTS["objective"])


def objective(name: str, **options: Any) -> Objective:
    handed = {"decode": lambda ids: ["(N)"] * len(ids)}
    found: Objective = bind("objective", {"name": name, **options}, handed, "objective").build(**handed)
    return found


def verdict(size: int, seed: int) -> Verdict:
    """Random scores, features, classes and scores of tokens, of sentences of 1 to 4 tokens."""
    draw = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw, dtype=torch.double)

    mask = torch.arange(4) < 1 + torch.arange(size).unsqueeze(1) % 4
    return Verdict(
        *(normal(size), normal(size, 5), normal(size, 3), normal(size, 4) * mask),
        mask=mask.double(),
        labels=torch.arange(size) % 3,
        ids=torch.full((size, 4), 5),
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_is_of_the_sentence_alone_or_says_so(name: str) -> None:
    """Rollouts reward completions in pieces of any size, and are refused for an objective that says so."""
    wanted, real, fake = objective(name), verdict(6, 1), verdict(5, 2)
    together = wanted.reward(real, fake)
    pieces = torch.cat([wanted.reward(real, fake[:2]), wanted.reward(real, fake[2:])])
    assert torch.allclose(together, pieces, atol=1e-12) is not getattr(wanted, "of_the_batch", False)
