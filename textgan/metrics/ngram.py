"""BLEU and self-BLEU of whole corpora at once, equal to nltk's `sentence_bleu`, at the cost of a few sorts.

nltk compares each sentence with every reference, which takes hours for 10,000 against 10,000. Here the counts of an
n-gram (counting.py) are clipped by its largest count in any one reference. Leave-one-out needs only the largest and
second largest count, and the sentence with the largest. An n-gram whose prefix occurs in no other sentence cannot
match either: it is dropped early, which leaves little to sort at n = 4 and 5.

Sources: Papineni et al. 2002 (BLEU); Chen and Cherry 2014 (smoothing); Zhu et al. 2018 (self-BLEU).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from textgan.errors import Mistake, did_you_mean
from textgan.metrics.counting import BLOCK, Counts, Keep, count_in_blocks, highest_order, on_both_sides
from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.smoothing import EPSILON, SMOOTHINGS, Smoothing
from textgan.metrics.tokens import SPLIT, Interned, Sentence, interned, once_of_texts, split, whitespace

ORDERS = (2, 3, 4, 5)


def bleu(
    hypotheses: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """BLEU-n of each hypothesis against all references (uniform weights), mean over the hypotheses, by n.

    In [0, 1]; higher is better up to real text's own value; above it, the text is too concentrated on common
    phrases. Blind spots: variety (one good sentence, repeated, scores well), meaning, order beyond n; it grows with
    the number of references. Source: Papineni et al. 2002, per sentence; smoothing: Chen and Cherry 2014.

    Sentences are token lists, or strings, which `cut` tokenises. The reference length is the closest one, the
    shorter of two at the same distance. An empty hypothesis, or one that shares no token with any
    reference, scores 0 whatever the smoothing. Mistake if either side holds no sentence. Equal to nltk's
    `sentence_bleu` to rounding.
    """
    scores = sentence_bleu(hypotheses, references, n=n, smoothing=smoothing, cut=cut)
    return {order: float(values.mean()) for order, values in scores.items()}


def self_bleu(
    sentences: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = whitespace,
) -> dict[int, float]:
    """BLEU-n of each sentence against all the others (leave one out), mean over the sentences, by n, in [0, 1].

    High values mean monotonous text; values below real text's mean noise. Blind spots: quality; a few templates with
    one word changed look varied at high n. It grows with the number of sentences: compare at equal numbers only.
    Source: Zhu et al. 2018. Mistake for fewer than two sentences.
    """
    scores = sentence_self_bleu(sentences, n=n, smoothing=smoothing, cut=cut)
    return {order: float(values.mean()) for order, values in scores.items()}


def sentence_bleu(
    hypotheses: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = split,
) -> dict[int, np.ndarray]:
    """As `bleu`, one value for each hypothesis: (H,) float64 by n."""
    if not hypotheses or not references:
        counts = f"{len(hypotheses)} hypotheses against {len(references)} references"
        raise Mistake(f"bleu: {counts}; give at least one of each")

    def count() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
        corpus = interned(cut, hypotheses, references)
        return matches_and_closest(corpus, len(hypotheses), highest_order(n))

    counted = once_of_texts("bleu", (hypotheses, references), (cut, highest_order(n)), count)
    return _scores(*counted, n, smoothing)


def matches_and_closest(
    corpus: Interned, amount: int, highest: int
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """The first `amount` sentences against all the rest: clipped matches for n = 1 .. highest, own lengths,
    closest lengths; (amount,) each.
    """

    def allowed(counts: Counts) -> np.ndarray:
        in_references = np.where(counts.sentence >= amount, counts.count, 0)
        return counts.of_its_gram(np.maximum.reduceat(in_references, counts.first))

    matches = [row[:amount] for row in _clipped_matches(corpus, highest, allowed, on_both_sides(amount))]
    lengths = corpus.lengths[:amount]
    return matches, lengths, _closest(lengths, corpus.lengths[amount:])


def sentence_self_bleu(
    sentences: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = whitespace,
) -> dict[int, np.ndarray]:
    """As `self_bleu`, one value for each sentence: (N,) float64 by n."""
    if len(sentences) < 2:
        raise Mistake(
            f"self-bleu: {len(sentences)} sentences cannot be compared with each other; give two or more"
        )
    corpus = interned(cut, sentences)
    matches = _clipped_matches(corpus, highest_order(n), _most_in_another, _in_two_sentences)
    return _scores(matches, corpus.lengths, _closest_other(corpus.lengths), n, smoothing)


def _in_two_sentences(counts: Counts) -> np.ndarray:
    shared: np.ndarray = counts.first < counts.last
    return shared


def _most_in_another(counts: Counts) -> np.ndarray:
    """(R,) the largest count of the n-gram in any sentence other than this entry's; 0 if there is none."""
    largest = counts.of_its_gram(np.maximum.reduceat(counts.count, counts.first))
    place = np.arange(len(counts.count))
    holds = np.where(counts.count == largest, place, len(place))
    holder = counts.of_its_gram(np.minimum.reduceat(holds, counts.first))  # first of those with the largest
    is_holder = place == holder
    without_holder = np.where(is_holder, 0, counts.count)
    second = counts.of_its_gram(np.maximum.reduceat(without_holder, counts.first))
    return np.where(is_holder, second, largest)


