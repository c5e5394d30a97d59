"""Scored files as one table (terminal, markdown, csv, LaTeX), or as JSON.

One row for each file, and one for real text against itself. The best file is marked as in `table`. A missing score is
a dash (an empty field in csv), never 0.
"""

from __future__ import annotations

import csv as csv_format
import io
import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textgan.metrics.yardstick import REAL, Measured
from textgan.report import numbers, tabular
from textgan.report.captions import MARKED, starred
from textgan.report.table import Row, best, columns, comparable, measure
from textgan.report.tabular import Cell, code, in_markdown
from textgan.scoring import FileScores

if TYPE_CHECKING:
    from rich.console import RenderableType

NOT_AGAINST = "Not comparable with"
INTERVALS = "In brackets: 95% bootstrap interval of the mean over sentences; self-BLEU's keeps the pool of references."


def as_json(files: Sequence[FileScores]) -> dict[str, Any]:
    """One file: its scores by key. Several: path as given -> its scores by key.

    A score is {"value", "signature", "ci": [low, high]?, "real"?}; `real` is the same score of real text.
    """
    made = {str(file.path): {key: _entry(file, key) for key in file.scores} for file in files}
    return made if len(files) > 1 else next(iter(made.values()))


def listing(file: FileScores) -> str:
    """One file for the terminal: for each score a line with value, interval, real text's value and signature."""
    table = [["", "value", *([REAL] if file.real else []), "signature"]]
    for key, score in file.scores.items():
        real = [_value(file.real.get(key))] if file.real else []
        table.append([key, _value(score), *real, score.signature])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for line in table if file.real else table[1:]:
        first, *values, last = line
        aligned = (text.rjust(width) for text, width in zip(values, widths[1:], strict=False))
        lines.append("  ".join([first.ljust(widths[0]), *aligned, last]))
    table_rows = rows([file])
    of_real = [f"\n{line}" for line in signatures([row for row in table_rows if not row.generated])]
    notes = [f"\n{line}" for line in captions(table_rows) if line.startswith(NOT_AGAINST)]
    return "\n".join([*lines, *of_real[:1], *(line.strip() for line in of_real[1:]), *notes])


def rows(files: Sequence[FileScores]) -> list[Row]:
    """Real text first, with a row for each number of sentences on which its scores differ; then the files."""
    kept: list[Row] = []
    of_real: list[FileScores] = []
    for file in files:
        if file.real and all(file.real != known.real for known in of_real):
            of_real.append(file)
    for file in of_real:
        label = REAL if len(of_real) == 1 else f"{REAL}, {file.amount:,}"
        kept.append(Row(label, "real", file.real, file.real))
    names = [file.path.name for file in files]
    for file in files:
        label = file.path.name if names.count(file.path.name) == 1 else str(file.path)
        kept.append(Row(label, "after", file.scores, file.real))
    return kept


