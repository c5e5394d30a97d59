"""The labelled text to augment: reading it, holding some out, and taking subsets. Does not import torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from textgan.data.corpus import Split
from textgan.data.decoding import existing
from textgan.data.formats import FORMATS
from textgan.data.reading import Rows, read
from textgan.data.splits import in_order
from textgan.errors import Mistake, did_you_mean

HELD_OUT = 0.1
"""Share of TRAIN that is held out for testing where there is no test file."""
FEWEST = 5
"""Fewest sentences of a label with which it can be learned and measured."""
MOST = 100
"""Most labels; a column with more is assumed to hold something else."""


@dataclass(frozen=True)
class Labelled:
    """Labelled sentences for training and testing; labels are indices into `names`. notes: remarks for the user.

    held, repeated: numbers of sentences of TRAIN left out of `train` because they are held out, or because they also
    occur in the test text. numbers: label names are numbers in TRAIN, not text.
    """

    train: Split
    test: Split
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    held: int = 0
    repeated: int = 0
    numbers: bool = False


def read_labelled(train: Path, text: str, label: str, test: Path | None, seed: int) -> Labelled:
    """Read both files; without `test`, hold out a tenth of every label of `train`. text, label: column names. Raises
    Mistake."""
    rows = _rows(train, text, label, "TRAIN")
    told = rows.labels or []
    names = _names(told, label)
    index = {name: i for i, name in enumerate(names)}
    whole = Split(rows.texts, [index[name] for name in told])
    notes = []
    if test is None:
        chosen = stratified(labels_of(whole), max(len(names), round(HELD_OUT * len(whole))), seed)
        held, rest = pick(whole, chosen), pick(whole, np.setdiff1d(np.arange(len(whole)), chosen))
        notes.append(f"no --test was given: {len(held):,} sentences of TRAIN are held out for testing")
    else:
        if existing(test.expanduser(), "--test").samefile(train.expanduser()):
            raise Mistake(f"--test: {test} is TRAIN itself; give another file, or leave out --test")
        given = _rows(test, text, label, "--test")
        told = given.labels or []
        if strange := sorted({*told} - {*names}):
            near = did_you_mean(strange[0], names)
            raise Mistake(f"--test: {strange[0]!r} is a label that TRAIN does not have.{near}")
        held, rest = Split(given.texts, [index[name] for name in told]), whole
    apart = len(whole) - len(rest)
    known = {*held.texts}
    fresh = np.array([i for i, each in enumerate(rest.texts) if each not in known], dtype=np.int64)
    if len(fresh) < len(rest):
        notes.append(
            f"left out of TRAIN, since they are in the test text, too: {len(rest) - len(fresh):,} sentences"
        )
    rest = pick(rest, fresh)
    every, counts = Counter(whole.labels), Counter(rest.labels)
    for i, name in enumerate(names):
        if counts[i] < FEWEST:
            aside = every[i] - counts[i]
            beside = (
                f", beside {aside} {'held out' if test is None else 'that the test text has too'}"
                if aside
                else ""
            )
            raise Mistake(
                f"--label-column: label {name!r} has {counts[i]} sentences to learn from{beside}; give "
                f"{FEWEST + aside} or more{' in all' if aside else ''}, or remove the label"
            )
    repeated = len(whole) - apart - len(rest)
    return Labelled(rest, held, names, tuple(notes), apart, repeated, rows.numbers)


def labels_of(split: Split) -> np.ndarray:
    """(N,) int64: the labels of a labelled split."""
    assert split.labels is not None
    return np.asarray(split.labels, dtype=np.int64)


def pick(split: Split, rows: np.ndarray) -> Split:
    """The sentences at these rows, in the split's order."""
    chosen, labels = sorted(rows.tolist()), labels_of(split)
    return Split([split.texts[i] for i in chosen], [int(labels[i]) for i in chosen])


def together(*splits: Split) -> Split:
    """The splits, concatenated."""
    return Split(
        [text for split in splits for text in split.texts],
        [label for split in splits for label in split.labels or []],
    )


def spaced(text: str) -> str:
    """The characters separated by spaces, so that word-based methods treat each character as a word."""
    return " ".join(text.replace(" ", ""))


def by_letter(split: Split) -> Split:
    """The split with its characters spaced, for word classifiers on strings and scripts without spaces."""
    return Split([spaced(text) for text in split.texts], split.labels)


def quotas(shares: Sequence[float], amount: int) -> list[int]:
    """Divide `amount` in proportion to `shares` (any unit) by largest remainders; ties go to the first."""
    exact = np.asarray(shares, dtype=np.float64) / sum(shares) * amount
    parts = np.floor(exact).astype(int)
    order = np.argsort(-(exact - parts), kind="stable")
    parts[order[: amount - int(parts.sum())]] += 1
    return [int(part) for part in parts]


def stratified(labels: np.ndarray, amount: int, seed: int) -> np.ndarray:
    """A seeded random choice of about `amount` rows with the same shares of labels (N,), at least one row of each.

    With the same seed, the larger of two choices of a label's rows contains the smaller.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    counts = np.bincount(labels)
    chosen = [
        order[labels[order] == label][: max(1, part)]
        for label, part in enumerate(quotas(counts.tolist(), min(amount, len(labels))))
        if counts[label]
    ]
    return np.sort(np.concatenate(chosen))


def _rows(path: Path, text: str, label: str, place: str) -> Rows:
    if existing(path.expanduser(), place).suffix.lower() not in (*FORMATS, ".json"):
        raise Mistake(f"{place}: {path.name} is plain text and has no columns; give {', '.join(FORMATS)}")
    try:
        return read(path, text, label, place=place)
    except Mistake as mistake:  # `read` names the column options as other commands do
        message = str(mistake).replace("--column:", "--text-column:").replace("--label:", "--label-column:")
        raise Mistake(message) from mistake


def _names(told: Sequence[str], label: str) -> tuple[str, ...]:
    """The distinct labels, sorted; numbers are sorted by value."""
    known = {*told}
    if len(known) < 2:
        raise Mistake(f"--label-column: {label} is {told[0]!r} throughout; give text with two labels or more")
    if len(known) > MOST:
        raise Mistake(
            f"--label-column: {label} has {len(known):,} different values, too many for classes; {MOST} at most"
        )
    return in_order(known)
