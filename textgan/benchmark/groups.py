"""Groups a benchmark's cells and baselines over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from textgan.benchmark.results import Baseline, Benchmark, Cell, Front, FrontPoint

NAMED = 3  # recipes named at most in a baseline's label
DRAWN_ALIKE = "MLE drawn alike"


@dataclass(frozen=True)
class Group:
    """The cells of one recipe at one grid point on one corpus, one for each seed."""

    corpus: str
    label: str
    cells: tuple[Cell, ...]

    @property
    def done(self) -> tuple[Cell, ...]:
        """The cells that have a front."""
        return tuple(cell for cell in self.cells if _has_front(cell))

    @property
    def failed(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if not _has_front(cell))

    @property
    def plays(self) -> bool:
        """Whether there is an adversarial phase to judge; plain maximum likelihood is the baseline."""
        return self.cells[0].strategy != "mle"


@dataclass(frozen=True)
class Start:
    """Plain maximum likelihood by seed, and the recipes compared with it."""

    corpus: str
    label: str
    baselines: tuple[Baseline, ...]
    labels: tuple[str, ...]


def groups(benchmark: Benchmark) -> list[Group]:
    """In the order of the cells; seeds in rising order."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in benchmark.cells:
        found.setdefault((cell.corpus, cell.label), []).append(cell)
    return [
        Group(corpus, label, tuple(sorted(cells, key=lambda cell: cell.seed)))
        for (corpus, label), cells in found.items()
    ]


def starts(benchmark: Benchmark) -> list[Start]:
    """The baselines, grouped over seeds: all baselines of one recipe form one start."""
    made: list[tuple[str, dict[str, Baseline], list[str]]] = []
    for group in groups(benchmark):
        mine = baselines(group, benchmark.baselines)
        if not mine:
            continue
        keys = {baseline.key: baseline for baseline in mine.values()}
        same = next((m for m in made if m[0] == group.corpus and keys.keys() & m[1].keys()), None)
        if same is None:
            made.append((group.corpus, keys, [group.label]))
        else:
            same[1].update(keys)
            same[2].append(group.label)
    alone = {corpus for corpus, _, _ in made if [m[0] for m in made].count(corpus) == 1}
    return [
        Start(
            corpus,
            "MLE" if corpus in alone else f"MLE of {_some(labels)}",
            tuple(sorted(keys.values(), key=lambda baseline: baseline.seed)),
            tuple(labels),
        )
        for corpus, keys, labels in made
    ]


def control_starts(benchmark: Benchmark) -> list[Start]:
    """The controls, grouped over seeds; recipes that share a control belong to one start."""
    made: dict[tuple[str, ...], tuple[Group, dict[int, Baseline]]] = {}
    for group in groups(benchmark):
        if found := controls(group, benchmark.baselines):
            made.setdefault(tuple(one.key for one in found.values()), (group, found))
    corpora = [group.corpus for group, _ in made.values()]
    return [
        Start(
            group.corpus,
            DRAWN_ALIKE if corpora.count(group.corpus) == 1 else f"{DRAWN_ALIKE} of {group.label}",
            tuple(found[seed] for seed in sorted(found)),
            (group.label,),
        )
        for group, found in made.values()
    ]


def baselines(group: Group, known: Mapping[str, Baseline]) -> dict[int, Baseline]:
    """Seed -> the baseline of that seed's cell, for the seeds that have one."""
    return _known({cell.seed: cell.baseline for cell in group.cells}, known)


def controls(group: Group, known: Mapping[str, Baseline]) -> dict[int, Baseline]:
    """As `baselines`, for seeds with a control: its weights before the game, sampled as the cell samples."""
    return _known({cell.seed: cell.control for cell in group.cells}, known)


def _known(keys: Mapping[int, str | None], known: Mapping[str, Baseline]) -> dict[int, Baseline]:
    """Seed -> baseline, for the keys that have a front."""
    found = {seed: known[key] for seed, key in keys.items() if key is not None and key in known}
    return {seed: one for seed, one in found.items() if one.front.points}


def at_one(front: Front) -> FrontPoint | None:
    """The point at temperature 1."""
    return next((point for point in front.points if math.isclose(point.temperature, 1.0)), None)


def _has_front(cell: Cell) -> bool:
    return cell.failed is None and cell.front is not None and bool(cell.front.points)


def _some(labels: list[str]) -> str:
    more = len(labels) - NAMED
    return ", ".join(labels[:NAMED]) + (f" and {more} more" if more > 0 else "")
