"""How well document vectors retrieve documents with the same label: precision among the nearest, by cosine.

The figure of the document models (Salakhutdinov & Hinton 2009, Larochelle & Lauly 2012, Glover 2016): each test
document is a query for similar training documents. What some of them call recall (Glover's released code does)
is the share of the collection that is retrieved, whatever is in it: that is `precision_at` with k as a share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from textgan.errors import Mistake

RECALLS = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0)
_AT_ONCE = 256  # queries


def ranked_hits(
    queries: np.ndarray, query_labels: np.ndarray, documents: np.ndarray, document_labels: np.ndarray
) -> Iterator[np.ndarray]:
    """For batches of queries, (Q,N) bool: whether the document at each rank has the query's label.

    queries (M,F), documents (N,F). Nearest first by cosine similarity; ties keep the documents' order; a zero vector
    has similarity 0 to all. Mistake if a side is empty or holds a NaN or infinity.
    """
    for name, vectors in (("queries", queries), ("documents", documents)):
        if not len(vectors):
            raise Mistake(f"retrieval: there are no {name}; give at least one")
        if not np.isfinite(vectors).all():
            raise Mistake(f"retrieval: a vector of the {name} is not finite; the run has diverged")
    queries, documents = _unit(queries), _unit(documents)
    for begin in range(0, len(queries), _AT_ONCE):
        chosen = slice(begin, begin + _AT_ONCE)
        order = np.argsort(-(queries[chosen] @ documents.T), axis=1, kind="stable")
        yield document_labels[order] == query_labels[chosen, None]


def precision_at(hits: np.ndarray, k: int) -> np.ndarray:
    """The share of the k nearest that have the query's label, (Q,) in [0, 1]; of all documents if there are fewer."""
    return hits[:, :k].mean(1)


def precision_at_recall(hits: np.ndarray, recall: float) -> np.ndarray:
    """The precision at the first rank at which this share of the label's documents is found, (Q,) in (0, 1].

    At least one document has to be found. NaN if no document has the query's label.
    """
    relevant = hits.sum(1)
    wanted = np.maximum(1, np.ceil(recall * relevant - 1e-9))  # (Q,); 0.1 * 30 is a little more than 3
    rank = (hits.cumsum(1) >= wanted[:, None]).argmax(1) + 1
    return np.where(relevant > 0, wanted / rank, np.nan)


def retrieval(
    queries: np.ndarray,
    query_labels: np.ndarray,
    documents: np.ndarray,
    document_labels: np.ndarray,
    recalls: Sequence[float] = RECALLS,
    nearest: Sequence[int] = (1, 10),
) -> dict[str, float]:
    """`p@1`, `p@10`, and `p@recall-0.1` and so on: means over queries with at least one document of their label.

    In [0, 1], higher is better; by chance each is about the share of the label's documents. `p@recall-1` depends
    on the lowest-ranked document, so it is near chance for nearly any vectors. Blind spot: documents can be alike
    in more than their labels.
    """
    found: dict[str, list[np.ndarray]] = {}
    for hits in ranked_hits(queries, query_labels, documents, document_labels):
        answerable = hits[hits.any(1)]
        for k in nearest:
            found.setdefault(f"p@{k}", []).append(precision_at(answerable, k))
        for recall in recalls:
            found.setdefault(f"p@recall-{recall:g}", []).append(precision_at_recall(answerable, recall))
    joined = {name: np.concatenate(values) for name, values in found.items()}
    if not len(next(iter(joined.values()))):
        raise Mistake("retrieval: no query shares a label with a document; take both from the same corpus")
    return {name: float(values.mean()) for name, values in joined.items()}


def tf_idf(counts: np.ndarray, collection: np.ndarray) -> np.ndarray:
    """Counts (N,V) times log(documents / documents with the word), the latter from `collection` (M,V).

    A word in no document of the collection weighs as much as one in a single document.
    """
    having = np.maximum((collection > 0).sum(0), 1)
    return counts * np.log(len(collection) / having)


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
