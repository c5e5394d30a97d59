"""Whether generated text helped, in numbers and words, from predictions on held-out text. Does not import torch."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textgan.benchmark.resampling import TAIL, resample, stretch
from textgan.metrics.bootstrap import RESAMPLES
from textgan.report.numbers import signed

ARMS = {
    "real": "real text alone",
    "augmented": "+ generated text",
    "simple": "+ changed copies (EDA)",
    "copies": "+ plain copies",
}
"""What a classifier learns from -> the same in words. All but the first have equally many sentences and labels."""
TITLES = {"cnn": "CNN", "linear": "linear"}
HELPED, HURT, UNCLEAR = "helped", "hurt", "no difference shown"


@dataclass(frozen=True)
class Cell:
    """One classifier with one seed, trained on `labels` real sentences and `added` others.

    right: (N,) bool, whether it is correct on each test sentence. whole: `labels` is all the real text.
    """

    labels: int
    whole: bool
    seed: int
    arm: str
    classifier: str
    added: int
    right: np.ndarray

    @property
    def key(self) -> tuple[int, int, str, str]:
        return self.labels, self.seed, self.arm, self.classifier

    def row(self) -> dict[str, Any]:
        """A row for a JSON line; `right` is stored as bits, so that the interval can be recomputed."""
        bits = base64.b64encode(np.packbits(self.right).tobytes()).decode()
        return {
            **{"labels": self.labels, "whole": self.whole, "seed": self.seed, "arm": self.arm},
            **{"classifier": self.classifier, "added": self.added, "accuracy": float(self.right.mean())},
            **{"test": len(self.right), "right": bits},
        }

    @classmethod
    def of(cls, row: dict[str, Any]) -> Cell:
        bits = np.frombuffer(base64.b64decode(row["right"]), dtype=np.uint8)
        right = np.unpackbits(bits, count=row["test"]).astype(bool)
        return cls(
            row["labels"], row["whole"], row["seed"], row["arm"], row["classifier"], row["added"], right
        )


@dataclass(frozen=True)
class Measured:
    """A mean over seeds with its 95% interval over seeds and test sentences (widened for few seeds), in [0, 1]."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def word(self) -> str:
        """The word for a difference: whether its interval excludes 0, and on which side."""
        return HELPED if self.low > 0 else HURT if self.high < 0 else UNCLEAR


@dataclass(frozen=True)
class Comparison:
    """One classifier at one number of labels. accuracy: by arm. gain: `augmented` minus `real`; over: minus `simple`.

    gain and over are None if no generated text was left after filtering.
    """

    labels: int
    whole: bool
    classifier: str
    added: int
    accuracy: dict[str, Measured]
    gain: Measured | None
    over: Measured | None

    @property
    def name(self) -> str:
        """`the CNN at 200 labels`."""
        at = f"all {self.labels:,}" if self.whole else f"{self.labels:,}"
        return (
            f"the {TITLES.get(self.classifier, self.classifier)} {_classifier(self.classifier)}at {at} labels"
        )


def _classifier(name: str) -> str:
    return "classifier " if name == "linear" else ""


def measured(values: Sequence[np.ndarray], least: float = -1.0) -> Measured:
    """The mean over seeds and test sentences, with its interval. values: for each seed (N,), in [least, 1].

    The bootstrap resamples seeds, and test sentences jointly for all seeds: since all seeds share one test set, the
    variance due to its sentences does not average out over seeds. Variation between seeds is widened as in
    `benchmark.resampling`.
    """
    rows = [np.asarray(value, dtype=np.float64) for value in values]
    draw = np.random.default_rng(0)
    found = resample(rows, draw)  # (S, 1 + RESAMPLES), one draw of sentences for all rows
    seeds, means = len(rows), found[:, 0]
    chosen = draw.integers(0, seeds, size=(seeds, RESAMPLES))
    drawn = found[chosen, 1 + np.arange(RESAMPLES)].mean(0)
    if seeds > 1:
        drawn += (stretch(seeds) - 1) * (means - means.mean())[chosen].mean(0)
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL]).clip(least, 1.0)
    return Measured(float(means.mean()), float(low), float(high), seeds)


def compare(cells: Sequence[Cell]) -> list[Comparison]:
    """By number of labels and classifier, in the order of the cells. Differences are paired by seed and sentence."""
    comparisons = []
    for labels, classifier in dict.fromkeys((cell.labels, cell.classifier) for cell in cells):
        mine = [cell for cell in cells if (cell.labels, cell.classifier) == (labels, classifier)]
        arms = {arm: {cell.seed: cell for cell in mine if cell.arm == arm} for arm in ARMS}
        accuracy = {arm: measured([c.right for c in by.values()], 0.0) for arm, by in arms.items() if by}
        added = [cell.added for cell in arms["augmented"].values()]
        comparison = Comparison(
            labels,
            mine[0].whole,
            classifier,
            round(sum(added) / len(added)) if added else 0,
            accuracy,
            _difference(arms["augmented"], arms["real"]),
            _difference(arms["augmented"], arms["simple"]),
        )
        comparisons.append(comparison)
    return comparisons


def _difference(first: dict[int, Cell], second: dict[int, Cell]) -> Measured | None:
    seeds = [seed for seed in first if seed in second and first[seed].added]
    if not seeds:
        return None
    return measured([first[s].right.astype(float) - second[s].right.astype(float) for s in seeds])


def headline(found: Sequence[Comparison]) -> str:
    """One sentence: did generated text help any classifier?"""
    gains = [each for each in found if each.gain is not None]
    if not gains:
        return "Nothing to judge: the filters left no generated sentence"
    helped, hurt = (of_word(gains, word) for word in (HELPED, HURT))
    if not helped:
        answer = f"Generated text did not help: in none of {len(gains)} comparisons is accuracy higher beyond chance"
        return answer + (f", and it hurt {joined(hurt)}" if hurt else "")
    answer = f"Generated text helped in {len(helped)} of {len(gains)} comparisons, {joined(helped)}"
    answer += f"; it hurt {joined(hurt)}" if hurt else ""
    more = [each for each in helped if each.over is not None and each.over.word == HELPED]
    if not more:
        return f"{answer}; but it is not shown to beat simple changes of real text"
    return f"{answer}; it beat simple changes of real text for {joined(more)}"


def of_word(found: Sequence[Comparison], word: str) -> list[Comparison]:
    return [each for each in found if each.gain is not None and each.gain.word == word]


def joined(found: Sequence[Comparison]) -> str:
    names = [each.name for each in found]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def sentence(each: Comparison) -> str:
    """`The CNN at 200 labels: helped, +2.1 points [+.4, +3.8] against real text alone; ...`."""
    name = each.name[0].upper() + each.name[1:]
    if each.gain is None:
        return f"{name}: not measured, since the filters left no generated sentence"
    line = f"{name}: {each.gain.word}, {points(each.gain)} against real text alone"
    return line + (f"; {points(each.over)} against simple changes" if each.over is not None else "")


def points(gain: Measured) -> str:
    """A difference in points of accuracy, with its 95% interval: `+2.1 points [+.4, +3.8]`."""
    return f"{signed_points(gain.mean)} points {interval(gain)}"


def interval(gain: Measured) -> str:
    """The 95% interval of a difference, in points: `[+.4, +3.8]`."""
    return f"[{signed_points(gain.low)}, {signed_points(gain.high)}]"


def signed_points(share: float) -> str:
    """A difference of accuracies, in points: `+2.1`, `−.3`, `±0`."""
    return signed(share * 100, 1)
