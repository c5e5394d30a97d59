"""Whether text has the requested label, according to a simple classifier trained on real text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.tokens import SPLIT, once_of_texts

ORDERS = (1, 2)


@dataclass(frozen=True)
class NaiveBayes:
    """Multinomial naive Bayes over which words and pairs of words a sentence has (Wang & Manning 2012, MNB).

    place: a feature's row; counts (features,K): sentences of each class that have it; sentences (K,); features (K,):
    the sum of counts; copies: how often each training sentence, as its features, stands in each class, (K,).
    Feature probabilities are smoothed by one; a feature that training text does not have is passed over.
    """

    place: Mapping[str, int]
    counts: np.ndarray
    sentences: np.ndarray
    features: np.ndarray
    copies: Mapping[frozenset[str], np.ndarray]

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[int], classes: int) -> NaiveBayes:
        """labels: of each text, in 0 .. classes - 1."""
        sets = [_features(text) for text in texts]
        place = {feature: row for row, feature in enumerate(sorted(set().union(*sets)))}
        counts = np.zeros((len(place), classes))
        copies: dict[frozenset[str], np.ndarray] = {}
        for found, label in zip(sets, labels, strict=True):
            counts[[place[feature] for feature in found], label] += 1
            copies.setdefault(found, np.zeros(classes))[label] += 1
        sentences = np.bincount(labels, minlength=classes).astype(float)
        return cls(place, counts, sentences, counts.sum(0), copies)

    def log_odds(self, text: str) -> np.ndarray:
        """(K,) log P(class, features), up to what all classes share. Training sentences like `text` are left out.

        What they alone had is left out with them, so that the answer is that of a classifier which never saw them:
        real text can be judged by what else there is of it, and a generator that copies gains nothing by it.
        """
        found = _features(text)
        same = self.copies.get(found, np.zeros(len(self.sentences)))
        counts = self.counts[[self.place[feature] for feature in found if feature in self.place]] - same
        left = counts[
            counts.any(1)
        ]  # (R,K): a feature that only the sentence's copies had is no longer known
        known = len(self.place) - (len(counts) - len(left))
        smoothed = self.features - same * len(found) + known
        with np.errstate(divide="ignore"):
            prior = np.log(self.sentences - same)
        return cast(np.ndarray, prior + np.log((left + 1) / smoothed).sum(0))


def class_accuracy(
    texts: Sequence[str], labels: Sequence[int], train: Sequence[str], train_labels: Sequence[int]
) -> float:
    """Share in [0, 1] of texts that a classifier finds to be of their label; higher is better.

    The classifier (`NaiveBayes`, deterministic) is fitted to `train`. Its own accuracy on real held-out text is not 1:
    compare the value with that, `class-accuracy-real`, and with the share of the most frequent label. Blind spots:
    it sees words and pairs of words, so word salad of the right class scores as well as sentences do, text of
    exaggerated class words scores above real text, and one sentence written a thousand times scores as a thousand.
    labels below 0 are not known, and those sentences count on neither side.
    """
    model, chosen = _model(train, train_labels), [i for i, label in enumerate(labels) if label >= 0]
    if model is None or not chosen:
        raise ValueError("class accuracy: give texts with labels, and training text of two classes or more")
    return float(np.mean([int(model.log_odds(texts[i]).argmax()) == labels[i] for i in chosen]))


def measure_class_accuracy(samples: Samples) -> dict[str, Score]:
    """`class-accuracy` of the texts; `class-accuracy-real` of the references. Absent where labels are."""
    train, train_labels = samples.train or [], samples.train_labels or []
    if len(Counter(label for label in train_labels if label >= 0)) < 2:
        return {}
    sides = {
        "class-accuracy": (samples.texts, samples.labels),
        "class-accuracy-real": (samples.references, samples.reference_labels),
    }
    scores = {}
    for name, (texts, labels) in sides.items():
        if labels is None or max(labels, default=-1) < 0:
            continue
        value = class_accuracy(texts, labels, train, train_labels)
        facts = {"by": "naive-bayes", "n": "1,2", "binary": True, "unseen": True}
        told = {
            "hyps": sum(label >= 0 for label in labels),
            "train": sum(label >= 0 for label in train_labels),
        }
        scores[name] = Score(value, signature(name, **facts, **told, **SPLIT.signature))
    return scores


def _model(train: Sequence[str], labels: Sequence[int]) -> NaiveBayes | None:
    known = [i for i, label in enumerate(labels) if label >= 0]
    if len({labels[i] for i in known}) < 2:
        return None

    def make() -> NaiveBayes:
        chosen = [labels[i] for i in known]
        return NaiveBayes.fit([train[i] for i in known], chosen, max(chosen) + 1)

    return once_of_texts("naive-bayes", (train,), tuple(labels), make)


def _features(text: str) -> frozenset[str]:
    """The words of a sentence, and its pairs of neighbouring words, with a space between."""
    words = SPLIT(text)
    return frozenset(" ".join(words[at : at + n]) for n in ORDERS for at in range(len(words) - n + 1))
