"""How often each sentence holds each n-gram, for a whole corpus at once, in one sort for each n.

Every n-gram gets a number: that of its prefix of n-1 tokens together with its last token. Equal n-grams
have equal numbers, sorting brings them together, and no n-gram is ever built as an object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from textgan.metrics.tokens import Interned


@dataclass(frozen=True)
class Counts:
    """How often each sentence holds each n-gram: one entry (R of them) for every pair that occurs.

    sentence, count (R,); the entries of one n-gram stand together, its sentences ascending. first, last
    (G,): where the entries of each of the G distinct n-grams begin and end (inclusive).
    """

    sentence: np.ndarray
    count: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def of_its_gram(self, values: np.ndarray) -> np.ndarray:
        """values (G,), one for each n-gram -> (R,), one for each entry."""
        return np.repeat(values, self.last - self.first + 1)


Keep = Callable[[Counts], np.ndarray]


def count_ngrams(corpus: Interned, highest: int, keep: Keep | None = None) -> Iterator[Counts]:
    """Counts for n = 1 .. highest. keep: (G,) bool, the n-grams worth lengthening; without it all are."""
    sentence, remaining = corpus.sentence, corpus.remaining
    start, key = np.arange(len(corpus.ids)), corpus.ids
    for n in range(1, highest + 1):
        order = np.argsort(key, kind="stable")  # stable: within an n-gram the sentences stay ascending
        key, start = key[order], start[order]
        owner = sentence[start]
        new_gram = np.diff(key, prepend=-1) != 0
        entry = np.flatnonzero(new_gram | (np.diff(owner, prepend=-1) != 0))
        first = np.flatnonzero(new_gram[entry])
        counts = Counts(
            sentence=owner[entry],
            count=np.diff(entry, append=len(key)),
            first=first,
            last=np.append(first[1:], len(entry))[: len(first)] - 1,
        )
        yield counts

        gram = np.cumsum(new_gram) - 1
        longer = remaining[start] > n
        if keep is not None:
            longer &= keep(counts)[gram]
        start = start[
            longer
        ]  # ordered by (n-gram, place), so the next stable sort keeps the sentences ascending
        key = gram[longer] * corpus.vocabulary + corpus.ids[start + n]


def highest_order(n: Sequence[int]) -> int:
    """The largest of the orders asked for; ValueError if there is none or one is below 1."""
    if not n or min(n) < 1:
        raise ValueError(f"n: {tuple(n)}; expected orders of 1 and above")
    return max(n)
