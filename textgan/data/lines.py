"""Read a user's file of sentences, one per line; errors name the offending line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from textgan.errors import Mistake

LONGEST = 1_000_000
"""Most bytes in a line. A longer line means a file without line breaks, which could fill the memory."""
TABLES = (".jsonl", ".csv", ".tsv", ".parquet")
"""Suffixes of files with columns; the column `text`, or the only column, is read by default."""


def labelled(
    path: Path,
    place: str,
    label: str,
    column: str | None = None,
    *,
    needed: bool = True,
    empty: bool = False,
) -> tuple[list[str], list[str] | None]:
    """Sentences and their labels. If there is no such column: Mistake if `needed`, else None for the labels.

    empty: as in `sentences`.
    """
    from textgan.data.reading import columns_of, read, records

    if path.suffix.lower() in TABLES and path.is_file():
        found = None if needed else records(path, place=place)
        if found is None or label in columns_of(found):
            rows = read(path, column, label, place=place, empty=empty)
            return _not_too_long(rows.texts, path, place), rows.labels
    elif needed:
        lines = sentences(path, place)  # problems with the file itself are reported first
        known = ", ".join(TABLES)
        raise Mistake(f"--label: {path} is plain text ({len(lines)} lines) and has no columns; give {known}")
    return sentences(path, place, column), None


def sentences(path: Path, place: str, column: str | None = None, *, empty: bool = False) -> list[str]:
    """The non-empty lines, stripped of surrounding whitespace; Mistake if there are none or the file cannot be read.

    empty: also keep empty lines (except at the end of the file) and table records whose text is empty: a generator
    may have written nothing.
    The file is UTF-8, with or without a byte order mark. It is read line by line, so that a huge line is refused
    before it is in memory. place: the user's name for the file, such as `--references`. column: the text column of a
    table.
    """
    if path.is_dir():
        raise Mistake(f"{place}: {path} is a folder; give a file with one sentence per line")
    if path.suffix.lower() in TABLES and path.is_file():
        from textgan.data.reading import read

        return _not_too_long(read(path, column, place=place, empty=empty).texts, path, place)
    if path.suffix.lower() == ".json" and path.is_file():
        raise Mistake(
            f"{place}: {path} is JSON, which is not supported; save it as .jsonl, one object per line"
        )
    try:
        with path.open("rb") as file:
            kept = [line for raw in _lines(file, path, place) if (line := raw.strip()) or empty]
    except FileNotFoundError:
        raise Mistake(f"{place}: there is no file or run folder {path}; check the name") from None
    except OSError as error:
        raise Mistake(f"{place}: {path} cannot be read: {error.strerror}; check its permissions") from None
    while kept and not kept[-1]:
        kept.pop()
    if not kept:
        raise Mistake(f"{place}: {path} contains no sentences; expected one per line")
    return kept


def _not_too_long(texts: list[str], path: Path, place: str) -> list[str]:
    if any(len(text) > LONGEST for text in texts):
        problem = f"{path} contains a text longer than {LONGEST:,} characters"
        raise Mistake(f"{place}: {problem}; expected one sentence per row")
    return texts


def _lines(file: BinaryIO, path: Path, place: str) -> Iterator[str]:
    for number, raw in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
        if b"\0" in raw:
            problem = f"{path} is not UTF-8 text (NUL at line {number})"
            raise Mistake(f"{place}: {problem}; give plain text, or convert UTF-16 with iconv")
        if len(raw) > LONGEST:
            problem = f"{path}, line {number} is longer than {LONGEST:,} bytes"
            raise Mistake(f"{place}: {problem}; expected one sentence per line, so add line breaks")
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            problem = f"{path} is not UTF-8 text (line {number}, byte {error.start + 1})"
            raise Mistake(
                f"{place}: {problem}; convert it first, e.g. with iconv -f latin1 -t utf8"
            ) from None
        text = text.rstrip("\r\n")
        yield from text.split("\r") if "\r" in text else (text,)
