"""Work that metrics share is done once inside `sharing`, and no value depends on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgan.metrics import METRICS, Samples, evaluate
from textgan.metrics.once import once, sharing
from textgan.metrics.tokens import SPLIT, Cut, interned, split

lines = st.lists(
    st.lists(st.sampled_from(["a", "B", "dog's", ",", ""]), max_size=6).map(" ".join), max_size=8
)
NGRAM = [name for name in METRICS if name not in ("source", "nll", "lm", "frechet", "mauve")]


def test_a_key_is_asked_once_inside_and_each_time_outside():
    asked = []
    for _ in range(2):
        once("key", lambda: asked.append(1))
    with sharing():
        once("key", lambda: asked.append(2))
        with sharing():
            once("key", lambda: asked.append(2))
        once("key", lambda: asked.append(2))
    once("key", lambda: asked.append(3))
    assert asked == [1, 1, 2, 3]


def test_a_text_is_cut_once_by_all_metrics_together():
    cuts = []

    def counting(text: str) -> list[str]:
        cuts.append(text)
        return split(text)

    cut = Cut("counting", "lower", counting)
    texts, others = ["a b", "b"], ["b c"]
    with sharing():
        first, both = interned(cut, texts), interned(cut, texts, others)
        again = interned(cut, others, list(texts))
    assert cuts == ["a b", "b", "b c"]
    assert first.ids.tolist() == [0, 1, 1] and both.ids.tolist() == [0, 1, 1, 1, 2]
    assert again.ids.tolist() == [1, 2, 0, 1, 1] and again.lengths.tolist() == [2, 2, 1]
    assert interned(cut, [["x", "y"]], texts).ids.tolist() == [0, 1, 2, 3, 3]


def test_keys_and_parts_of_a_corpus():
    corpus = interned(SPLIT, ["a b", "", "b", "A  B", ""])
    same = {key: place for place, key in enumerate(corpus.keys)}
    assert [same[key] for key in corpus.keys] == [3, 4, 2, 3, 4]
    part = corpus.only([3, 1, 2])
    assert part.ids.tolist() == [0, 1, 1] and part.lengths.tolist() == [2, 0, 1]
    assert corpus.only([]).ids.size == 0


@settings(max_examples=60, deadline=None)
@given(lines, lines, lines)
def test_no_value_depends_on_what_was_shared(texts, references, train):
    def alone() -> dict[str, float]:
        samples = Samples(texts, references, train or None)
        return {key: score.value for name in NGRAM for key, score in evaluate(samples, [name]).items()}

    apart = alone()
    with sharing():
        once("first", lambda: interned(SPLIT, train, references))  # other numbers for the same words
        together = evaluate(Samples(texts, references, train or None), NGRAM)
    assert apart == {key: score.value for key, score in together.items()}


@pytest.mark.parametrize("shared", [False, True])
def test_an_empty_text(shared):
    def empty() -> None:
        corpus = interned(SPLIT, [])
        assert corpus.keys == [] and corpus.ids.dtype == np.int64 and corpus.vocabulary == 0

    if shared:
        with sharing():
            empty()
    else:
        empty()
