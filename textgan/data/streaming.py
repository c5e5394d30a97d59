"""Read a text file one record at a time: like `reading`, but with memory use independent of the file size."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from textgan.data.decoding import by_mark, existing
from textgan.data.formats import FORMATS, LONGEST, Record
from textgan.data.reading import cells, columns_of, no_columns, text_column_of
from textgan.errors import Mistake

_peek = 1_000  # records examined to find the columns, since JSON objects may differ in their keys


class Line(NamedTuple):
    """number: the line (or parquet row) it ends on, from 1; text: as written; label: as written, if requested."""

    number: int
    text: str
    label: str | None = None


class Streamed:
    """The lines of a file, including empty ones. The suffix determines the format; an unknown one means plain text.

    column, label: the columns of the text and its class, as in `reading.read`. encoding: None uses the byte order mark,
    or UTF-8 if there is none. place: the user's name for the file. Raises Mistake: at once for a missing file or
    column, during iteration for a bad line.
    """

    def __init__(
        self,
        path: str | Path,
        column: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
        place: str = "file",
    ) -> None:
        self.file = existing(Path(path).expanduser(), place)
        self.place, self.label = place, label
        self.table = FORMATS.get(self.file.suffix.lower())
        self.parquet = self.file.suffix.lower() == ".parquet"
        self.size = self.file.stat().st_size
        self.encoding = encoding or ("" if self.parquet else _marked(self.file, place))
        self._opened: TextIO | None = None
        self.column = column
        if self.table is None:
            no_columns(self.file, column, label, place)
        else:
            first = list(islice(self._records(), _peek))
            self.column = text_column_of(columns_of(first), column, label, self.file.name, place)

    @property
    def share(self) -> float:
        """Share of the file read so far, in [0, 1]; 0 if that is not known (parquet)."""
        if self._opened is None or self._opened.closed or not self.size:
            return 0.0
        return min(1.0, self._opened.buffer.tell() / self.size)

    def __iter__(self) -> Iterator[Line]:
        if self.table is None:
            for number, text in enumerate(self._lines(), 1):
                yield Line(number, text)
            return
        for where, record in self._records():
            text, value = cells(where, record, str(self.column), self.label, self.place)
            yield Line(int(where.rpartition(" ")[2]), text, value)

    def _records(self) -> Iterator[Record]:
        assert self.table is not None
        return self.table(self.file, () if self.parquet else self._lines(), self.place)

    def _lines(self) -> Iterator[str]:
        number = 0
        try:
            # Universal newlines: only \n, \r\n and \r end a line, as in `reading`.
            with self.file.open(encoding=self.encoding) as self._opened:
                read = self._opened.readline
                for number, line in enumerate(iter(lambda: read(LONGEST + 1), ""), 1):  # noqa: B007
                    if "\0" in line:
                        raise Mistake(
                            f"{self.place}: {self.file.name} is binary (NUL at line {number}); give a text file"
                            + self._another_encoding()
                        )
                    if len(line) > LONGEST:
                        raise Mistake(
                            f"{self.place}: {self.file.name}, line {number} is longer than {LONGEST:,} characters; "
                            "expected one sentence per line, so add line breaks"
                        )
                    yield line
        except OSError as error:
            raise Mistake(
                f"{self.place}: {self.file} cannot be read ({error.strerror}); check its permissions"
            ) from error
        except LookupError as error:
            raise Mistake(
                f"--encoding: {self.encoding!r} is unknown; common ones are utf-8, latin-1 and utf-16"
            ) from error
        except UnicodeError as error:
            raise Mistake(self._undecodable(number)) from error

    def _another_encoding(self) -> str:
        """The remedy that another encoding may be, for text with NULs."""
        with self.file.open("rb") as file:
            likely = by_mark(file.read(4)) or "utf-16"
        if self.place.startswith("corpus.") or likely == self.encoding:
            return ""
        return f", or --encoding {likely}"

    def _undecodable(self, read: int) -> str:
        """The message for undecodable text. The decoder reads ahead, so search for the line; read: lines before it."""
        remedy = (
            "save it as UTF-8"
            if self.place.startswith("corpus.")
            else "name the encoding, such as --encoding latin-1 (Western), cp1251 (Cyrillic) or gb18030 (Chinese)"
        )
        name = self.encoding.removesuffix("-sig")
        if not re.fullmatch(r"utf-?8|ascii", name):
            return f"{self.place}: {self.file.name} is not {name} (after line {read}); {remedy}"
        with self.file.open("rb") as file:
            for number, raw in enumerate(iter(lambda: file.readline(4 * LONGEST), b""), 1):
                if b"\0" in raw:
                    return (
                        f"{self.place}: {self.file.name} is binary (NUL at line {number}); give a text file"
                    )
                try:
                    raw.decode(name)
                except UnicodeDecodeError as error:
                    problem = f"{self.file.name} is not {name} (line {number}, byte {error.start + 1})"
                    return f"{self.place}: {problem}; {remedy}"
        return f"{self.place}: {self.file.name} is not {name}; {remedy}"


def _marked(file: Path, place: str) -> str:
    try:
        with file.open("rb") as opened:
            begins = opened.read(4)
    except OSError as error:
        raise Mistake(f"{place}: {file} cannot be read ({error.strerror}); check its permissions") from error
    return by_mark(begins) or "utf-8"
