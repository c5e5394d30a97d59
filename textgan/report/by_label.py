"""Tables of scored files with labelled sentences: one for the whole files, then one for each label.

Each label has its own table because it is compared with its own real text: marking the best across labels would mean
nothing.
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
    """("", all files), then (title, the files that have it) for each label."""
    labels = sorted({label for file in files for label in file.labels})
    found = [("", list(files))]
    for label in labels:
        having = [file.labels[label] for file in files if label in file.labels]
        amounts = ", ".join(f"{file.amount:,}" for file in having)
        found.append((f"label {label} ({amounts} sentences)", having))
    return found


def told(files: Files, show: Callable[[Files], str], heading: Callable[[str], str] = "{}\n".format) -> str:
    """`show` applied to the whole files and to each label, separated by an empty line and a heading."""
    return "\n".join((heading(title) if title else "") + show(part) for title, part in parts(files))


def written(files: Files, form: str) -> str:
    """The tables as md, csv or latex (`form`). csv stays one table; labels become its first column `label`."""
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
    """As `side_by_side.as_json`; a file with labels also has `labels`: label -> its scores by key."""
    made = side_by_side.as_json(files)
    for file in files:
        if file.labels:
            entry = made if len(files) == 1 else made[str(file.path)]
            entry["labels"] = {label: side_by_side.as_json([part]) for label, part in file.labels.items()}
    return made
