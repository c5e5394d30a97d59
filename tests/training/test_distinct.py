"""The share of different sentences in a batch, as it stands in the log."""

from __future__ import annotations

import pytest
import torch

from textgan.training.adversarial import _distinct


def test_repeated_sentences_count_once() -> None:
    assert float(_distinct(torch.tensor([[1, 2], [2, 1], [1, 2], [1, 2], [3, 3]]))) == pytest.approx(3 / 5)
    ids = torch.randint(3, (50, 3), generator=torch.Generator().manual_seed(0))
    assert float(_distinct(ids)) == pytest.approx(len(set(map(tuple, ids.tolist()))) / 50)
