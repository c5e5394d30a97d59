"""The margin loss by hand."""

from __future__ import annotations

import pytest
import torch

from textgan.objectives.energy import Energy
from textgan.types import Verdict


def _verdict(*energies: float) -> Verdict:
    score = -torch.tensor(energies)
    return Verdict(score.requires_grad_(), score.unsqueeze(1))


def test_by_hand() -> None:
    real, fake = _verdict(0.2, 0.4), _verdict(0.5, 2.0, 0.9)
    objective = Energy(margin=1.0)
    loss = objective.discriminator_loss(real, fake)
    assert float(loss.detach()) == pytest.approx(0.3 + (0.5 + 0.0 + 0.1) / 3)
    loss.backward()
    assert real.score.grad is not None and fake.score.grad is not None
    assert real.score.grad.tolist() == pytest.approx([-0.5, -0.5])
    assert fake.score.grad.tolist() == pytest.approx(
        [1 / 3, 0, 1 / 3]
    )  # beyond the margin a fake is left alone
    assert float(objective.generator_loss(real, fake).detach()) == pytest.approx(3.4 / 3)
    assert objective.reward(real, fake).tolist() == pytest.approx([-0.5, -2.0, -0.9])
    value = {name: float(found.detach()) for name, found in objective.value(real, fake).items()}
    assert value == pytest.approx({"energy-real": 0.3, "energy-fake": 3.4 / 3})
    with pytest.raises(ValueError, match="margin"):
        Energy(0.0)
