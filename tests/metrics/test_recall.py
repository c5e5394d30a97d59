"""Backward BLEU and the harmonic mean, by hand and against nltk."""

from __future__ import annotations

import pytest
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from textgan.errors import Mistake
from textgan.metrics import Samples, backward_bleu, bleu, evaluate, harmonic_bleu

WRITTEN = ["a dog runs", "a dog runs", "a dog sits ."]
REAL = ["a dog runs", "two cats sleep on a mat ."]


def test_backward_bleu_is_nltks_with_the_sides_changed():
    smooth = SmoothingFunction(epsilon=0.1).method1
    written = [text.split() for text in WRITTEN]
    for n, value in backward_bleu(WRITTEN, REAL).items():
        each = [
            float(nltk_bleu(written, real.split(), (1 / n,) * n, smoothing_function=smooth)) for real in REAL
        ]
        assert value == pytest.approx(sum(each) / 2, abs=1e-12)


def test_a_repeated_good_sentence_has_precision_and_no_recall():
    copies = ["a dog runs"] * 9
    assert bleu(copies, REAL, n=[1])[1] == pytest.approx(1.0, abs=1e-12)
    # of `two cats sleep on a mat .` only `a` is covered: 1/7, nothing is longer than 3 tokens but no penalty
    assert backward_bleu(copies, REAL, n=[1])[1] == pytest.approx((1 + 1 / 7) / 2, abs=1e-12)
    recall = (1 + 1 / 7) / 2
    assert harmonic_bleu(copies, REAL, n=[1])[1] == pytest.approx(2 * recall / (1 + recall), abs=1e-12)


def test_no_word_in_common_is_zero_not_a_division_by_zero():
    assert harmonic_bleu(["x y"], ["a b"], n=[2]) == {2: 0.0}


def test_the_metric_says_how_it_was_measured():
    scores = evaluate(Samples(WRITTEN, REAL), ["backward-bleu"])
    assert set(scores) == {f"{name}-{n}" for name in ("backward-bleu", "harmonic-bleu") for n in (2, 3, 4, 5)}
    assert scores["backward-bleu-2"].value == backward_bleu(WRITTEN, REAL)[2]
    assert scores["harmonic-bleu-3"].value == harmonic_bleu(WRITTEN, REAL)[3]
    told = "backward-bleu|n:2|hyps:3|refs:2|tok:split|case:lower|smooth:method1(0.1)|v:0.1"
    assert scores["backward-bleu-2"].signature == told


@pytest.mark.parametrize("sides", [([], ["a"]), (["a"], [])])
def test_an_empty_side_is_a_mistake(sides):
    for call in (backward_bleu, harmonic_bleu):
        with pytest.raises(Mistake, match="at least one of each"):
            call(*sides)
