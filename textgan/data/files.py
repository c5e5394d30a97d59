"""A corpus read from your own files. Does not import torch."""

from __future__ import annotations

from pathlib import Path

from textgan.data.decoding import existing
from textgan.data.reading import Rows, read
from textgan.data.splits import Loaded, assemble
from textgan.errors import Mistake
from textgan.parts.ranges import Seed


class File(Loaded):
    """Sentences from a file: plain text (one per line; any other suffix except json), jsonl, csv, tsv or parquet.

    column, label: the columns that hold the text and its class; column None means `text`, or the only column.
    validation, test: a file of the same kind, or how much a seeded split takes from `path` (a share if below 1,
    otherwise a number of sentences; at least one sentence). size: keep at most this many training sentences, a
    seeded choice; None keeps all. Relative paths are relative to the current folder. Raises Mistake for bad input.
    """

    def __init__(
        self,
        path: str,
        column: str | None = None,
        label: str | None = None,
        validation: str | float = 0.05,
        test: str | float = 0.1,
        seed: Seed = 0,
        encoding: str = "utf-8",
        size: int | None = None,
    ) -> None:
        def rows(part: str | float, place: str) -> Rows | float:
            return read(part, column, label, encoding, place) if isinstance(part, str) else part

        whole = existing(Path(path).expanduser(), "corpus.path")
        for place, part in (("corpus.validation", validation), ("corpus.test", test)):
            if isinstance(part, str) and existing(Path(part).expanduser(), place).samefile(whole):
                raise Mistake(
                    f"{place}: {part} is the training file itself; give another file, or a share such as 0.1"
                )
        train = read(path, column, label, encoding)
        held_out = rows(validation, "corpus.validation"), rows(test, "corpus.test")
        self.fill(Path(path).stem, assemble(train, *held_out, seed, size))
