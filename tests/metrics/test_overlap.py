"""MS-Jaccard and n-gram entropy against a plain loop over counters, and by hand."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgan.errors import Mistake
from textgan.metrics import Samples, evaluate, ms_jaccard, ngram_entropy

sentence = st.lists(st.sampled_from(["a", "b", "ü", "猫"]), max_size=7)
corpus = st.lists(sentence, min_size=1, max_size=7)


def grams(sentences: list[list[str]], n: int) -> Counter:
    return Counter(tuple(s[i : i + n]) for s in sentences for i in range(len(s) - n + 1))


@settings(max_examples=100, deadline=None)
@given(corpus, corpus)
def test_ms_jaccard_is_that_of_a_plain_loop(ours, theirs):
    by_order = []
    for n in range(1, 6):
        here, there = grams(ours, n), grams(theirs, n)
        keys = here.keys() | there.keys()
        if not keys:
            break
        pairs = [(here[g] / len(ours), there[g] / len(theirs)) for g in keys]
        by_order.append(sum(map(min, pairs)) / sum(map(max, pairs)))
    expected = {n: math.prod(by_order[:n]) ** (1 / n) for n in range(1, len(by_order) + 1)}
    assert ms_jaccard(ours, theirs, n=(1, 2, 3, 4, 5)) == pytest.approx(expected, abs=1e-9)


def test_ms_jaccard_by_hand():
    # a: 2 a sentence against 1, b: 1/2 against 1, c: 1/2 against 0: (1 + 1/2 + 0) / (2 + 1 + 1/2) = 3/7
    ours, theirs = ["a b a", "a a c"], ["a b"]
    assert ms_jaccard(ours, theirs, n=[1])[1] == pytest.approx(3 / 7, abs=1e-12)
    # ab: 1/2 against 1; ba, aa, ac: 1/2 against 0: (1/2) / (5/2)
    assert ms_jaccard(ours, theirs, n=[2])[2] == pytest.approx((3 / 7 * 1 / 5) ** 0.5, abs=1e-12)
    assert ms_jaccard(ours, ours * 3, n=[2])[2] == pytest.approx(1.0, abs=1e-12)
    assert ms_jaccard(["a b"], ["b a"], n=[1, 2]) == pytest.approx({1: 1.0, 2: 0.0})


@settings(max_examples=100, deadline=None)
@given(corpus)
def test_entropy_is_that_of_a_plain_loop(sentences):
    expected = {}
    for n in range(1, 5):
        counted = grams(sentences, n)
        if counted:
            shares = [times / counted.total() for times in counted.values()]
            expected[n] = -sum(share * math.log(share) for share in shares)
    assert ngram_entropy(sentences) == pytest.approx(expected, abs=1e-9)


def test_entropy_by_hand():
    assert ngram_entropy(["a b", "c d"], n=[1, 2]) == pytest.approx({1: math.log(4), 2: math.log(2)})
    assert ngram_entropy(["a a a"], n=[1]) == {1: 0.0}
    assert ngram_entropy([]) == {}


def test_the_metrics_say_how_they_were_measured():
    scores = evaluate(Samples(["a b a", "a a c"], ["a b"]), ["ms-jaccard", "entropy"])
    assert scores["ms-jaccard-2"].signature == "ms-jaccard|n:2|hyps:2|refs:1|tok:split|case:lower|v:0.1"
    assert scores["entropy-1"].signature == "entropy|n:1|hyps:2|tok:split|case:lower|unit:nats|v:0.1"


@pytest.mark.parametrize("sides", [([], ["a"]), (["a"], [])])
def test_an_empty_side_is_a_mistake(sides):
    with pytest.raises(Mistake, match="at least one of each"):
        ms_jaccard(*sides)
