"""The records of a file with columns, by its ending, one at a time: where each stands, and its fields."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from textgan.errors import Mistake
from textgan.plain import from_json

Record = tuple[str, dict[str, Any]]
"""Where a record stands (`reviews.csv, line 7`) and its values by column."""


def _jsonl(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = from_json(line)
        except UnicodeEncodeError as error:
            raise Mistake(
                f"{place}: {file.name}, line {number} holds half a character (a lone \\ud...); take it out"
            ) from error
        except ValueError as error:
            raise Mistake(
                f"{place}: {file.name}, line {number} is no JSON ({error}); one object a line"
            ) from error
        if not isinstance(record, dict):
            raise Mistake(
                f'{place}: {file.name}, line {number} is no JSON object; expected {{"text": "..."}}'
            )
        yield f"{file.name}, line {number}", record


def _csv(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    yield from _table(file, csv.reader(lines, strict=True), place)


def _tsv(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    # Most tab-separated files quote nothing, and a sentence may begin with a quotation mark.
    reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    yield from _table(file, reader, place, _unquoted)


def _unquoted(row: list[str], width: int) -> list[str]:
    """The fields of a line of tabs without the quotation marks that a csv writer puts where it must, and only those.

    It quotes a field that holds a mark, which it doubles, or a tab, which makes too many fields here. Any other field
    that begins with a mark is text.
    """
    if len(row) > width:
        with suppress(csv.Error):
            whole = next(csv.reader(["\t".join(row)], delimiter="\t", strict=True))
            return whole if len(whole) == width else row
    if row == ['""'] and width == 1:  # so that the line is not blank; it holds no text
        return [""]
    return [
        field[1:-1].replace('""', '"')
        if len(field) > 3 and field[0] == field[-1] == '"' and _doubled(field[1:-1])
        else field
        for field in row
    ]


def _doubled(inner: str) -> bool:
    """Whether there are quotation marks, all of them in pairs."""
    return '""' in inner and '"' not in inner.replace('""', "")


def _table(
    file: Path,
    reader: Any,
    place: str,
    mend: Callable[[list[str], int], list[str]] = lambda row, width: row,
) -> Iterator[Record]:
    """mend: (fields of a line, how many there should be) -> what they say."""
    try:
        first: list[str] = next(reader, [])
        header = [name.strip() for name in mend(first, len(first))]
        for fields in reader:
            row = mend(fields, len(header))
            where = f"{file.name}, line {reader.line_num}"
            if len(row) > len(header):
                raise Mistake(
                    f"{place}: {where} has {len(row)} fields and the header {len(header)}; "
                    "quote a text that holds the separator"
                )
            yield where, dict(zip(header, row, strict=False))
    except csv.Error as error:
        raise Mistake(
            f"{place}: {file.name}, line {reader.line_num}: {error}; check its quotation marks"
        ) from error


def _parquet(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    import pyarrow
    import pyarrow.parquet

    rows = count(1)
    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches():
                for row in batch.to_pylist():
                    yield f"{file.name}, row {next(rows)}", row
    except (pyarrow.ArrowException, OSError) as error:
        raise Mistake(f"{place}: {file.name} is no parquet file; give one, or another ending") from error


FORMATS: dict[str, Callable[[Path, Iterable[str], str], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
}
"""Ending -> the records of a file, one at a time, from its decoded lines (which parquet has none of)."""
