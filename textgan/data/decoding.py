"""Find a text file, and decode it whole. Does not import torch."""

from __future__ import annotations

import codecs
from difflib import get_close_matches
from pathlib import Path

from textgan.errors import Mistake, NoSuchFile


def existing(file: Path, place: str) -> Path:
    """The file itself, if it is one; else a Mistake. If there is none, it suggests a file with a similar name."""
    if file.is_dir():
        raise Mistake(
            f"{place}: {file} is a folder; give a file in it, or use {{name: datasets, dataset: {file}}}"
        )
    if file.is_file():
        return file
    if file.exists():
        raise Mistake(f"{place}: {file} is a pipe or a device, not a file; save its text to a file first")
    if file.is_symlink():
        raise Mistake(f"{place}: {file} is a link that leads to no file; give the file itself")
    if not file.parent.is_dir():
        raise NoSuchFile(place, file, ", nor does its folder; relative paths start in the current folder")
    beside = sorted(each.name for each in file.parent.iterdir() if each.is_file())
    near = get_close_matches(file.name, beside, n=1, cutoff=0.6)
    remedy = f"did you mean {near[0]!r}?" if near else "relative paths start in the current folder"
    raise NoSuchFile(place, file, f"; {remedy}")


_marks = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)  # UTF-32 first: its byte order mark begins with that of UTF-16


def by_mark(begins: bytes) -> str | None:
    """The encoding that a file's first bytes announce by a byte order mark; None if there is none."""
    return next((name for mark, name in _marks if begins.startswith(mark)), None)


def _recode(place: str, encoding: str, likely: str) -> str:
    """What to do about text that is not in `encoding`, but perhaps in the `likely` one."""
    if likely.removesuffix("-sig") == encoding.lower():
        return "save it as UTF-8"
    if place.startswith("corpus."):
        return f"set corpus.encoding={likely}, or save it as UTF-8"
    return f"convert it first, e.g. with iconv -f {likely} -t utf-8"


def text_of(file: Path, encoding: str, place: str) -> str:
    """Its text, with every line end as \\n and without a byte order mark or a last line end. Raises Mistake."""
    try:
        raw = file.read_bytes()
        text = raw.decode(encoding)
    except OSError as error:
        raise Mistake(f"{place}: {file} cannot be read ({error.strerror}); check its permissions") from error
    except LookupError as error:
        raise Mistake(
            f"corpus.encoding: {encoding!r} is unknown; common ones are utf-8, latin-1 and utf-16"
        ) from error
    except UnicodeError as error:
        marked = by_mark(raw)
        if b"\0" in raw and marked is None:
            raise Mistake(
                f"{place}: {file.name} is binary, not text; give a text file with one sentence per line"
            ) from error
        start = getattr(error, "start", 0)
        line = raw[:start].count(b"\n") + 1
        byte = start - raw.rfind(b"\n", 0, start)  # within the line, from 1
        problem = f"{file.name} is not {encoding} (line {line}, byte {byte})"
        raise Mistake(f"{place}: {problem}; {_recode(place, encoding, marked or 'latin-1')}") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        remedy = _recode(place, encoding, by_mark(raw) or "utf-16")
        raise Mistake(
            f"{place}: {file.name} is binary (NUL at line {line}); give a text file. If it is one, {remedy}"
        )
    # Only these end a line: str.splitlines would also cut at form feeds and Unicode separators.
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
