"""The interface of a corpus: three splits of raw text and, if known, the true source. Does not import torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Protocol

import numpy as np


class Source(Protocol):
    """A distribution over sentences that is known exactly, such as a grammar or an oracle.

    A source whose sentences all have the same length may set `ends = False`: their end is then not counted as a token.
    """

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, nats per sentence; -inf if the source cannot generate the sentence."""
        ...

    def log_prob_smoothed(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, nats; the source mixed with a little noise, finite for every sentence."""
        ...

    def tokens(self, sentence: str) -> list[str]:
        """The sentence's terminals (words and punctuation), without an end-of-sentence token."""
        ...

    def entropy(self) -> float:
        """Nats per sentence; ValueError if it is not known."""
        ...


def token_counts(source: Source, sentences: Sequence[str]) -> np.ndarray:
    """(N,) tokens of each sentence, counting its end unless the source sets `ends = False`."""
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
    """Train, validation and test text; `notes` on what was dropped or unusual; the true source if it is known."""

    name: str
    train: Split
    validation: Split
    test: Split
    label_names: tuple[str, ...]
    source: Source | None
    notes: list[str]


def fingerprint(corpus: Corpus) -> dict[str, str]:
    """SHA-256 of each split's text and labels, to check that a run is resumed with the corpus it was started with.

    A corpus too large to be read in full supplies its own digest (method `fingerprint`).
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
    """Whether at most 10% of the texts contain a space, as in Chinese, Japanese or lists of names."""
    looked_at = list(islice(texts, 10_000))
    return bool(looked_at) and sum(" " in text for text in looked_at) <= 0.1 * len(looked_at)


def duplicates(texts: Sequence[str]) -> int:
    """How many of the texts repeat an earlier one."""
    return len(texts) - len(set(texts))


def overlap(texts: Sequence[str], train: Sequence[str]) -> int:
    """How many of the texts also occur in `train`."""
    known = set(train)
    return sum(text in known for text in texts)
