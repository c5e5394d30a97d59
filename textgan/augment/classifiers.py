"""The two classifiers used to measure whether generated text helps: a CNN and naive Bayes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from textgan.augment.labelled import labels_of
from textgan.data.batches import Batches, encode
from textgan.data.corpus import Split
from textgan.data.tokenizers import Tokenizer, word
from textgan.discriminators.cnn import CNN
from textgan.machine.streams import seeded
from textgan.metrics.class_accuracy import NaiveBayes
from textgan.types import Discriminator, Text

BATCH = 50
_longest = 128
_words = 20_000


def learn_classes(
    classifier: Discriminator,
    next_text: Callable[[], Text],
    optimizer: torch.optim.Optimizer,
    updates: int,
) -> None:
    """Train a discriminator with class logits on labelled text for `updates` steps, by class cross-entropy only."""
    classifier.train()
    for _ in range(updates):
        given = next_text()
        logits = classifier.judge(given).classes
        assert logits is not None and given.labels is not None
        optimizer.zero_grad()
        cross_entropy(logits, given.labels).backward()
        optimizer.step()


def cnn(train: Split, test: Split, classes: int, seed: int, updates: int) -> np.ndarray:
    """(N,) bool: which of N test sentences a CNN (Kim 2014, from scratch) trained on `train` classifies correctly.

    Widths 2 to 5 with 64 filters each, embeddings of size 64, dropout .5; Adam, 1e-3, batches of 50. No early stopping
    and no model selection: with few labels there is no held-out text to spare for them.
    """
    with seeded(seed):
        tokenizer = word(train.texts, attach=False, lowercase=True, max_size=_words)
        sizes = [len(row) for row in tokenizer.encode(train.texts)]
        length = max(8, min(_longest, int(np.quantile(sizes, 0.99, method="nearest")) + 1))
        encoded, _ = encode(train, tokenizer, length, overlong="truncate")
        classifier = CNN(
            tokenizer.vocabulary,
            labels="tell",
            classes=classes,
            dropout=0.5,
            highway=False,
        )
        batches = Batches(encoded, BATCH, seed)
        learn_classes(
            classifier, lambda: batches.next()[0], torch.optim.Adam(classifier.parameters(), lr=1e-3), updates
        )
    return _right(classifier.eval(), test, tokenizer, length)


@torch.no_grad()
def _right(classifier: CNN, test: Split, tokenizer: Tokenizer, length: int) -> np.ndarray:
    text = encode(test, tokenizer, length, overlong="truncate", place="test")[0].text
    assert text.labels is not None and len(text) == len(test)
    found = []
    for begin in range(0, len(text), 256):
        part = text[begin : begin + 256]
        logits = classifier.judge(part).classes
        assert logits is not None and part.labels is not None
        found.append((logits.argmax(1) == part.labels).numpy())
    return np.concatenate(found)


def linear(train: Split, test: Split, classes: int, seed: int = 0, updates: int = 0) -> np.ndarray:
    """(N,) bool: which test sentences naive Bayes on word unigrams and bigrams classifies correctly. Deterministic."""
    model = NaiveBayes.fit(train.texts, train.labels or [], classes)
    predicted = np.array([int(model.log_odds(text).argmax()) for text in test.texts])
    return np.asarray(predicted == labels_of(test))


CLASSIFIERS: dict[str, Callable[[Split, Split, int, int, int], np.ndarray]] = {"cnn": cnn, "linear": linear}
"""Name -> (train, test, classes, seed, updates) -> right or wrong on each test sentence."""
