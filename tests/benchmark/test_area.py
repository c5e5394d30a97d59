"""The distance between two broken lines, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from textgan.benchmark.area import LOST, mean_gap


def gap(front: list[tuple[float, float]], base: list[tuple[float, float]]) -> float:
    """Fronts as (diversity, quality)."""
    (d, q), (base_d, base_q) = (np.array(side, dtype=float).T[:, None, :] for side in (front, base))
    return float(mean_gap(d, q, base_d, base_q)[0])


FLAT = [(0.0, 1.0), (4.0, 1.0)]


@pytest.mark.parametrize(
    ("front", "base", "expected"),
    [
        # a tent 0-2-0 over [0, 4] against 1: area 4 - 4 = 0
        ([(0, 0), (2, 2), (4, 0)], FLAT, 0.0),
        # the same tent against the line from 0 to 1: 4 - 2 = 2 over a width of 4
        ([(0, 0), (2, 2), (4, 0)], [(0, 0), (4, 1)], 0.5),
        # they share [1, 3]: there the front rises from 1 to 3 (mean 2), the baseline falls from 3 to 1.5 with a
        # bend at 2 where it is 2 (area 2.5 + 1.75 = 4.25): 2 - 2.125
        ([(1, 1), (5, 5)], [(0, 4), (2, 2), (3, 1.5)], -0.125),
        # doubled back at 3: on [1, 3] the better branch from 2 to 2 counts, not the one at 0
        ([(0, 2), (3, 2), (1, 0)], FLAT, 1.0),
        # its two branches cross at diversity 2: the better is 0 -> 1 -> 0 seen from below: max(x/2, 2 - x/2) on [0, 4]
        # has the area 2 * (2 + 1) / 2 * 2 = 6, less 4, over 4
        ([(0, 0), (4, 2), (4, 0), (0, 2)], FLAT, 0.5),
        # one point within the baseline's range
        ([(2, 1.75)], FLAT, 0.75),
        ([(2, 1.75)], [(2, 1.5)], 0.25),
        # they touch at one diversity
        ([(4, 3), (6, 2)], FLAT, 2.0),
        # less diverse throughout, however good
        ([(-2, 9), (-1, 9)], FLAT, LOST),
        ([(-1, 9)], FLAT, LOST),
        # more diverse throughout: the best quality against the most diverse point of the baseline
        ([(5, 0.75), (6, 0.5)], FLAT, -0.25),
        ([(5, 0.75), (6, 0.5)], [(0, 1), (4, 0.25)], 0.5),
    ],
)
def test_the_gap_of_two_broken_lines(front, base, expected):
    assert gap(front, base) == pytest.approx(expected, abs=1e-12)


def test_the_order_of_the_points_does_not_matter():
    front, base = [(0, 0), (2, 2), (4, 1)], [(1, 1), (2, 0), (3, 1)]
    assert gap(front[::-1], base) == gap(front, base[::-1]) == pytest.approx(gap(front, base), abs=1e-15)


def test_many_fronts_at_once_are_as_each_alone():
    rng = np.random.default_rng(0)
    d, q, base_d, base_q = (rng.normal(size=(50, n)) for n in (5, 5, 3, 3))
    base_d[:5] += 9  # some share no diversity
    base_d[5:10] -= 9
    together = mean_gap(d, q, base_d, base_q)
    alone = [mean_gap(*(v[[r]] for v in (d, q, base_d, base_q)))[0] for r in range(50)]
    assert together.tolist() == alone and np.isneginf(together[:5]).all()


def test_the_integral_is_that_of_a_fine_grid():
    rng = np.random.default_rng(1)
    for _ in range(20):
        d, q, base_d, base_q = (rng.uniform(size=(1, n)) for n in (6, 6, 4, 4))
        low, high = max(d.min(), base_d.min()), min(d.max(), base_d.max())
        grid = low + (np.arange(20_000) + 0.5) / 20_000 * (high - low)

        def best(x: np.ndarray, y: np.ndarray, grid: np.ndarray = grid) -> np.ndarray:
            pieces = [sorted(zip(x[k : k + 2], y[k : k + 2], strict=True)) for k in range(len(x) - 1)]
            lines = [np.interp(grid, *zip(*piece, strict=True), -np.inf, -np.inf) for piece in pieces]
            return np.max(lines, axis=0)

        expected = np.mean(best(d[0], q[0]) - best(base_d[0], base_q[0]))
        assert mean_gap(d, q, base_d, base_q)[0] == pytest.approx(expected, abs=1e-3)
