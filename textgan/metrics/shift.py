"""Do train and test have the same distribution? A linear classifier tries to tell them apart, and shows by which words.

If the split is not random, every comparison with the test set measures something else too: a model that reproduces
its training distribution perfectly is penalised for it. Loads no torch, unless an encoder is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.encoders import LM, encode_pair
from textgan.metrics.samples import signature
from textgan.metrics.tokens import SPLIT, Interned, intern

FOLDS = 5
TOLD = 8
"""Words reported for each side, at most."""
FEWEST = 2 * FOLDS
"""Fewest sentences on each side to fit a classifier."""
_prior = 500.0
_chance = 0.05


@dataclass(frozen=True)
class Shift:
    """How well train and test can be told apart, and by which words.

    auc: the probability that the classifier ranks a test sentence above a training sentence; .5: it sees no
    difference, 1: it is always right. train_words, test_words: words more frequent on that side, the most certain
    first, at most TOLD; empty where no word differs beyond chance.
    """

    auc: float
    train_words: tuple[str, ...]
    test_words: tuple[str, ...]
    signature: str


def shift(
    train: Sequence[str],
    test: Sequence[str],
    *,
    encoder: str | None = None,
    most: int = 10_000,
    seed: int = 0,
) -> Shift:
    """A classifier's AUC between train and test, and the words whose frequency differs most.

    Without `encoder`, naive Bayes on the words of a sentence, each counted once (multinomial, add one); with it, a
    folder or hub name for transformers, logistic regression on its features (`encoders`). Equal numbers of both
    sides, at most `most`, drawn by the seed. The AUC is the mean over FOLDS folds, each scored by a classifier of
    the other folds; all copies of a sentence are in one fold, so that none is scored by a classifier that saw it.
    For one distribution it is .5 on average, with a deviation of about 1 / sqrt(3 n) for n sentences a side (.006 for
    10,000): twice the variance of an AUC of given scores, as each fold is classified by what the others contain.

    Blind spots: on words, their order and the length of sentences; on features, whatever the encoder misses.
    An AUC near .5 says that this classifier found no difference, not that there is none. Words are reported either way
    (`telling_words`). Mistake where a side has fewer than FEWEST sentences, or the encoder cannot be loaded.
    """
    if encoder == LM:
        raise Mistake(f"encoder: {LM} is trained on the text itself; give a folder or a model on the hub")
    sides = [[text for text in side if text.strip()] for side in (train, test)]
    if most < FEWEST:
        raise Mistake(f"shift.most: {most} sentences per side are too few; give {FEWEST} or more")
    for name, side in zip(("train", "test"), sides, strict=True):
        if len(side) < FEWEST:
            raise Mistake(f"shift.{name}: {len(side)} sentences are too few; give {FEWEST} or more")
    count = min(most, *map(len, sides))
    draw = np.random.default_rng(seed)
    a, b = ([side[i] for i in np.sort(draw.permutation(len(side))[:count])] for side in sides)
    both = a + b
    words = [SPLIT(text) for text in both]
    names = list(dict.fromkeys(word for sentence in words for word in sentence))  # in the order of their ids
    corpus = intern(words)
    is_test = np.arange(2 * count) >= count
    first = np.bincount(corpus.ids[~is_test[corpus.sentence]], minlength=len(names))
    by_side = telling_words(first, np.bincount(corpus.ids, minlength=len(names)) - first)
    fit: Fit
    if encoder is None:
        fit, how = _on_words(corpus, is_test), {"on": "words", "classifier": "naive-bayes", **SPLIT.signature}
    else:
        # The encoder returns features ordered by length, so sort the sentences by length first.
        a, b = sorted(a, key=len), sorted(b, key=len)
        both = a + b
        fit, how = _on_features(a, b, encoder, is_test), {"encoder": encoder, "classifier": "logistic"}
    auc = cross_fitted_auc(is_test, folds(both, draw), fit)
    signed = signature("shift", train=count, test=count, folds=FOLDS, **how, seed=seed)
    of_train, of_test = (tuple(names[i] for i in side) for side in by_side)
    return Shift(auc, of_train, of_test, signed)


Fit = Callable[[np.ndarray], np.ndarray]
"""From training rows (N,) bool to scores of all N sentences (N,), higher for test."""


def folds(texts: Sequence[str], draw: np.random.Generator) -> np.ndarray:
    """(N,) random folds in 0 .. FOLDS - 1; equal texts share a fold."""
    number: dict[str, int] = {}
    group = np.array([number.setdefault(text, len(number)) for text in texts])
    return (draw.permutation(len(number)) % FOLDS)[group]


def cross_fitted_auc(is_test: np.ndarray, fold: np.ndarray, fit: Fit) -> float:
    """Mean AUC of the folds, each scored by a classifier fitted to the others; folds with one side only are skipped.

    Not the AUC of all scores pooled: the folds' classifiers are fitted to each other's sentences, so comparing their
    scores would move the value for equal distributions away from .5.
    """
    found = []
    for held in range(FOLDS):
        rows = fold == held
        if len(np.unique(is_test[rows])) == 2:
            scores = fit(~rows)
            found.append(auc(scores[rows & ~is_test], scores[rows & is_test]))
    if not found:
        raise Mistake(
            "shift: the sentences are copies of a few, so no classifier can be trained; give different ones"
        )
    return float(np.mean(found))


def auc(low: np.ndarray, high: np.ndarray) -> float:
    """The share of pairs (one of `low` (N,), one of `high` (M,)) in which the second is larger; ties count half."""
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.sum() / (2 * len(low) * len(high)))


def telling_words(train: np.ndarray, test: np.ndarray) -> tuple[list[int], list[int]]:
    """The ids of the words most certainly more frequent in train, and of those in test; at most TOLD each.

    train, test (V,): occurrences. By the z-score of the smoothed log-odds ratio (Monroe, Colaresi and Quinn 2008,
    "Fightin' words", eq. 16 and 22), with a prior of 500 tokens, spread by the words' shares of both texts together.
    Only words significant at 5 % (two-sided, Bonferroni over V words).
    """
    z = log_odds_z(train, test)
    edge = NormalDist().inv_cdf(1 - _chance / (2 * len(z)))
    order = np.argsort(z, kind="stable")
    return (
        [int(i) for i in order[:TOLD] if z[i] < -edge],
        [int(i) for i in order[::-1][:TOLD] if z[i] > edge],
    )


def log_odds_z(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """(V,) z-scores of the log-odds ratio of words by occurrences (V,); above 0: more frequent in test."""
    both = train + test
    prior = _prior * both / both.sum()

    def log_odds(counts: np.ndarray) -> np.ndarray:
        held = counts + prior
        return np.log(held) - np.log(np.maximum(held.sum() - held, 1e-12))

    difference = log_odds(test) - log_odds(train)
    deviation: np.ndarray = np.sqrt(1 / (train + prior) + 1 / (test + prior))
    return difference / deviation


def _on_words(corpus: Interned, is_test: np.ndarray) -> Fit:
    """Naive Bayes on which words a sentence contains: the sum of the words' log ratios, with add-one smoothing."""
    size = corpus.vocabulary
    pairs = np.unique(corpus.sentence * size + corpus.ids)  # each word of a sentence once
    sentence, word = pairs // size, pairs % size

    def fit(rows: np.ndarray) -> np.ndarray:
        sides = [
            np.bincount(word[(rows & side)[sentence]], minlength=size) + 1 for side in (~is_test, is_test)
        ]
        weight = np.log(sides[1] / sides[1].sum()) - np.log(sides[0] / sides[0].sum())
        return np.bincount(sentence, weight[word], minlength=len(rows))

    return fit


