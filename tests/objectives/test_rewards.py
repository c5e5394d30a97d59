"""What every registered objective's reward has to be, for strategies that follow it in place of the loss."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from textgan.parts.binding import bind
from textgan.parts.names import PARTS
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


LEAVES = ("score", "features", "classes", "per_token")
FOLLOWED: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in NAMES if name != "mixed-reward"]
FOLLOWED += [
    ("minimax", {"bounded_reward": False}),
    ("log-odds", {"clip": 0.7}),
    ("margin", {"pull_away": 0.5}),
]
EXCEPTIONS = [("minimax", {}), ("semi-supervised", {}), ("per-token", {}), ("margin", {"pull_away": 0.5})]
"""Each says so in its docstring. `mixed-reward` has no loss; `feature-mover`'s departs in its values alone."""


@pytest.mark.parametrize(("name", "options"), FOLLOWED, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_its_derivative_is_that_of_minus_the_loss(name: str, options: dict[str, Any], seed: int) -> None:
    """By all that the discriminator says of the sentence, the others being given, times the batch's size."""
    wanted, real, fake = objective(name, **options), verdict(6, 10 + seed), verdict(5, 20 + seed)
    given = [getattr(fake, leaf).requires_grad_() for leaf in LEAVES]

    def slopes(of: Tensor) -> list[Tensor]:
        found = torch.autograd.grad(of, given, retain_graph=True, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for g, x in zip(found, given, strict=True)]

    by_loss = slopes(wanted.generator_loss(real, fake))
    same = True  # to single precision, which `rank` computes in
    for row, reward in enumerate(wanted.reward(real, fake)):
        pairs = zip(slopes(reward), by_loss, strict=True)
        same &= all(torch.allclose(mine[row], -5 * loss[row], atol=1e-6) for mine, loss in pairs)
    assert any(bool(slope.any()) for slope in by_loss)
    assert same is ((name, options) not in EXCEPTIONS)
