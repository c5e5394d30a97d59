"""Log-odds with a Dirichlet prior, against the formula worked out by hand."""

from __future__ import annotations

import math

import pytest

from textgan.errors import Mistake
from textgan.metrics.overuse import PRIOR, counted, usage
from textgan.metrics.tokens import split

GENERATED = ["a cat sat", "a cat ran", "a cat"]  # a 3, cat 3, sat 1, ran 1
REAL = ["a dog sat", "the dog"]  # a 1, dog 2, sat 1, the 1


def test_counts_stay_within_a_sentence():
    assert counted(GENERATED, 2, split) == {("a", "cat"): 3, ("cat", "sat"): 1, ("cat", "ran"): 1}


def test_z_by_hand():
    found = {one.gram: one for one in usage(GENERATED, REAL, 1)}
    cat = found["cat",]
    assert (cat.count, cat.other) == (3, 0)
    # both texts together: 13 words, 3 of them "cat", so the prior has 500 * 3 / 13 of it
    prior = PRIOR * 3 / 13
    delta = math.log((3 + prior) / (8 + 500 - 3 - prior)) - math.log(prior / (5 + 500 - prior))
    assert cat.z == pytest.approx(delta / math.sqrt(1 / (3 + prior) + 1 / prior), rel=1e-12)


def test_order_and_antisymmetry():
    there, back = usage(GENERATED, REAL, 1), usage(REAL, GENERATED, 1)
    assert [one.z for one in there] == sorted((one.z for one in there), reverse=True)
    assert there[0].gram == ("cat",) and there[-1].gram == ("dog",)
    mirrored = {one.gram: -one.z for one in back}
    assert all(mirrored[one.gram] == pytest.approx(one.z, abs=1e-12) for one in there)


def test_equal_texts_differ_in_nothing():
    assert all(abs(one.z) < 1e-12 for one in usage(REAL, REAL, 1))


def test_a_frequent_difference_counts_more_than_a_rare_one_of_the_same_ratio():
    often, rare = ["x"] * 40 + ["p"] * 4 + ["z"] * 400, ["x"] * 10 + ["p"] + ["z"] * 400
    found = {one.gram: one.z for one in usage(often, rare, 1)}
    assert found["x",] > found["p",] > 0


def test_nothing_to_compare():
    assert usage(["a"], ["b"], 2) == []
    assert [one.z for one in usage(["a a"], ["a"], 1)] == [0.0]
    with pytest.raises(Mistake, match="0 sentences against 1 references"):
        usage([], ["a"], 1)
