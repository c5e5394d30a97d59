"""Retrieval by hand: ranks, precision among the nearest and at recall, ties, and vectors of zeros."""

from __future__ import annotations

import numpy as np
import pytest

from textgan.errors import Mistake
from textgan.metrics.retrieval import precision_at, precision_at_recall, ranked_hits, retrieval, tf_idf

DOCUMENTS = np.array([[1.0, 0.0], [10.0, 1.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
LABELS = np.array([0, 1, 0, 1, 0])
QUERIES = np.array([[2.0, 0.0], [0.0, 1.0]])  # nearest first: 0 1 2 3 4, and 3 2 1 then 0 and 4 alike
ASKED = np.array([0, 1])


def test_precision_by_hand() -> None:
    (hits,) = ranked_hits(QUERIES, ASKED, DOCUMENTS, LABELS)
    assert hits.astype(int).tolist() == [[1, 0, 1, 0, 1], [1, 0, 1, 0, 0]]
    assert precision_at(hits, 2).tolist() == [0.5, 0.5]
    assert precision_at(hits, 100).tolist() == [3 / 5, 2 / 5]
    assert precision_at_recall(hits, 0.01).tolist() == [1.0, 1.0]
    assert precision_at_recall(hits, 0.5).tolist() == [2 / 3, 1.0]
    assert precision_at_recall(hits, 1.0).tolist() == [3 / 5, 2 / 3]
    scores = retrieval(QUERIES, ASKED, DOCUMENTS, LABELS, recalls=(0.5, 1.0), nearest=(1, 3))
    assert scores == pytest.approx(
        {"p@1": 1.0, "p@3": 2 / 3, "p@recall-0.5": 5 / 6, "p@recall-1": (3 / 5 + 2 / 3) / 2}
    )


def test_the_share_of_recall_is_not_rounded_up_by_floating_point() -> None:
    hits = np.array([[True] * 30])
    hits[0, 3:] = False
    hits = np.concatenate([hits, np.ones((1, 27), bool)], 1)  # the first 3 of 30 come at once
    assert precision_at_recall(hits, 0.1).tolist() == [1.0]


def test_a_vector_of_zeros_is_as_far_from_all_and_keeps_their_order() -> None:
    (hits,) = ranked_hits(np.zeros((1, 2)), np.array([1]), DOCUMENTS, LABELS)
    assert hits[0].tolist() == (LABELS == 1).tolist()


def test_a_query_whose_label_no_document_has_is_left_out() -> None:
    asked = np.array([0, 7])
    assert retrieval(QUERIES, asked, DOCUMENTS, LABELS, nearest=(1,))["p@1"] == 1.0
    with pytest.raises(Mistake, match="no query"):
        retrieval(QUERIES, np.array([7, 8]), DOCUMENTS, LABELS)


def test_more_queries_than_are_taken_at_once() -> None:
    draw = np.random.default_rng(0)
    queries, asked = draw.normal(size=(300, 2)), draw.integers(2, size=300)
    expected = []
    for query, label in zip(queries, asked, strict=True):
        cosine = DOCUMENTS @ query / np.linalg.norm(DOCUMENTS, axis=1) / np.linalg.norm(query)
        expected.append(LABELS[cosine.argmax()] == label)
    assert retrieval(queries, asked, DOCUMENTS, LABELS, nearest=(1,))["p@1"] == np.mean(expected)


def test_mistakes() -> None:
    with pytest.raises(Mistake, match="no queries"):
        retrieval(QUERIES[:0], ASKED[:0], DOCUMENTS, LABELS)
    with pytest.raises(Mistake, match="not finite"):
        retrieval(QUERIES * np.nan, ASKED, DOCUMENTS, LABELS)


def test_tf_idf_by_hand() -> None:
    collection = np.array([[2.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    found = tf_idf(np.array([[3.0, 1.0, 1.0]]), collection)
    assert found[0] == pytest.approx([0.0, np.log(2), np.log(2)])
