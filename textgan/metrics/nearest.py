"""The training sentence nearest to each sample, and which of the sample's tokens do not come from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.counting import count_ngrams, on_both_sides
from textgan.metrics.tokens import SPLIT, Sentence, interned

HIGHEST = 4
AT_ONCE = 50  # sentences; their (sentences, training sentences) table then holds 50 N int32


@dataclass(frozen=True)
class Nearest:
    """overlap: in [0, 1], 1 for the same tokens in the same order. place: index of the training sentence, the first
    if tied; -1, with overlap 0, if none shares a token."""

    place: int
    overlap: float


def nearest(
    sentences: Sequence[Sentence], train: Sequence[Sentence], *, cut: Callable[[str], list[str]] = SPLIT
) -> list[Nearest]:
    """For each sentence the training sentence with the most n-grams in common, by exact search over all of `train`.

    The overlap is Dice's coefficient of the 1- to 4-grams as multisets: twice the n-grams in common over the total of
    both. Long shared runs count more than scattered words, and long sentences have no advantage. Blind spot: a
    paraphrase shares no n-gram. Mistake if either side holds no sentence.
    """
    if not sentences or not train:
        counts = f"{len(sentences)} sentences against {len(train)} training sentences"
        raise Mistake(f"nearest: {counts}; give at least one of each")
    pieces = [sentences[begin : begin + AT_ONCE] for begin in range(0, len(sentences), AT_ONCE)]
    return [found for piece in pieces for found in _nearest(piece, train, cut)]


def _nearest(
    sentences: Sequence[Sentence], train: Sequence[Sentence], cut: Callable[[str], list[str]]
) -> list[Nearest]:
    corpus, amount = interned(cut, sentences, train), len(sentences)
    common = np.zeros((amount, len(train)), dtype=np.int32)
    shared = on_both_sides(amount)
    for counts in count_ngrams(corpus, HIGHEST, shared):
        chosen = shared(counts)
        for first, last in zip(counts.first[chosen].tolist(), counts.last[chosen].tolist(), strict=True):
            who, times = counts.sentence[first : last + 1], counts.count[first : last + 1]
            ours = int(np.searchsorted(who, amount))  # an n-gram's sentences ascend, so ours come first
            places = who[ours:] - amount
            for row, count in zip(who[:ours].tolist(), times[:ours].tolist(), strict=True):
                common[row, places] += np.minimum(times[ours:], count)
    grams = sum(
        np.maximum(corpus.lengths - n, 0) for n in range(HIGHEST)
    )  # (N,) n-grams of each sentence, all orders
    overlap = 2.0 * common / np.maximum(grams[:amount, None] + grams[None, amount:], 1)
    best = overlap.argmax(1)
    values = overlap[np.arange(amount), best]
    return [
        Nearest(place if value else -1, value)
        for place, value in zip(best.tolist(), values.tolist(), strict=True)
    ]


def unaligned(tokens: Sequence[str], source: Sequence[str]) -> list[bool]:
    """For each token whether it is outside the longest common subsequence of both; among several, the one that
    matches as early as possible."""
    rows = np.zeros((len(tokens) + 1, len(source) + 1), dtype=np.int64)  # LCS lengths of the suffixes
    for i in range(len(tokens) - 1, -1, -1):
        for j in range(len(source) - 1, -1, -1):
            same = tokens[i] == source[j]
            rows[i, j] = rows[i + 1, j + 1] + 1 if same else max(rows[i + 1, j], rows[i, j + 1])
    novel = [True] * len(tokens)
    i = j = 0
    while i < len(tokens) and j < len(source):
        if tokens[i] == source[j]:
            novel[i] = False
            i, j = i + 1, j + 1
        elif rows[i + 1, j] >= rows[i, j + 1]:
            i += 1
        else:
            j += 1
    return novel
