"""Labels taken away from most of a split, as where few sentences were ever labelled. Loads no torch."""

from __future__ import annotations

import numpy as np

from textgan.data.corpus import Split
from textgan.errors import Mistake

UNKNOWN = -1
"""The label of a sentence whose label is not known."""


def hide_labels(split: Split, labelled: int, classes: int, seed: int) -> Split:
    """The same sentences, with the labels of `labelled` of them; the others have the label -1.

    As many of every class, or one more of the first classes where they cannot be as many; a seeded choice, in which
    more labels of the same seed are those of fewer and some others. Mistake where there are no labels, fewer than
    one a class are to be left, or a class has too few.
    """
    if split.labels is None:
        raise Mistake(
            "labelled: the corpus has no labels to leave; leave this out, or name the labels' column"
        )
    if labelled < classes:
        raise Mistake(f"labelled: {labelled} leaves some of the {classes} classes without a label; give more")
    labels = np.asarray(split.labels)
    told = np.full(len(labels), UNKNOWN)
    order = np.random.default_rng(seed).permutation(len(labels))
    for label in range(classes):
        wanted = labelled // classes + (label < labelled % classes)
        rows = order[labels[order] == label]
        if len(rows) < wanted:
            raise Mistake(
                f"labelled: {labelled} asks for {wanted} sentences of each class, and one has {len(rows)}; give less"
            )
        told[rows[:wanted]] = label
    return Split(split.texts, told.tolist())
