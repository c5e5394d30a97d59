"""The corpus doctor: examines one file and returns its findings, which `report/corpus.py` presents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from textgan.amounts import amount
from textgan.data.streaming import Streamed
from textgan.doctor import scripts
from textgan.doctor.counts import Counts, Side, count, out_of_vocabulary, repeats, shared
from textgan.doctor.labels import Labels, held_out, look_at_labels, split_that_keeps
from textgan.doctor.near import near_copies
from textgan.doctor.proposal import (
    Proposal,
    check_tokenizer,
    propose,
    reads_as_strings,
    unspaced,
    vocabulary_sizes,
)
from textgan.errors import Mistake
from textgan.metrics.shift import FEWEST, Shift, shift

QUANTILES = (0.0, 0.05, 0.5, 0.95, 0.99, 1.0)
FEWEST_SENTENCES = 4
"""Below it a corpus cannot be split into training, validation and test text."""
HELD_OUT = 0.1
"""Share of the file used as unseen text if no test file is given."""
_longest_told = 5


@dataclass(frozen=True)
class Examination:
    """Findings about a file. Shares are in [0, 1]; line numbers start at 1; `test` is None if no test file was given.

    by_letter: lines are strings such as names or formulas, or their script has no spaces; the shift is then measured on
    characters, and word counts mean little. sentences: number in the file, without empty lines. held_out: number of
    sentences used as unseen text: the test file, or a seeded tenth of the file. quantiles: by unit (characters, words,
    tokens) and quantile. unknown: by vocabulary size, the share of held-out words and marks outside it. types: number
    of different words and marks, and of different characters, in train. near: repeats that differ only in case, spaces,
    marks and digits; None for strings, where these matter. alike: in a sample, the share of sentences that copy an
    earlier one but for a few words (`near.py`). overlap, near_overlap: number of held-out sentences that occur in
    train. split_size, split_seed: `corpus.size` (for the smoke budget) and `corpus.seed` such that every label occurs
    in the training split.
    """

    file: str
    test: str | None
    encoding: str
    by_letter: bool
    sentences: int
    held_out: int
    empty: int
    empty_lines: list[int]
    quantiles: dict[str, dict[str, int]]
    longest_lines: dict[int, int]
    types: dict[str, int]
    unknown: dict[int, float]
    unknown_characters: float
    forgotten: bool
    duplicates: int
    most_repeated: list[tuple[int, int]]
    near: int | None
    alike: float | None
    overlap: int
    near_overlap: int | None
    shift: Shift | None
    scripts: dict[str, float]
    mixed_lines: float
    languages: dict[str, float]
    right_to_left: float
    combining: int
    emoji: int
    labels: Labels | None
    suspects: dict[str, dict[str, Any]]
    proposal: Proposal
    column: str | None = None
    label: str | None = None
    split_size: int = 300
    split_seed: int = 0

    def as_json(self) -> dict[str, Any]:
        """One mapping for `json.dumps`."""
        told = asdict(self)
        del told["proposal"]["lengths"]
        return told


def examine(
    path: str | Path,
    column: str | None = None,
    label: str | None = None,
    test: str | Path | None = None,
    encoding: str | None = None,
    tokenizer: str | None = None,
    tell: Callable[[str, float], None] = lambda what, share: None,
) -> Examination:
    """Examine a file (and a test file), reading each once, line by line.

    tokenizer: `word`, `character` or `bpe`, overriding the proposed one. tell: called from time to time with the
    current stage and its progress in [0, 1]. Raises Mistake if a file cannot be read or has too few sentences.
    """
    check_tokenizer(tokenizer)
    train = Streamed(path, column, label, encoding, "file")
    held = None if test is None else Streamed(test, column, label, encoding, "--test")
    if held is not None and held.file.samefile(train.file):
        raise Mistake(f"--test: {held.file} is the training file itself; give another, or leave out --test")

    def reading(lines: int) -> None:
        now = held if held is not None and held.share else train
        tell(f"reading {now.file.name}, {lines:,} lines", now.share)

    counts = count(iter(train), None if held is None else iter(held), HELD_OUT, tell=reading)
    if not len(counts.train):
        raise Mistake(f"file: {train.file.name} contains no sentences; expected one per line")
    if held is not None and not len(counts.held):
        raise Mistake(f"--test: {held.file.name} contains no sentences; expected one per line")
    sentences = len(counts.train) + len(counts.held)
    if sentences < FEWEST_SENTENCES:
        raise Mistake(
            f"file: {train.file.name} holds {amount(sentences, 'sentence')}; give {FEWEST_SENTENCES} or more"
        )
    tell("comparing", 1.0)
    return _findings(train, held, counts, tokenizer, tell)


def _findings(
    file: Streamed,
    test: Streamed | None,
    counts: Counts,
    tokenizer: str | None,
    tell: Callable[[str, float], None],
) -> Examination:
    train, held = counts.train, counts.held
    strings = reads_as_strings(train)
    own = [train] if test is not None else [train, held]  # sentences of the training file
    characters = sum((side.characters for side in own[1:]), own[0].characters)
    sample = train.sample.texts
    suspects = counts.suspects
    by_letter = strings or unspaced(train)
    if by_letter:
        suspects = suspects.without("very long words")
    tell("proposing a tokenizer", 1.0)
    proposal = propose(counts, tokenizer)
    if min(len(train.words), len(train.characters)) < 2:
        raise Mistake(
            f"file: {file.file.name} repeats a single word; give text with at least two different words"
        )
    tell("comparing sentences", 1.0)
    hashes, loose = _together(own, "hashes"), _together(own, "loose")
    exact = repeats(hashes)
    labels, split = None, None
    if file.label is not None:
        labels, split = _labels_and_split(counts, own, test is not None)
    moved = None if test is None else _shift(sample, held.sample.texts, counts, by_letter)
    words = {"characters": "lengths", "words": "spaced"}
    quantiles = {unit: _quantiles(_together(own, name)) for unit, name in words.items()}
    return Examination(
        file=str(file.file),
        test=None if test is None else str(test.file),
        encoding=file.encoding.removesuffix("-sig") or "parquet",
        by_letter=by_letter,
        sentences=sum(map(len, own)),
        held_out=len(held),
        empty=counts.empty,
        empty_lines=counts.empty_lines,
        quantiles={**quantiles, f"{proposal.tokenizer['name']} tokens": _quantiles(proposal.lengths)},
        longest_lines=_longest(own),
        types={"words": len(train.words), "characters": len(train.characters)},
        unknown=out_of_vocabulary(train.words, held.words, vocabulary_sizes(train)),
        unknown_characters=_unknown_characters(train, held),
        forgotten=train.forgotten,
        duplicates=exact,
        most_repeated=_most_repeated(hashes, _together(own, "numbers")),
        near=None if strings else repeats(loose) - exact,
        alike=None if strings else near_copies(sample),
        overlap=shared(held.hashes, train.hashes),
        near_overlap=None if strings else shared(held.loose, train.loose),
        shift=moved,
        scripts=scripts.shares(characters),
        mixed_lines=scripts.mixed(sample),
        languages=scripts.languages(sample) if not strings else {},
        right_to_left=scripts.right_to_left(characters),
        combining=scripts.combining(characters),
        emoji=scripts.emoji(characters),
        labels=labels,
        suspects={
            kind: {"lines": times, "first": suspects.lines[kind]} for kind, times in suspects.counts.items()
        },
        proposal=proposal,
        column=file.column,
        label=file.label,
        split_size=split[0] if split else 300,
        split_seed=split[1] if split else 0,
    )


def _labels_and_split(
    counts: Counts, own: list[Side], has_test: bool
) -> tuple[Labels, tuple[int, int] | None]:
    """The labels, not usable if no split of the file keeps all of them; and that split's (size, seed)."""
    labels = look_at_labels(counts, has_test)
    if not labels.usable:
        return labels, None
    *_, cut = held_out(sum(map(len, own)), has_test)
    in_order = _together(own, "labels")[np.argsort(_together(own, "numbers"), kind="stable")]
    split = split_that_keeps(in_order, cut)
    if split is None:
        labels = replace(labels, usable=False, reason="a class has too few sentences to be in every split")
    return labels, split