def _on_features(train: Sequence[str], test: Sequence[str], encoder: str, is_test: np.ndarray) -> Fit:
    """Logistic regression on an encoder's features, each scaled to mean 0 and deviation 1 over all sentences."""
    pair = encode_pair(train, test, encoder)
    features = np.concatenate([pair.samples, pair.references])  # (N, F)
    scaled = (features - features.mean(0)) / np.maximum(features.std(0), 1e-9)
    scaled = np.column_stack([scaled, np.ones(len(scaled))])

    def fit(rows: np.ndarray) -> np.ndarray:
        return np.asarray(scaled @ logistic(scaled[rows], is_test[rows].astype(float)))

    return fit


def logistic(features: np.ndarray, target: np.ndarray, penalty: float = 1.0) -> np.ndarray:
    """(F,) weights of logistic regression on features (N, F), targets (N,) in {0, 1}, by Newton's method.

    Minimises the summed negative log-likelihood (nats) plus penalty / 2 * |weights|^2.
    """
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        chance = 0.5 * (1 + np.tanh(features @ weights / 2))
        gradient = features.T @ (chance - target) + penalty * weights
        curvature = (features * (chance * (1 - chance))[:, None]).T @ features
        curvature[np.diag_indices_from(curvature)] += penalty
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-6 * max(1.0, np.abs(weights).max()):
            break
    return weights
