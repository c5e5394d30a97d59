"""The oracle: its published entropy, its likelihood against a plain loop, and how its sentences are encoded."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest

from textgan.data.batches import encode
from textgan.data.numbered import numbered
from textgan.data.oracle import Oracle, Recurrence, drawn, published
from textgan.errors import Mistake
from textgan.metrics.source import source_nll

PUBLISHED = Path(os.environ.get("TEXTGAN_DATA", ".")) / "oracle" / "seqgan_lstm.npz"


def _plain(weights: dict[str, np.ndarray], words: list[int]) -> float:
    """Log-probability of one sentence, gate by gate and word by word."""

    def sigmoid(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    hidden, cell, token, total = [0.0] * 32, [0.0] * 32, 0, 0.0
    for word in words:
        x = weights["embedding"][token]
        inner = [
            sum(x[k] * weights["W"][k, j] + hidden[k] * weights["U"][k, j] for k in range(32))
            + weights["b"][j]
            for j in range(128)
        ]
        for j in range(32):
            update = sigmoid(inner[j]) * math.tanh(inner[96 + j])
            cell[j] = sigmoid(inner[32 + j]) * cell[j] + update
        hidden = [sigmoid(inner[64 + j]) * math.tanh(cell[j]) for j in range(32)]
        logits = [
            sum(hidden[k] * weights["W_out"][k, v] for k in range(32)) + weights["b_out"][v]
            for v in range(len(weights["b_out"]))
        ]
        total += logits[word] - math.log(sum(math.exp(logit) for logit in logits))
        token = word
    return total


def test_the_likelihood_is_that_of_a_plain_loop() -> None:
    weights = drawn(7, seed=3)
    oracle = Recurrence(weights, 4)
    rows = [[0, 6, 2, 2], [5, 5, 5, 5], [1, 0, 3, 4]]
    found = oracle.log_prob([" ".join(f"w{word}" for word in row) for row in rows])
    assert found.tolist() == pytest.approx([_plain(weights, row) for row in rows], abs=1e-10)


def test_all_sentences_are_all_there_is() -> None:
    oracle = Recurrence(drawn(6, seed=1), 3)
    every = [f"w{a} w{b} w{c}" for a in range(6) for b in range(6) for c in range(6)]
    log_probs = oracle.log_prob(every)
    assert np.exp(log_probs).sum() == pytest.approx(1, abs=1e-12)
    entropy = -(np.exp(log_probs) * log_probs).sum()
    assert oracle.entropy_over(20_000) == pytest.approx(entropy, abs=0.02)
    # Draws have these frequencies: a chi-squared statistic of 215 degrees of freedom stays below 330.
    drawn_ids = oracle.sample(40_000, seed=2)
    seen = np.bincount(drawn_ids @ np.array([36, 6, 1]), minlength=216)
    wanted = 40_000 * np.exp(log_probs)
    often = wanted > 5
    assert ((seen - wanted)[often] ** 2 / wanted[often]).sum() < 330


def test_draws_reach_every_block_of_a_large_vocabulary() -> None:
    """With no recurrence the words have fixed chances: each one's share, in blocks or not, is its own."""
    weights = {name: np.zeros_like(value) for name, value in drawn(120, seed=0).items()}
    weights["b_out"] = np.where(np.arange(120) % 7 == 0, np.log(3.0), 0.0)
    seen = np.bincount(Recurrence(weights, 20).sample(5_000, 1).ravel(), minlength=120)
    wanted = np.exp(weights["b_out"])
    wanted *= 100_000 / wanted.sum()
    assert ((seen - wanted) ** 2 / wanted).sum() < 190  # 119 degrees of freedom


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="needs $TEXTGAN_DATA/oracle/seqgan_lstm.npz")
def test_the_published_entropy() -> None:
    weights = published()
    assert weights is not None
    oracle = Recurrence(weights, 20)
    # 5.748 nats a word; the estimate's standard error over 6,000 sentences is .004.
    assert oracle.entropy_over(6_000) / 20 == pytest.approx(5.748, abs=0.012)
    texts = [" ".join(f"w{word}" for word in row) for row in oracle.sample(2_000, 5).tolist()]
    assert source_nll(texts, oracle) == pytest.approx(5.748, abs=0.045)  # standard error .012


def test_the_smoothed_likelihood_is_the_exact_one_where_there_is_one() -> None:
    weights = drawn(9, seed=2)
    oracle = Recurrence(weights, 3)
    own, foreign = ["w1 w8 w0", "w3 w3 w3"], ["", "w1 w8", "w1 the w0", "w9 w1 w1", "w1 w2 w3 w4", "wx"]
    assert oracle.log_prob_smoothed(own).tolist() == oracle.log_prob(own).tolist()
    assert np.isneginf(oracle.log_prob(foreign)).all()
    smoothed = oracle.log_prob_smoothed(foreign)
    assert np.isfinite(smoothed).all() and smoothed[0] == 0
    assert smoothed[1] == pytest.approx(_plain(weights, [1, 8]), abs=1e-10)
    assert smoothed[2] == pytest.approx(_plain(weights, [1, 0, 0]) - _plain(weights, [1, 0])
                                        + _plain(weights, [1]) - 50, abs=1e-10)  # fmt: skip
    assert smoothed[5] == -50
    assert oracle.log_prob([]).shape == oracle.log_prob_smoothed([]).shape == (0,)


def test_sentences_fill_the_length_and_every_word_is_known() -> None:
    corpus = Oracle(length=6, size=30, validation=5, test=8, words=50)
    assert corpus.name == "oracle-drawn" and "drawn with seed 0" in corpus.notes[0]
    tokenizer = numbered(corpus.train.texts, 50)
    assert tokenizer.size == 54
    encoded, notes = encode(corpus.test, tokenizer, 6, overlong="truncate", place="corpus.test")
    assert encoded.text.mask.all() and encoded.known.all() and (encoded.text.ids >= 4).all()
    assert notes == ["corpus.test: 8 of 8 sentences fill all 6 tokens and have no end token"]
    assert tokenizer.decode(encoded.text.ids) == corpus.test.texts
    assert corpus.source is not None
    nats = -corpus.source.log_prob(corpus.test.texts).sum()
    assert source_nll(corpus.test.texts, corpus.source) == pytest.approx(nats / 48)


def test_splits_are_streams_of_their_own() -> None:
    one, other = (Oracle(length=5, size=size, validation=4, test=6, words=30) for size in (10, 20))
    assert one.test == other.test and one.validation == other.validation
    assert Oracle(length=5, size=10, validation=4, test=6, words=30, seed=1).test != one.test
    assert Oracle(length=5, size=10, validation=4, test=6, words=30, weights_seed=1).test != one.test


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"length": 0}, "corpus.length: 0 is too few"),
        ({"size": 0}, "corpus.size: 0 is too few"),
        ({"words": 1}, "corpus.words: 1 is too few"),
        ({"seed": -1}, "corpus.seed: -1 is negative"),
        ({"weights_seed": -2}, "corpus.weights_seed: -2 is negative"),
    ],
)
def test_mistakes(arguments: dict[str, int], says: str) -> None:
    with pytest.raises(Mistake, match=says):
        Oracle(**arguments)
