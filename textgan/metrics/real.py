"""Which real sentences a metric scores in place of generated ones, to show what a good value is."""

from __future__ import annotations

ALONE = frozenset({"self-bleu", "distinct", "duplicates", "entropy", "length", "pretrained-lm"})
"""Metrics that look only at the texts."""
COMPARING = frozenset({"bleu", "corpus-bleu", "backward-bleu", "ms-jaccard", "length-distance"})
"""Metrics that look at the texts and the references, but not at the training set."""
OF_COPIES = frozenset({"novelty", "memorisation"})
"""Metrics that look for copies of the training set in the texts."""
FROM_OUTSIDE = frozenset({"source", "class-accuracy", "nll"})
"""Metrics that compare texts with neither references nor training set, or leave out a text's own copies."""


def stands_in(name: str, train: bool = True) -> str:
    """`train`, `references` or `halves`, see `textgan.metrics.yardstick`. train: whether there is a training set."""
    name = name.partition(":")[0]  # without its model
    if train and name in ALONE | COMPARING | FROM_OUTSIDE:
        return "train"
    return "references" if name in ALONE | OF_COPIES else "halves"


def with_fact(signature: str, fact: str) -> str:
    """The signature with the fact inserted before the version, which comes last."""
    facts, mark, version = signature.rpartition("|v:")
    return f"{facts}|{fact}|v:{version}" if mark else f"{signature}|{fact}"
