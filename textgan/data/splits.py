"""Build a corpus from rows: seeded splits, label names and notes for the user. Does not import torch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from textgan.amounts import amount
from textgan.data.corpus import Source, Split, duplicates, overlap
from textgan.data.reading import Rows
from textgan.errors import Mistake

MOST = 100_000_000
"""Most sentences that a synthetic corpus may generate, since they are kept in memory."""

_told = 5  # label names listed in a message


@dataclass(frozen=True)
class Parts:
    """The splits of a corpus, its label names, and notes for the user."""

    train: Split
    validation: Split
    test: Split
    label_names: tuple[str, ...]
    notes: list[str]


@dataclass(repr=False)  # a repr would print every sentence
class Loaded:
    """A corpus (see `Corpus`) whose true source is not known."""

    name: str
    train: Split
    validation: Split
    test: Split
    label_names: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    source: Source | None = None

    def fill(self, name: str, parts: Parts, notes: Sequence[str] = ()) -> None:
        """Set the name, splits, label names and notes of this corpus."""
        self.name, self.source = name, None
        self.train, self.validation, self.test = parts.train, parts.validation, parts.test
        self.label_names, self.notes = parts.label_names, [*notes, *parts.notes]


def assemble(
    train: Rows, validation: Rows | float, test: Rows | float, seed: int, size: int | None = None
) -> Parts:
    """Build the splits. A number instead of rows takes a share (below 1) or a count (from 1) of train.

    size: afterwards keep at most this many training sentences, a seeded choice. Raises Mistake if train is too small.
    """
    if size is not None and size < 1:
        raise Mistake(f"corpus.size: {size} keeps no training sentence; give at least 1")
    given = {"train": train, "validation": validation, "test": test}
    empty = [(name, rows.empty) for name, rows in given.items() if isinstance(rows, Rows) and rows.empty]
    wanted = {"validation": validation, "test": test}
    counts = {
        name: _count(name, held, len(train)) for name, held in wanted.items() if not isinstance(held, Rows)
    }
    if sum(counts.values()) >= len(train):
        asked = " and ".join(f"{count:,} for {name}" for name, count in counts.items())
        raise Mistake(
            f"corpus: {amount(len(train), 'sentence is', 'sentences are')} too few to take out {asked}; "
            f"give more text, or a separate file as {' and '.join(f'corpus.{name}' for name in counts)}"
        )
    order = np.random.default_rng(seed).permutation(len(train))
    cut: dict[str, Rows] = {}
    for name, count in counts.items():
        cut[name], order = _pick(train, order[:count]), order[count:]
    held_out = {name: cut.get(name, held) for name, held in wanted.items()}
    rest = _pick(train, order if size is None else order[:size])
    everything = {"train": rest, **{name: rows for name, rows in held_out.items() if isinstance(rows, Rows)}}
    names = _label_names(everything, drawn=set(counts))
    splits = {name: _split(rows, names) for name, rows in everything.items()}
    return Parts(splits["train"], splits["validation"], splits["test"], names, _notes(splits, empty))


def _count(name: str, share: object, total: int) -> int:
    if not isinstance(share, (int, float)) or isinstance(share, bool) or share <= 0:
        raise Mistake(
            f"corpus.{name}: {share!r} is not valid; give a file, a share between 0 and 1, or a number of sentences"
        )
    return max(1, round(share * total)) if share < 1 else round(share)


def _pick(rows: Rows, chosen: np.ndarray) -> Rows:
    order = sorted(chosen.tolist())  # keep the file's order, so that a diff of two corpora stays readable
    labels = None if rows.labels is None else [rows.labels[i] for i in order]
    return Rows([rows.texts[i] for i in order], labels)


def _label_names(splits: dict[str, Rows], drawn: Collection[str]) -> tuple[str, ...]:
    """drawn: the splits that were drawn from train, where a label can be missing by chance."""
    labels = splits["train"].labels
    if labels is None:
        return ()
    known = set(labels)
    for name, rows in splits.items():
        if strange := sorted(set(rows.labels or ()) - known):
            remedy = (
                "draw another split with corpus.seed, give more sentences of it, or remove it"
                if name in drawn
                else "add it to train, or remove it"
            )
            raise Mistake(
                f"corpus.label: {_some(strange)} occurs in {name} but not in train "
                f"(which has {_some(sorted(known))}); {remedy}"
            )
    return in_order(known)


def _some(names: Sequence[str]) -> str:
    more = len(names) - _told
    return ", ".join(map(repr, names[:_told])) + (f" and {more:,} more" if more > 0 else "")


def in_order(labels: Collection[str]) -> tuple[str, ...]:
    """The distinct labels, sorted: by value if all are integers, else alphabetically."""
    numeric = all(label.removeprefix("-").isdecimal() for label in labels)
    return tuple(sorted({*labels}, key=(lambda label: (int(label), label)) if numeric else None))


def _split(rows: Rows, names: tuple[str, ...]) -> Split:
    index = {name: i for i, name in enumerate(names)}
    return Split(rows.texts, None if rows.labels is None else [index[label] for label in rows.labels])


def _notes(splits: dict[str, Split], empty: Sequence[tuple[str, int]]) -> list[str]:
    notes = [f"{amount(count, 'empty line')} of {name} dropped" for name, count in empty]
    train = splits["train"].texts
    if repeated := duplicates(train):
        notes.append(f"{repeated:,} of {len(train):,} training sentences repeat an earlier one")
    for name in ("validation", "test"):
        texts = splits[name].texts
        if shared := overlap(texts, train):
            notes.append(f"{shared:,} of {len(texts):,} {name} sentences also occur in train")
    return notes
