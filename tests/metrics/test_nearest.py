"""The nearest training sentence, against counting every n-gram of every pair."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from textgan.errors import Mistake
from textgan.metrics import nearest as module
from textgan.metrics.nearest import Nearest, nearest, unaligned


def grams(words: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for n in range(1, 5) for i in range(len(words) - n + 1))


def dice(one: list[str], other: list[str]) -> float:
    a, b = grams(one), grams(other)
    return 2 * sum((a & b).values()) / max(1, sum(a.values()) + sum(b.values()))


def test_by_hand():
    train = ["the dog ran", "a cat sat down", "a cat ran"]
    # "a cat sat": 3 words, 2 bigrams, 1 trigram; in common with "a cat sat down" (4 + 3 + 2 + 1) are all six
    assert nearest(["a cat sat"], train) == [Nearest(1, 2 * 6 / 16)]
    assert nearest(["The dog ran"], train) == [Nearest(0, 1.0)]
    assert nearest(["zebra", ""], train) == [Nearest(-1, 0.0)] * 2


def test_a_long_text_is_nearest_to_itself():
    """8,300 tokens have 33,194 n-grams in common with themselves: more than 16 bits hold."""
    words = [f"w{i}" for i in range(8300)]
    assert nearest([words], [["a", "w0"], words]) == [Nearest(1, 1.0)]


def test_against_every_pair(monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 7)  # pieces that do not come out even
    rng = random.Random(1)
    words = ["a", "b", "c", "d", "e"]
    texts = [" ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(60)]
    samples, train = texts[:20], texts[20:]
    for sample, found in zip(samples, nearest(samples, train), strict=True):
        overlaps = [dice(sample.split(), other.split()) for other in train]
        assert found.overlap == pytest.approx(max(overlaps), abs=1e-12)
        assert found.place == overlaps.index(max(overlaps))


def test_novel_is_what_does_not_align():
    sample = ["a", "big", "cat", "sat", "on", "a", "mat"]
    assert unaligned(sample, ["a", "cat", "sat", "on", "the", "mat"]) == [
        False,
        True,
        False,
        False,
        False,
        True,
        False,
    ]
    assert unaligned(sample, []) == [True] * 7 and unaligned([], sample) == []
    assert unaligned(["b", "a"], ["a", "b"]) in ([True, False], [False, True])  # order counts


def test_a_side_without_sentences():
    with pytest.raises(Mistake, match="1 sentences against 0 training sentences"):
        nearest(["a"], [])
