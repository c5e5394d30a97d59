"""How often each n-gram occurs in each sentence, for a whole corpus at once, with one sort for each n.

Every n-gram gets a number, computed from the number of its prefix of n-1 tokens and its last token. Equal n-grams
have equal numbers, sorting brings them together, and no n-gram is ever built as an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textgan.metrics.tokens import Interned, Sentence, interned, once_of_texts


@dataclass(frozen=True)
class Counts:
    """How often each n-gram occurs in each sentence: one of R entries for every pair that occurs.

    sentence, count (R,); the entries of one n-gram are contiguous, with ascending sentences. first, last
    (G,): where the entries of each of the G distinct n-grams begin and end (inclusive).
    """

    sentence: np.ndarray
    count: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def of_its_gram(self, values: np.ndarray) -> np.ndarray:
        """values (G,), one for each n-gram -> (R,), one for each entry."""
        return np.repeat(values, self.last - self.first + 1)

    def repeated(self) -> tuple[np.ndarray, Counts]:
        """The entries with a count of two or more: their indices in R, and the entries as Counts."""
        place = np.flatnonzero(self.count > 1)
        gram = np.searchsorted(self.first, place, side="right")
        first = np.flatnonzero(changes(gram))
        kept = Counts(self.sentence[place], self.count[place], first, _ends(first, len(place)))
        return place, kept


Keep = Callable[[Counts], np.ndarray]


BLOCK = 1 << 19
"""Positions that `count_in_blocks` counts at a time, so that sorting stays in the CPU cache."""


def count_ngrams(corpus: Interned, highest: int, keep: Keep | None = None) -> Iterator[Counts]:
    """Counts for n = 1 .. highest. keep: (G,) bool, the n-grams to extend to n + 1; by default all."""
    size = max(1, len(corpus.ids))
    return (counts for _, counts in count_in_blocks(corpus, highest, keep, size))


def count_in_blocks(
    corpus: Interned, highest: int, keep: Keep | None = None, block: int = BLOCK
) -> Iterator[tuple[int, Counts]]:
    """As `count_ngrams`, as (n, Counts): the n-grams are split by their first token, about `block` positions at a
    time. Every n-gram is in one block with all its sentences; a block may be empty.
    """
    sentence = np.repeat(np.arange(len(corpus.lengths), dtype=np.int32), corpus.lengths + 1)
    token = np.full(len(sentence), -1, dtype=np.int32)  # -1 after each sentence
    inside = np.ones(len(sentence), dtype=bool)
    inside[np.cumsum(corpus.lengths + 1) - 1] = False
    token[inside] = corpus.ids
    keys, starts = ordered(corpus.ids.copy(), np.flatnonzero(inside))
    begins = np.append(np.flatnonzero(changes(keys)), len(keys))
    cuts = begins[np.searchsorted(begins, np.arange(0, len(keys) + block, block)).clip(max=len(begins) - 1)]
    cuts = np.unique(cuts) if len(keys) else np.array([0, 0])
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        key, start = keys[low:high], starts[low:high]
        for n in range(1, highest + 1):
            if n > 1:
                key, start = ordered(key, start)
            owner = sentence[start]
            new_gram = changes(key)
            entry = np.flatnonzero(new_gram | changes(owner))
            first = np.flatnonzero(new_gram[entry])
            counts = Counts(owner[entry], _sizes(entry, len(key)), first, _ends(first, len(entry)))
            yield n, counts

            if n == highest:
                break
            last = token[start + n]
            longer = last >= 0
            gram = np.cumsum(new_gram)
            gram -= 1
            if keep is not None:
                longer &= keep(counts)[gram]
            start, key = start[longer], gram[longer]
            key *= corpus.vocabulary
            key += last[longer]


def occurrences(
    sentences: Sequence[Sentence], n: Sequence[int], cut: Callable[[str], list[str]]
) -> list[np.ndarray]:
    """For each n the occurrences (G,) of every distinct n-gram in all sentences together, in no particular order."""
    corpus, highest = interned(cut, sentences), highest_order(n)

    def make() -> list[np.ndarray]:
        return [
            np.add.reduceat(c.count, c.first) if len(c.first) else c.count
            for c in count_ngrams(corpus, highest)
        ]

    rows = once_of_texts("occurrences", (sentences,), (cut, highest), make)
    return [rows[k - 1] for k in n]


def on_both_sides(amount: int) -> Keep:
    """Which n-grams (G,) occur both in one of the first `amount` sentences and in one of the rest."""

    def shared(counts: Counts) -> np.ndarray:
        lowest, highest = counts.sentence[counts.first], counts.sentence[counts.last]
        both: np.ndarray = (lowest < amount) & (highest >= amount)
        return both

    return shared


def ordered(key: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both (R,), sorted by key, and by place among equal keys. The array `key` is overwritten.

    If key and place fit into 63 bits together, they are sorted as one number.
    """
    if len(key) == 0:
        return key, place
    bits = int(place.max()).bit_length()
    if int(key.max()).bit_length() + bits < 64:
        key <<= bits
        key |= place
        key.sort()
        place = key & ((1 << bits) - 1)
        key >>= bits
        return key, place
    order = np.lexsort((place, key))
    return key[order], place[order]


def changes(values: np.ndarray) -> np.ndarray:
    """(R,) -> (R,) bool: whether a value differs from the one before; the first always does."""
    changed = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=changed[1:])
    return changed


def _sizes(first: np.ndarray, total: int) -> np.ndarray:
    """The sizes (G,) of groups that begin at `first` (G,) and fill `total` positions."""
    sizes = np.empty_like(first)
    np.subtract(first[1:], first[:-1], out=sizes[:-1])
    sizes[-1:] = total - first[-1:]
    return sizes


def _ends(first: np.ndarray, total: int) -> np.ndarray:
    """Where groups that begin at `first` (G,) and fill `total` positions end (G,), inclusive."""
    return np.append(first[1:], total)[: len(first)] - 1


def highest_order(n: Sequence[int]) -> int:
    """The largest of the orders n; ValueError if there is none or one is below 1."""
    if not n or min(n) < 1:
        raise ValueError(f"n: {tuple(n)}; expected orders of 1 and above")
    return max(n)
