"""BLEU and self-BLEU against nltk, by hand, and against the published rows of the Texygen benchmark."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu

from textgan.errors import Mistake
from textgan.metrics import ngram
from textgan.metrics.samples import Samples
from textgan.metrics.tokens import split, whitespace

ORDERS = (1, 2, 3, 4, 5)
TOOLS = SmoothingFunction(epsilon=0.1)
NLTK = {"none": None, **{f"method{i}": getattr(TOOLS, f"method{i}") for i in (1, 2, 3, 4)}}

word = st.sampled_from(["a", "b", "c", "ü", "猫", "🐈", "don't", "."])
sentence = st.lists(word, max_size=9)
# repeated sentences and sentences that extend each other, so that counts tie and high orders match
corpus = st.lists(sentence, min_size=1, max_size=7).flatmap(
    lambda base: st.lists(
        st.sampled_from([*base, *[s + s for s in base], *[s[:1] for s in base]]), min_size=1, max_size=8
    )
)
smoothings = st.sampled_from(sorted(NLTK))


def by_nltk(references: list[list[str]], hypothesis: list[str], n: int, smoothing: str) -> float:
    weights = (1 / n,) * n
    return float(nltk_bleu(references, hypothesis, weights, smoothing_function=NLTK[smoothing]))


@pytest.mark.filterwarnings("ignore:\\nThe hypothesis contains 0 counts:UserWarning")
@settings(max_examples=150, deadline=None)
@given(hypotheses=corpus, references=corpus, smoothing=smoothings)
def test_bleu_is_nltks(hypotheses, references, smoothing):
    ours = ngram.sentence_bleu(hypotheses, references, n=ORDERS, smoothing=smoothing)
    for n in ORDERS:
        theirs = [by_nltk(references, hypothesis, n, smoothing) for hypothesis in hypotheses]
        np.testing.assert_allclose(ours[n], theirs, rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:\\nThe hypothesis contains 0 counts:UserWarning")
@settings(max_examples=150, deadline=None)
@given(sentences=corpus.filter(lambda sentences: len(sentences) > 1), smoothing=smoothings)
def test_self_bleu_is_nltks_with_one_left_out(sentences, smoothing):
    ours = ngram.sentence_self_bleu(sentences, n=ORDERS, smoothing=smoothing)
    for n in ORDERS:
        theirs = [
            by_nltk(sentences[:i] + sentences[i + 1 :], sentences[i], n, smoothing)
            for i in range(len(sentences))
        ]
        np.testing.assert_allclose(ours[n], theirs, rtol=0, atol=1e-9)


def test_longer_text_is_nltks():
    draw = np.random.default_rng(3)
    sentences = [
        [str(w) for w in draw.zipf(1.4, size=length) % 50] for length in draw.integers(0, 40, size=60)
    ]
    ours = ngram.sentence_self_bleu(sentences, n=ORDERS)
    against = ngram.sentence_bleu(sentences[:20], sentences[20:], n=ORDERS)
    for n in ORDERS:
        alone = [by_nltk(sentences[:i] + sentences[i + 1 :], sentences[i], n, "method1") for i in range(60)]
        np.testing.assert_allclose(ours[n], alone, rtol=0, atol=1e-9)
        theirs = [by_nltk(sentences[20:], hypothesis, n, "method1") for hypothesis in sentences[:20]]
        np.testing.assert_allclose(against[n], theirs, rtol=0, atol=1e-9)


def test_by_hand():
    # "the" is clipped at 2 (the first reference holds two), "cat" at 1: p1 = 3/4; of the bigrams "the the",
    # "the the", "the cat" only the last matches: p2 = 1/3; a reference is 4 long: no penalty.
    scores = ngram.bleu(["the the the cat"], ["the cat and the dog .", "a cat sat down"], n=(1, 2))
    assert scores[1] == pytest.approx(3 / 4, abs=1e-12)
    assert scores[2] == pytest.approx((3 / 4 * 1 / 3) ** 0.5, abs=1e-12)


def test_of_two_lengths_as_near_the_shorter_counts():
    hypothesis, short, long = ["x"] * 3, ["x"] * 2, ["x"] * 4
    assert ngram.bleu([hypothesis], [long, short], n=[1])[1] == 1.0
    assert ngram.bleu([hypothesis], [long], n=[1])[1] == pytest.approx(np.exp(1 - 4 / 3), abs=1e-12)
    assert ngram.sentence_self_bleu([hypothesis, short, long], n=[1])[1][0] == pytest.approx(1.0, abs=1e-12)


def test_edges_have_known_values():
    assert ngram.bleu([[]], [["a"]])[2] == 0.0
    assert ngram.bleu([["a"]], [[]])[2] == 0.0
    assert ngram.bleu([[]], [[]], n=[1])[1] == 0.0
    assert ngram.bleu([["b"]], [["a"]])[2] == 0.0, "no token in common: 0 in spite of the smoothing"
    assert ngram.bleu([["a"]], [["a"]], n=[2])[2] == pytest.approx(0.1**0.5, abs=1e-12)
    assert ngram.bleu([["a"]], [["a"]], n=[2], smoothing="none")[2] == 0.0
    assert ngram.self_bleu(["a b c d e"] * 3) == pytest.approx(dict.fromkeys((2, 3, 4, 5), 1.0), abs=1e-12)


def test_strings_are_cut_as_told():
    assert ngram.bleu(["A dog."], ["a dog ."], n=[2])[2] == pytest.approx(1.0, abs=1e-12)
    assert ngram.bleu(["A dog."], ["a dog ."], n=[2], cut=whitespace)[2] == 0.0
    assert ngram.self_bleu(["A dog.", "a dog ."], n=[2])[2] == 0.0
    assert ngram.self_bleu(["A dog.", "a dog ."], n=[2], cut=split)[2] == pytest.approx(1.0, abs=1e-12)


def test_the_metrics_cut_as_their_signatures_say():
    found = ngram.measure_self_bleu(Samples(["A dog.", "a dog ."], []))
    assert found["self-bleu-2"].value == pytest.approx(1.0, abs=1e-12)
    assert "|tok:split|case:lower|" in found["self-bleu-2"].signature
    assert ngram.measure_self_bleu(Samples(["A dog."], [])) == {}


def test_twice_gives_the_same_and_changes_nothing():
    sentences = [["a", "b", "a"], ["b", "a"], []]
    before = [list(s) for s in sentences]
    assert ngram.self_bleu(sentences) == ngram.self_bleu(sentences)
    assert sentences == before


@pytest.mark.parametrize(
    "call",
    [
        lambda: ngram.bleu([], [["a"]]),
        lambda: ngram.bleu([["a"]], []),
        lambda: ngram.self_bleu([["a"]]),
        lambda: ngram.bleu([["a"]], [["a"]], smoothing="method5"),
    ],
)
def test_what_cannot_be_measured_is_a_mistake(call):
    with pytest.raises(Mistake, match=r"^[\w-]+(\.\w+)?: "):
        call()


@pytest.mark.parametrize("n", [(), (0, 2)])
def test_orders_begin_at_one(n):
    with pytest.raises(ValueError, match="orders"):
        ngram.bleu([["a"]], [["a"]], n=n)


PUBLISHED = {
    "mle": ((0.731, 0.497, 0.305, 0.189), (0.916, 0.769, 0.583, 0.408)),
    "seq": ((0.745, 0.498, 0.294, 0.180), (0.950, 0.840, 0.670, 0.489)),
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_golden_the_published_rows_from_the_released_samples(model):
    if "TEXTGAN_DATA" not in os.environ:
        pytest.skip("TEXTGAN_DATA is not set: it names the folder that holds texygen_samples/ and coco/")
    data = Path(os.environ["TEXTGAN_DATA"])
    written, test = data / "texygen_samples" / f"{model}.txt", data / "coco" / "test.txt"
    for path in (written, test):
        if not path.is_file():
            pytest.skip(f"TEXTGAN_DATA holds no {path.relative_to(data)}")
    samples = written.read_text(encoding="utf-8").splitlines()
    references = test.read_text(encoding="utf-8").splitlines()
    bleu, self_bleu = PUBLISHED[model]
    np.testing.assert_allclose(list(ngram.bleu(samples, references).values()), bleu, rtol=0, atol=0.002)
    np.testing.assert_allclose(list(ngram.self_bleu(samples).values()), self_bleu, rtol=0, atol=0.002)
