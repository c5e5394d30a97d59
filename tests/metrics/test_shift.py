"""The split check: its parts by hand, texts of one distribution and of two, and the field's sets where they are."""

from __future__ import annotations

import os
from math import log, sqrt
from pathlib import Path

import numpy as np
import pytest

from textgan.data.grammar import load
from textgan.errors import Mistake
from textgan.metrics.shift import FOLDS, auc, cross_fitted_auc, folds, log_odds_z, logistic, shift


def test_auc_by_hand() -> None:
    # pairs: 3 > 1, 3 > 2, 3 = 3; 2 > 1, 2 = 2, 2 < 3: (1 + 1 + .5) + (1 + .5 + 0) of 6
    assert auc(np.array([1.0, 2.0, 3.0]), np.array([3.0, 2.0])) == 4 / 6
    assert auc(np.array([0.0, 0.0]), np.array([0.0])) == 0.5
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1.0


def test_log_odds_by_hand() -> None:
    # occurrences: (6, 2) in train, (2, 6) in test; the prior is (250, 250), so 256 : 252 against 252 : 256
    difference = log(252 / 256) - log(256 / 252)
    wanted = difference / sqrt(1 / 256 + 1 / 252)
    np.testing.assert_allclose(log_odds_z(np.array([6, 2]), np.array([2, 6])), [wanted, -wanted], rtol=1e-12)


def test_the_logistic_fit_is_where_its_gradient_vanishes() -> None:
    draw = np.random.default_rng(0)
    x = np.column_stack([draw.normal(size=(200, 3)), np.ones(200)])
    y = (draw.random(200) < 1 / (1 + np.exp(-x @ np.array([2.0, -1.0, 0.0, 0.5])))).astype(float)
    found = logistic(x, y, penalty=0.3)
    chance = 1 / (1 + np.exp(-x @ found))
    np.testing.assert_allclose(x.T @ (y - chance), 0.3 * found, atol=1e-8)


