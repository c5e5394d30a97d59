"""A corpus from files of your own. Loads no torch."""

from __future__ import annotations

from pathlib import Path

from textgan.data.reading import Rows, read
from textgan.data.splits import Loaded, assemble
from textgan.errors import Mistake
from textgan.parts.ranges import Seed


class File(Loaded):
    """Sentences from a file: plain text (one a line; any ending but these and json), jsonl, csv, tsv or parquet.

    column, label: which columns hold the text and its class; column None is `text`, or the only one there is.
    validation, test: a file of the same kind, or what a seeded split cuts from `path` (below 1 a share, from
    1 on a number of sentences; at least one sentence). size: keep at most so many training sentences, a seeded
    choice; None keeps all. Relative paths start in the current folder.
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

        for place, part in (("corpus.validation", validation), ("corpus.test", test)):
            if (
                isinstance(part, str)
                and Path(part).expanduser().resolve() == Path(path).expanduser().resolve()
            ):
                raise Mistake(
                    f"{place}: {part} is the training file itself; give another file, or a share such as 0.1"
                )
        train = read(path, column, label, encoding)
        held_out = rows(validation, "corpus.validation"), rows(test, "corpus.test")
        self.fill(Path(path).stem, assemble(train, *held_out, seed, size))
