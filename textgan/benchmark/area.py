"""How far one front lies above another at equal diversity. Works on arrays, with R fronts at once.

A front is the polyline through its points in order of temperature: diversity d (R, P) and quality q (R, P), higher is
better in both. Where it doubles back, the best quality at each diversity counts (its upper envelope).
"""

from __future__ import annotations

import numpy as np

LOST = -np.inf
"""The gap of a front that is less diverse than the other at every point, whatever its quality."""


def shared(d: np.ndarray, base_d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """d (R, P), base_d (R, Q) -> low, high (R,): the diversities that both reach; low > high if there are none."""
    low = np.maximum(d.min(1), base_d.min(1))
    return low, np.minimum(d.max(1), base_d.max(1))


def mean_gap(d: np.ndarray, q: np.ndarray, base_d: np.ndarray, base_q: np.ndarray) -> np.ndarray:
    """d, q (R, P) and base_d, base_q (R, Q) -> (R,): mean of quality minus the baseline's over the shared diversities.

    Exact for polylines. If they share a single diversity, the difference there. If they share none: `LOST` if the front
    is the less diverse one, else its best quality minus that of the baseline's most diverse point. Fronts are never
    extrapolated.
    """
    low, high = shared(d, base_d)
    meet = low <= high
    high = np.where(meet, high, low)
    cuts = np.concatenate([d, base_d, _crossings(d, q), _crossings(base_d, base_q)], axis=1)
    cuts = np.sort(np.clip(cuts, low[:, None], high[:, None]), axis=1)
    # Between adjacent cuts both envelopes are straight, so their mean is their value at the midpoint.
    middle, width = (cuts[:, 1:] + cuts[:, :-1]) / 2, np.diff(cuts, axis=1)
    middle = np.clip(middle, low[:, None], high[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):  # fronts that do not meet are filled in below
        above = _envelope(middle, d, q) - _envelope(middle, base_d, base_q)
        total = np.where(width > 0, above * width, 0.0).sum(1)
        gap = np.where(high > low, total / (high - low), above[:, 0])
    most = np.take_along_axis(base_q, base_d.argmax(1)[:, None], 1)[:, 0]
    apart = np.where(d.max(1) < base_d.min(1), LOST, q.max(1) - most)
    return np.where(meet, gap, apart)


def _envelope(x: np.ndarray, d: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The best quality at diversities x (R, X) -> (R, X); -inf where the front does not reach x."""
    d, q = _at_least_two(d), _at_least_two(q)
    best = np.full(x.shape, -np.inf)
    for left in range(d.shape[1] - 1):
        d1, d2, q1, q2 = (v[:, [k]] for v in (d, q) for k in (left, left + 1))
        inside = (np.minimum(d1, d2) <= x) & (x <= np.maximum(d1, d2))
        flat = d1 == d2
        share = (x - d1) / np.where(flat, 1.0, d2 - d1)
        along = np.where(flat, np.maximum(q1, q2), q1 + share * (q2 - q1))
        best = np.where(inside, np.maximum(best, along), best)
    return best


def _crossings(d: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Diversities (R, C) where two segments of a front, extended to lines, cross; the first point's if they do not."""
    run, rise = np.diff(d, axis=1), np.diff(q, axis=1)
    slope = rise / np.where(run == 0, 1.0, run)
    start = q[:, :-1] - slope * d[:, :-1]
    first, second = np.triu_indices(run.shape[1], 1)
    turn = slope[:, first] - slope[:, second]
    where = (start[:, second] - start[:, first]) / np.where(turn == 0, 1.0, turn)
    return np.where(turn == 0, d[:, :1], where)


def _at_least_two(points: np.ndarray) -> np.ndarray:
    return np.repeat(points, 2, axis=1) if points.shape[1] == 1 else points
