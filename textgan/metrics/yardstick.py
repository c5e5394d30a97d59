"""Scores of a list of sentences, and of real text measured in the same way, for comparison."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textgan.metrics.bootstrap import intervals, sentence_values
from textgan.metrics.presets import Preset, Scored
from textgan.metrics.real import stands_in, with_fact
from textgan.metrics.samples import Samples, Score
from textgan.metrics.suite import evaluate

Held = tuple[str, Sequence[str], Sequence[str]]
"""How real text is scored against itself: its name in the signature, the texts, their references."""

REAL = "real text against itself"
OVERLAP = ("bleu", "self-bleu")
"""The metrics whose protocol a preset defines."""


@dataclass(frozen=True)
class Measured(Score):
    """A score, with its 95% bootstrap interval over sentences if one was requested and the metric has one."""

    ci: tuple[float, float] | None = None


@dataclass(frozen=True)
class Yardstick:
    """The real text that files are compared with, and how they are measured: the same for all files of a comparison.

    references, train: real sentences; may be empty. names: the metrics to run. encoder: for the metrics that take
    one.
    """

    references: Sequence[str]
    train: Sequence[str]
    names: Sequence[str]
    preset: Preset
    ci: bool = False
    encoder: str | None = None
    seed: int = 0

    def score(self, texts: Sequence[str], name: str) -> dict[str, Measured]:
        """One metric of the texts, by key (`bleu-2`, ...); scores that cannot be measured are absent."""
        return measure(self._samples(texts, self.references), [name], self.preset, self.ci, self.encoder)

    def real(self, amount: int) -> dict[str, Measured]:
        """The row of real text against itself: `amount` sentences, or as many as there are.

        With a training set, sentences drawn from it are scored as samples, against all references.
        Without one, metrics that compare get a half of the references against the other half; metrics that
        look at nothing but the texts get sentences drawn from all references, since a half may be too few
        (self-BLEU grows with their number). Metrics that look for copies of the training set get references;
        those that learn from it, and those we do not know, get halves in any case. The signature says which
        (`real:train`, `real:halves`, `real:references`), with the seed.
        """
        drawn = self._drawn(self.references, amount)
        mixed = self._drawn(self.references, len(self.references))
        half = len(mixed) // 2
        halves: Held = "halves", mixed[:half][:amount], mixed[half:]
        references: Held = "references", drawn, []
        stand_in: Held = "train", self._drawn(self.train, amount), self.references
        parts = {"train": stand_in, "references": references, "halves": halves}
        found: dict[str, Measured] = {}
        for name in self.names:
            found |= self._real(name, *parts[stands_in(name, bool(self.train))])
        return found

    def _real(
        self, name: str, how: str, texts: Sequence[str], references: Sequence[str]
    ) -> dict[str, Measured]:
        if not texts:
            return {}
        scores = measure(self._samples(texts, references), [name], self.preset, self.ci, self.encoder)
        fact = f"real:{how}(seed:{self.seed})"
        return {
            key: Measured(each.value, with_fact(each.signature, fact), each.ci)
            for key, each in scores.items()
        }

    def _samples(self, texts: Sequence[str], references: Sequence[str]) -> Samples:
        return Samples(list(texts), list(references), list(self.train) or None)

    def _drawn(self, texts: Sequence[str], amount: int) -> list[str]:
        return random.Random(self.seed).sample(texts, min(amount, len(texts)))


def measure(
    samples: Samples, names: Sequence[str], preset: Preset, ci: bool = False, encoder: str | None = None
) -> dict[str, Measured]:
    """The named metrics; the preset sets the protocol of BLEU and self-BLEU. Mistake for an unknown name."""
    found: dict[str, Measured] = {}
    for name in names:
        if name in OVERLAP:
            found |= _means(preset.score(name, samples), ci)
            continue
        scores = evaluate(samples, [name], encoder=encoder)
        ends = _intervals(sentence_values(samples, name)) if ci else {}
        found |= {key: Measured(each.value, each.signature, ends.get(key)) for key, each in scores.items()}
    return found


def _means(scored: Mapping[str, Scored], ci: bool) -> dict[str, Measured]:
    ends = _intervals({key: each.values for key, each in scored.items()}) if ci else {}
    return {
        key: Measured(float(each.values.mean()), each.signature, ends.get(key))
        for key, each in scored.items()
    }


def _intervals(values: Mapping[str, np.ndarray]) -> dict[str, tuple[float, float]]:
    if not values:
        return {}
    rows = intervals(np.stack(list(values.values()))).tolist()
    return {key: (low, high) for key, (low, high) in zip(values, rows, strict=True)}
