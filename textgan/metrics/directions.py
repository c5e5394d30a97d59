"""Which way each score is better."""

from __future__ import annotations

import re

DIRECTIONS: dict[str, int] = {
    "bleu": +1,
    "self-bleu": -1,
    "backward-bleu": +1,
    "harmonic-bleu": +1,
    "corpus-bleu": +1,
    "ms-jaccard": +1,
    "distinct": +1,
    "entropy": 0,
    "duplicates": -1,
    "novelty": +1,
    "copied": -1,
    "longest-copy": -1,
    "longest-copy-max": -1,
    "ngram-novelty": 0,
    "length": 0,
    "length-distance": -1,
    "source-nll": -1,
    "grammaticality": +1,
    "class-accuracy": +1,
    "class-accuracy-real": 0,
    "class-accuracy-judge": +1,
    "nll": -1,
    "perplexity": -1,
    "nll-per-sentence": -1,
    "lm-score": 0,
    "pretrained-nll": 0,
    "reverse-lm": -1,
    "frechet": -1,
    "mauve": +1,
}


def direction(key: str) -> int:
    """+1 if a higher value is better, -1 if a lower one is, 0 if neither, or for a score of a custom metric.

    0 also where real text's own value is the best, and both higher and lower are worse (`entropy`, `length`,
    `lm-score`). key: as in a result, such as `bleu-4`; every order of a metric has the direction of the metric.
    """
    return DIRECTIONS.get(re.sub(r"-\d+$", "", key), 0)
