"""A run's scores as an HTML fragment for notebooks, in the notebook's own colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from textgan.metrics.samples import Score
from textgan.report import numbers, table
from textgan.report.record import RunRecord


def of_run(record: RunRecord) -> str:
    """The run's headline, its table, and its first sentences."""
    title = f"{record.name} on {record.corpus}" if record.corpus else record.name
    state = "" if record.finished else " (not finished)"
    parts = [f"<p><b>{escape(title)}</b>{state}: <code>{escape(str(record.path))}</code></p>"]
    rows = table.rows([record])
    keys = table.columns(rows)
    if rows:
        marks = {key: table.best(rows, key) for key in keys}
        lines = [
            [row.label, *(_cell(key, row.cells.get(key), place in marks[key]) for key in keys)]
            for place, row in enumerate(rows)
        ]
        parts.append(_table(["", *map(numbers.name, keys)], lines))
    parts += [f"<div><small>» {escape(sentence)}</small></div>" for sentence in record.after[:3]]
    return "\n".join(parts)


def of_scores(scores: Mapping[str, Score], real: Mapping[str, Score]) -> str:
    """A row for each score: its value, that of real text if known, and its signature."""
    keys = sorted(scores, key=numbers.order)
    lines = [
        [
            numbers.name(key),
            _cell(key, scores[key]),
            *([_cell(key, real.get(key))] if real else []),
            f"<code>{escape(scores[key].signature)}</code>",
        ]
        for key in keys
    ]
    return _table(["", "value", *(["real text"] if real else []), "signature"], lines)


def _cell(key: str, score: Score | None, best: bool = False) -> str:
    text = escape(numbers.number(key, score))
    return f"<b>{text}</b>" if best else text


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The first field of each line is plain text and gets escaped; the others are HTML."""
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(
        f"<tr><th>{escape(first)}</th>{''.join(f'<td>{field}</td>' for field in fields)}</tr>"
        for first, *fields in lines
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
