"""The bootstrap over seeds and sentences used for verdicts and marks of significance.

Source: Efron 1979, percentile bootstrap, with two levels: seeds are drawn with replacement, and sentences within each.
Sentence i is drawn jointly at every temperature, for the strategy and for its baseline: they were generated with the
same random numbers, so identical texts give a difference of exactly 0.

**Few seeds.** The bootstrap variance of n values is too small by a factor of (n - 1) / n, and a normal quantile is too
small for few values: the plain interval of three seeds excludes 0 whenever all have the same sign, which happens by
chance one time in four. The variation between seeds is therefore multiplied by sqrt(n / (n - 1)) times the ratio of
Student's quantile to the normal one (2.7 for three seeds, 1.1 for twenty), following Hesterberg 2015. With two seeds
the interval covers 93% instead of 95%, by (2 / pi) atan(9.17): no resample lies beyond the two stretched seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from textgan.metrics.bootstrap import RESAMPLES, resampled_means

TAIL = 0.025  # cut off at each end, for a 95% interval
NORMAL = 1.959964
STUDENT = (12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814)
"""Quantiles at 1 - TAIL: of the normal distribution, and of Student's with 1, 2, ... degrees of freedom."""


def resample(values: Sequence[np.ndarray | float], draw: np.random.Generator) -> np.ndarray:
    """K scores of one seed -> (K, 1 + RESAMPLES): the measured value, then its means over resampled sentences.

    A score without per-sentence values is given as a number and stays constant. Scores with equally many sentences
    share their draws, and equal inputs give bit-identical results (which a matrix product alone does not guarantee).
    """
    draws = np.empty((len(values), 1 + RESAMPLES))
    by_amount: dict[int, dict[bytes, list[int]]] = {}
    for place, value in enumerate(values):
        if isinstance(value, np.ndarray):
            whole = np.ascontiguousarray(value, dtype=np.float64)
            by_amount.setdefault(len(whole), {}).setdefault(whole.tobytes(), []).append(place)
        else:
            draws[place] = value
    for same in by_amount.values():
        stacked = np.stack([np.frombuffer(known, dtype=np.float64) for known in same])  # (K', N)
        means = np.concatenate(
            [stacked.mean(1, keepdims=True), resampled_means(stacked, RESAMPLES, draw)], axis=1
        )
        for row, places in zip(means, same.values(), strict=True):
            draws[places] = row
    return draws


def over_seeds(values: np.ndarray, draw: np.random.Generator) -> tuple[float, float]:
    """values (S, RESAMPLES), a statistic of S seeds under resampled sentences -> the 95% interval of its mean.

    Values may be -inf, so the ends are not interpolated. A seed drawn twice gets different sentences each time.
    """
    seeds, amount = values.shape
    drawn = draw.integers(0, seeds, size=(seeds, amount))
    columns = (np.arange(amount) + (np.arange(seeds) * (amount // seeds))[:, None]) % amount
    means = values[drawn, columns].mean(0)
    centres = np.median(values, axis=1)
    if seeds > 1 and np.isfinite(centres).all():
        means += (stretch(seeds) - 1) * (centres - centres.mean())[drawn].mean(0)
    means = np.sort(means)
    return float(means[math.floor(TAIL * (amount - 1))]), float(means[math.ceil((1 - TAIL) * (amount - 1))])


def stretch(seeds: int) -> float:
    """Factor by which the interval over `seeds` (2 or more) seeds is wider than that of the plain bootstrap."""
    freedom = seeds - 1
    if freedom <= len(STUDENT):
        student = STUDENT[freedom - 1]
    else:  # Cornish-Fisher expansion, error below .001 from 10 on
        student = NORMAL + (NORMAL**3 + NORMAL) / (4 * freedom)
        student += (5 * NORMAL**5 + 16 * NORMAL**3 + 3 * NORMAL) / (96 * freedom**2)
    return math.sqrt(seeds / freedom) * student / NORMAL
