"""A classifier worked out by hand, training sentences left out when they are judged, and what has no labels."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textgan.data.embedded import Reviews
from textgan.metrics import Samples, evaluate
from textgan.metrics.class_accuracy import NaiveBayes, class_accuracy

TRAIN = ["good film", "good play", "bad film"]
LABELS = [1, 1, 0]


def test_the_classifier_by_hand() -> None:
    # Features: good film play bad, "good film", "good play", "bad film": 7; class 1 has 6 of them, class 0 has 3.
    model = NaiveBayes.fit(TRAIN, LABELS, 2)
    found = model.log_odds("film good unheard")  # of film and good: class 0 has 1, 0, class 1 has 1, 2
    wanted = [
        math.log(1) + math.log(2 / 10) + math.log(1 / 10),
        math.log(2) + math.log(2 / 13) + math.log(3 / 13),
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_training_sentence_is_judged_as_if_it_were_not_there() -> None:
    model = NaiveBayes.fit([*TRAIN, "bad play"], [*LABELS, 0], 2)
    seen = model.log_odds("bad play")
    # Without it, of its features class 0 has bad once and class 1 has play once; 8 features are known in all.
    wanted = [
        math.log(1) + math.log(2 / 11) + 2 * math.log(1 / 11),
        math.log(2) + math.log(2 / 14) + 2 * math.log(1 / 14),
    ]
    np.testing.assert_allclose(seen, wanted, rtol=1e-12)


def test_asked_for_and_real_stand_side_by_side() -> None:
    samples = Samples(
        ["a good one", "a good one", "the bad film", "what"],
        ["good one", "bad one"],
        TRAIN,
        labels=[1, 0, 0, -1],
        reference_labels=[1, 1],
        train_labels=LABELS,
    )
    scores = evaluate(samples, ["class-accuracy"])
    assert scores["class-accuracy"].value == 2 / 3  # the one of unknown label does not count
    assert scores["class-accuracy-real"].value == 1 / 2
    told = "|by:naive-bayes|n:1,2|binary|unseen|hyps:3|train:3|tok:split|case:lower|v:0.1"
    assert scores["class-accuracy"].signature == "class-accuracy" + told


@pytest.mark.parametrize(
    ("labels", "train_labels"),
    [(None, LABELS), ([0, 1], None), ([-1, -1], LABELS), ([0, 1], [0, 0, 0]), ([0, 1], [-1, -1, 1])],
)
def test_it_is_absent_without_labels(labels: list[int] | None, train_labels: list[int] | None) -> None:
    samples = Samples(["a", "b"], ["c"], TRAIN, labels=labels, train_labels=train_labels)
    assert evaluate(samples, ["class-accuracy"]) == {}


def test_it_knows_real_reviews_and_sees_through_swapped_labels() -> None:
    corpus = Reviews(size=2000, validation=5, test=2000)
    assert corpus.train.labels and corpus.test.labels
    learnt = (corpus.train.texts, corpus.train.labels)
    right = class_accuracy(corpus.test.texts, corpus.test.labels, *learnt)
    swapped = class_accuracy(corpus.test.texts, [1 - label for label in corpus.test.labels], *learnt)
    own = class_accuracy(*learnt, *learnt)
    assert 0.85 < right < 1 and swapped == pytest.approx(1 - right)
    assert abs(own - right) < 4 * math.sqrt(
        2 * 0.13 * 0.87 / 2000
    )  # training text is judged no more kindly than text held out
