"""MAUVE: k-means on clouds that stand apart, the curve and its area by hand, the same text and another."""

from __future__ import annotations

import numpy as np
import pytest

from textgan.data.grammar import load
from textgan.errors import Mistake
from textgan.metrics.mauve import (
    area,
    default_clusters,
    divergence_curve,
    kmeans,
    mauve,
    mauve_of_features,
    measure_mauve,
)
from textgan.metrics.samples import Samples


def clouds(count: int, centres: list[tuple[float, float]], seed: int = 0) -> np.ndarray:
    """(len(centres) * count, 2) points, tight around their centres, cloud after cloud."""
    draw = np.random.default_rng(seed)
    return np.concatenate([draw.normal(centre, 0.01, size=(count, 2)) for centre in centres])


def test_clouds_that_stand_apart_are_the_clusters():
    centres = [(0.0, 0.0), (5.0, 0.0), (0.0, 5.0), (5.0, 5.0), (9.0, 9.0)]
    for seed in range(5):
        place = kmeans(clouds(30, centres), 5, seed).reshape(5, 30)
        assert (place == place[:, :1]).all() and len(set(place[:, 0])) == 5


def test_lloyds_rounds_end_in_the_nearest_of_their_own_means():
    points = np.random.default_rng(2).normal(size=(300, 3))
    place = kmeans(points, 7, rounds=300)
    means = np.stack([points[place == k].mean(0) for k in range(7)])
    away = ((points[:, None] - means) ** 2).sum(-1)  # (N, k)
    assert np.array_equal(away.argmin(1), place)
    worse = kmeans(points, 7, rounds=0)
    start = sum(((points[worse == k] - points[worse == k].mean(0)) ** 2).sum() for k in range(7))
    assert away.min(1).sum() < start


def test_equal_points_are_one_cluster_however_many_are_asked_for():
    assert len(set(kmeans(np.ones((20, 3)), 4))) == 1
    points = np.repeat(np.array([[0.0, 1.0], [1.0, 0.0]]), 10, axis=0)
    place = kmeans(points, 6)
    assert len(set(place)) == 2 and len(set(place[:10])) == 1
    with pytest.raises(Mistake, match="no sentence"):
        kmeans(np.empty((0, 3)), 2)


def test_the_curve_by_hand():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    curve = divergence_curve(p, q, scale=2.0, points=3)
    assert curve.shape == (5, 2)
    # in the middle r = (1/4, 1/2, 1/4), and either divergence is 1/2 ln 2
    np.testing.assert_allclose(curve[2], [0.5, 0.5], atol=1e-12)
    np.testing.assert_allclose(curve[[0, -1]], [[1, 0], [0, 1]])
    # w -> 1, r -> p: KL(p|r) -> 0 and KL(q|r) -> inf as 1/2 ln(1/w'), so (w' / 1)^(1/2 * 2) up to rounding
    assert curve[3][1] == pytest.approx(1.0, abs=1e-5) and curve[3][0] < 1e-5


def test_areas_by_hand():
    assert area(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(0.5)
    assert area(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])) == pytest.approx(1.0)
    assert area(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])) == pytest.approx(0.0)


def test_the_area_of_two_ends_is_that_of_a_fine_integral():
    """p and q without a common cluster: the curve is ((1-w)^c, w^c), whose area is c B(c, c + 1)."""
    fine = area(divergence_curve(np.array([1.0, 0.0]), np.array([0.0, 1.0]), points=4001))
    beta = 24 * 120 / 3628800 * 5  # c Γ(c) Γ(c + 1) / Γ(2c + 1), c = 5
    assert fine == pytest.approx(beta, abs=1e-5)
    assert area(divergence_curve(np.array([0.3, 0.7]), np.array([0.3, 0.7]))) == pytest.approx(1.0, abs=1e-9)


def test_features_alike_give_one_and_features_apart_nearly_nothing():
    draw = np.random.default_rng(3)
    a, b = draw.normal(size=(2, 2000, 4))
    assert mauve_of_features(a, a) == pytest.approx(1.0, abs=1e-9)
    assert mauve_of_features(a, b, clusters=20) > 0.98
    assert mauve_of_features(np.abs(a), -np.abs(b), clusters=20) < 0.01


def test_it_rises_with_the_share_of_real_text():
    draw = np.random.default_rng(4)
    real, more, fake = draw.normal(size=(3, 1000, 4))
    fake = fake + 6.0
    mixed = [np.concatenate([more[: int(1000 * s)], fake[int(1000 * s) :]]) for s in (0, 0.25, 0.5, 0.75, 1)]
    values = [mauve_of_features(part, real, clusters=20) for part in mixed]
    assert all(low + 0.05 < high for low, high in zip(values, values[1:], strict=False))


def test_both_missing_and_superfluous_clusters_cost():
    whole = clouds(100, [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)])
    part = np.tile(whole[:100], (3, 1))
    assert mauve_of_features(part, whole, clusters=3) < 0.5
    found = mauve_of_features(whole, part, clusters=3)
    assert found == pytest.approx(mauve_of_features(part, whole, clusters=3), abs=0.02)


def test_the_number_of_clusters_is_a_tenth_within_bounds():
    assert [default_clusters(n, 20_000) for n in (3, 100, 2000, 20_000)] == [2, 10, 200, 500]
    with pytest.raises(ValueError, match="outside"):
        mauve_of_features(np.ones((3, 2)), np.ones((3, 2)), clusters=7)


def test_sentences_of_the_same_source_and_scrambled_ones():
    grammar = load("captions")
    references, fresh = grammar.sample(600, 1), grammar.sample(600, 2)
    backwards = [" ".join(reversed(text.split())) for text in fresh]
    train = grammar.sample(1500, 3)
    same, real, odd = (mauve(texts, references, train=train) for texts in (references, fresh, backwards))
    assert same == pytest.approx(1.0, abs=1e-9)
    assert real > 0.9  # a model of the references themselves would give .68
    assert odd < 0.1
    assert mauve(fresh, references, train=train) == real


def test_the_score_says_how_it_was_measured_and_too_few_are_absent():
    grammar = load("captions")
    texts, references = grammar.sample(150, 2), grammar.sample(200, 1)
    found = measure_mauve(Samples(texts, references))["mauve"]
    assert (
        found.signature == "mauve|hyps:150|refs:100|encoder:lm(half-of-refs)|pool:mean|k:10|c:5|seed:0|v:0.1"
    )
    assert measure_mauve(Samples(texts[:99], references)) == {} == measure_mauve(Samples(texts, []))
