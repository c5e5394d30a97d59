"""Fréchet distance against closed forms; encoders, the default one and one from a folder."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from textgan.data.grammar import load
from textgan.errors import Mistake
from textgan.metrics.encoders import encode_pair
from textgan.metrics.frechet import frechet, frechet_distance, gaussian_distance, measure_frechet
from textgan.metrics.samples import Samples

draw = np.random.default_rng(0)


def captions(count: int, seed: int) -> list[str]:
    return load("captions").sample(count, seed)


def with_moments(count: int, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(N, F) points whose sample mean and covariance are exactly these."""
    points = np.random.default_rng(1).normal(size=(count, len(mean)))
    points -= points.mean(0)
    white = points @ np.linalg.inv(np.linalg.cholesky(np.cov(points.T))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def test_diagonal_gaussians_by_hand():
    a, b = np.diag([1.0, 4.0]), np.diag([9.0, 4.0])
    # means 3 and 4 apart in two directions: 25; deviations 1 and 3: 4; 2 and 2: 0
    assert gaussian_distance(np.zeros(2), a, np.array([3.0, 4.0]), b) == pytest.approx(29.0, abs=1e-9)


def test_two_dimensional_gaussians_that_do_not_commute():
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.diag([1.0, 5.0])
    # of a 2 x 2 matrix M the roots of whose eigenvalues sum to s: s^2 = tr M + 2 sqrt(det M)
    shared = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a @ b)))
    by_hand = np.trace(a) + np.trace(b) - 2 * shared
    assert gaussian_distance(np.zeros(2), a, np.zeros(2), b) == pytest.approx(by_hand, abs=1e-9)
    assert by_hand > 1


def test_features_with_known_moments():
    mean_a, mean_b = draw.normal(size=(2, 5))
    mix = draw.normal(size=(5, 5))
    covariance = mix @ mix.T + np.eye(5)
    a, b = with_moments(40, mean_a, covariance), with_moments(60, mean_b, 4 * covariance)
    # C and 4 C commute: (C 4C)^(1/2) = 2 C, so tr(C + 4C - 4C) = tr C
    closed = ((mean_a - mean_b) ** 2).sum() + np.trace(covariance)
    assert frechet_distance(a, b) == pytest.approx(closed, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(closed, rel=1e-9)


def test_a_shift_costs_its_square_and_nothing_else():
    points = draw.normal(size=(50, 4))
    assert frechet_distance(points, points + 2.0) == pytest.approx(16.0, rel=1e-9)


def test_the_same_features_are_at_no_distance_even_where_they_are_flat():
    points = draw.normal(size=(50, 4))
    flat = np.concatenate([points, points[:, :1]], 1)  # a singular covariance
    assert 0 <= frechet_distance(flat, flat) < 1e-6
    assert 0 <= frechet_distance(points, points[::-1]) < 1e-9


def test_too_few_for_a_covariance_is_refused():
    points = draw.normal(size=(9, 8))
    assert frechet_distance(points, points) < 1e-6
    with pytest.raises(Mistake, match="8 references are too few for a covariance of 8 features"):
        frechet_distance(points, points[:8])
    with pytest.raises(ValueError, match="shape"):
        frechet_distance(points, points[:, :3])


def test_sentences_from_the_same_source_are_near_and_others_far():
    references, fresh = captions(600, 1), captions(600, 2)
    mix = random.Random(0)
    shuffled = [" ".join(mix.sample(words, len(words))) for words in map(str.split, fresh)]
    train = captions(1500, 3)
    near, far = (frechet(texts, references, train=train) for texts in (fresh, shuffled))
    collapsed = frechet(fresh[:5] * 120, references, train=train)
    assert frechet(references, references, train=train) < 1e-6 < near
    assert 5 * near < far and 5 * near < collapsed


def test_the_score_says_how_it_was_measured_and_too_few_are_absent():
    texts, references = captions(150, 2), captions(200, 1)
    found = measure_frechet(Samples(texts, references))
    told = "frechet|hyps:150|refs:100|encoder:lm(half-of-refs)|pool:mean|seed:0|v:0.1"
    assert found["frechet"].signature == told
    assert found == measure_frechet(Samples(texts, references))
    learnt = measure_frechet(Samples(texts, references, references[:60]))["frechet"]
    assert learnt.signature == "frechet|hyps:150|refs:200|encoder:lm(train)|pool:mean|seed:0|v:0.1"
    assert learnt.value == frechet(texts, references, train=references[:60])
    for few in (texts[:99], references), (texts, references[:199]), (texts, []):
        assert measure_frechet(Samples(*few)) == {}
    assert measure_frechet(Samples(texts, references, texts[:49])) == {}


def tiny_bert(folder: Path) -> tuple[str, torch.nn.Module]:
    from transformers import BertConfig, BertModel, BertTokenizerFast

    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (folder / "vocab.txt").write_text("\n".join([*signs, "a", "dog", "cat", "sat", "."]))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(
            BertConfig(
                vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8
            )
        ).eval()
    model.save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return str(folder), model


def test_an_encoder_of_transformers_is_read_from_its_folder(tmp_path: Path):
    folder, model = tiny_bert(tmp_path)
    before = torch.random.get_rng_state()
    features = encode_pair(["a cat sat .", "dog"], ["a dog ."], folder).samples
    assert features.shape == (2, 8)
    with torch.no_grad():
        alone = model(torch.tensor([[2, 6, 3]])).last_hidden_state[0].mean(0)  # [CLS] dog [SEP], unpadded
    np.testing.assert_allclose(features[0], alone.numpy(), atol=1e-5)  # the shorter text first
    assert torch.equal(before, torch.random.get_rng_state())
    texts = ["a dog .", "a cat .", "dog sat", "cat cat a", "a a a ."] * 30
    found = measure_frechet(Samples(texts, texts[::-1]), encoder=folder)
    assert found["frechet"].value < 1e-6
    assert found["frechet"].signature.startswith("frechet|hyps:150|refs:150|encoder:")


def test_an_encoder_that_is_not_there_is_a_mistake_of_one_line(tmp_path: Path):
    with pytest.raises(Mistake, match="encoder: no model at") as caught:
        encode_pair(["a"], ["b"], str(tmp_path))
    assert "\n" not in str(caught.value)
    with pytest.raises(Mistake, match="give 50 or more"):
        encode_pair(["a"], ["b"])