def terminal(files: Sequence[FileScores], width: int) -> RenderableType:
    """Rich tables, each with as many columns as fit into `width` characters, with the captions below."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = rows(files)
    room = width - max(len(row.label) for row in table) - 4
    parts: list[RenderableType] = []
    for keys in _that_fit(columns(table), table, room):
        made = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        made.add_column("", no_wrap=True)
        for key in keys:
            made.add_column(Text(numbers.name(key)), justify="right", no_wrap=True)
        marks = {key: best(table, key) for key in keys}
        for place, row in enumerate(table):
            cells = [
                Text(f"{_shown(row, key)}*", style="bold green") if place in marks[key]
                else Text(f"{_shown(row, key)} ")
                for key in keys
            ]  # fmt: skip
            made.add_row(Text(row.label, style="" if row.generated else "italic"), *cells)
        parts.append(made)
    unbroken = Text("\n".join(signatures(table)), no_wrap=True, overflow="ignore")
    return Group(*parts, Text("\n".join(starred(captions(table)))), Text(), unbroken)


def markdown(files: Sequence[FileScores]) -> str:
    """The table in GitHub markdown, the best in bold, the signatures below."""
    table = rows(files)
    lines = [in_markdown(caption) for caption in captions(table)]
    lines += [f"{in_markdown(', '.join(who))}: {code(signature)}" for who, signature in _signed(table)]
    return tabular.markdown(*_cells(table)) + "".join(f"\n{caption}\n" for caption in lines)


def csv(files: Sequence[FileScores]) -> str:
    """For programs: one line for each row and score, in full precision, with interval and signature."""
    table = rows(files)
    out = io.StringIO()
    writer = csv_format.writer(out, lineterminator="\n")
    keys = columns(table)
    ci = any(_ci(row, key) for row in table for key in keys)
    heads = [[key, *([f"{key} low", f"{key} high"] if ci else []), f"{key} signature"] for key in keys]
    writer.writerow(["file", *(name for head in heads for name in head)])
    for row in table:
        fields: list[object] = [row.label]
        for key in keys:
            score = row.cells.get(key)
            ends = _ci(row, key) or ("", "")
            value, signature = (repr(score.value), score.signature) if score else ("", "")
            fields += [value, *(ends if ci else ()), signature]
        writer.writerow(fields)
    return out.getvalue()


def latex(files: Sequence[FileScores]) -> str:
    """A tabular (package booktabs), the best in bold, the signatures as comments."""
    table = rows(files)
    return tabular.latex(*_cells(table), [*captions(table), *signatures(table)])


FORMATS: dict[str, Callable[[Sequence[FileScores]], str]] = {"md": markdown, "csv": csv, "latex": latex}


def captions(table: Sequence[Row]) -> list[str]:
    """Explanations of marks and brackets, and a warning if the files were measured differently."""
    keys = columns(table)
    lines = [f"Marked: {MARKED}"] if any(best(table, key) for key in keys) else []
    lines += [INTERVALS] if any(_ci(row, key) for row in table for key in keys) else []
    lines += [] if any(not row.generated for row in table) else [f"No row of {REAL}: give --references FILE."]
    apart = [key for key in keys if not all(comparable(row, key) for row in table if row.generated)]
    if apart:
        lines.append(
            f"{NOT_AGAINST} the row of real text, which had fewer sentences or references (see the signatures): "
            f"{numbers.names(apart)}. Give --train FILE with as many sentences."
        )
    differing = [
        numbers.name(key)
        for key in keys
        if len({measure(row, key) for row in table if row.generated and key in row.cells}) > 1
    ]
    lines += [f"Scored under differing signatures, compare with care: {', '.join(differing)}."] * bool(
        differing
    )
    return lines


def signatures(table: Sequence[Row]) -> list[str]:
    """A line for each signature (its orders joined), with the rows that have it."""
    return [f"{', '.join(who)}: {signature}" for who, signature in _signed(table)]


def _signed(table: Sequence[Row]) -> list[tuple[list[str], str]]:
    """(rows, signature) for each line of `signatures`."""
    who: dict[str, dict[str, list[str]]] = {}  # signature without the order -> row -> orders
    for row in table:
        for key in columns(table):
            if key in row.cells:
                general = re.sub(r"\|n:\d+", "|n:*", row.cells[key].signature)
                who.setdefault(general, {}).setdefault(row.label, []).append(numbers.family(key)[1])
    signed = []
    for general, labels in who.items():
        orders = next(iter(labels.values()))
        span = orders[0] if len(orders) == 1 else f"{orders[0]}..{orders[-1]}"
        signed.append((list(labels), general.replace("|n:*", f"|n:{span}")))
    return signed


def _entry(file: FileScores, key: str) -> dict[str, Any]:
    made = _plain(file.scores[key])
    return made | ({"real": _plain(file.real[key])} if key in file.real else {})


def _value(score: Measured | None) -> str:
    if score is None:
        return numbers.MISSING
    return f"{score.value:.4f}" + (f" [{score.ci[0]:.4f}, {score.ci[1]:.4f}]" if score.ci else "")


def _plain(score: Measured) -> dict[str, Any]:
    value = score.value if math.isfinite(score.value) else None  # JSON has no NaN and no infinity
    plain: dict[str, Any] = {"value": value, "signature": score.signature}
    return plain | ({"ci": list(score.ci)} if score.ci else {})


def _ci(row: Row, key: str) -> tuple[float, float] | None:
    score = row.cells.get(key)
    return score.ci if isinstance(score, Measured) else None


def _shown(row: Row, key: str) -> str:
    text = numbers.number(key, row.cells.get(key))
    ends = _ci(row, key)
    decimals = numbers.COUNTS.get(key, 3)
    return f"{text} [{', '.join(numbers.plain(end, decimals) for end in ends)}]" if ends else text


def _cells(table: Sequence[Row]) -> tuple[list[str], str, list[list[Cell]]]:
    """(headings, their alignment, rows)."""
    keys = columns(table)
    marks = {key: best(table, key) for key in keys}
    cells: list[list[Cell]] = [
        [(row.label, False), *((_shown(row, key), place in marks[key]) for key in keys)]
        for place, row in enumerate(table)
    ]
    return ["", *map(numbers.name, keys)], "l" + "r" * len(keys), cells


def _that_fit(keys: Sequence[str], table: Sequence[Row], room: int) -> list[list[str]]:
    """The columns in order, in groups at most `room` characters wide; at least one column in each."""
    groups: list[list[str]] = []
    left = 0
    for key in keys:
        wide = 3 + max(len(numbers.name(key)), *(len(_shown(row, key)) for row in table))
        if not groups or wide > left:
            groups.append([])
            left = room
        groups[-1].append(key)
        left -= wide
    return groups
