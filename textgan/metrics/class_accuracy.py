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
    """Multinomial naive Bayes on the words and bigrams that a sentence contains (Wang & Manning 2012, MNB).

    place: the row of each feature; counts (features,K): sentences of each class that contain it; sentences (K,);
    features (K,): the sum of counts; copies: how often each training sentence, as its set of features, occurs in each
    class, (K,). Feature probabilities have add-one smoothing; features unseen in training are ignored.
    """

    place: Mapping[str, int]
    counts: np.ndarray
    sentences: np.ndarray
    features: np.ndarray
    copies: Mapping[frozenset[str], np.ndarray]

    @classmethod
    def fit(cls, texts: Sequence[str], labels: Sequence[int], classes: int) -> NaiveBayes:
        """Fit to texts with labels in 0 .. classes - 1."""
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
        """(K,) log P(class, features), up to a constant. Training sentences equal to `text` are left out.

        Features that only they have are left out too, so the result is that of a classifier which never saw them:
        training sentences can be scored fairly, and a generator gains nothing by copying.
        """
        found = _features(text)
        same = self.copies.get(found, np.zeros(len(self.sentences)))
        counts = self.counts[[self.place[feature] for feature in found if feature in self.place]] - same
        left = counts[counts.any(1)]  # (R,K): a feature that only the sentence's copies had is now unknown
        known = len(self.place) - (len(counts) - len(left))
        smoothed = self.features - same * len(found) + known
        with np.errstate(divide="ignore"):
            prior = np.log(self.sentences - same)
        return cast(np.ndarray, prior + np.log((left + 1) / smoothed).sum(0))


def class_accuracy(
    texts: Sequence[str], labels: Sequence[int], train: Sequence[str], train_labels: Sequence[int]
) -> float:
    """Share in [0, 1] of texts that a classifier assigns to their own label; higher is better.

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
    """`class-accuracy` of the texts; `class-accuracy-real` of the references. Absent without labels."""
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
    """The words of a sentence, and its bigrams as two words joined by a space."""
    words = SPLIT(text)
    return frozenset(" ".join(words[at : at + n]) for n in ORDERS for at in range(len(words) - n + 1))
