"""How varied the texts are, and how far they are from copies of the training set.

Two sentences count as the same if their `split` tokens are: case and the spaces around punctuation are ignored,
because decoded text may differ from the corpus in both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.counting import occurrences
from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.tokens import SPLIT, Interned, Sentence, interned, split


def distinct(
    sentences: Sequence[Sentence],
    *,
    n: Sequence[int] = (1, 2, 3, 4),
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """Distinct n-grams over all n-grams of all sentences together, in (0, 1], by n (Li et al. 2016).

    Higher is more varied. Blind spots: quality, as random words score highest, and how often each n-gram occurs
    (`ngram_entropy`). It falls with the number of sentences: compare at equal numbers only. An n that no
    sentence is long enough for is left out.
    """
    rows = zip(n, occurrences(sentences, n, cut), strict=True)
    return {k: len(times) / int(times.sum()) for k, times in rows if len(times)}


def duplicates(sentences: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split) -> float:
    """The share of sentences that repeat an earlier one, in [0, 1); lower is better.

    Blind spots: one changed word hides a repetition (`self_bleu`); short sentences repeat in real text too, and the
    share grows with the number of sentences. Mistake if there are no sentences.
    """
    same = _interned(cut, "duplicates", sentences).keys
    return 1 - len(set(same)) / len(same)


def novelty(
    sentences: Sequence[Sentence], train: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split
) -> float:
    """The share of sentences, in [0, 1], that are not in the training set. Mistake if there are none.

    Higher is better up to the value of real held-out text. Blind spots: nonsense is novel, and one changed word
    hides a copy (`longest_copies`). A sentence repeated k times counts k times.
    """
    return float(new(sentences, train, cut=cut).mean())


def new(
    sentences: Sequence[Sentence], train: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split
) -> np.ndarray:
    """(N,) bool: which sentences are not in the training set. Mistake if there are none."""
    keys = _interned(cut, "novelty", sentences, train).keys
    seen = set(keys[len(sentences) :])
    return np.array([key not in seen for key in keys[: len(sentences)]])


def mean_length(sentences: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split) -> float:
    """Mean tokens per sentence, 0 or more, not counting EOS. Neither high nor low is good: real text's value is the
    target. Blind to everything but the mean (`length_distance`). Mistake if there are no sentences.
    """
    return float(_interned(cut, "length", sentences).lengths.mean())


def length_distance(
    sentences: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    cut: Callable[[str], list[str]] = split,
) -> float:
    """Wasserstein-1 distance between the two length distributions: by how many tokens a sentence must be
    lengthened or shortened, on average, to match the references' lengths. 0 or more; lower is better.

    The area between the two cumulative distributions (Vallender 1974). Blind spot: it ignores the words. Two
    samples of the same distribution score a little above 0. Mistake if either side holds no sentence.
    """
    ours = _interned(cut, "length-distance", sentences).lengths
    theirs = _interned(cut, "length-distance", references).lengths
    longest = int(max(ours.max(), theirs.max()))
    shares = [np.bincount(lengths, minlength=longest + 1) / len(lengths) for lengths in (ours, theirs)]
    return float(np.abs(np.cumsum(shares[0] - shares[1])).sum())


def _interned(cut: Callable[[str], list[str]], place: str, *parts: Sequence[Sentence]) -> Interned:
    if not parts[0]:
        raise Mistake(f"{place}: there is no sentence to score; give at least one")
    return interned(cut, *parts)


def measure_distinct(samples: Samples) -> dict[str, Score]:
    """`distinct-1` .. `distinct-4` of the texts."""
    values = distinct(samples.texts, cut=SPLIT)
    return {
        f"distinct-{n}": Score(value, _signature("distinct", samples, n=n)) for n, value in values.items()
    }


def measure_duplicates(samples: Samples) -> dict[str, Score]:
    """`duplicates`. Absent where there is no text."""
    if not samples.texts:
        return {}
    return {"duplicates": Score(duplicates(samples.texts, cut=SPLIT), _signature("duplicates", samples))}


def measure_novelty(samples: Samples) -> dict[str, Score]:
    """`novelty` against the training set. Absent where there is no text or no training set."""
    if not samples.texts or not samples.train:
        return {}
    value = novelty(samples.texts, samples.train, cut=SPLIT)
    return {"novelty": Score(value, _signature("novelty", samples, train=len(samples.train)))}


def measure_length(samples: Samples) -> dict[str, Score]:
    """`length`: the mean number of tokens. Absent where there is no text."""
    if not samples.texts:
        return {}
    return {"length": Score(mean_length(samples.texts, cut=SPLIT), _signature("length", samples))}


def measure_length_distance(samples: Samples) -> dict[str, Score]:
    """`length-distance` to the references, in tokens. Absent where either side is empty."""
    if not samples.texts or not samples.references:
        return {}
    value = length_distance(samples.texts, samples.references, cut=SPLIT)
    return {
        "length-distance": Score(value, _signature("length-distance", samples, refs=len(samples.references)))
    }


def _signature(name: str, samples: Samples, **facts: int) -> str:
    told = {key: facts.get(key) for key in ("refs", "train")}
    return signature(name, n=facts.get("n"), hyps=len(samples.texts), **told, **SPLIT.signature)
