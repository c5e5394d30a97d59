"""The bootstrap over seeds and sentences that verdicts and marks of significance share.

Source: Efron 1979, in its percentile form, with two levels: seeds are drawn with replacement, and within each the
sentences. Sentence i at every temperature, of the strategy and of its baseline, is drawn together: they were written
with the same random numbers, and identical texts then give a difference of exactly 0.

**Few seeds.** Where the runs differ more than sentences do, the interval of three seeds spans hardly more than the
three seeds' own values: it leaves 0 out whenever all have one sign, which chance alone brings about one time in four.
An interval therefore never stands without the seeds' own values beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from textgan.metrics.bootstrap import RESAMPLES, resampled_means

TAIL = 0.025  # left out at each end: an interval of 95%


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
    means = np.sort(values[drawn, columns].mean(0))
    return float(means[math.floor(TAIL * (amount - 1))]), float(means[math.ceil((1 - TAIL) * (amount - 1))])
