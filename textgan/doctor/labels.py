"""The labels of a file: how many, how balanced, and whether a conditional generator can be trained with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from textgan.doctor.counts import Counts

MOST = 100
"""Most classes; a column with more is assumed not to hold labels."""
_few = 50  # a class with fewer sentences counts as small
_seeds = 20
_small_sizes = (300, 1_000, 3_000)


@dataclass(frozen=True)
class Labels:
    """counts: sentences with each label, the most frequent first (with a test file: in the training file).

    evenness: entropy divided by its maximum, in [0, 1]; 1 is balanced. usable: whether a generator can be conditioned
    on them. small: classes with few sentences. test_only: labels of the test file that are not in train. reason: why
    they are not usable.
    """

    counts: dict[str, int]
    evenness: float
    usable: bool
    small: list[str]
    test_only: list[str]
    reason: str


def look_at_labels(counts: Counts, own_test: bool) -> Labels:
    """Examine the counted labels. own_test: the held-out side is a separate file."""
    names = counts.label_names
    train, held = (np.asarray(side.labels, np.int64) for side in (counts.train, counts.held))
    there = np.bincount(held, minlength=len(names))
    here = np.bincount(train, minlength=len(names)) + (0 if own_test else there)
    order = sorted((i for i in range(len(names)) if here[i]), key=lambda i: (-here[i], names[i]))
    found = {names[i]: int(here[i]) for i in order}
    shares = np.array(list(found.values())) / sum(found.values())
    entropy = -float((shares * np.log(shares)).sum())
    strange = [names[i] for i in range(len(names)) if there[i] and not here[i]]
    reason = ""
    if len(found) < 2:
        reason = "there is only one label"
    elif len(found) > MOST or len(found) > sum(found.values()) / 3:
        reason = (
            f"{len(found):,} different values in {sum(found.values()):,} sentences are too many for classes"
        )
    elif strange:
        reason = f"{', '.join(map(repr, strange[:5]))} occurs in the test file but not in train"
    small = [name for name, times in found.items() if times < _few]
    even = entropy / math.log(len(found)) if len(found) > 1 else 1.0
    return Labels(found, even, not reason, small if not reason else [], strange, reason)


def held_out(sentences: int, own_test: bool) -> tuple[int | float, int | float, int]:
    """(validation, test, sentences held out): shares as in `data/files.py`, or counts if shares would be too large.

    own_test: the test text is a separate file, so test is 0.
    """
    validation, test = (2_000, 5_000) if sentences > 50_000 else (0.05, 0.1)
    if own_test:
        test = 0
    cut = sum(
        max(1, round(part * sentences)) if part < 1 else round(part) for part in (validation, test) if part
    )
    return validation, test, cut


def split_that_keeps(labels: np.ndarray, cut: int) -> tuple[int, int] | None:
    """The smallest (`corpus.size`, `corpus.seed`) with which every label occurs in training; None if there is none.

    labels: (N,), in the file's order. cut: number of sentences held out for validation and test (`data/splits.py`).
    """
    every = len(np.unique(labels))
    for size in _small_sizes:
        for seed in range(_seeds):
            rest = np.random.default_rng(seed).permutation(len(labels))[cut:]
            if len(np.unique(labels[rest[:size]])) == every:
                return size, seed
    return None
