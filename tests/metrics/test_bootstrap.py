"""Bootstrap intervals against the normal approximation and against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from textgan.metrics.bootstrap import intervals


def test_an_interval_is_the_normal_one_for_many_sentences() -> None:
    values = np.random.default_rng(5).random((2, 4000)) * [[1.0], [10.0]]
    spread = 1.96 * values.std(axis=1) / np.sqrt(4000)
    found = intervals(values, resamples=4000)
    np.testing.assert_allclose(
        found, np.stack([values.mean(1) - spread, values.mean(1) + spread], 1), rtol=3e-3
    )


def test_an_interval_by_enumeration() -> None:
    # of the values 0 and 1 four resamples are equally likely: means 0, 1/2, 1/2, 1
    low, high = intervals(np.array([0.0, 1.0]), level=0.4)[0]
    assert (low, high) == (0.5, 0.5)
    assert intervals(np.array([0.0, 1.0]), level=0.6)[0].tolist() == [0.0, 1.0]


def test_intervals_repeat_and_have_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(6).random(50)
    first = intervals(values)
    assert (intervals(values) == first).all() and (intervals(values, seed=1) != first).any()
    assert intervals(np.array([0.25])).tolist() == [[0.25, 0.25]]
    monkeypatch.setattr("textgan.metrics.bootstrap.AT_ONCE", 120)  # two resamples at a time: same draws
    np.testing.assert_allclose(intervals(values), first, rtol=1e-12)
    with pytest.raises(ValueError, match="0 values"):
        intervals(np.array([]))
