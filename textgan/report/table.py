"""The comparison table: one row per run and state, as `printed` and the page write it.

What is marked is the best among the generated rows: for BLEU, self-BLEU and distinct the one nearest to real text,
since a generator that repeats one good sentence beats real text in BLEU, and one that draws words at random beats it
in distinct; for the others by `textgan.metrics.suite.direction`. A metric that was not run is a dash (an empty field
in csv), never 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textgan.report import numbers
from textgan.report.reading import Cells, RunRecord

NEAREST_TO_REAL = {"bleu", "self-bleu", "distinct"}
OF_THE_TEXT = ("source-nll", "lm-score")
"""Scores whose signature counts what was written; that of the others counts the text that all are held against."""
OF_NUMBERS = (
    "bleu",
    "self-bleu",
    "distinct",
    "backward-bleu",
    "harmonic-bleu",
    "ms-jaccard",
    "entropy",
    "duplicates",
)
"""Scores that change with the number of sentences or of references, the text being the same."""


@dataclass(frozen=True)
class Row:
    """One line of the table. `real`: the scores of real text that it is to be held against."""

    label: str
    state: str  # real, before, after
    run: str  # the run's name
    folder: str
    corpus: str
    seed: str
    cells: Cells
    real: Cells

    @property
    def generated(self) -> bool:
        """Whether a generator wrote it."""
        return self.state != "real"


def rows(runs: Sequence[RunRecord]) -> list[Row]:
    """Real text, then where the generators started, then what became of them, in the order of the runs.

    A row that several runs share, number for number on the same corpus, is there once. Labels are made
    distinct.
    """
    kept: list[Row] = []
    seen: list[tuple[str, Mapping[str, float]]] = []
    for state in ("real", "before", "after"):
        for run in runs:
            cells = run.rows.get(state)
            if not cells:
                continue
            start = state == "before" or (state == "after" and run.strategy == "MLE")
            numbers_of = (run.corpus, {key: cell.value for key, cell in cells.items()})
            if (state == "real" or start) and numbers_of in seen:
                continue
            seen.append(numbers_of)
            label = {"real": "real text", "before": run.start}.get(state, run.strategy)
            row = Row(
                label, state, run.name, run.path.resolve().name, run.corpus, run.seed, cells, _real(run)
            )
            # an MLE run stands with the starting points, not with what adversarial training made of them
            kept.insert(_end_of_starts(kept), row) if state == "after" and start else kept.append(row)
    return _distinct_labels(kept)


def columns(table: Sequence[Row]) -> list[str]:
    """The metrics that at least one row has, in the table's order."""
    return sorted({key for row in table for key in row.cells}, key=numbers.order)


def best(table: Sequence[Row], key: str) -> set[int]:
    """Which rows to mark in column `key`: per corpus, the best generated row and all that print the same.

    Empty where there is nothing to choose: fewer than two such rows, all alike, no known direction, or (those of
    `NEAREST_TO_REAL`) no real text to hold them against.
    """
    marked: set[int] = set()
    for corpus in {row.corpus for row in table}:
        costs = {
            place: cost
            for place, row in enumerate(table)
            if row.generated and row.corpus == corpus and (cost := _cost(row, key)) is not None
        }
        if len(costs) < 2:
            continue
        first = min(costs, key=lambda place: costs[place])
        winners = {
            place
            for place, cost in costs.items()
            if round(cost - costs[first], 9) < 0.0005
            or _shown(table[place], key) == _shown(table[first], key)
        }
        marked |= winners if len(winners) < len(costs) else set()
    return marked


def measure(row: Row, key: str) -> str:
    """The signature, without the length of the very text that was scored and the words in it that are not known."""
    signature = row.cells[key].signature
    return re.sub(r"\|(tokens|unknown):\d+(\(\w+\))?", "", signature) if key in OF_THE_TEXT else signature


def comparable(row: Row, key: str) -> bool:
    """Whether the row's value may be held against real text's: not where one of them had more references, which BLEU
    grows with, or more sentences, which self-BLEU and distinct go with."""
    real = row.real.get(key)
    if real is None or key not in row.cells or numbers.family(key)[0] not in OF_NUMBERS:
        return True
    counts = r"\|real:[^|]*" if numbers.family(key)[0] != "bleu" else r"\|(real|hyps):[^|]*"
    return re.sub(counts, "", row.cells[key].signature) == re.sub(counts, "", real.signature)


def _real(run: RunRecord) -> Cells:
    return run.rows.get("real", {})


def _end_of_starts(kept: Sequence[Row]) -> int:
    return sum(row.state != "after" or row.label == "MLE" for row in kept)


def _shown(row: Row, key: str) -> str:
    return numbers.number(key, row.cells.get(key))


def _cost(row: Row, key: str) -> float | None:
    """How far the row is from the best there could be, lower is better; None where that cannot be told."""
    cell = row.cells.get(key)
    if cell is None or not math.isfinite(cell.value):
        return None
    if numbers.family(key)[0] in NEAREST_TO_REAL:
        real = row.real.get(key)
        held = real is not None and math.isfinite(real.value) and comparable(row, key)
        return abs(cell.value - real.value) if real is not None and held else None
    from textgan.metrics.suite import direction

    sign = direction(key)
    return -sign * cell.value if sign else None


def _distinct_labels(table: Sequence[Row]) -> list[Row]:
    """All labels get the corpus where there are several; those that occur twice what tells the rows apart: recipe,
    seed, or folder."""
    if len({row.corpus for row in table}) > 1:
        table = [replace(row, label=f"{row.label}, {row.corpus}") for row in table]
    made = list(table)
    for label in {row.label for row in table}:
        same = [place for place, row in enumerate(table) if row.label == label]
        if len(same) < 2:
            continue
        told = [[getattr(table[place], part) for place in same] for part in ("run", "seed", "folder")]
        kind = next((values for values in told if len(set(values)) == len(same)), None)
        for index, place in enumerate(same):
            suffix = kind[index] if kind else f"{table[place].folder} {index + 1}"
            suffix = f"seed {suffix}" if kind is told[1] else suffix
            made[place] = replace(table[place], label=f"{label}, {suffix}")
    return made
