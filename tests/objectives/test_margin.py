"""The margin loss by hand: real text's energy falls, a fake's rises as far as the margin and no further."""

from __future__ import annotations

import pytest
import torch

from textgan.objectives.margin import Margin
from textgan.types import Verdict


def verdict(*energies: float) -> Verdict:
    score = -torch.tensor(energies)
    return Verdict(
        score.requires_grad_(), torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])[: len(energies)]
    )


def test_losses_and_reward_by_hand() -> None:
    real, fake = verdict(0.25, 0.75), verdict(0.5, 2.0, 1.0)
    objective = Margin(margin=1.5)
    assert objective.discriminator_loss(real, fake).item() == pytest.approx(0.5 + (1.0 + 0.0 + 0.5) / 3)
    assert objective.generator_loss(real, fake).item() == pytest.approx(3.5 / 3)
    assert objective.reward(real, fake).tolist() == [-0.5, -2.0, -1.0]
    assert {k: v.item() for k, v in objective.value(real, fake).items()} == pytest.approx(
        {"energy-real": 0.5, "energy-fake": 3.5 / 3, "score-gap": 3.5 / 3 - 0.5}
    )


def test_a_fake_beyond_the_margin_gives_the_discriminator_no_gradient() -> None:
    fake = verdict(0.5, 2.0, 1.0)
    Margin(margin=1.5).discriminator_loss(verdict(0.1), fake).backward()
    assert fake.score.grad is not None
    assert fake.score.grad.tolist() == pytest.approx([1 / 3, 0.0, 1 / 3])


def test_without_a_margin_the_discriminator_is_a_plain_autoencoder() -> None:
    real = verdict(0.25, 0.75)
    assert Margin(margin=0).discriminator_loss(real, verdict(0.5, 2.0)).item() == pytest.approx(0.5)


def test_pull_away_is_the_mean_squared_cosine_of_different_fakes() -> None:
    fake = verdict(0.0, 0.0, 0.0)  # cosines: 0 of the first two, sqrt(1/2) of each with the third
    found = Margin(pull_away=2.0).generator_loss(fake, fake).item()
    assert found == pytest.approx(2.0 * (0 + 0.5 + 0.5) / 3)
    assert Margin(pull_away=2.0).generator_loss(verdict(0.5), verdict(0.5)).item() == pytest.approx(0.5)


@pytest.mark.parametrize("arguments", [{"margin": -0.1}, {"pull_away": -1.0}])
def test_negative_values_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        Margin(**arguments)
