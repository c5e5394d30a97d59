"""What a corpus is: three splits of raw text and, where it is known, the true source. Loads no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Protocol

import numpy as np


class Source(Protocol):
    """A distribution over sentences that is known exactly: a grammar, an oracle.

    One whose sentences are all of one length may say `ends = False`: their end is then no token.
    """

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, nats per sentence; -inf where the source cannot have written the sentence."""
        ...

    def log_prob_smoothed(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, nats; the source mixed with a little noise, finite for every sentence."""
        ...

    def tokens(self, sentence: str) -> list[str]:
        """The sentence's terminals (words and marks), without any end-of-sentence sign."""
        ...

    def entropy(self) -> float:
        """Nats per sentence; ValueError where it is not known."""
        ...


def token_counts(source: Source, sentences: Sequence[str]) -> np.ndarray:
    """(N,) tokens of each sentence, its end counted where the source's sentences have one (`ends`, True if unsaid)."""
    end = int(getattr(source, "ends", True))
    return np.array([len(source.tokens(sentence)) + end for sentence in sentences], dtype=np.int64)


@dataclass(frozen=True)
class Split:
    """One part of a corpus as raw text; labels are indices into the corpus's `label_names`."""

    texts: list[str]
    labels: list[int] | None = None

    def __len__(self) -> int:
        return len(self.texts)


class Corpus(Protocol):
    """Train, validation and test text; what was dropped or odd, in words; the true source where it is known."""

    name: str
    train: Split
    validation: Split
    test: Split
    label_names: tuple[str, ...]
    source: Source | None
    notes: list[str]


def fingerprint(corpus: Corpus) -> dict[str, str]:
    """SHA-256 of each split's text and labels: whether it is still the corpus that a run was begun with.

    A corpus that is too large to be read through gives a digest of its own (`fingerprint`).
    """
    own = getattr(corpus, "fingerprint", None)
    if own is not None:
        return {"file": own()}
    found = {}
    for name in ("train", "validation", "test"):
        split: Split = getattr(corpus, name)
        digest = sha256()
        for text in split.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        labels = [] if split.labels is None else split.labels
        digest.update("".join(f"\n{label}" for label in (*corpus.label_names, *labels)).encode())
        found[name] = digest.hexdigest()
    return found


def uncut(texts: Iterable[str]) -> bool:
    """Whether hardly a text has a space, so that each is one word: Chinese or Japanese, or names."""
    looked_at = list(islice(texts, 10_000))
    return bool(looked_at) and sum(" " in text for text in looked_at) <= 0.1 * len(looked_at)


def duplicates(texts: Sequence[str]) -> int:
    """How many of the texts repeat an earlier one."""
    return len(texts) - len(set(texts))


def overlap(texts: Sequence[str], train: Sequence[str]) -> int:
    """How many of the texts occur in `train` too."""
    known = set(train)
    return sum(text in known for text in texts)
