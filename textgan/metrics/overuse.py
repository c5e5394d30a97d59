"""Which n-grams occur more often in one text than in another, beyond what chance explains."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textgan.errors import Mistake
from textgan.metrics.tokens import SPLIT, Sentence

PRIOR = 500.0
"""Weight of the prior in occurrences, spread over the n-grams by their share of both texts together."""


@dataclass(frozen=True)
class Usage:
    """An n-gram, its count on each side, and the z-score of the difference; above 0, the first side has more of it."""

    gram: tuple[str, ...]
    count: int
    other: int
    z: float


def log_odds(count: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> list[Usage]:
    """Every n-gram of either side, from the most over-used by the first to the most under-used; ties by n-gram.

    Log-odds ratio with an informative Dirichlet prior, over its standard deviation (Monroe, Colaresi & Quinn 2008,
    *Fightin' Words*, section 3.5). The prior is the pooled counts of both sides, scaled to `PRIOR` occurrences: it
    pulls rare n-grams, which plain ratios would rank first, towards no difference. |z| > 1.96 is a two-sided 5%
    test of one n-gram; among thousands, some exceed it by chance. Empty where a side holds no n-gram.
    """
    here, there = sum(count.values()), sum(other.values())
    if not here or not there:
        return []
    both = count + other
    if len(both) < 2:  # the odds of the only n-gram there is are infinite on either side
        return [Usage(gram, count[gram], other[gram], 0.0) for gram in both]
    weight = PRIOR / (here + there)
    rows = []
    for gram, times in both.items():
        prior = weight * times
        ours, theirs = count[gram] + prior, other[gram] + prior
        delta = math.log(ours / (here + PRIOR - ours)) - math.log(theirs / (there + PRIOR - theirs))
        rows.append(Usage(gram, count[gram], other[gram], delta / math.sqrt(1 / ours + 1 / theirs)))
    return sorted(rows, key=lambda usage: (-usage.z, usage.gram))


def usage(sentences: Sequence[Sentence], references: Sequence[Sentence], n: int) -> list[Usage]:
    """`log_odds` of the n-grams of generated sentences against real ones. Mistake if a side holds no sentence."""
    if not sentences or not references:
        counts = f"{len(sentences)} sentences against {len(references)} references"
        raise Mistake(f"overuse: {counts}; give at least one of each")
    return log_odds(counted(sentences, n, SPLIT), counted(references, n, SPLIT))


def counted(
    sentences: Sequence[Sentence], n: int, cut: Callable[[str], list[str]]
) -> Counter[tuple[str, ...]]:
    """How often each n-gram occurs in the sentences; none crosses a sentence boundary."""
    counts: Counter[tuple[str, ...]] = Counter()
    for sentence in sentences:
        tokens = cut(sentence) if isinstance(sentence, str) else list(sentence)
        counts.update(zip(*(tokens[k:] for k in range(n)), strict=False))
    return counts
