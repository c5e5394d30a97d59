"""Filters that decide which generated sentences to keep; each counts what it dropped. Does not import torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from textgan.augment.labelled import spaced
from textgan.data.corpus import Split
from textgan.metrics.class_accuracy import NaiveBayes
from textgan.metrics.memorisation import longest_copies
from textgan.metrics.tokens import SPLIT
from textgan.runs.asked import Drawn
from textgan.runs.choosing import bar

RULES = {
    "empty": "contain no word",
    "copied": "occur in the training text",
    "repeated": "repeat an earlier one",
    "memorised": "are mostly copied from one training sentence",
    "label": "get another label from naive Bayes",
    "judge": "get a low score from the discriminator",
}
"""Rule -> what is wrong with the sentences it drops, in the order in which rules are applied."""


@dataclass
class Sieve:
    """train: real text; naive Bayes learns its labels (indices into names). dropped: number of sentences by rule.

    memory: a sentence of five or more tokens is dropped if a single run copied from one training sentence makes up this
    share of it. reject: share of candidates to drop for each label, those with the lowest discriminator scores; the
    threshold is set once, from the first candidates of a label. letters: sentences are strings or in a script
    without spaces, so they are compared by character.
    """

    train: Split
    names: Sequence[str]
    memory: float = 0.8
    reject: float = 0.5
    letters: bool = False
    dropped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._texts = [self._read(text) for text in self.train.texts]
        self._known = {self._key(text) for text in self.train.texts}
        self._seen: set[tuple[str, ...]] = set()
        self._bars: dict[str, float] = {}
        self._model = NaiveBayes.fit(self._texts, self.train.labels or [], len(self.names))

    def keep(self, drawn: Sequence[Drawn], most: int) -> list[Drawn]:
        """The first `most` candidates that pass every rule; all must have been generated for the same label."""
        self._set_bar(drawn)
        left = [one for one in drawn if self._new(one)]
        if not left:
            return []
        longest = longest_copies([self._read(one.text) for one in left], self._texts)
        kept: list[Drawn] = []
        for one, run in zip(left, longest, strict=True):
            if len(kept) == most:
                break
            why = self._why_not(one, int(run))
            if why is None:
                kept.append(one)
            else:
                self.dropped[why] += 1
        return kept

    def _new(self, one: Drawn) -> bool:
        key = self._key(one.text)
        why = (
            "empty"
            if not key
            else "copied"
            if key in self._known
            else "repeated"
            if key in self._seen
            else None
        )
        self._seen.add(key)
        if why is not None:
            self.dropped[why] += 1
        return why is None

    def _why_not(self, one: Drawn, run: int) -> str | None:
        tokens = len(self._key(one.text))
        if tokens >= 5 and run >= self.memory * tokens:
            return "memorised"
        if self.names[int(self._model.log_odds(self._read(one.text)).argmax())] != one.label:
            return "label"
        if one.score is not None and one.score < self._bars.get(str(one.label), -np.inf):
            return "judge"
        return None

    def _set_bar(self, drawn: Sequence[Drawn]) -> None:
        if drawn and self.reject > 0 and (name := str(drawn[0].label)) not in self._bars:
            scores = [one.score for one in drawn if one.score is not None]
            if scores:
                self._bars[name] = bar(scores, self.reject)

    def _read(self, text: str) -> str:
        return spaced(text) if self.letters else text

    def _key(self, text: str) -> tuple[str, ...]:
        """Equal for sentences with the same words and marks, ignoring case and spaces."""
        return tuple(text) if self.letters else tuple(SPLIT(text))
