"""Scored files whose sentences have labels: the whole first, then each label in a table of its own.

Labels stand apart because each has real text of its own: a mark for the best across them would say nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import Any

from textgan.report import side_by_side
from textgan.report.tabular import comments, in_markdown
from textgan.scoring import FileScores

Files = Sequence[FileScores]


def parts(files: Files) -> list[tuple[str, list[FileScores]]]:
    """("", all files), then for each label its title and the files that have it."""
    labels = sorted({label for file in files for label in file.labels})
    found = [("", list(files))]
    for label in labels:
        having = [file.labels[label] for file in files if label in file.labels]
        amounts = ", ".join(f"{file.amount:,}" for file in having)
        found.append((f"label {label} ({amounts} sentences)", having))
    return found


def told(files: Files, show: Callable[[Files], str], heading: Callable[[str], str] = "{}\n".format) -> str:
    """`show` of the whole and of each label, an empty line and a heading between."""
    return "\n".join((heading(title) if title else "") + show(part) for title, part in parts(files))


def written(files: Files, form: str) -> str:
    """As md, csv or latex. csv stays one table, with a first column `label` where there are labels."""
    show = side_by_side.FORMATS[form]
    if form == "csv" and any(file.labels for file in files):
        return _csv(files)
    if form == "latex":
        return told(files, show, lambda title: comments([title]))
    return told(files, show, lambda title: f"### {in_markdown(title)}\n\n")


def _csv(files: Files) -> str:
    rows: list[dict[str, str]] = []
    labels = ["", *sorted({label for file in files for label in file.labels})]
    for label, (_, part) in zip(labels, parts(files), strict=True):
        table = csv.DictReader(io.StringIO(side_by_side.csv(part)))
        rows += [{"label": label, **row} for row in table]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def as_json(files: Files) -> dict[str, Any]:
    """As `side_by_side.as_json`; a file with labels has `labels`, with the scores of each by key."""
    made = side_by_side.as_json(files)
    for file in files:
        if file.labels:
            entry = made if len(files) == 1 else made[str(file.path)]
            entry["labels"] = {label: side_by_side.as_json([part]) for label, part in file.labels.items()}
    return made
