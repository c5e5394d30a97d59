"""How closely the n-gram distribution of the samples matches that of real text, and its entropy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.counting import count_ngrams, highest_order, occurrences
from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.tokens import SPLIT, Sentence, interned, split

ORDERS = (2, 3, 4, 5)


def ms_jaccard(
    sentences: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """MS-Jaccard-n (Alihosseini et al. 2019): in [0, 1], by n; higher is better, 1 for equal frequencies.

    For each order k: the sum over all k-grams of the smaller of their two frequencies (occurrences per
    sentence), divided by the sum of the larger; then the geometric mean over k = 1 .. n. Measures quality and diversity
    at once. Blind spots: word order beyond n; it grows with both numbers of sentences, so compare at equal
    numbers. An order that no sentence of either side is long enough for is left out with all above it.
    Mistake if either side holds no sentence.
    """
    if not sentences or not references:
        sizes = f"{len(sentences)} sentences against {len(references)} references"
        raise Mistake(f"ms-jaccard: {sizes}; give at least one of each")
    corpus, amount = interned(cut, sentences, references), len(sentences)
    logs: list[float] = []
    for counts in count_ngrams(corpus, highest_order(n)):
        if not len(counts.first):
            break
        ours = np.where(counts.sentence < amount, counts.count, 0)
        # frequencies times both numbers of sentences: integers, so that the order of a sum does not matter
        here = np.add.reduceat(ours, counts.first) * float(len(references))
        there = np.add.reduceat(counts.count - ours, counts.first) * float(amount)
        shared = float(np.minimum(here, there).sum() / np.maximum(here, there).sum())
        logs.append(math.log(shared) if shared else -math.inf)
    return {k: math.exp(sum(logs[:k]) / k) for k in n if k <= len(logs)}


def ngram_entropy(
    sentences: Sequence[Sentence],
    *,
    n: Sequence[int] = (1, 2, 3, 4),
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """Shannon entropy, in nats, of the n-grams of all sentences together (Ent-n, Zhang et al. 2018), by n.

    From 0 (one n-gram) to the log of their number. Real text's value is the target: lower is monotonous,
    higher is noisy, so neither direction counts as better. Unlike distinct-n it weighs how often each n-gram occurs.
    Blind spots: as a plug-in estimate it grows with the number of sentences, so compare at equal numbers; noise
    scores high. An n that no sentence is long enough for is left out.
    """
    values: dict[int, float] = {}
    for k, times in zip(n, occurrences(sentences, n, cut), strict=True):
        if len(times):
            different, grams = np.unique(times, return_counts=True)
            share = different / times.sum()
            values[k] = max(0.0, -float((grams * share * np.log(share)).sum()))
    return values


def measure_ms_jaccard(samples: Samples) -> dict[str, Score]:
    """`ms-jaccard-2` .. `ms-jaccard-5` against the references. Absent where either side is empty."""
    if not samples.texts or not samples.references:
        return {}
    facts = {"hyps": len(samples.texts), "refs": len(samples.references), **SPLIT.signature}
    values = ms_jaccard(samples.texts, samples.references, cut=SPLIT)
    return {
        f"ms-jaccard-{n}": Score(value, signature("ms-jaccard", n=n, **facts)) for n, value in values.items()
    }


def measure_entropy(samples: Samples) -> dict[str, Score]:
    """`entropy-1` .. `entropy-4` of the texts, in nats."""
    facts = {"hyps": len(samples.texts), **SPLIT.signature, "unit": "nats"}
    values = ngram_entropy(samples.texts, cut=SPLIT)
    return {f"entropy-{n}": Score(value, signature("entropy", n=n, **facts)) for n, value in values.items()}