def _clipped_matches(
    corpus: Interned, highest: int, allowed: Callable[[Counts], np.ndarray], shared: Keep
) -> list[np.ndarray]:
    """For each n, (N,): the matching n-grams of each sentence, each counted `allowed` (R,) times at most.

    shared (G,): whether the n-gram occurs on the other side at all. If so, one occurrence always matches, so
    `allowed` is only needed for the few entries with a count above one.
    """
    rows = [np.zeros(len(corpus.lengths)) for _ in range(highest)]
    block = max(BLOCK, len(corpus.lengths))  # keeps the per-block pass over the rows linear in total
    for n, counts in count_in_blocks(corpus, highest, shared, block):
        row = rows[n - 1]
        matching = counts.of_its_gram(shared(counts))
        row += np.bincount(counts.sentence[matching], minlength=len(row))
        place, several = counts.repeated()
        if len(place):
            clipped = np.minimum(several.count, allowed(several))
            more = np.where(matching[place], np.maximum(clipped, 1) - 1, 0)
            row += np.bincount(several.sentence, weights=more, minlength=len(row))
    return rows


def _scores(
    matches: list[np.ndarray], lengths: np.ndarray, closest: np.ndarray, n: Sequence[int], smoothing: str
) -> dict[int, np.ndarray]:
    """Matches of each order (N,), own lengths and closest (N,) -> BLEU (N,) by n."""
    if smoothing not in SMOOTHINGS:
        raise Mistake(
            f"bleu.smoothing: there is no smoothing {smoothing!r}.{did_you_mean(smoothing, SMOOTHINGS)}"
        )
    brevity = np.exp(np.minimum(0.0, 1 - closest / np.maximum(lengths, 1)))
    brevity[(lengths == 0) | (matches[0] == 0)] = 0.0
    possible = np.stack([np.maximum(lengths - order, 1) for order in range(len(matches))])
    with np.errstate(divide="ignore"):  # log 0 = -inf is intended: without smoothing, no match scores 0
        logs = SMOOTHINGS[smoothing](np.stack(matches), possible)
    total = np.cumsum(logs, axis=0)  # (highest, N)
    return {order: brevity * np.exp(total[order - 1] / order) for order in n}


def _closest(lengths: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(H,) and (R,) tokens -> (H,): the closest of the other lengths, the shorter of two at the same
    distance.
    """
    known = np.unique(others)
    above = np.searchsorted(known, lengths)
    longer, shorter = known[np.minimum(above, len(known) - 1)], known[np.maximum(above - 1, 0)]
    return np.where(np.abs(shorter - lengths) <= np.abs(longer - lengths), shorter, longer)


def _closest_other(lengths: np.ndarray) -> np.ndarray:
    """(N,) -> (N,): as `_closest`, among the lengths of all the other sentences."""
    known, place, times = np.unique(lengths, return_inverse=True, return_counts=True)
    far = np.iinfo(np.int64).max // 4  # farther than any sentence length
    shorter, longer = np.append(-far, known[:-1]), np.append(known[1:], far)
    beside = np.where(known - shorter <= longer - known, shorter, longer)
    return np.where(times > 1, known, beside)[place]


def measure_bleu(samples: Samples) -> dict[str, Score]:
    """`bleu-2` .. `bleu-5` of the texts against all references. Absent where either side is empty."""
    if not samples.texts or not samples.references:
        return {}
    facts = {"hyps": len(samples.texts), "refs": len(samples.references), **SPLIT.signature}
    values = bleu(samples.texts, samples.references, cut=SPLIT)
    return _with_signatures("bleu", values, facts)


def measure_self_bleu(samples: Samples) -> dict[str, Score]:
    """`self-bleu-2` .. `self-bleu-5`: each text against all the others. Absent for fewer than two texts."""
    if len(samples.texts) < 2:
        return {}
    facts = {"hyps": len(samples.texts), **SPLIT.signature}
    return _with_signatures("self-bleu", self_bleu(samples.texts, cut=SPLIT), facts, loo=True)


def _with_signatures(
    name: str, values: dict[int, float], facts: dict[str, object], loo: bool | None = None
) -> dict[str, Score]:
    smooth = f"method1({EPSILON['method1']})"
    return {
        f"{name}-{n}": Score(value, signature(name, n=n, **facts, smooth=smooth, loo=loo))
        for n, value in values.items()
    }
