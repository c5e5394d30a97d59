"""Which labels are left: as many of each class, by the seed, and the sentences as they were."""

from __future__ import annotations

from collections import Counter

import pytest

from textgan.data.corpus import Split
from textgan.data.hidden import hide_labels
from textgan.errors import Mistake

SPLIT = Split([f"sentence {i}" for i in range(40)], [i % 2 if i < 30 else 2 for i in range(40)])


def test_as_many_of_every_class_stay_and_are_the_true_ones() -> None:
    left = hide_labels(SPLIT, 11, 3, seed=0)
    assert left.texts == SPLIT.texts and left.labels is not None and SPLIT.labels is not None
    assert Counter(left.labels) == {-1: 29, 0: 4, 1: 4, 2: 3}
    assert all(mine in (-1, true) for mine, true in zip(left.labels, SPLIT.labels, strict=True))
    assert left.labels == hide_labels(SPLIT, 11, 3, seed=0).labels != hide_labels(SPLIT, 11, 3, seed=1).labels


def test_more_labels_are_those_of_fewer_and_others() -> None:
    few, more = (hide_labels(SPLIT, count, 3, seed=4).labels or [] for count in (6, 12))
    assert all(b == a for a, b in zip(few, more, strict=True) if a >= 0)


@pytest.mark.parametrize(
    ("split", "labelled", "words"),
    [
        (Split(["a", "b"]), 2, "labelled: the corpus has no labels"),
        (SPLIT, 2, "labelled: 2 leaves some of the 3 classes without"),
        (SPLIT, 33, "labelled: 33 asks for 11 sentences of each class, but one class has only 10"),
    ],
)
def test_mistakes(split: Split, labelled: int, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        hide_labels(split, labelled, 3, seed=0)
