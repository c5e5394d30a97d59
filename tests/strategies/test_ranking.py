"""Rewards by rank follow the discriminator's scores, and not a sentence's place in the batch."""

from __future__ import annotations

import math

import pytest
import torch
from toy import LENGTH, players, real_text

from textgan.objectives.adversarial import Minimax
from textgan.strategies.ranking import rescaled_by_rank
from textgan.strategies.reinforce import Reinforce
from textgan.types import Prompt, Situation


def test_by_hand() -> None:
    values = torch.tensor([[0.2, 5.0], [0.9, 7.0], [0.4, 9.0], [0.4, 5.0]])
    mask = torch.tensor([[True, True], [True, False], [True, True], [True, True]])
    found = rescaled_by_rank(values, mask, 12.0)
    ranks = [[4, 2.5], [1, None], [2.5, 1], [2.5, 2.5]]  # the ended sentence counts in no rank
    for row in range(4):
        for t, count in enumerate((4, 3)):
            rank = ranks[row][t]
            wanted = 0.0 if rank is None else 1 / (1 + math.exp(-12 * (0.5 - rank / count)))
            assert float(found[row, t]) == pytest.approx(wanted, abs=1e-6)


def test_the_order_is_that_of_the_values_wherever_a_sentence_stands() -> None:
    torch.manual_seed(0)
    values = torch.randn(20, 3)
    mask = torch.ones(20, 3, dtype=torch.bool)
    found = rescaled_by_rank(values, mask, 4.0)
    assert torch.equal(found.argsort(0), values.argsort(0))
    order = torch.randperm(20)
    assert torch.allclose(rescaled_by_rank(values[order], mask, 4.0), found[order])
    assert torch.allclose(rescaled_by_rank(3 * values - 7, mask, 4.0), found)


def test_in_a_turn_the_better_the_discriminator_scores_a_sentence_the_higher_its_reward() -> None:
    generator, discriminator = players()
    seen = {}
    credit = generator.credit

    def watched(text, values):  # type: ignore[no-untyped-def]
        seen["text"], seen["values"] = text, values
        return credit(text, values)

    generator.credit = watched  # type: ignore[method-assign]
    torch.manual_seed(3)
    strategy = Reinforce(rollouts=0, bootstrap=12.0)
    strategy.turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(16), LENGTH, 0.0))
    score = discriminator.judge(seen["text"]).score
    reward = seen["values"][:, 0]
    assert len(score.unique()) > 5
    better = score.unsqueeze(1) > score.unsqueeze(0) + 1e-6
    assert (reward.unsqueeze(1) > reward.unsqueeze(0))[better].all()


@pytest.mark.parametrize("options", [{"bootstrap": -1.0}, {"bootstrap": 1.0, "baseline": "q-difference"}])
def test_what_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="bootstrap"):
        Reinforce(**options)  # type: ignore[arg-type]
