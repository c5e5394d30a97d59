"""Sentences with a label each, from files with columns, and whether files agree on which labels there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from textgan.data.lines import TABLES, labelled, sentences
from textgan.errors import Mistake, did_you_mean


@dataclass(frozen=True)
class Labelled:
    """Sentences; labels: one for each, None where the file has none."""

    lines: Sequence[str]
    labels: Sequence[str] | None = None

    def of(self, label: str) -> list[str]:
        """The sentences of a label; all of them where there are no labels."""
        kinds = self.labels if self.labels is not None else [label] * len(self.lines)
        return [line for line, kind in zip(self.lines, kinds, strict=True) if kind == label]


@dataclass(frozen=True)
class Columns:
    """Which columns hold the text and the label; None: the only one or `text`, and no labels."""

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
        """Sentences that files are held against; their labels if there are any. Empty where there is no file."""
        if path is None:
            return Labelled([])
        if self.label is None:
            return Labelled(sentences(path, option, self.text))
        return Labelled(*labelled(path, option, self.label, self.text, needed=False))

    def check(self, paths: Sequence[Path]) -> None:
        """Mistake where a text column is named and no file has columns."""
        if self.text is not None and not any(path.suffix.lower() in TABLES for path in paths):
            raise Mistake(f"--column: no file given has columns; leave it out, or give {', '.join(TABLES)}")


def labels_of(samples: Mapping[Path, Labelled], real: Mapping[str, Labelled]) -> list[str]:
    """The labels of the samples, sorted. Mistake for one that a file they are held against has no sentence of.

    real: by the option that named the file; a file without labels serves every label.
    """
    wrong: list[str] = []
    for path, text in samples.items():
        for option, others in real.items():
            if others.labels is not None:
                for label in sorted({*(text.labels or [])} - {*others.labels}):
                    near = did_you_mean(label, {*others.labels})
                    wrong.append(f"--label: {path} has sentences of {label!r}, {option} has none.{near}")
    if wrong:
        raise Mistake("\n".join(wrong))
    return sorted({label for text in samples.values() for label in text.labels or []})
