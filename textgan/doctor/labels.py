"""The labels of a file: how many there are, how even, and whether a generator could learn to write by them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from textgan.doctor.counts import Counts

MOST = 100
"""Classes above which a column is taken for something else than labels."""
_few = 50  # sentences of a class, below which it is said to be small
_seeds = 20
_small_sizes = (300, 1_000, 3_000)


@dataclass(frozen=True)
class Labels:
    """counts: sentences of each, the most frequent first (of a file with a test file: the training file's).

    evenness: entropy over its maximum, in [0, 1]; 1 is balanced. usable: whether a recipe can write by them.
    small: classes with few sentences. test_only: labels of the test file that train lacks. reason: why not usable.
    """

    counts: dict[str, int]
    evenness: float
    usable: bool
    small: list[str]
    test_only: list[str]
    reason: str


def look_at_labels(counts: Counts, own_test: bool) -> Labels:
    """own_test: the held-out side is a file of its own."""
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
    """(validation, test, sentences cut off): shares as in `data/files.py`, numbers where shares would be too much.

    own_test: the test text is a file of its own, and test is 0.
    """
    validation, test = (2_000, 5_000) if sentences > 50_000 else (0.05, 0.1)
    if own_test:
        test = 0
    cut = sum(
        max(1, round(part * sentences)) if part < 1 else round(part) for part in (validation, test) if part
    )
    return validation, test, cut


def split_that_keeps(labels: np.ndarray, cut: int) -> tuple[int, int] | None:
    """The least (`corpus.size` of a small budget, `corpus.seed`) that leave every label to training; None if none do.

    labels (N,), in the file's order. cut: sentences that are cut off for validation and test (`data/splits.py`).
    """
    every = len(np.unique(labels))
    for size in _small_sizes:
        for seed in range(_seeds):
            rest = np.random.default_rng(seed).permutation(len(labels))[cut:]
            if len(np.unique(labels[rest[:size]])) == every:
                return size, seed
    return None
