"""Read a text file, plain or with columns (`formats.py`); errors name the line. Does not import torch."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from textgan.data.decoding import existing, text_of
from textgan.data.formats import FORMATS, Record
from textgan.errors import Mistake, did_you_mean


@dataclass(frozen=True)
class Rows:
    """Texts with normalised whitespace, labels as written, and the number of empty texts.

    numbers: whether all labels were numbers rather than text, in a format that distinguishes the two.
    """

    texts: list[str]
    labels: list[str] | None = None
    empty: int = 0
    numbers: bool = False

    def __len__(self) -> int:
        return len(self.texts)


def read(
    path: str | Path,
    column: str | None = None,
    label: str | None = None,
    encoding: str = "utf-8",
    place: str = "corpus.path",
    *,
    empty: bool = False,
) -> Rows:
    """The sentences of a file. The suffix determines the format; an unknown suffix means plain text.

    place: the user's name for the file: `corpus.path`, or a command-line option such as `--references`.
    empty: keep the empty texts of a file with columns, which are dropped by default. Raises Mistake for bad input.
    """
    file = existing(Path(path).expanduser(), place)
    found = records(file, encoding, place)
    if found is not None:
        return from_records(found, column, label, file.name, place, empty=empty)
    no_columns(file, column, label, place)
    return _kept(
        [(line, None) for line in text_of(file, encoding, place).split("\n")], file.name, place, False
    )


def records(file: Path, encoding: str = "utf-8", place: str = "corpus.path") -> list[Record] | None:
    """The records of a file with columns; None for plain text."""
    reader = FORMATS.get(file.suffix.lower())
    if reader is None:
        return None
    is_text = file.suffix.lower() != ".parquet"
    return list(reader(file, io.StringIO(text_of(file, encoding, place)) if is_text else (), place))


def no_columns(file: Path, column: str | None, label: str | None, place: str = "corpus.path") -> None:
    """Raises Mistake if a column of a plain-text file is requested, and for JSON, whose lines are not sentences."""
    if file.suffix.lower() == ".json":
        raise Mistake(
            f"{place}: {file.name} is JSON, which is not supported; save it as .jsonl, one object per line"
        )
    for name, value in (("column", column), ("label", label)):
        if value is not None:
            known = ", ".join(FORMATS)
            raise Mistake(
                f"{_beside(place, name)}: {file.name} is plain text and has no columns; leave it out, or give {known}"
            )


def columns_of(records: Sequence[Record]) -> list[str]:
    """The names of their columns, in order of first occurrence."""
    return list(dict.fromkeys(key for _, record in records for key in record))


def _beside(place: str, name: str) -> str:
    """The user's name for the option `name` that belongs to `place`: `corpus.label` or `--label`."""
    return f"corpus.{name}" if place.startswith("corpus.") else f"--{name}"


def from_records(
    records: Sequence[Record],
    column: str | None,
    label: str | None,
    name: str,
    place: str = "corpus.path",
    *,
    empty: bool = False,
) -> Rows:
    """The text and label columns of records; column None means `text`, or the only column. empty: as in `read`."""
    columns = columns_of(records)
    text_column = text_column_of(columns, column, label, name, place)
    if empty:
        records = _written(records, alone=len(columns) == 1)
    rows = [cells(where, record, text_column, label, place, empty=empty) for where, record in records]
    values = [] if label is None else [record.get(label) for _, record in records]
    numbers = label is not None and all(_present(value) is None or _is_number(value) for value in values)
    return replace(_kept(rows, name, place, label is not None, empty=empty), numbers=numbers)


def _written(records: Sequence[Record], alone: bool) -> list[Record]:
    """The records without blank lines. alone: the file has one column, so a blank line may be an empty text, and only
    blank lines at the end are dropped, as in plain text."""
    kept = list(records)
    if not alone:
        return [each for each in kept if each[1]]
    while kept and not kept[-1][1]:
        kept.pop()
    return kept


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _present(value: Any) -> Any:
    """The value; None for NaN, which is how pandas and others write an empty cell."""
    return None if isinstance(value, float) and math.isnan(value) else value


def cells(
    where: str,
    record: dict[str, Any],
    text_column: str,
    label: str | None,
    place: str = "corpus.path",
    *,
    empty: bool = False,
) -> tuple[str, str | None]:
    """The text and the label of one record. A record without text is allowed; one with text must have a label.

    empty: a record without text also counts as a sentence, so it needs a label too.
    """
    text = _present(record.get(text_column))
    if text is not None and not isinstance(text, str):
        kind = type(text).__name__
        raise Mistake(
            f"{_beside(place, 'column')}: {where}: {text_column} contains {kind}, not text; name a column of text"
        )
    value = _present(record.get(label)) if label is not None else None
    if label is not None and (empty or (text or "").strip()) and (value is None or not str(value).strip()):
        raise Mistake(f"{_beside(place, 'label')}: {where} has no {label}; fill it in, or remove the line")
    return text or "", None if value is None else str(value).strip()


def text_column_of(
    columns: list[str], column: str | None, label: str | None, name: str, place: str = "corpus.path"
) -> str:
    """The name of the text column: `column`, or `text`, or the only column besides the label. Mistake if unclear."""
    if not columns:
        raise Mistake(f"{place}: {name} contains no sentences; expected a text column")
    if label is not None and label not in columns:
        raise Mistake(
            f"{_beside(place, 'label')}: {name} has no column {label!r}; it has {_listed(columns, label)}"
        )
    if column is not None:
        if column not in columns:
            raise Mistake(
                f"{_beside(place, 'column')}: {name} has no column {column!r}; it has {_listed(columns, column)}"
            )
        return column
    candidates = [each for each in columns if each != label]
    if "text" in candidates or len(candidates) == 1:
        return "text" if "text" in candidates else candidates[0]
    raise Mistake(
        f"{_beside(place, 'column')}: {name} has columns {', '.join(map(repr, columns))}; name the one with the text"
    )


def _listed(columns: list[str], wanted: str) -> str:
    near = did_you_mean(wanted, columns) if get_close_matches(wanted, columns) else ""
    return f"{', '.join(map(repr, columns))}.{near}"


def _kept(
    rows: Sequence[tuple[str, str | None]], name: str, place: str, labelled: bool, *, empty: bool = False
) -> Rows:
    normal = [(" ".join(text.split()), value) for text, value in rows]
    kept = [(text, value) for text, value in normal if text]
    if not kept:
        raise Mistake(f"{place}: {name} contains no sentences; expected one per line")
    found_empty = len(normal) - len(kept)
    if empty:
        kept = normal
    labels = [str(value) for _, value in kept] if labelled else None
    return Rows([text for text, _ in kept], labels, found_empty)