def _shift(train: list[str], test: list[str], counts: Counts, by_letter: bool) -> Shift | None:
    """Between samples of the two files; None if either file has too few sentences."""
    if min(len(counts.train), len(counts.held)) < FEWEST:
        return None
    return shift(*([" ".join(text) for text in side] if by_letter else side for side in (train, test)))


def _together(sides: list[Side], name: str) -> np.ndarray:
    return np.concatenate([np.asarray(getattr(side, name)) for side in sides])


def _quantiles(values: np.ndarray) -> dict[str, int]:
    found = np.quantile(values, QUANTILES, method="nearest").tolist()
    return {f"{share:g}": int(value) for share, value in zip(QUANTILES, found, strict=True)}


def _longest(sides: list[Side]) -> dict[int, int]:
    """Line number -> length in characters, for the longest lines, the longest first."""
    lengths, numbers = _together(sides, "lengths"), _together(sides, "numbers")
    chosen = np.lexsort((numbers, -lengths))[:_longest_told]
    return {int(numbers[i]): int(lengths[i]) for i in chosen}


def _most_repeated(hashes: np.ndarray, numbers: np.ndarray) -> list[tuple[int, int]]:
    """(first line, occurrences) of the most frequent sentences that occur more than once."""
    order = np.argsort(numbers, kind="stable")
    _, first, times = np.unique(hashes[order], return_index=True, return_counts=True)
    chosen = np.lexsort((first, -times))[:_longest_told]
    return [(int(numbers[order][first[i]]), int(times[i])) for i in chosen if times[i] > 1]


def _unknown_characters(train: Side, held: Side) -> float:
    here, there = train.characters, held.characters
    total = there.total()
    return sum(times for each, times in there.items() if each not in here) / total if total else 0.0
