"""Document vectors of a run: the discriminator's features of each document, how well they retrieve, and a 2-D map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from textgan.assembly.build import Built, build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import Encoded
from textgan.errors import Mistake
from textgan.metrics.retrieval import retrieval, tf_idf
from textgan.runs.origin import check_text, where_trained
from textgan.training import checkpoints
from textgan.training.game import judging
from textgan.types import Vocabulary

_BATCH = 64


@dataclass(frozen=True)
class Documents:
    """Vectors of one kind for a corpus: train (N,F), test (M,F) float32, and the labels of both as indices."""

    name: str
    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray
    test_labels: np.ndarray
    label_names: tuple[str, ...]

    def scores(self) -> dict[str, float]:
        """Retrieval scores: test documents are queries, training documents are searched; see `metrics/retrieval.py`."""
        return retrieval(self.test, self.test_labels, self.train, self.train_labels)


@dataclass(frozen=True)
class Kinds:
    """Vectors of one run: from its trained discriminator, from the untrained one, and raw tf-idf vectors.

    notes: documents whose vectors are zero, in words.
    """

    trained: Documents
    untrained: Documents
    tf_idf: Documents
    notes: list[str]


def read(run: Path, trust_code: bool = False) -> Kinds:
    """Build the run's corpus and discriminator, and compute the vectors of the train and test splits. Deterministic.

    A document without a known word has a zero vector. Mistake for a run without a discriminator or labels.
    """
    recipe = Recipe.of_run(run, trust_code)
    if recipe.values.get("discriminator") is None:
        raise Mistake(
            f"{run}: the run has no discriminator, whose features are the vectors; give a run that has one"
        )
    with where_trained(run):
        built = build(recipe)
    names = tuple(built.corpus.label_names)
    if not names:
        raise Mistake(
            f"{run}: its corpus {built.corpus.name} has no labels to retrieve by; train on a labelled one "
            "(corpus.name=topics, or corpus.path=FILE.csv corpus.label=COLUMN)"
        )
    check_text(run, built.corpus)
    assert isinstance(built.game.train, Encoded)  # a memory-mapped corpus has no labels
    train, test = _labelled(built.game.train), _labelled(built.test)
    labels = _label_array(train), _label_array(test)
    judge_before = _vectors(built, train), _vectors(built, test)
    checkpoints.load_player(run / "checkpoints" / "last", "discriminator", built.game.discriminator)
    judge_after = _vectors(built, train), _vectors(built, test)
    vocabulary = built.tokenizer.vocabulary
    counts = word_counts(train, vocabulary), word_counts(test, vocabulary)
    bags = tf_idf(counts[0], counts[0]), tf_idf(counts[1], counts[0])
    title = run.resolve().name
    unknown = [int((one.sum(1) == 0).sum()) for one in counts]
    notes = [
        f"{count:,} {name} documents have no known word; their vectors are zero"
        for count, name in zip(unknown, ("training", "test"), strict=True)
        if count
    ]
    return Kinds(
        Documents(title, *judge_after, *labels, names),
        Documents("untrained", *judge_before, *labels, names),
        Documents("tf-idf", *bags, *labels, names),
        notes,
    )


def word_counts(encoded: Encoded, vocabulary: Vocabulary) -> np.ndarray:
    """(N,V) float32: the count of each word in each document; special tokens and unknown words count 0."""
    text = encoded.text
    counts = torch.zeros(len(text), vocabulary.size).scatter_add(1, text.ids, text.mask.float())
    counted: np.ndarray = (counts * vocabulary.words()).numpy()
    return counted


@torch.no_grad()
def _vectors(built: Built, encoded: Encoded) -> np.ndarray:
    """The discriminator's features (N,F), computed in batches in the documents' order; zero where no word is known."""
    discriminator, device = built.game.discriminator, built.game.engine.device
    found = []
    with judging(discriminator):
        for begin in range(0, len(encoded), _BATCH):
            text = encoded.text[begin : begin + _BATCH].to(device)
            found.append(discriminator.judge(text).features.float().cpu())
    words = built.tokenizer.vocabulary.words()[encoded.text.ids] * encoded.text.mask  # (N, T)
    vectors: np.ndarray = (torch.cat(found) * words.any(1, keepdim=True)).numpy()
    return vectors


def _labelled(encoded: Encoded) -> Encoded:
    """The documents with a label; a negative label means there is none."""
    labels = _labels(encoded)
    labelled = labels >= 0
    return Encoded(encoded.text[labelled], encoded.known[labelled])


def _labels(encoded: Encoded) -> Tensor:
    if encoded.text.labels is None:
        raise Mistake("documents: a split has no labels; give a label column in both train and test")
    return encoded.text.labels


def _label_array(encoded: Encoded) -> np.ndarray:
    labels: np.ndarray = _labels(encoded).numpy()
    return labels


def plane(vectors: np.ndarray, by: Literal["pca", "t-sne"] = "pca") -> tuple[np.ndarray, str]:
    """(N,2) points for vectors (N,F), and a description of the projection.

    pca: the two directions of largest variance, each signed so that its largest weight is positive. t-sne
    (van der Maaten & Hinton 2008): fixed seed; Mistake without scikit-learn.
    """
    centred = np.asarray(vectors, np.float64) - np.mean(vectors, 0, dtype=np.float64)
    if by == "t-sne":
        try:
            from sklearn.manifold import TSNE
        except ImportError as error:
            raise Mistake(
                "--map: t-sne needs scikit-learn; pip install 'textgan[t-sne]', or use --map pca"
            ) from error
        near = min(30.0, (len(centred) - 1) / 3)
        points = TSNE(perplexity=near, init="pca", random_state=0, metric="cosine").fit_transform(centred)
        return np.asarray(points), f"t-SNE, cosine, perplexity {near:g}"
    _, spread, directions = np.linalg.svd(centred, full_matrices=False)
    directions = directions[:2]
    directions *= np.sign(directions[np.arange(len(directions)), np.abs(directions).argmax(1)])[:, None]
    points = centred @ directions.T
    if points.shape[1] < 2:
        points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    shares = np.pad(spread**2 / max(float((spread**2).sum()), 1e-12), (0, 2))
    return points, f"PCA, {shares[0]:.0%} and {shares[1]:.0%} of the variance"
