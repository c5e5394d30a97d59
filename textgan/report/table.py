"""The comparison table, one row per run and state, which `printed` and the page render.

The best generated row is marked. For BLEU, self-BLEU and distinct that is the one nearest to real text: a generator
that repeats one good sentence beats real text in BLEU, and one that draws words at random beats it in distinct. For
other metrics it follows `textgan.metrics.directions.direction`. A metric that was not measured is a dash (an empty
field in csv), never 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textgan.report import numbers
from textgan.report.record import Cells, RunRecord

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
    """One row of the table. real: the scores of real text that it is compared with. run, folder, corpus, seed: those
    of a run, which tell apart rows of one label."""

    label: str
    state: str  # real, before, after
    cells: Cells
    real: Cells
    run: str = ""  # the run's name
    folder: str = ""
    corpus: str = ""
    seed: str = ""

    @property
    def generated(self) -> bool:
        """Whether the row is of generated text."""
        return self.state != "real"


def rows(runs: Sequence[RunRecord]) -> list[Row]:
    """Real text, then the generators before the adversarial phase, then after it, in the order of the runs.

    Rows with the same corpus and identical numbers are merged. Labels are made distinct.
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
            real = run.rows.get("real", {})
            row = Row(label, state, cells, real, run.name, run.path.resolve().name, run.corpus, run.seed)
            # an MLE run is listed with the starting points, not with the results of adversarial training
            kept.insert(_end_of_starts(kept), row) if state == "after" and start else kept.append(row)
    return _distinct_labels(kept)


def columns(table: Sequence[Row]) -> list[str]:
    """The metrics that at least one row has, in the table's order."""
    return sorted({key for row in table for key in row.cells}, key=numbers.order)


def best(table: Sequence[Row], key: str) -> set[int]:
    """Which rows to mark in column `key`: per corpus, the best generated row and all that print the same value.

    Empty if there is no choice: fewer than two such rows, all equal, no known direction, or (for metrics in
    `NEAREST_TO_REAL`) no real text to compare with.
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
    """The signature without the fields that describe the scored text itself: its length and its unknown words."""
    signature = row.cells[key].signature
    return re.sub(r"\|(tokens|unknown):\d+(\(\w+\))?", "", signature) if key in OF_THE_TEXT else signature


def comparable(row: Row, key: str) -> bool:
    """Whether the row's value can be compared with real text's. It cannot if their numbers of references differ (BLEU
    grows with it) or their numbers of sentences (self-BLEU and distinct depend on it)."""
    real = row.real.get(key)
    if real is None or key not in row.cells or numbers.family(key)[0] not in OF_NUMBERS:
        return True
    counts = r"\|real:[^|]*" if numbers.family(key)[0] != "bleu" else r"\|(real|hyps):[^|]*"
    return re.sub(counts, "", row.cells[key].signature) == re.sub(counts, "", real.signature)


def _end_of_starts(kept: Sequence[Row]) -> int:
    return sum(row.state != "after" or row.label == "MLE" for row in kept)


def _shown(row: Row, key: str) -> str:
    return numbers.number(key, row.cells.get(key))


def _cost(row: Row, key: str) -> float | None:
    """Distance from the best possible value, lower is better; None if it cannot be determined."""
    cell = row.cells.get(key)
    if cell is None or not math.isfinite(cell.value):
        return None
    if numbers.family(key)[0] in NEAREST_TO_REAL:
        real = row.real.get(key)
        held = real is not None and math.isfinite(real.value) and comparable(row, key)
        return abs(cell.value - real.value) if real is not None and held else None
    from textgan.metrics.directions import direction

    sign = direction(key)
    return -sign * cell.value if sign else None


def _distinct_labels(table: Sequence[Row]) -> list[Row]:
    """Add the corpus to all labels if there are several, and to duplicate labels what distinguishes them: recipe, seed,
    or folder."""
    if len({row.corpus for row in table}) > 1:
        table = [replace(row, label=f"{row.label}, {row.corpus}") for row in table]
    relabelled = list(table)
    for label in {row.label for row in table}:
        same = [place for place, row in enumerate(table) if row.label == label]
        if len(same) < 2:
            continue
        described = [[getattr(table[place], part) for place in same] for part in ("run", "seed", "folder")]
        kind = next((values for values in described if len(set(values)) == len(same)), None)
        for index, place in enumerate(same):
            suffix = kind[index] if kind else f"{table[place].folder} {index + 1}"
            suffix = f"seed {suffix}" if kind is described[1] else suffix
            relabelled[place] = replace(table[place], label=f"{label}, {suffix}")
    return relabelled
