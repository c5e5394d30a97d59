"""The sentences of a file that anyone may have written, one a line: bad input is told at its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from textgan.errors import Mistake

LONGEST = 1_000_000
"""Bytes in a line. No sentence is that long; more is a file without line ends, and would cost gigabytes."""
TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
"""Endings of files with columns: the column `text`, or the only one, is read."""


def labelled(
    path: Path,
    place: str,
    label: str,
    column: str | None = None,
    *,
    needed: bool = True,
    empty: bool = False,
) -> tuple[list[str], list[str] | None]:
    """Sentences, and the label of each. Where there is no such column: Mistake if it is needed, else None.

    empty: as in `sentences`.
    """
    from textgan.data.reading import columns_of, read, records

    if path.suffix.lower() in TABLES and path.is_file():
        found = None if needed else records(path, place=place)
        if found is None or label in columns_of(found):
            rows = read(path, column, label, place=place, empty=empty)
            return _not_too_long(rows.texts, path, place), rows.labels
    elif needed:
        lines = sentences(path, place)  # what is wrong with the file itself comes first
        known = ", ".join(TABLES)
        raise Mistake(f"--label: {path} is plain text ({len(lines)} lines) without columns; give {known}")
    return sentences(path, place, column), None


def sentences(path: Path, place: str, column: str | None = None, *, empty: bool = False) -> list[str]:
    """The lines that are not empty, without the spaces around them; Mistake where there are none.

    empty: keep empty lines too, but for those at the end, and every record of a table whose text is empty: a generator
    may have written nothing.
    UTF-8, with or without a mark at its beginning. Read line by line, so that a huge line is refused before
    it is in memory. place: what the user calls the file, such as `--references`. column: the text of a table.
    """
    if path.is_dir():
        raise Mistake(f"{place}: {path} is a folder; give a file with a sentence a line")
    if path.suffix.lower() in TABLES and path.is_file():
        from textgan.data.reading import read

        return _not_too_long(read(path, column, place=place, empty=empty).texts, path, place)
    if path.suffix.lower() == ".json" and path.is_file():
        raise Mistake(f"{place}: {path} is JSON, which is not read; save it as .jsonl, one object a line")
    try:
        with path.open("rb") as file:
            kept = [line for raw in _lines(file, path, place) if (line := raw.strip()) or empty]
    except FileNotFoundError:
        raise Mistake(f"{place}: there is no file or run folder {path}; check its name") from None
    except OSError as error:
        raise Mistake(f"{place}: {path} cannot be read: {error.strerror}; check its permissions") from None
    while kept and not kept[-1]:
        kept.pop()
    if not kept:
        raise Mistake(f"{place}: {path} holds no sentence; expected one a line")
    return kept


def _not_too_long(texts: list[str], path: Path, place: str) -> list[str]:
    if any(len(text) > LONGEST for text in texts):
        told = f"{path} holds a text longer than {LONGEST:,} characters"
        raise Mistake(f"{place}: {told}; expected one sentence in each row")
    return texts


def _lines(file: BinaryIO, path: Path, place: str) -> Iterator[str]:
    for number, raw in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
        if b"\0" in raw:
            told = f"{path} is not UTF-8 text (NUL at line {number})"
            raise Mistake(f"{place}: {told}; give plain text, or convert UTF-16 with iconv")
        if len(raw) > LONGEST:
            told = f"{path}, line {number} is longer than {LONGEST:,} bytes"
            raise Mistake(f"{place}: {told}; expected a sentence a line, so put line ends in")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            told = f"{path} is not UTF-8 text (line {number}, byte {error.start + 1})"
            raise Mistake(f"{place}: {told}; convert it first, e.g. with iconv -f latin1 -t utf8") from None
        text = text.rstrip("\r\n")
        yield from text.split("\r") if "\r" in text else (text,)
