"""What belongs together in a benchmark: the seeds of one recipe, and the seeds of one baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from textgan.benchmark.results import Baseline, Benchmark, Cell, Front, FrontPoint

NO_GAME = {"", "mle", "none"}  # strategies of recipes without an adversarial phase
NAMED = 3  # recipes named in the label of a baseline
DRAWN_ALIKE = "MLE drawn alike"


@dataclass(frozen=True)
class Group:
    """One recipe at one point of the grid on one corpus, by seed."""

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
        """Whether there is a strategy to judge; plain maximum likelihood is what others are held against."""
        return self.cells[0].strategy.lower() not in NO_GAME


@dataclass(frozen=True)
class Start:
    """Plain maximum likelihood by seed, and the recipes that are held against it."""

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
    """The baselines, those of several seeds drawn together: what one recipe is held against is one start."""
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
    """The controls, those of several seeds drawn together; recipes that share one are one."""
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
    """Seed -> what the cell of that seed is held against, where there is something."""
    return _known({cell.seed: cell.baseline for cell in group.cells}, known)


def controls(group: Group, known: Mapping[str, Baseline]) -> dict[int, Baseline]:
    """As `baselines`, of the seeds whose weights before the game were drawn as the cell draws itself."""
    return _known({cell.seed: cell.control for cell in group.cells}, known)


def _known(keys: Mapping[int, str | None], known: Mapping[str, Baseline]) -> dict[int, Baseline]:
    """Those that have a front, of one key a seed."""
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
