"""Advantages by hand: three sentences of three, one and two tokens."""

from __future__ import annotations

import pytest
import torch

from textgan.errors import Unfit
from textgan.strategies.baselines import BASELINES, LeaveOneOut, NoBaseline, RunningMean

VALUES = torch.tensor([[1.0, 4.0, 6.0], [2.0, 9.0, 9.0], [6.0, 8.0, 9.0]])  # 9 past the end
MASK = torch.tensor([[True, True, True], [True, False, False], [True, True, False]])
EMPTY = torch.tensor([0.5, 1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("none", [[1, 4, 6], [2, 0, 0], [6, 8, 0]]),
        ("batch", [[1 - 3, 4 - 6, 0], [2 - 3, 0, 0], [6 - 3, 8 - 6, 0]]),
        ("ema", [[1, 4, 6], [2, 0, 0], [6, 8, 0]]),  # nothing has been seen before
        # At the third token no other sentence is left: the others end at 2 and 8.
        ("leave-one-out", [[1 - 4, 4 - 8, 6 - 5], [2 - 3.5, 0, 0], [6 - 1.5, 8 - 4, 0]]),
        ("q-difference", [[1 - 0.5, 3, 2], [2 - 1, 0, 0], [6 - 2, 2, 0]]),
    ],
)
def test_advantages(name: str, wanted: list[list[float]]) -> None:
    baseline = BASELINES[name]()
    assert torch.allclose(baseline(VALUES, MASK, EMPTY), torch.tensor(wanted).float())
    assert baseline.needs_empty_prefix is (name == "q-difference")


def test_the_running_mean_is_of_earlier_batches_the_last_counting_most() -> None:
    baseline = RunningMean(decay=0.75)
    baseline(VALUES, MASK, EMPTY)  # mean (1 + 4 + 6 + 2 + 6 + 8) / 6 = 4.5
    assert torch.allclose(baseline(VALUES, MASK, EMPTY), (VALUES - 4.5) * MASK)
    baseline(VALUES + 8, MASK, EMPTY)  # weights 1, 1 / .75 and 1 / .5625 of 4.5, 4.5 and 12.5
    mean = (0.5625 * 4.5 + 0.75 * 4.5 + 12.5) / (0.5625 + 0.75 + 1)
    assert torch.allclose(baseline(VALUES, MASK, EMPTY), (VALUES - mean) * MASK)


def test_one_sentence_has_no_others_to_leave_in() -> None:
    with pytest.raises(Unfit, match="at least two sentences"):
        LeaveOneOut()(VALUES[:1], MASK[:1], EMPTY[:1])
    pair = LeaveOneOut()(VALUES[::2], MASK[::2], EMPTY[::2])  # one other, which ends at 8
    assert pair.tolist() == [[1 - 6, 4 - 8, 6 - 8], [6 - 1, 8 - 4, 0]]
    assert torch.equal(NoBaseline()(VALUES[:1], MASK[:1], EMPTY[:1]), VALUES[:1])
