"""Smoothing of BLEU: what replaces an n-gram precision of 0, as in nltk's `SmoothingFunction`.

Source: Chen and Cherry 2014. Methods 1 to 4 need only a hypothesis's own counts up to order n, so all sentences
and all n are smoothed at once. Methods 5 to 7 average with precisions of orders above n and are not
implemented.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

Smoothing = Literal["none", "method0", "method1", "method2", "method3", "method4"]
EPSILON: dict[str, float] = {"method1": 0.1, "method0": 0.0, "none": 0.0}
"""What replaces a count of 0, by smoothing; with 0 the whole sentence scores 0 (nltk: < 1e-60)."""
K = 5
"""nltk's default for method 4."""

Smoother = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Matches and possible n-grams, both (highest, N) -> log precisions (highest, N). possible >= 1."""


def _replaced_by(epsilon: float) -> Smoother:
    def smooth(matches: np.ndarray, possible: np.ndarray) -> np.ndarray:
        logs: np.ndarray = np.log(np.where(matches == 0, epsilon, matches) / possible)
        return logs

    return smooth


def _add_one(matches: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Method 2: one more match and one more n-gram, for every order but the first."""
    more = (np.arange(len(matches)) > 0)[:, None]
    logs: np.ndarray = np.log((matches + more) / (possible + more))
    return logs


def _halve(matches: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Method 3: the k-th order without a match counts 1 / 2^k."""
    logs: np.ndarray = np.log(np.where(matches == 0, 0.5 ** _missed(matches), matches) / possible)
    return logs


def _halve_by_length(matches: np.ndarray, possible: np.ndarray) -> np.ndarray:
    """Method 4: the k-th order without a match counts ln(length) / (2^k K); in a sentence of one token it is
    left out, as if it were 1, which is what nltk does.
    """
    length = possible[0]
    instead = 0.5 ** _missed(matches) * np.log(length) / K
    logs = np.log(np.where(matches == 0, instead, matches) / possible)
    return np.where((matches == 0) & (length == 1), 0.0, logs)


def _missed(matches: np.ndarray) -> np.ndarray:
    """(highest, N): orders without a match up to and including this one."""
    missed: np.ndarray = np.cumsum(matches == 0, axis=0)
    return missed


SMOOTHINGS: dict[str, Smoother] = {
    **{name: _replaced_by(epsilon) for name, epsilon in EPSILON.items()},
    "method2": _add_one,
    "method3": _halve,
    "method4": _halve_by_length,
}
