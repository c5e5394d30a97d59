"""Copies against enumeration over all substrings, and by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgan.errors import Mistake
from textgan.metrics import Samples, copied, evaluate, longest_copies, ngram_novelty, novelty
from textgan.metrics.memorisation import _pairs

sentence = st.lists(st.sampled_from(["a", "b", "ü"]), max_size=12)
base = st.lists(sentence, min_size=1, max_size=5)
# samples that hold, extend and cut what stands in train, so that long runs match and end everywhere
pair = base.flatmap(
    lambda train: st.tuples(
        st.lists(
            st.one_of(
                sentence, st.sampled_from([*train, *[s + s for s in train], *[s[1:-1] for s in train]])
            ),
            min_size=1,
            max_size=6,
        ),
        st.just(train),
    )
)


def test_pairs_of_large_ranks_keep_their_order():
    """Ranks of 200,000 tokens, as small integers: their products pass 2^31 on any version of numpy."""
    first = np.array([1, 9, 100_000, 100_000, 199_999, 200_000], dtype=np.int32)
    second = np.array([200_000, 0, 3, 4, 200_000, 0], dtype=np.int32)
    wanted = [a * 200_001 + b for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    assert _pairs(first, second).tolist() == wanted == sorted(wanted)


def grams(tokens: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]


@settings(max_examples=300, deadline=None)
@given(pair)
def test_longest_copies_are_those_of_enumeration(given_pair):
    written, train = given_pair
    known = {gram for s in train for n in range(1, len(s) + 1) for gram in grams(s, n)}
    expected = [max((n for n in range(len(s) + 1) if known & set(grams(s, n))), default=0) for s in written]
    assert longest_copies(written, train).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(pair)
def test_ngram_novelty_is_that_of_a_plain_loop(given_pair):
    written, train = given_pair
    expected = {}
    for n in (1, 2, 3, 4):
        known = {gram for s in train for gram in grams(s, n)}
        ours = [gram for s in written for gram in grams(s, n)]
        if ours:
            expected[n] = sum(gram not in known for gram in ours) / len(ours)
    assert ngram_novelty(written, train, n=(1, 2, 3, 4)) == pytest.approx(expected, abs=1e-12)


def test_by_hand():
    written, train = (
        ["a dog runs home.", "a dog runs home.", "A cat sat."],
        ["a cat sat .", "my dog runs far"],
    )
    assert longest_copies(written, train).tolist() == [2, 2, 4]
    assert copied(written, train) == 1 / 3 == pytest.approx(1 - novelty(written, train))
    # bigrams: `dog runs` of 4 is known, twice; all 3 of the last
    assert ngram_novelty(written, train, n=[2]) == {2: 6 / 11}


def test_a_run_does_not_go_on_across_sentences():
    assert longest_copies(["a b c d"], ["a b", "c d"]).tolist() == [2]
    assert longest_copies(["a b", "c d"], ["a b c d"]).tolist() == [2, 2]


def test_nothing_in_common_and_empty_sentences():
    assert longest_copies([[], ["x"]], [["a"], []]).tolist() == [0, 0]
    assert longest_copies([[]], [[]]).tolist() == [0]
    assert ngram_novelty([["a"]], [["a"]]) == {}


def test_a_long_copied_line_costs_no_square():
    draw = np.random.default_rng(0)
    line = [str(word) for word in draw.integers(0, 50, 100_000)]
    began = time.perf_counter()
    assert longest_copies([["new", *line], line[40_000:]], [line]).tolist() == [100_000, 60_000]
    assert time.perf_counter() - began < 8  # a comparison for each length would take hours


def test_the_metric_says_how_it_was_measured():
    scores = evaluate(Samples(["a b c", "c"], [], train=["a b", "a b c"]), ["memorisation"])
    assert {name: score.value for name, score in scores.items()} == {
        "copied": 0.5,
        "longest-copy": 2.0,
        "longest-copy-max": 3.0,
        "ngram-novelty-2": 0.0,
        "ngram-novelty-3": 0.0,
    }
    assert scores["copied"].signature == "copied|hyps:2|train:2|tok:split|case:lower|v:0.1"
    assert (
        scores["ngram-novelty-2"].signature == "ngram-novelty|n:2|hyps:2|train:2|tok:split|case:lower|v:0.1"
    )
    assert evaluate(Samples(["a"], ["a"]), ["memorisation"]) == {}


@pytest.mark.parametrize("call", [copied, longest_copies, ngram_novelty])
def test_an_empty_side_is_a_mistake(call):
    for sides in ([], ["a"]), (["a"], []):
        with pytest.raises(Mistake, match="at least one of each"):
            call(*sides)
