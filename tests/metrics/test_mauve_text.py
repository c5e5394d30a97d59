"""MAUVE against the package mauve-text, its authors' own: the same histograms, and the same features."""

from __future__ import annotations

import numpy as np
import pytest

from textgan.metrics.mauve import area, divergence_curve, mauve_of_features

mauve_text = pytest.importorskip("mauve", reason="mauve-text is not installed: pip install -e '.[bench]'")


def features(apart: float, count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.random.default_rng(0).normal(size=(2, count, 16))
    return a, b + apart / 4


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("apart", [0.0, 1.2, 2.4, 12.0])
def test_the_area_from_the_same_histograms(apart: float) -> None:
    p, q = features(apart)
    theirs = mauve_text.compute_mauve(p_features=p, q_features=q, num_buckets=50)
    curve = divergence_curve(theirs.p_hist, theirs.q_hist)
    np.testing.assert_allclose(np.sort(curve, 0), np.sort(theirs.divergence_curve, 0), rtol=0, atol=1e-12)
    assert area(curve) == pytest.approx(theirs.mauve, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("apart", [0.0, 1.2, 2.4])
def test_the_whole_on_the_same_features_is_within_the_spread_over_seeds(apart: float) -> None:
    p, q = features(apart)
    ours = [mauve_of_features(p, q, seed=seed) for seed in range(20)]
    theirs = [mauve_text.compute_mauve(p_features=p, q_features=q, seed=seed).mauve for seed in range(20)]
    spread = max(np.std(ours, ddof=1), np.std(theirs, ddof=1))
    assert spread < 0.04  # the three values are .95, .68 and .15: none could be taken for another
    assert abs(np.mean(ours) - np.mean(theirs)) < spread
