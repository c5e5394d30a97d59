"""The row of real text in a run's tables, scored like generated text, which shows what a good value is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from textgan.data.corpus import Corpus
from textgan.metrics.real import stands_in, with_fact
from textgan.metrics.samples import Score
from textgan.training.evaluation import Evaluation


def score_real(
    evaluation: Evaluation,
    corpus: Corpus,
    references: Sequence[str],
    count: int,
    seed: int,
    reference_labels: Sequence[int] | None = None,
) -> dict[str, Score]:
    """The recipe's metrics of `count` real sentences, or as many as there are.

    They are training sentences, held against all references as written ones are; but of a metric that looks for
    copies of the training set, or learns from it, they are references (`metrics/real.py`), and the signature says
    so: `real:references`, or `real:halves`, which are held against the other half.
    """
    drawn = torch.randperm(len(corpus.train), generator=torch.Generator().manual_seed(seed)).tolist()[:count]
    mixed = torch.randperm(len(references), generator=torch.Generator().manual_seed(seed)).tolist()
    half = len(mixed) // 2
    texts = {"train": (corpus.train.texts, corpus.train.labels)}
    held = list(references), None if reference_labels is None else list(reference_labels)
    parts = {
        "train": (drawn, mixed),
        "references": (mixed[:count], mixed),
        "halves": (mixed[:half][:count], mixed[half:]),
    }
    found: dict[str, Score] = {}
    for how, (rows, others) in parts.items():
        names = [name for name in evaluation.metrics if stands_in(name) == how]
        if not names or not rows:
            continue
        real, labels = _rows(*texts.get(how, held), rows)
        against, against_labels = _rows(*held, others) if how == "halves" else held
        scores = evaluation.score(real, against, corpus, None, labels, against_labels, names)
        for key, score in scores.items():
            fact = "" if how == "train" else f"real:{how}(seed:{seed})"
            found[key] = replace(score, signature=with_fact(score.signature, fact)) if fact else score
    return found


def _rows(
    texts: Sequence[str], labels: Sequence[int] | None, rows: Sequence[int]
) -> tuple[list[str], list[int] | None]:
    return [texts[row] for row in rows], None if labels is None else [labels[row] for row in rows]