def test_copies_of_a_sentence_are_in_one_fold_and_no_fold_scores_what_it_learnt_from() -> None:
    texts = [f"sentence {i % 40}" for i in range(100)]
    fold = folds(texts, np.random.default_rng(1))
    assert all(len(set(fold[i::40].tolist())) == 1 for i in range(40))
    assert np.bincount(fold, minlength=FOLDS).min() >= 16  # 8 different sentences of 2 or 3 copies in each
    is_test = np.arange(100) % 2 == 0
    asked: list[np.ndarray] = []

    def fit(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return np.where(
            rows, -1.0, is_test.astype(float)
        )  # right about the rows held out, and about no other

    assert cross_fitted_auc(is_test, fold, fit) == 1.0
    assert np.stack([~rows for rows in asked]).sum(0).tolist() == [1] * 100  # every sentence scored once


def test_one_distribution_is_a_half_on_average() -> None:
    """Copies on one side, which a random cut of the sentences would leak, give nothing away either."""
    grammar = load("captions")
    found = [shift(grammar.sample(300, 2 * i), grammar.sample(300, 2 * i + 1)).auc for i in range(30)]
    expected = 1 / sqrt(3 * 300)  # the deviation that the docstring tells
    assert abs(np.mean(found) - 0.5) < 3.5 * expected / sqrt(30)
    assert 0.6 * expected < np.std(found) < 1.6 * expected
    few = ["a dog .", "a cat .", "two birds sing .", "one bird sings .", "it rains .", "it snows ."]
    draw = np.random.default_rng(2)
    copied = [[f"{few[i]} {draw.integers(10**6)}" for i in draw.integers(6, size=50)] * 4 for _ in range(2)]
    assert abs(shift(*copied).auc - 0.5) < 4 / sqrt(3 * 50)


def test_a_planted_word_is_found() -> None:
    grammar = load("captions")
    train, test = grammar.sample(1000, 0), grammar.sample(1000, 1)
    none = shift(train, test)
    assert none.train_words == none.test_words == ()
    planted = [f"{text} zebra" if i % 4 == 0 else text for i, text in enumerate(test)]
    found = shift(train, planted)
    assert found.test_words == ("zebra",) and found.train_words == ()
    # A quarter of test is told for certain, and three quarters not at all: 1/4 + 3/4 of a half.
    assert found.auc == pytest.approx(0.625, abs=4 / sqrt(3 * 1000))
    turned = shift(planted, train)
    assert turned.train_words == ("zebra",) and turned.auc > 0.58
    assert found == shift(train, planted)
    assert found.signature == (
        "shift|train:1000|test:1000|folds:5|on:words|classifier:naive-bayes|tok:split|case:lower|seed:0|v:0.1"
    )


def test_equal_numbers_are_drawn_from_all_of_a_side() -> None:
    late = load("captions").sample(400, 3)
    early = [f"{text} early" for text in late[:200]] + [f"{text} late" for text in late[200:]]
    found = shift(early, [f"{text} late" for text in load("captions").sample(100, 4)])
    assert "train:100|test:100" in found.signature
    assert found.train_words == ("early",)  # half of the hundred drawn, and not all of them
    assert found.auc == pytest.approx(0.75, abs=4 / sqrt(3 * 100))
    assert "train:50|test:50" in shift(early, late, most=50).signature


def test_with_an_encoder(tmp_path: Path) -> None:
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    grammar = load("captions")
    train, test = grammar.sample(150, 0), grammar.sample(150, 1)
    words = sorted({word for text in train + test for word in text.split()})
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, "zebra"])
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
        BertModel(BertConfig(vocab_size=len(words) + 6, **size)).save_pretrained(tmp_path)
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    same = shift(train, test, encoder=str(tmp_path))
    assert abs(same.auc - 0.5) < 4 / sqrt(3 * 150)
    # Every sentence is told by its word: the rows of the features are those of the sentences.
    assert shift(train, [f"zebra zebra zebra {text}" for text in test], encoder=str(tmp_path)).auc > 0.97
    assert "|classifier:logistic|" in same.signature and f"encoder:{tmp_path}|" in same.signature


def test_mistakes() -> None:
    text = load("captions").sample(20, 0)
    with pytest.raises(Mistake, match="shift.test: 3 sentences"):
        shift(text, text[:3])
    with pytest.raises(Mistake, match="shift.most: 4"):
        shift(text, text, most=4)
    with pytest.raises(Mistake, match="encoder: lm is trained on the text itself"):
        shift(text, text, encoder="lm")
    with pytest.raises(Mistake, match="the sentences are copies of a few"):
        shift(["a b"] * 20, ["c d"] * 20)


def held(name: str) -> tuple[list[str], list[str]]:
    if "TEXTGAN_DATA" not in os.environ:
        pytest.skip(f"TEXTGAN_DATA is not set: it names the folder that holds {name}/")
    files = [Path(os.environ["TEXTGAN_DATA"]) / name / f"{split}.txt" for split in ("train", "test")]
    if missing := [path for path in files if not path.is_file()]:
        pytest.skip(f"TEXTGAN_DATA holds no {name}/{missing[0].name}")
    train, test = (path.read_text(encoding="utf-8").splitlines() for path in files)
    return train, test


def test_the_coco_split_is_of_two_distributions() -> None:
    found = shift(*held("coco"))
    assert found.auc > 0.9
    assert "bathroom" in found.train_words and "skateboard" in found.test_words


def test_the_coco60_split_is_of_one() -> None:
    found = shift(*held("coco60"))
    assert 0.48 < found.auc < 0.55
    assert found.train_words == found.test_words == ()


def test_the_news_split_is_of_two_years() -> None:
    found = shift(*held("emnlp_news"))
    assert 0.6 < found.auc < 0.7
    assert "trump" in found.train_words and "sanders" in found.test_words
