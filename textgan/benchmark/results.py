"""What a benchmark found: cells, fronts by temperature, and the baseline each is held against. Loads no torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textgan.metrics.samples import Score


@dataclass(frozen=True)
class FrontPoint:
    """Text drawn at one temperature. values: (N,) for each score that is a mean over the N sentences."""

    temperature: float
    scores: Mapping[str, Score]
    values: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Front:
    """A generator's points by rising temperature; one point, at 1, where it has no temperature."""

    points: tuple[FrontPoint, ...]
    samples: tuple[str, ...] = ()  # some sentences drawn at temperature 1


@dataclass(frozen=True)
class Baseline:
    """Plain maximum likelihood with a seed: what a cell began with. key: as `Cell.baseline` names it.

    scores: at temperature 1, as its run's own evaluation has them; see `Cell.scores`.
    """

    key: str
    run: Path
    seed: int
    front: Front
    minutes: float = 0.0
    scores: Mapping[str, Score] = field(default_factory=dict)


@dataclass(frozen=True)
class Cell:
    """One recipe at one point of the grid with one seed.

    label: recipe and grid point in words; baseline: the key of what it is held against, None where there is none;
    held_against: the same in words. failed: why it has no front. updates: of the generator, in the adversarial phase.
    minutes: by phase, those of a shared start included. scores: by state (before, after), at temperature 1 as the
    run's own evaluation has them. control: as baseline, the key of what it began with, drawn as it draws itself; None
    where that is the baseline.
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
    """A corpus as it was used: real text's scores, and how well train and test are told apart (AUC, 0.5: not)."""

    name: str
    real: Mapping[str, Score]
    shift: float | None = None
    told_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Benchmark:
    """All of it. budget: in words; facts: what the page says about how it was made, name -> value.

    samples: asked for of each front; drawn: those that there are, by corpus, where its training split holds fewer.
    """

    cells: tuple[Cell, ...]
    baselines: Mapping[str, Baseline]
    corpora: Mapping[str, CorpusFacts]
    budget: str
    samples: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    drawn: Mapping[str, int] = field(default_factory=dict)

    def sentences(self, corpora: Iterable[str]) -> str:
        """Of each front on these, in words: `300`, or `300 to 1,000`."""
        counts = sorted({self.drawn.get(name, self.samples) for name in corpora} or {self.samples})
        return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
