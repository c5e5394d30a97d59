"""What the report knows about one run, as plain data: its recipe, scores, curves and text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.metrics.samples import Score
from textgan.report.closer import Closer
from textgan.report.log import Curve
from textgan.runs.points import Sweep
from textgan.training.unfinished import Stand

Cells = Mapping[str, Score]


@dataclass(frozen=True)
class Evaluation:
    """The scores at one moment of training."""

    phase: str
    step: int
    seconds: float
    scores: Cells


@dataclass(frozen=True)
class Snapshot:
    """Sentences that were generated at one moment of training."""

    phase: str
    step: int
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class RunRecord:
    """Everything the report shows about one run, as plain data."""

    path: Path
    recipe: Mapping[str, Any]
    recipe_text: str
    environment: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    rows: Mapping[str, Cells]  # "real", "before", "after"
    curves: Mapping[str, Curve]
    evaluations: tuple[Evaluation, ...]
    phase_starts: tuple[tuple[str, float], ...]  # (phase, seconds)
    before: tuple[str, ...]
    after: tuple[str, ...]
    over_time: tuple[Snapshot, ...]
    written: tuple[str, ...]  # how the scored text was generated, unless by plain sampling
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    closer: Closer | None  # `closer.json`: generated against real text
    sweep: Sweep | None  # the front by temperature, if `textgan sweep` measured one
    stand: Stand | None  # how far training had come, unless it is over
    problems: tuple[str, ...]  # sentences about what could not be read
    outdated: tuple[str, ...]  # warnings: metric files that have changed

    @property
    def finished(self) -> bool:
        """Whether the final evaluation is there."""
        return bool(self.evaluation)

    @property
    def empty(self) -> Mapping[str, float]:
        """Share of empty sentences, by state (before, after), where it was counted."""
        count, found = self.evaluation.get("samples"), self.evaluation.get("empty")
        if not isinstance(found, Mapping) or not isinstance(count, int) or count < 1:
            return {}
        return {str(name): number / count for name, number in found.items() if isinstance(number, int)}

    @property
    def name(self) -> str:
        """The recipe's name, or the folder's."""
        named = self.evaluation.get("recipe") or self.recipe.get("name")
        return str(named) if named else self.path.resolve().name

    @property
    def strategy(self) -> str:
        """The gradient strategy's name; "MLE" for a run with no adversarial phase."""
        if self.finished and "before" not in self.rows:
            return "MLE"
        named = self.evaluation.get("strategy") or part_name(self.recipe, "strategy") or "mle"
        return "MLE" if named == "mle" else str(named)

    @property
    def start(self) -> str:
        """How the generator was trained before the adversarial phase: by maximum likelihood, or not at all."""
        train = self.recipe.get("train")
        phases = train if isinstance(train, Mapping) else {}
        return (
            "MLE (before)"
            if not phases or "mle" in phases or self.recipe.get("start")
            else "untrained (before)"
        )

    @property
    def begun(self) -> str:
        """What the adversarial phase started from: "MLE" or "untrained"."""
        return self.start.removesuffix(" (before)")

    @property
    def corpus(self) -> str:
        """The corpus's name, "" if unknown."""
        return str(self.evaluation.get("corpus") or part_name(self.recipe, "corpus") or "")

    @property
    def seed(self) -> str:
        """The seed as text, "" if unknown."""
        places: tuple[Mapping[str, Any], ...] = (self.evaluation, self.environment, self.recipe)
        return next((str(place["seed"]) for place in places if place.get("seed") is not None), "")

    @property
    def entropy(self) -> float | None:
        """Entropy of the known source in nats per token of the test split; None if the source is not known."""
        value = self.evaluation.get("entropy")
        return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def part_name(recipe: Mapping[str, Any], part: str) -> str | None:
    """The name given in `recipe[part]`, which is a word or a mapping with `name` (or `path`, for a corpus)."""
    value = recipe.get(part)
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("path")
    return None if value is None else str(value)
