"""The bootstrap over seeds and sentences that verdicts and marks of significance share.

Source: Efron 1979, in its percentile form, with two levels: seeds are drawn with replacement, and within each the
sentences. Sentence i at every temperature, of the strategy and of its baseline, is drawn together: they were written
with the same random numbers, and identical texts then give a difference of exactly 0.

**Few seeds.** Resampled, n values vary too little by n - 1 in n, and a normal quantile is too short for so few: the
plain interval of three seeds leaves 0 out whenever all have one sign, which chance alone brings one time in four.
What varies between seeds is therefore stretched by sqrt(n / (n - 1)) times Student's quantile over the normal one
(2.7 for three seeds, 1.1 for twenty), as Hesterberg 2015 corrects the percentiles. Of two seeds the interval covers 93%
and not 95%, by (2 / pi) atan(9.17): no resample lies beyond the seeds themselves, stretched.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from textgan.metrics.bootstrap import RESAMPLES, resampled_means

TAIL = 0.025  # left out at each end: an interval of 95%
NORMAL = 1.959964
STUDENT = (12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.30600, 2.26216, 2.22814)
"""Quantiles at 1 - TAIL: of the normal distribution, and of Student's with 1, 2, ... degrees of freedom."""


def resample(values: Sequence[np.ndarray | float], draw: np.random.Generator) -> np.ndarray:
    """K scores of one seed -> (K, 1 + RESAMPLES): each as it was measured, then its mean over resampled sentences.

    A score with no value for each sentence, given as a number, stays what it is. Those of equally many sentences share
    their draws, and equal ones come out equal to the last bit (which a matrix product alone does not promise).
    """
    made = np.empty((len(values), 1 + RESAMPLES))
    by_amount: dict[int, dict[bytes, list[int]]] = {}
    for place, value in enumerate(values):
        if isinstance(value, np.ndarray):
            whole = np.ascontiguousarray(value, dtype=np.float64)
            by_amount.setdefault(len(whole), {}).setdefault(whole.tobytes(), []).append(place)
        else:
            made[place] = value
    for same in by_amount.values():
        stacked = np.stack([np.frombuffer(known, dtype=np.float64) for known in same])  # (K', N)
        means = np.concatenate(
            [stacked.mean(1, keepdims=True), resampled_means(stacked, RESAMPLES, draw)], axis=1
        )
        for row, places in zip(means, same.values(), strict=True):
            made[places] = row
    return made


def over_seeds(values: np.ndarray, draw: np.random.Generator) -> tuple[float, float]:
    """values (S, RESAMPLES), a statistic of S seeds under resampled sentences -> the 95% interval of its mean.

    -inf may be among the values; no end is interpolated. A seed drawn twice comes with other sentences each time.
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
    """How much wider an interval over so few (2 or more) seeds is than their plain bootstrap."""
    freedom = seeds - 1
    if freedom <= len(STUDENT):
        student = STUDENT[freedom - 1]
    else:  # Cornish and Fisher's expansion, within .001 from 10 on
        student = NORMAL + (NORMAL**3 + NORMAL) / (4 * freedom)
        student += (5 * NORMAL**5 + 16 * NORMAL**3 + 3 * NORMAL) / (96 * freedom**2)
    return math.sqrt(seeds / freedom) * student / NORMAL
