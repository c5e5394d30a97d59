"""How much of the samples was copied from the training set: whole sentences, long runs, n-grams.

Compare each value with that of real held-out text, since people repeat each other too, and only between runs with
the same training set. Tokens are those of `split`: case and spaces do not hide a copy, a changed word does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.counting import changes, count_ngrams, highest_order, on_both_sides, ordered
from textgan.metrics.diversity import new
from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.tokens import SPLIT, Interned, Sentence, interned, once_of_texts, split

ORDERS = (2, 3, 4)


def copied(
    sentences: Sequence[Sentence], train: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split
) -> float:
    """The share of sentences, in [0, 1], that are in the training set verbatim; lower is better.

    1 minus `novelty`. Blind spot: one changed word hides the copy, see `longest_copies`. Mistake if either
    side holds no sentence.
    """
    _check(sentences, train, "copied")
    return float((~new(sentences, train, cut=cut)).mean())


def longest_copies(
    sentences: Sequence[Sentence], train: Sequence[Sentence], *, cut: Callable[[str], list[str]] = split
) -> np.ndarray:
    """(N,) int64, for each sentence the length of its longest n-gram found in a training sentence, in tokens.

    From 0 (no word in common) to its whole length. Low values mean little memorisation, but a grammar with few
    words has long copies by chance. Suffixes of all sentences are sorted by prefix doubling (Manber and Myers 1993):
    O(L log L) steps for each doubling up to the longest copy, whatever the number of sentences. Mistake if
    either side holds no sentence.
    """
    _check(sentences, train, "longest-copy")
    return once_of_texts(
        "longest", (sentences, train), (cut,), lambda: _longest_copies(sentences, train, cut)
    )


def _longest_copies(
    sentences: Sequence[Sentence], train: Sequence[Sentence], cut: Callable[[str], list[str]]
) -> np.ndarray:
    corpus, amount = interned(cut, sentences, train), len(sentences)
    keys = corpus.keys
    different = {key: place for place, key in reversed([*enumerate(keys[:amount])])}
    known = {key: amount + place for place, key in enumerate(keys[amount:])}
    longest = _longest_matches(corpus.only([*different.values(), *known.values()]), len(different))
    number = {key: place for place, key in enumerate(different)}
    return longest[[number[key] for key in keys[:amount]]]


def ngram_novelty(
    sentences: Sequence[Sentence],
    train: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """The share of n-gram occurrences in the sentences, in [0, 1], that do not occur in the training set,
    by n (McCoy et al. 2023, *How Much Do Language Models Copy From Their Training Data?*).

    Neither direction is better by itself: nonsense is novel. An n that no sentence is long enough for is left out.
    Mistake if either side holds no sentence.
    """
    _check(sentences, train, "ngram-novelty")
    corpus, amount = interned(cut, sentences, train), len(sentences)
    shared = on_both_sides(amount)
    values: dict[int, float] = {}
    for k, counts in enumerate(count_ngrams(corpus, highest_order(n), shared), start=1):
        possible = int(np.maximum(corpus.lengths[:amount] - k + 1, 0).sum())
        if k in n and possible:
            seen = counts.of_its_gram(shared(counts)) & (counts.sentence < amount)
            values[k] = 1 - int(counts.count[seen].sum()) / possible
    return {k: values[k] for k in n if k in values}


def _longest_matches(corpus: Interned, amount: int) -> np.ndarray:
    """(amount,) for each of the first `amount` sentences its longest run of tokens found in any later sentence.

    The longest run that starts at a position is shared with a neighbour of it in suffix order.
    """
    remaining = corpus.remaining
    ours = np.repeat(np.arange(len(corpus.lengths)) < amount, corpus.lengths)
    if not ours.any() or ours.all():
        return np.zeros(amount, dtype=np.int64)
    ranks = _ranks(corpus.ids, remaining, ours)
    order = np.argsort(ranks[-1], kind="stable")
    theirs = np.where(ours[order], -1, np.arange(len(order)))
    before = np.maximum.accumulate(theirs)
    after = np.minimum.accumulate(np.where(theirs < 0, len(order), theirs)[::-1])[::-1]
    here = np.flatnonzero(ours[order])
    longest = np.zeros(len(order), dtype=np.int64)
    for neighbour, there in ((before, before[here] >= 0), (after, after[here] < len(order))):
        mine, other = order[here[there]], order[neighbour[here[there]]]
        longest[mine] = np.maximum(longest[mine], _common(ranks, remaining, mine, other))
    sentence = corpus.sentence
    best = np.zeros(len(corpus.lengths), dtype=np.int64)
    np.maximum.at(best, sentence[ours], longest[ours])
    return best[:amount]


def _ranks(ids: np.ndarray, remaining: np.ndarray, ours: np.ndarray) -> list[np.ndarray]:
    """For widths 1, 2, 4, ...: (L,) int32, the rank, from 1, of the `width` tokens from each position on, cut off
    at the end of the sentence. Stops at the width at which no full run occurs on both sides.
    """
    ranks = [ids.astype(np.int32) + 1]
    width = 1
    while True:
        full = remaining >= width
        on_both = np.zeros(int(ranks[-1].max()) + 1, dtype=bool)
        on_both[ranks[-1][full & ours]] = True
        there = np.zeros_like(on_both)
        there[ranks[-1][full & ~ours]] = True
        if not (on_both & there).any():
            return ranks
        second = np.zeros(len(ids), dtype=np.int64)
        longer = np.flatnonzero(remaining > width)
        second[longer] = ranks[-1][longer + width]
        key, place = ordered(_pairs(ranks[-1], second), np.arange(len(ids)))
        rank = np.empty(len(ids), dtype=np.int32)
        rank[place] = np.cumsum(changes(key))
        ranks.append(rank)
        width *= 2


def _pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(L,) and (L,) ranks, 0 or more -> (L,) int64, whose order is that of the pairs (first, second).

    The product of two ranks may exceed 2^31, and some versions of numpy would compute it in int32.
    """
    pairs: np.ndarray = first.astype(np.int64) * (int(second.max()) + 1) + second
    return pairs


