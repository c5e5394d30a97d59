"""A classifier worked out by hand, training sentences left out when they are judged, and what has no labels."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from textgan.data.embedded import Reviews
from textgan.metrics import Samples, evaluate
from textgan.metrics.class_accuracy import NaiveBayes, _features, class_accuracy

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
    # Without it class 0 has bad once and class 1 has play once; "bad play" is not known, and 7 features are in all.
    wanted = [
        math.log(1) + math.log(2 / 10) + math.log(1 / 10),
        math.log(2) + math.log(1 / 13) + math.log(2 / 13),
    ]
    np.testing.assert_allclose(seen, wanted, rtol=1e-12)


def test_leaving_out_is_what_fitting_without_it_gives() -> None:
    draw = random.Random(3)
    texts = [" ".join(draw.choices("abcdefgh", k=draw.randint(1, 4))) for _ in range(60)]
    texts += ["good rare", "good rare", "good fine", "bad rare"]
    labels = [draw.randrange(3) for _ in texts]
    model = NaiveBayes.fit(texts, labels, 3)
    for text in texts:  # a copy is whatever has the same words and pairs of words
        rest = [i for i, other in enumerate(texts) if _features(other) != _features(text)]
        without = NaiveBayes.fit([texts[i] for i in rest], [labels[i] for i in rest], 3)
        np.testing.assert_array_equal(model.log_odds(text), without.log_odds(text))


def test_words_that_only_a_copy_has_do_not_speak_for_its_class() -> None:
    texts = ["good fine rare", "good nice", "bad poor", "bad awful", "bad dull", "bad slow"]
    odds = NaiveBayes.fit(texts, [0, 0, 1, 1, 1, 1], 2).log_odds(texts[0])
    # Without it V is 12: good, nice, "good nice", bad, 4 words and 4 pairs. Class 0 has 3 of them, class 1 has 12
    # (bad four times). Of the sentence only good is left.
    wanted = [math.log(1) + math.log(2 / 15), math.log(4) + math.log(1 / 24)]
    np.testing.assert_allclose(odds, wanted, rtol=1e-12)


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
