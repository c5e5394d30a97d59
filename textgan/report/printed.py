"""The comparison table as text: for the terminal, and as markdown, csv or LaTeX to paste."""

from __future__ import annotations

import csv as csv_format
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textgan.report import numbers, tabular
from textgan.report.captions import captions, starred, unscored
from textgan.report.movement import movements
from textgan.report.record import RunRecord
from textgan.report.table import Row, best, columns, rows
from textgan.report.tabular import Cell, in_markdown

if TYPE_CHECKING:
    from rich.table import Table

TELLING_FIRST = (  # columns in the order in which a narrow terminal keeps them
    *("bleu-4", "self-bleu-4", "nll", "source-nll", "grammaticality", "bleu-2", "self-bleu-2", "distinct-2"),
    *("bleu-3", "self-bleu-3", "bleu-5", "self-bleu-5", "duplicates", "novelty", "length", "perplexity"),
)


def show(runs: Sequence[RunRecord]) -> None:
    """Print the table in the terminal, then a sentence about each run that has no row in it."""
    from rich.console import Console

    if rows(runs):
        Console().print(terminal(runs))
    for sentence in unscored(runs):
        print(sentence)


def terminal(runs: Sequence[RunRecord], width: int | None = None) -> Table:
    """The table of these runs as a rich object; see `lay_out`."""
    return lay_out(rows(runs), [*movements(runs), *captions(runs)], width)


def lay_out(
    table: Sequence[Row],
    told: Sequence[str],
    width: int | None = None,
    first: Sequence[str] = TELLING_FIRST,
) -> Table:
    """A rich table with the captions `told` below. width: characters, by default the terminal's. Columns that do not
    fit are dropped, starting with the last in `first`; the caption names those that only the page shows."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    keys = columns(table)
    room = (width or Console().width) - 4  # the table's own edges
    room -= max((len(row.label) for row in table), default=0)
    fitting = _that_fit(keys, room, first)
    left = [key for key in keys if key not in fitting]
    told = [
        *starred(told),
        *([f"Too narrow for {numbers.names(left)}: the page has them."] if left else []),
    ]
    layout = Table(
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0), caption=Text("\n".join(told)), caption_justify="left"
    )
    layout.add_column("", no_wrap=True)
    for key in fitting:
        layout.add_column(Text(header(key)), justify="right", no_wrap=True)
    marks = {key: best(table, key) for key in fitting}
    for place, row in enumerate(table):
        shown = [
            Text(f"{numbers.number(key, row.cells.get(key))}*", style="bold green")
            if place in marks[key]
            else Text(f"{numbers.number(key, row.cells.get(key))} ")
            for key in fitting
        ]  # fmt: skip
        layout.add_row(Text(row.label, style="" if row.generated else "italic"), *shown)
    return layout


def markdown(runs: Sequence[RunRecord]) -> str:
    """The table in GitHub markdown, the best in bold, the captions below it."""
    table = rows(runs)
    blocks = [tabular.markdown(*_cells(table))] if table else []
    told = map(in_markdown, [*movements(runs), *captions(runs)])
    # The sentence about a run without scores holds a command to copy, so it must not be escaped.
    return "\n".join([*blocks, *(f"{line}\n" for line in (*told, *unscored(runs)))])


def csv(runs: Sequence[RunRecord]) -> str:
    """The table for programs: values in full precision, an empty field for a metric that was not measured."""
    table = rows(runs)
    keys = columns(table)
    out = io.StringIO()
    writer = csv_format.writer(out, lineterminator="\n")
    writer.writerow(["row", "state", "run", "folder", "corpus", "seed", *keys])
    for row in table:
        values = [repr(row.cells[key].value) if key in row.cells else "" for key in keys]
        writer.writerow([row.label, row.state, row.run, row.folder, row.corpus, row.seed, *values])
    return out.getvalue()


def latex(runs: Sequence[RunRecord]) -> str:
    """A tabular (package booktabs), the best in bold, the captions as comments."""
    table = rows(runs)
    return tabular.latex(*_cells(table), _footnotes(runs)) if table else tabular.comments(_footnotes(runs))


FORMATS: dict[str, Callable[[Sequence[RunRecord]], str]] = {"md": markdown, "csv": csv, "latex": latex}


def _footnotes(runs: Sequence[RunRecord]) -> list[str]:
    """Captions below a table to paste."""
    return [*movements(runs), *captions(runs), *unscored(runs)]


def header(key: str) -> str:
    """A narrow two-line heading for the terminal."""
    stem, order = numbers.family(key)
    short = {
        "self-bleu": "self-\nBLEU-",
        "bleu": "\nBLEU-",
        "nll": "held-out\nNLL",
        "source-nll": "source\nNLL",
        "grammaticality": "gram-\nmatical",
        "distinct": "dis-\ntinct-",
        "duplicates": "dupli-\ncates",
        "perplexity": "per-\nplexity",
        "nll-per-sentence": "NLL a\nsentence",
    }
    return short[stem] + order if stem in short else "\n" + numbers.name(key)


def _cells(table: Sequence[Row]) -> tuple[list[str], str, list[list[Cell]]]:
    """(headings, their alignment, rows)."""
    keys = columns(table)
    marks = {key: best(table, key) for key in keys}
    cells: list[list[Cell]] = [
        [(row.label, False), *((numbers.number(key, row.cells.get(key)), at in marks[key]) for key in keys)]
        for at, row in enumerate(table)
    ]
    return ["", *map(numbers.name, keys)], "l" + "r" * len(keys), cells


def _that_fit(keys: Sequence[str], room: int, first: Sequence[str]) -> list[str]:
    """As many columns as fit, the most informative first; at least one."""
    kept: list[str] = []
    for key in sorted(keys, key=lambda key: (first.index(key) if key in first else 99, key)):
        width = 2 + max(6, *map(len, header(key).split("\n")))
        if width <= room or not kept:
            kept.append(key)
            room -= width
    return sorted(kept, key=numbers.order)