def _common(ranks: list[np.ndarray], remaining: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two arrays of positions (M,) -> (M,): the length of the common run that starts there."""
    most = np.minimum(remaining[one], remaining[other])
    found = np.zeros(len(one), dtype=np.int64)
    for level in range(len(ranks) - 1, -1, -1):
        open_ = np.flatnonzero(found < most)
        rank = ranks[level]
        same = rank[one[open_] + found[open_]] == rank[other[open_] + found[open_]]
        found[open_[same]] += 1 << level
    return np.minimum(found, most)


def _check(sentences: Sequence[Sentence], train: Sequence[Sentence], place: str) -> None:
    if not sentences or not train:
        counts = f"{len(sentences)} sentences against {len(train)} training sentences"
        raise Mistake(f"{place}: {counts}; give at least one of each")


def measure_memorisation(samples: Samples) -> dict[str, Score]:
    """`copied`, `longest-copy` (tokens, mean over the texts), `longest-copy-max`, `ngram-novelty-2` .. `-4`.

    Absent where there is no text or no training set.
    """
    if not samples.texts or not samples.train:
        return {}
    facts = {"hyps": len(samples.texts), "train": len(samples.train), **SPLIT.signature}
    texts, train = samples.texts, samples.train
    longest = longest_copies(texts, train, cut=SPLIT)
    values = {
        "copied": copied(texts, train, cut=SPLIT),
        "longest-copy": float(longest.mean()),
        "longest-copy-max": float(longest.max()),
    }
    scores = {name: Score(value, signature(name, **facts)) for name, value in values.items()}
    for n, value in ngram_novelty(texts, train, cut=SPLIT).items():
        scores[f"ngram-novelty-{n}"] = Score(value, signature("ngram-novelty", n=n, **facts))
    return scores
