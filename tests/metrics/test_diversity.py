"""Diversity figures that can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgan.errors import Mistake
from textgan.metrics.diversity import distinct, duplicates, length_distance, mean_length, novelty


def test_distinct_counts_over_all_sentences_together():
    # unigrams a b a a b c: 3 of 6; bigrams ab ba | ab bc: 3 of 4; trigrams aba abc: 2 of 2; none of four
    assert distinct(["a b a", "A b c"]) == {1: 3 / 6, 2: 3 / 4, 3: 1.0}
    assert distinct([]) == {}


def test_duplicates_are_repeats_of_an_earlier_sentence():
    assert duplicates(["a dog.", "A dog .", "a cat.", "a dog."]) == 1 / 2
    assert duplicates(["a", "b"]) == 0.0


def test_novelty_sees_through_case_and_the_space_before_a_mark():
    assert novelty(["a dog.", "a cat.", "a cat.", "dog a."], ["A dog ."]) == 3 / 4
    assert novelty(["ab"], ["a b"]) == 1.0


def test_length_counts_marks_and_no_end():
    assert mean_length(["a dog.", ""]) == 1.5


def test_length_distance_by_hand():
    assert length_distance(["a b", "a"], ["c", "c d", "c", "c d"]) == 0.0
    assert length_distance(["a b c"], ["", "c"]) == pytest.approx(2.5)  # 3 tokens to 0, and 3 to 1
    assert length_distance([""], ["a b"]) == length_distance(["a b"], [""]) == 2.0


lengths = st.lists(st.integers(0, 9), min_size=1, max_size=6)


@given(lengths, lengths)
def test_length_distance_is_the_cost_of_matching_in_order(ours, theirs):
    # both as lists of equal length; in one dimension the best matching is the sorted one
    pairs = list(zip(sorted(ours * len(theirs)), sorted(theirs * len(ours)), strict=True))
    expected = sum(abs(a - b) for a, b in pairs) / len(pairs)
    found = length_distance([["w"] * n for n in ours], [["v"] * n for n in theirs])
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: length_distance([], ["a"]),
        lambda: length_distance(["a"], []),
        lambda: duplicates([]),
        lambda: novelty([], ["a"]),
        lambda: mean_length([]),
    ],
)
def test_no_sentence_is_a_mistake(call):
    with pytest.raises(Mistake, match="no sentence"):
        call()
