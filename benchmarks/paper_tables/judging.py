"""When a figure counts as reproduced, and what a table's rows come to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

REPRODUCED, NOT_REPRODUCED, NOT_RUN = "reproduced", "not reproduced", "not run"
_ROUNDING = 1e-9  # of float arithmetic: 5.78 is within .03 of 5.75


@dataclass(frozen=True)
class Bound:
    """low to high, both of them included (`low` not if `above`). told: the same in words, for the table."""

    told: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def holds(self, value: float) -> bool:
        """Of NaN (a level that was not reached) nothing holds."""
        if self.above:
            return value > self.low
        return self.low - _ROUNDING <= value <= self.high + _ROUNDING


def near(low: float, tolerance: float, high: float | None = None) -> Bound:
    """Within `tolerance` of a published figure, or of a range of them."""
    top = low if high is None else high
    told = f"{low:g}" if high is None else f"{low:g} to {high:g}"
    return Bound(f"{told} ± {tolerance:g}", low - tolerance, top + tolerance)


def at_most(value: float) -> Bound:
    return Bound(f"≤ {value:g}", high=value)


def at_least(value: float) -> Bound:
    return Bound(f"≥ {value:g}", low=value)


def above(value: float) -> Bound:
    return Bound(f"> {value:g}", low=value, above=True)


@dataclass(frozen=True)
class Row:
    """One figure. values: one a seed; bound: what its mean is held to, None where it is only shown.

    published: as printed, where it is not what the bound is about; needed: seeds, without which there is no verdict.
    """

    what: str
    values: Sequence[float]
    bound: Bound | None = None
    published: str = "–"
    needed: int = 1

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        if not self.values:
            return NOT_RUN
        if len(self.values) < self.needed:
            return f"{NOT_RUN} ({len(self.values)} of {self.needed} seeds)"
        return REPRODUCED if self.bound.holds(statistics.fmean(self.values)) else NOT_REPRODUCED

    def cells(self) -> list[str]:
        """What, ours, published, what counts as reproduced, verdict."""
        told = "–" if self.bound is None else self.bound.told
        return [self.what, spread(self.values), self.published, told, self.verdict]


def overall(rows: Iterable[Row]) -> str:
    """A table's verdict: one figure beyond its bound is enough against it; for it, all must be there."""
    verdicts = [row.verdict for row in rows if row.bound is not None]
    if NOT_REPRODUCED in verdicts:
        return NOT_REPRODUCED
    if verdicts and all(verdict == REPRODUCED for verdict in verdicts):
        return REPRODUCED
    return f"{NOT_RUN} to its end" if REPRODUCED in verdicts else NOT_RUN


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds; a dash where there is nothing."""
    if not values:
        return "–"
    mean = statistics.fmean(values)
    if math.isnan(mean):
        return "not reached"
    told = f"{mean:.{digits}f}"
    return told if len(values) < 2 else f"{told} ± {statistics.stdev(values):.{digits}f} (n={len(values)})"


def at_level(points: Iterable[tuple[float, float]], level: float) -> float:
    """The second coordinate where the first is `level`, on straight lines between points sorted by the first.

    NaN outside of what the points span: a front is not drawn on beyond its ends.
    """
    front = sorted(points)
    for (x0, y0), (x1, y1) in zip(front, front[1:], strict=False):
        if x0 <= level <= x1:
            return y0 if x0 == x1 else y0 + (y1 - y0) * (level - x0) / (x1 - x0)
    return math.nan
