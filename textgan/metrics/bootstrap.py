"""Percentile bootstrap intervals: how much a mean over sentences varies with the choice of sentences.

Source: Efron 1979 (the bootstrap), in its plain percentile form; Koehn 2004 applied it to BLEU. Here the
score is a mean of per-sentence scores, so resampling sentences means resampling their scores.

The interval does not cover other seeds, other training runs or other references. **Self-BLEU:** the sentences'
scores are resampled, and the pool that each was compared with stays the same. Resampling the sentences and scoring
them again would put copies of a sentence among its own references and push every
value towards 1. For the same reason there is no interval for the share of duplicates and for distinct-n.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from textgan.metrics.diversity import new
from textgan.metrics.ngram import sentence_bleu
from textgan.metrics.samples import Samples
from textgan.metrics.tokens import SPLIT, interned

RESAMPLES = 1000
AT_ONCE = 2_000_000
"""Draws held in memory at a time, so that memory does not grow with the number of sentences."""


def intervals(
    values: np.ndarray, *, resamples: int = RESAMPLES, level: float = 0.95, seed: int = 0
) -> np.ndarray:
    """values (K, N), K scores of the same N sentences -> (K, 2): low and high end of each score's mean.

    The same seed gives the same interval. All K share their resamples. In the units of the values; low = high if they
    are all equal, and for N = 1. ValueError if there is no value, no resample, or level is not between 0 and 1.
    """
    values = np.atleast_2d(np.asarray(values, dtype=np.float64))
    amount = values.shape[1]
    if not amount or not 0 < level < 1 or resamples < 1:
        raise ValueError(f"intervals: {amount} values, level {level}, {resamples} resamples")
    means = resampled_means(values, resamples, np.random.default_rng(seed))
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(means, [tail, 100 - tail], axis=1)
    return np.stack([low, high], axis=1)


def resampled_means(values: np.ndarray, resamples: int, draw: np.random.Generator) -> np.ndarray:
    """values (K, N) -> (K, resamples): the means of N columns drawn with replacement, the same columns for all K."""
    amount = values.shape[1]
    step = max(1, min(resamples, AT_ONCE // amount))
    means = []
    for begin in range(0, resamples, step):
        rows = min(step, resamples - begin)
        drawn = draw.integers(0, amount, size=(rows, amount), dtype=np.int32)
        drawn += (np.arange(rows, dtype=np.int32) * amount)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * amount).reshape(rows, amount)  # (rows, N)
        means.append(values @ times.T.astype(np.float64) / amount)  # (K, rows)
    return np.concatenate(means, axis=1)


def sentence_values(samples: Samples, metric: str) -> dict[str, np.ndarray]:
    """For a metric that is a mean over sentences: its values per sentence, (N,) by key.

    Empty for other metrics, and for BLEU and self-BLEU, whose arrays come from a preset.
    """
    return PER_SENTENCE[metric](samples) if metric in PER_SENTENCE and samples.texts else {}


def _lengths(samples: Samples) -> dict[str, np.ndarray]:
    return {"length": interned(SPLIT, samples.texts).lengths.astype(float)}


def _new(samples: Samples) -> dict[str, np.ndarray]:
    if not samples.train:
        return {}
    return {"novelty": new(samples.texts, samples.train, cut=SPLIT).astype(float)}


def _copies(samples: Samples) -> dict[str, np.ndarray]:
    if not samples.train:
        return {}
    from textgan.metrics.memorisation import longest_copies

    longest = longest_copies(samples.texts, samples.train, cut=SPLIT).astype(float)
    return {"copied": 1 - _new(samples)["novelty"], "longest-copy": longest}


def _backward(samples: Samples) -> dict[str, np.ndarray]:
    if not samples.references:
        return {}
    found = sentence_bleu(samples.references, samples.texts, cut=SPLIT)
    return {f"backward-bleu-{n}": values for n, values in found.items()}


PER_SENTENCE: dict[str, Callable[[Samples], dict[str, np.ndarray]]] = {
    "length": _lengths,
    "novelty": _new,
    "memorisation": _copies,
    "backward-bleu": _backward,
}
