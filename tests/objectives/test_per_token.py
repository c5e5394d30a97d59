"""Cross-entropy and rewards of tokens, by hand."""

from __future__ import annotations

import math

import pytest
import torch

from textgan.errors import Mistake
from textgan.objectives.per_token import PerToken
from textgan.types import Verdict


def _verdict(rows: list[list[float]], lengths: list[int]) -> Verdict:
    scores = torch.tensor(rows)
    mask = torch.arange(scores.shape[1]) < torch.tensor(lengths).unsqueeze(1)
    return Verdict(scores[:, 0], scores, per_token=scores.masked_fill(~mask, 0.0), mask=mask)


REAL = _verdict([[1.0, -2.0, 9.0], [0.5, 9.0, 9.0]], [2, 1])
FAKE = _verdict([[0.3, 0.0, -1.0], [2.0, 9.0, 9.0]], [3, 1])


def _d(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def test_cross_entropy_counts_every_token_once_and_no_padding() -> None:
    on_real = -sum(math.log(_d(s)) for s in (1.0, -2.0, 0.5)) / 3
    on_fake = -sum(math.log(1 - _d(s)) for s in (0.3, 0.0, -1.0, 2.0)) / 4
    assert float(PerToken().discriminator_loss(REAL, FAKE)) == pytest.approx(on_real + on_fake, rel=1e-6)
    assert float(PerToken().value(REAL, FAKE)["value"]) == pytest.approx(-on_real - on_fake, rel=1e-6)
    smoothed = -sum(0.9 * math.log(_d(s)) + 0.1 * math.log(1 - _d(s)) for s in (1.0, -2.0, 0.5)) / 3
    assert float(PerToken(0.1).discriminator_loss(REAL, FAKE)) == pytest.approx(smoothed + on_fake, rel=1e-6)
    pathwise = -sum(math.log(_d(s)) for s in (0.3, 0.0, -1.0, 2.0)) / 4
    assert float(PerToken().generator_loss(REAL, FAKE)) == pytest.approx(pathwise, rel=1e-6)


def test_rewards_are_2d_minus_1_inside_the_mask() -> None:
    wanted = torch.tensor([[2 * _d(s) - 1 for s in (0.3, 0.0, -1.0)], [2 * _d(2.0) - 1, 0.0, 0.0]])
    assert torch.allclose(PerToken().token_reward(REAL, FAKE), wanted)
    assert torch.allclose(PerToken().reward(REAL, FAKE), torch.stack([wanted[0].mean(), wanted[1, 0]]))


def test_of_relaxed_text_a_token_counts_as_much_as_it_is_present() -> None:
    scores = torch.tensor([[0.3, -1.0]])
    relaxed = Verdict(scores[:, 0], scores, per_token=scores, mask=torch.tensor([[1.0, 0.5]]))
    reward = (2 * _d(0.3) - 1 + 0.5 * (2 * _d(-1.0) - 1)) / 1.5
    assert float(PerToken().reward(REAL, relaxed)) == pytest.approx(reward, rel=1e-6)
    loss = -(math.log(_d(0.3)) + 0.5 * math.log(_d(-1.0))) / 1.5
    assert float(PerToken().generator_loss(REAL, relaxed)) == pytest.approx(loss, rel=1e-6)


def test_a_discriminator_of_whole_sentences_is_refused() -> None:
    with pytest.raises(Mistake, match="'recurrent'"):
        PerToken().discriminator_loss(Verdict(torch.zeros(2), torch.zeros(2, 1)), FAKE)
