"""Hyperparameters that change during a phase, as functions of its progress in [0, 1]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from textgan.sampling import COLDEST, HOTTEST

Shape = Literal["constant", "linear", "exponential", "cosine", "quadratic", "sqrt", "logarithmic"]

# The fraction of the way from start to end at a progress in [0, 1].
_WAYS = {
    "constant": lambda x: 0.0,
    "linear": lambda x: x,
    "cosine": lambda x: (1 - math.cos(math.pi * x)) / 2,
    "quadratic": lambda x: x * x,
    "sqrt": math.sqrt,
    "logarithmic": lambda x: math.log1p((math.e - 1) * x),
}

_LEAST, _MOST = 1e-9, 1e9  # keeps ratios and inverses finite


@dataclass(frozen=True)
class Schedule:
    """From `start` (progress 0) to `end` (progress 1) along `shape`.

    `exponential` interpolates geometrically, the others arithmetically. inverse: start and end are inverse
    temperatures (RelGAN's beta), and the value is 1 / beta. ValueError for a start or end outside the range.
    """

    start: float
    end: float
    shape: Shape = "linear"
    inverse: bool = False

    def __post_init__(self) -> None:
        if not all(_LEAST <= abs(end) <= _MOST or end == 0 for end in (self.start, self.end)):
            raise ValueError(
                f"expected a start and an end of 0, or of absolute value {_LEAST:g} to {_MOST:g}"
            )
        if min(self.start, self.end) <= 0 and (self.shape == "exponential" or self.inverse):
            raise ValueError("an exponential or inverse schedule needs a start and an end above 0")

    def __call__(self, progress: float) -> float:
        x = min(max(progress, 0.0), 1.0)
        if self.shape == "exponential":
            value = self.start * (self.end / self.start) ** x
        else:
            value = self.start + (self.end - self.start) * _WAYS[self.shape](x)
        return 1 / value if self.inverse else value


def check_temperature(value: float | Schedule) -> None:
    """ValueError if its start or end is a temperature that logits cannot be divided by."""
    for progress in (0.0, 1.0):
        if not COLDEST <= (found := at(value, progress)) <= HOTTEST:
            raise ValueError(f"temperature: {found:g}; expected {COLDEST:g} to {HOTTEST:g}")


def at(value: float | Schedule, progress: float) -> float:
    """The value at this progress; a plain number is constant."""
    return value(progress) if isinstance(value, Schedule) else value
