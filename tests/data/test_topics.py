"""The corpus of documents: its stated probability is that of its draws, and its splits and labels are as promised."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from textgan.data.topics import Mixture, Topics
from textgan.errors import Mistake


def test_documents_have_the_lengths_labels_and_sizes_asked_for() -> None:
    corpus = Topics(200, 30, 40)
    assert [len(split) for split in (corpus.train, corpus.validation, corpus.test)] == [200, 30, 40]
    lengths = [len(text.split()) for text in corpus.train.texts]
    assert min(lengths) >= 60 and max(lengths) <= 200
    assert set(corpus.train.labels or ()) == set(range(6)) and corpus.label_names[0] == "cooking"
    assert Topics(20, 30, 40).test.texts == corpus.test.texts  # whatever the training size
    assert Topics(200, 30, 40, seed=1).test.texts != corpus.test.texts


def test_words_of_the_label_come_more_often() -> None:
    corpus = Topics(300, 1, 1)
    rate = {}
    for name in corpus.label_names:
        mine = [t for t, i in zip(corpus.train.texts, corpus.train.labels or (), strict=True)
                if corpus.label_names[i] == name]  # fmt: skip
        words = Counter(" ".join(mine).split())
        rate[name] = words["patient"] / words.total()
    assert max(rate, key=lambda name: rate[name]) == "medicine"


def test_the_probability_is_a_mixture_over_topics_by_hand() -> None:
    source = Mixture(("law", "sport"), 1, 2)
    word = {name: i for i, name in enumerate(source.words)}
    first, second = word["judge"], word["court"]  # `court` is in both lists
    expected = np.log(np.mean(source.table[:, first] * source.table[:, second]) / 2)
    assert source.log_prob(["judge court"]) == pytest.approx([expected], rel=1e-12)
    assert source.log_prob(["judge court the", "judge xyzzy"]).tolist() == [-np.inf, -np.inf]


def test_all_documents_of_one_and_two_words_together_are_certain() -> None:
    source = Mixture(("law", "sport"), 1, 2)
    words = source.words
    total = np.exp(source.log_prob(words)).sum()
    pairs = np.exp(source.log_prob([f"{a} {b}" for a in words[::7] for b in words])).sum()
    expected = source.table[:, ::7].sum(1).mean() / 2
    assert total == pytest.approx(0.5, rel=1e-9) and pairs == pytest.approx(expected, rel=1e-9)


def test_the_entropy_is_that_of_enumeration() -> None:
    source = Mixture(("law", "sport"), 1, 1)
    log_prob = source.log_prob(source.words)
    exact = -np.sum(np.exp(log_prob) * log_prob)
    # What is estimated from 2,000 draws is H(label | word), whose spread over words is below 0.3 nats.
    assert abs(source.entropy() - exact) < 4 * 0.3 / np.sqrt(2000)


def test_smoothed_is_finite_for_anything_and_near_where_the_source_writes() -> None:
    corpus = Topics(5, 1, 50)
    assert corpus.source is not None
    strange = corpus.source.log_prob_smoothed(["", "xyzzy", "the " * 500])
    assert np.isfinite(strange).all()
    exact, smoothed = (
        f(corpus.test.texts) for f in (corpus.source.log_prob, corpus.source.log_prob_smoothed)
    )
    least = 201 * np.log(1 - 1e-3)  # what the noise can take from 200 words and the length
    assert (smoothed - exact >= least).all() and (smoothed - exact < 1).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"size": 0}, "corpus.size"), ({"shortest": 9, "longest": 8}, "corpus.longest"), ({"seed": -1}, "seed")],
)
def test_mistakes(arguments: dict[str, int], words: str) -> None:
    with pytest.raises(Mistake, match=words):
        Topics(**arguments)
