"""Temperatures beside a front's points: none lies on another, and the most telling ones stay."""

from __future__ import annotations

import itertools

import pytest
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from textgan.report.plots import calm
from textgan.report.temperatures import label

Fronts = list[list[tuple[float, float, float]]]
SPREAD: Fronts = [
    [(0.5, 0.5, 0.7), (1.0, 0.4, 0.5), (1.2, 0.3, 0.3)],
    [(0.5, 0.48, 0.8), (1.0, 0.36, 0.6), (1.2, 0.26, 0.4)],
]
ONE_SPOT: Fronts = [[(t / 10, 0.016, 0.016) for t in range(5, 13)]] * 2
STAR = (0.4, 0.15)


def drawn(lines: Fronts) -> tuple[list[str], list[Bbox]]:
    """The texts and their boxes in pixels, as matplotlib lays them out."""
    figure = Figure(figsize=(3.9, 2.9))
    axes = figure.add_subplot()
    for line in lines:
        axes.plot([spot[1] for spot in line], [spot[2] for spot in line])
    axes.plot(*STAR, "*")
    calm(axes, "xy")
    label(axes, lines, [STAR])
    figure.draw_without_rendering()
    return [text.get_text() for text in axes.texts], [text.get_window_extent() for text in axes.texts]


def test_every_point_of_fronts_that_lie_apart_is_labelled() -> None:
    assert sorted(drawn(SPREAD)[0]) == ["0.5", "0.5", "1", "1", "1.2", "1.2"]


@pytest.mark.parametrize("lines", [SPREAD, ONE_SPOT])
def test_no_label_lies_on_another(lines: Fronts) -> None:
    boxes = drawn(lines)[1]
    assert boxes and not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_where_all_points_fall_on_one_spot_the_ends_of_the_front_are_named() -> None:
    texts = drawn(ONE_SPOT)[0]
    assert texts == ["0.5", "1.2"]


def test_what_hardly_differs_is_not_drawn_from_edge_to_edge() -> None:
    axes = Figure().add_subplot()
    axes.plot([7.64336, 7.64344], [6.76, 6.84])
    calm(axes, "xy")
    low, high = axes.get_xlim()
    assert high - low == pytest.approx(0.02 * 7.64344, rel=0.01)
    assert low < 7.64336 and high > 7.64344
