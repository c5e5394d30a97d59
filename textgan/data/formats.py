"""Readers for files with columns, by suffix: they yield one record at a time, with its location and fields."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from textgan.errors import Mistake
from textgan.plain import from_json

LONGEST = 1_000_000
"""Most characters in a field of a table, or in a line that is read on its own: a longer one means a file without line
breaks (or with an open quotation mark), which would all be read into memory."""

Record = tuple[str, dict[str, Any]]
"""The location of a record (`reviews.csv, line 7`) and its values by column."""


def _jsonl(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = from_json(line.rstrip("\n"))
        except UnicodeEncodeError as error:
            raise Mistake(
                f"{place}: {file.name}, line {number} contains half a character (an unpaired \\ud...); remove it"
            ) from error
        except ValueError as error:
            # the decoder's own position would call this "line 1"
            why = f"{error.msg}, column {error.colno}" if isinstance(error, JSONDecodeError) else error
            raise Mistake(
                f"{place}: {file.name}, line {number} is not valid JSON ({why}); expected one object per line"
            ) from error
        if not isinstance(record, dict):
            raise Mistake(
                f'{place}: {file.name}, line {number} is not a JSON object; expected {{"text": "..."}}'
            )
        yield f"{file.name}, line {number}", record


def _csv(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    yield from _table(file, csv.reader(lines, strict=True), place)


def _tsv(file: Path, lines: Iterable[str], place: str) -> Iterator[Record]:
    # Most tab-separated files do not use quoting, and a sentence may begin with a quotation mark.
    reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    yield from _table(file, reader, place, _unquoted)


def _unquoted(row: list[str], width: int) -> list[str]:
    """The fields of a tab-separated line, without the quotation marks that a csv writer had to add, and only those.

    The writer quotes a field that contains a quotation mark (and doubles the mark) or a tab (which gives too many
    fields here). Any other field that begins with a quotation mark is plain text.
    """
    if len(row) > width:
        with suppress(csv.Error):
            whole = next(csv.reader(["\t".join(row)], delimiter="\t", strict=True))
            return whole if len(whole) == width else row
    if row == ['""'] and width == 1:  # written so that the line is not blank; the text is empty
        return [""]
    return [
        field[1:-1].replace('""', '"')
        if len(field) > 3 and field[0] == field[-1] == '"' and _doubled(field[1:-1])
        else field
        for field in row
    ]


def _doubled(inner: str) -> bool:
    """Whether it contains quotation marks, all of them doubled."""
    return '""' in inner and '"' not in inner.replace('""', "")


def _table(
    file: Path,
    reader: Any,
    place: str,
    mend: Callable[[list[str], int], list[str]] = lambda row, width: row,
) -> Iterator[Record]:
    """mend: (fields of a line, number of fields expected) -> fields with the quoting removed."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # Python's own limit cuts off long documents
    try:
        first: list[str] = next(reader, [])
        header = [name.strip() for name in mend(first, len(first))]
        if twice := [name for name, times in Counter(header).items() if name and times > 1]:
            raise Mistake(
                f"{place}: {file.name} has {header.count(twice[0])} columns named {twice[0]!r}; rename all but one"
            )
        for fields in reader:
            row = mend(fields, len(header))
            where = f"{file.name}, line {reader.line_num}"
            if len(row) > len(header):
                raise Mistake(
                    f"{place}: {where} has {len(row)} fields and the header {len(header)}; "
                    "quote text that contains the separator"
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
        raise Mistake(
            f"{place}: {file.name} is not a valid parquet file; give one, or use the right suffix"
        ) from error


FORMATS: dict[str, Callable[[Path, Iterable[str], str], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
}
"""Suffix -> reader that yields the records of a file from its decoded lines (parquet reads the file itself)."""
