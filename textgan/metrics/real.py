"""Which real sentences a metric scores in place of generated ones, to show what a good value is."""

from __future__ import annotations

ALONE = frozenset({"self-bleu", "distinct", "duplicates", "entropy", "length", "pretrained-lm"})
"""Metrics that look at nothing but the texts."""
COMPARING = frozenset({"bleu", "corpus-bleu", "backward-bleu", "ms-jaccard", "length-distance"})
"""Metrics that look at the texts and the references, and never at the training set."""
OF_COPIES = frozenset({"novelty", "memorisation"})
"""Metrics that look for the training set in the texts."""
FROM_OUTSIDE = frozenset({"source", "class-accuracy", "nll"})
"""Metrics that hold texts against neither references nor the training set, or leave out what a text has of its own."""


def stands_in(name: str, train: bool = True) -> str:
    """`train`, `references` or `halves`, see `textgan.metrics.yardstick`. train: whether there is one to draw from."""
    name = name.partition(":")[0]  # without the model it asks
    if train and name in ALONE | COMPARING | FROM_OUTSIDE:
        return "train"
    return "references" if name in ALONE | OF_COPIES else "halves"


def with_fact(signature: str, fact: str) -> str:
    """The fact before the version, which stands last."""
    facts, mark, version = signature.rpartition("|v:")
    return f"{facts}|{fact}|v:{version}" if mark else f"{signature}|{fact}"
