"""The quality-diversity front by temperature: the figures, the table, and a separate page.

A strategy beats plain MLE only if its whole front does: MLE can usually reach any single point of it by changing its
temperature.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textgan.report import page, printed, table
from textgan.report.captions import MARKED, likelihood_units, measured_apart
from textgan.report.fronts import DIVERSITY, QUALITY, crossings, figures, named, writers
from textgan.report.reading import read
from textgan.report.record import RunRecord
from textgan.runs.points import Sweep

if TYPE_CHECKING:
    from rich.table import Table

TELLING_FIRST = (  # which columns a narrow terminal keeps
    *(QUALITY, DIVERSITY, "source-nll", "grammaticality", "bleu-4", "self-bleu-4", "bleu-2", "self-bleu-2"),
    *("bleu-3", "self-bleu-3", "nll", "distinct-2"),
)


def place(run: Path, out: Path | None = None) -> Path:
    """The page's path: `out` (for a folder, `front.html` in it), else RUN/front.html. Mistake without its folder."""
    return page.place(run / "front.html", out)


def write(sweep: Sweep, out: Path | None = None) -> Path:
    """Write the page atomically and return its path. Raises Mistake."""
    target = place(sweep.run, out)
    page.save(target, render(sweep))
    return target


def render(sweep: Sweep) -> str:
    """The page's HTML: figures, table, and how it was scored. The same sweep always gives the same bytes."""
    run = read(sweep.run)
    table_rows = rows(sweep, run)
    keys = table.columns(table_rows)
    on = f" on {run.corpus}" if run.corpus else ""
    return page.fill(
        verb="sweep",
        files="sweep.jsonl",
        headline=f"{' and '.join(named(sweep, run))}{on}: quality against diversity by temperature",
        summary=f"Recipe {run.name}: {sweep.samples:,} sentences at each temperature, scored against "
        f"{sweep.against}, seed {sweep.seed}.",
        movements=[*writers(sweep, run), *crossings(sweep, run)],
        lead=figures(sweep, run),
        heads=page.heads(keys),
        rows=[(row, page.shown(table_rows, index, keys)) for index, row in enumerate(table_rows)],
        captions=captions(table_rows),
        signatures=page.signatures(table_rows, keys),
    )


def terminal(sweep: Sweep, width: int | None = None) -> Table:
    """The table as a rich object: real text, then each front by temperature."""
    run = read(sweep.run)
    table_rows = rows(sweep, run)
    return printed.lay_out(
        table_rows,
        [*writers(sweep, run), *crossings(sweep, run), *captions(table_rows)],
        width,
        TELLING_FIRST,
    )


def rows(sweep: Sweep, run: RunRecord) -> list[table.Row]:
    """One row for each point, labelled with its temperature, such as `at 0.7`."""
    names = {state: name for name, state in named(sweep, run).items()}
    real = next((point.scores for point in sweep.points if point.state == "real"), {})
    folder = run.path.resolve().name
    lines = []
    for point in sweep.points:
        state = "real" if point.temperature is None else "after"
        label = "real text" if point.temperature is None else f"{names[point.state]} at {point.temperature:g}"
        lines.append(
            table.Row(label, state, point.scores, real, run.name, folder, run.corpus, str(sweep.seed))
        )
    return lines


def captions(made: Sequence[table.Row]) -> list[str]:
    """How to read the table."""
    keys = table.columns(made)
    lines = ["“At” is the temperature, which divides the logits; 1 is the model as it was trained."]
    if any(table.best(made, key) for key in keys):
        lines.append(f"Marked: {MARKED}")
    lines += likelihood_units(keys)
    if "nll" in keys:
        lines.append("Held-out NLL is that of the model at this temperature.")
    lines += measured_apart(made)
    lines.append("One seed, the same random numbers at every temperature: a small difference may be chance.")
    return lines
