"""Temperature labels for a front's points, placed off the line and only where they do not overlap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textgan.report.svg import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FONT = 7.5  # points
Spot = tuple[float, float, float]  # (temperature, x, y)


def label(
    axes: Axes,
    lines: Sequence[Sequence[Spot]],
    star: Sequence[Sequence[float]] = (),
    wanted: Callable[[Sequence[Spot], int], bool] = lambda line, place: True,
) -> None:
    """Label the lines' points with their temperatures. star: points (x, y) to keep clear of. wanted: whether the point
    at this place of a line gets a label. The axes' limits must be final.

    A label that would overlap another moves to the line's other side or is left out. The ends of a line are labelled
    first, then temperature 1, since the others can be inferred from these.
    """
    points_per_pixel = 72 / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    on_page = [
        [[points_per_pixel * way for way in axes.transData.transform(spot[1:])] for spot in line]
        for line in lines
    ]
    stars = [[points_per_pixel * way for way in axes.transData.transform(tuple(spot))] for spot in star]
    asides = []
    for index, line in enumerate(on_page):
        others = stars + [spot for k, other in enumerate(on_page) if k != index for spot in other]
        asides.append(beside(line, others))

    def rank(at: tuple[int, int]) -> tuple[int, int, int]:
        line, place = lines[at[0]], at[1]
        telling = 0 if place in {0, len(line) - 1} else 1 if math.isclose(line[place][0], 1.0) else 2
        return telling, *at

    taken: list[tuple[float, float, float]] = []
    places = [(i, k) for i, line in enumerate(lines) for k in range(len(line)) if wanted(line, k)]
    for i, k in sorted(places, key=rank):
        temperature, *spot = lines[i][k]
        text = f"{temperature:g}"
        for aside in (asides[i][k], (-asides[i][k][0], -asides[i][k][1])):
            box = (on_page[i][k][0] + aside[0], on_page[i][k][1] + aside[1], 0.3 * FONT * len(text))
            if any(_touch(box, other) for other in taken):
                continue
            taken.append(box)
            axes.annotate(
                text, (spot[0], spot[1]), aside, textcoords="offset points", ha="center", va="center",
                fontsize=FONT, color=INK,
            )  # fmt: skip
            break


def beside(line: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """Offset of each point's label from the point: off the line, on the side further from the other points."""
    offsets = []
    for index, (x, y) in enumerate(line):
        (x1, y1), (x2, y2) = line[max(0, index - 1)], line[min(len(line) - 1, index + 1)]
        length = math.hypot(x2 - x1, y2 - y1)
        across = ((y1 - y2) / length, (x2 - x1) / length) if length > 0.5 else (0.0, 1.0)
        if across[1] < 0:
            across = (-across[0], -across[1])  # above the line, unless the others are there

        def room(sign: int, x: float = x, y: float = y, off: tuple[float, float] = across) -> float:
            place = (x + 12 * sign * off[0], y + 12 * sign * off[1])
            return min((math.dist(place, other) for other in others), default=0.0)

        sign = 1 if room(1) >= room(-1) else -1
        offsets.append((12 * sign * across[0], 9 * sign * across[1]))
    return offsets


def _touch(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Whether two labels overlap; each is (x, y, half the width), x and y of its centre, in points."""
    return abs(one[0] - other[0]) < one[2] + other[2] + 1 and abs(one[1] - other[1]) < FONT + 1
