"""A benchmark's results: cells, fronts by temperature, and each cell's baseline. Does not import torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textgan.metrics.samples import Score


@dataclass(frozen=True)
class FrontPoint:
    """Text sampled at one temperature. values: (N,) by sentence, for each score that is a mean over the N sentences."""

    temperature: float
    scores: Mapping[str, Score]
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Front:
    """A generator's points by increasing temperature; a single point, at 1, for a generator without temperature."""

    points: tuple[FrontPoint, ...]
    samples: tuple[str, ...] = ()  # some sentences drawn at temperature 1


@dataclass(frozen=True)
class Baseline:
    """Plain maximum likelihood with one seed, which cells began with. key: the one in `Cell.baseline`.

    scores: at temperature 1, from its run's own evaluation; see `Cell.scores`.
    """

    key: str
    run: Path
    seed: int
    front: Front
    minutes: float = 0.0
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One recipe at one grid point with one seed.

    label: recipe and grid point in words. baseline: key of the baseline, None if there is none; held_against: the same
    in words. failed: why it has no front. updates: of the generator, in the adversarial phase. minutes: by phase,
    including those of a shared start. scores: by state (before, after), at temperature 1, from the run's own
    evaluation. control: key of the weights it began with, sampled as the cell samples; None if that is the baseline.
    """

    label: str
    recipe: str
    strategy: str
    corpus: str
    seed: int
    run: Path
    grid: Mapping[str, str] = field(default_factory=dict)
    baseline: str | None = None
    held_against: str = ""
    front: Front | None = None
    scores: Mapping[str, Mapping[str, Score]] = field(default_factory=dict)
    minutes: Mapping[str, float] = field(default_factory=dict)
    updates: int = 0
    command: str = ""
    commit: str | None = None
    warnings: tuple[str, ...] = ()
    gradient: Mapping[str, float] = field(default_factory=dict)
    control: str | None = None
    failed: str | None = None


@dataclass(frozen=True)
class CorpusFacts:
    """A corpus as used. real: scores of real text. shift: AUC of a classifier of train against test (0.5: no shift)."""

    name: str
    real: Mapping[str, Score]
    shift: float | None = None
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """All results. budget: in words. drawn: number of sentences of each front, by corpus. facts: how it was made,
    name -> value, for the page.
    """

    cells: tuple[Cell, ...]
    baselines: Mapping[str, Baseline]
    corpora: Mapping[str, CorpusFacts]
    budget: str
    drawn: Mapping[str, int]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def sentences(self, corpora: Iterable[str]) -> str:
        """Number of sentences in each front on these corpora, in words: `300`, or `300 to 1,000`."""
        counts = sorted(self.drawn[name] for name in corpora)
        return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
