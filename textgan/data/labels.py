"""Labelled sentences from files with columns, and a check that files agree on their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from textgan.data.lines import TABLES, labelled, sentences
from textgan.errors import Mistake, did_you_mean


@dataclass(frozen=True)
class Labelled:
    """Sentences; labels: one per sentence, None if the file has no labels."""

    lines: Sequence[str]
    labels: Sequence[str] | None = None

    def of(self, label: str) -> list[str]:
        """The sentences with this label; all sentences if there are no labels."""
        kinds = self.labels if self.labels is not None else [label] * len(self.lines)
        return [line for line, kind in zip(self.lines, kinds, strict=True) if kind == label]


@dataclass(frozen=True)
class Columns:
    """The columns of the text and the label. None: `text` or the only column for the text, no labels for the label."""

    text: str | None = None
    label: str | None = None

    def samples(self, paths: Sequence[Path]) -> dict[Path, Labelled]:
        """The files to be scored. With a label, each must have that column."""
        if self.label is None:
            return {path: Labelled(sentences(path, "target", self.text, empty=True)) for path in paths}
        return {
            path: Labelled(*labelled(path, "target", self.label, self.text, empty=True)) for path in paths
        }

    def real(self, path: Path | None, option: str) -> Labelled:
        """Real sentences to compare with, and their labels if there are any; empty if there is no file."""
        if path is None:
            return Labelled([])
        if self.label is None:
            return Labelled(sentences(path, option, self.text))
        return Labelled(*labelled(path, option, self.label, self.text, needed=False))

    def check(self, paths: Sequence[Path]) -> None:
        """Raises Mistake if a text column is named but no file has columns."""
        if self.text is not None and not any(path.suffix.lower() in TABLES for path in paths):
            raise Mistake(
                f"--column: none of the files has columns; leave it out, or give {', '.join(TABLES)}"
            )


def labels_of(samples: Mapping[Path, Labelled], real: Mapping[str, Labelled]) -> list[str]:
    """The labels of the samples, sorted. Raises Mistake for a label that does not occur in the real text.

    real: real text by the option that named its file; a file without labels is used for every label.
    """
    wrong: list[str] = []
    for path, text in samples.items():
        for option, others in real.items():
            if others.labels is not None:
                for label in sorted({*(text.labels or [])} - {*others.labels}):
                    near = did_you_mean(label, {*others.labels})
                    wrong.append(
                        f"--label: {path} has sentences labelled {label!r}, but {option} has none.{near}"
                    )
    if wrong:
        raise Mistake("\n".join(wrong))
    return sorted({label for text in samples.values() for label in text.labels or []})
