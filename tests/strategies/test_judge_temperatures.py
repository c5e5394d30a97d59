"""What the discriminator learns from may be drawn at several temperatures; what is rewarded is drawn at 1."""

from __future__ import annotations

import pytest
import torch

from textgan.sampling import Draw
from textgan.strategies.reinforce import Reinforce

EVEN = torch.tensor([0.3, 0.7]).log().repeat(4000, 1)


def share_of_the_likelier(temperature: float) -> float:
    weights = torch.tensor([0.3, 0.7]).pow(1 / temperature)
    return float(weights[1] / weights.sum())


def test_each_batch_of_fakes_is_drawn_at_one_of_the_temperatures() -> None:
    torch.manual_seed(0)
    strategy = Reinforce(rollouts=0, judge_temperatures=[1.0, 0.5])
    shares = [strategy.judge_sampler(0.0)(EVEN.clone()).ids.float().mean().item() for _ in range(60)]
    near = {t: [s for s in shares if abs(s - share_of_the_likelier(t)) < 0.04] for t in (1.0, 0.5)}
    assert len(near[1.0]) + len(near[0.5]) == 60  # .70 and .84, each to five standard errors
    assert min(map(len, near.values())) > 15


def test_by_default_it_is_drawn_as_the_turn_is() -> None:
    strategy = Reinforce(rollouts=0)
    assert strategy.judge_sampler(0.0) == strategy.sampler(0.0) == Draw()
    tempered = Reinforce(rollouts=0, judge_temperatures=[0.8])
    assert (tempered.judge_sampler(0.0), tempered.sampler(0.0)) == (Draw(0.8), Draw())


@pytest.mark.parametrize("bad", [[], [0.0], [1.0, float("nan")]])
def test_temperatures_that_are_none_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="judge_temperatures"):
        Reinforce(judge_temperatures=bad)
