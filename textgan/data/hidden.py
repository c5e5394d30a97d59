"""Hide most labels of a split, to simulate a corpus with few labelled sentences. Does not import torch."""

from __future__ import annotations

import numpy as np

from textgan.data.corpus import Split
from textgan.errors import Mistake

UNKNOWN = -1
"""Stands for an unknown label."""


def hide_labels(split: Split, labelled: int, classes: int, seed: int) -> Split:
    """The same sentences, where `labelled` of them keep their label and the others get the label -1.

    Classes get equal numbers of labels (the first classes one more if it does not divide evenly). The choice is seeded
    and nested: with the same seed, a larger number keeps all the labels of a smaller one. Raises Mistake if there are
    no labels, fewer than one per class would be left, or a class has too few sentences.
    """
    if split.labels is None:
        raise Mistake("labelled: the corpus has no labels; leave this out, or name the column of the labels")
    if labelled < classes:
        raise Mistake(f"labelled: {labelled} leaves some of the {classes} classes without a label; give more")
    labels = np.asarray(split.labels)
    known = np.full(len(labels), UNKNOWN)
    order = np.random.default_rng(seed).permutation(len(labels))
    for label in range(classes):
        wanted = labelled // classes + (label < labelled % classes)
        rows = order[labels[order] == label]
        if len(rows) < wanted:
            raise Mistake(
                f"labelled: {labelled} asks for {wanted} sentences of each class, but one class has only {len(rows)}; "
                "give a smaller number"
            )
        known[rows[:wanted]] = label
    return Split(split.texts, known.tolist())
