"""All counts of a file in one pass. Memory: about 40 bytes per line, plus the vocabulary."""

from __future__ import annotations

import math
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from textgan.data.streaming import Line
from textgan.doctor.suspects import TOLD, Suspects
from textgan.doctor.words import folded, words

SAMPLE = 20_000
"""Sentences kept of each side, for checks that need the text itself."""
MOST_TYPES = 2_000_000
"""Different words that are counted at a time; above it those seen once so far are forgotten (and it is said)."""
_block = 200_000  # characters counted in one batch
_every = 2_000  # lines between two progress reports


class Reservoir:
    """A uniform sample of a stream of unknown length (Li 1994, algorithm L), in the order of the stream."""

    def __init__(self, size: int, seed: int) -> None:
        self.size, self._draw, self._weight, self._seen = size, random.Random(seed), 1.0, 0
        self._kept: list[tuple[int, str]] = []
        self._next = size - 1
        self._skip()

    def _skip(self) -> None:
        chance = 1.0 - self._draw.random()  # in (0, 1]
        self._weight *= math.exp(math.log(chance) / self.size)
        left = math.log1p(-self._weight) if self._weight < 1 else -math.inf
        self._next += 1 + (math.floor(math.log(1.0 - self._draw.random()) / left) if left else 1 << 62)

    def add(self, text: str) -> None:
        if len(self._kept) < self.size:
            self._kept.append((self._seen, text))
        elif self._seen == self._next:
            self._kept[self._draw.randrange(self.size)] = (self._seen, text)
            self._skip()
        self._seen += 1

    @property
    def texts(self) -> list[str]:
        return [text for _, text in sorted(self._kept)]


@dataclass
class Side:
    """Counts of the training part or of the held-out part, with N sentences.

    words, characters: occurrences of each. lengths, spaced, tokens (N,): length of each sentence in characters, in
    words separated by spaces, and in words and punctuation marks. hashes, loose (N,): hash of the sentence, and of its
    folded text, which near duplicates share. numbers (N,): its line number. labels (N,): indices into
    `Counts.label_names`; empty without labels.
    """

    sample: Reservoir
    words: Counter[str] = field(default_factory=Counter)
    lengths: array[int] = field(default_factory=lambda: array("l"))
    spaced: array[int] = field(default_factory=lambda: array("l"))
    tokens: array[int] = field(default_factory=lambda: array("l"))
    hashes: array[int] = field(default_factory=lambda: array("q"))
    loose: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[int] = field(default_factory=lambda: array("q"))
    labels: array[int] = field(default_factory=lambda: array("l"))
    forgotten: bool = False
    _points: np.ndarray = field(default_factory=lambda: np.zeros(1, np.int64))  # by code point
    _texts: list[str] = field(default_factory=list)
    _waiting: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def add(self, number: int, text: str) -> None:
        self.numbers.append(number)
        self._texts.append(text)
        self._waiting += len(text)
        if self._waiting >= _block:
            self.settle()

    @property
    def characters(self) -> Counter[str]:
        return Counter({chr(point): int(self._points[point]) for point in np.flatnonzero(self._points)})

    def settle(self) -> None:
        """Count the lines collected since the last call (batches are faster). Call it before reading the counts."""
        texts, self._texts, self._waiting = self._texts, [], 0
        cut = [words(text) for text in texts]
        self.tokens.extend(map(len, cut))
        self.words.update(chain.from_iterable(cut))
        self.lengths.extend(map(len, texts))
        self.spaced.extend([text.count(" ") + 1 for text in texts])
        self.hashes.extend(map(hash, texts))
        self.loose.extend(map(hash, map(folded, texts)))
        for text in texts:
            self.sample.add(text)
        points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
        found = np.bincount(points, minlength=len(self._points))
        found[: len(self._points)] += self._points
        self._points = found
        if len(self.words) > MOST_TYPES:
            self.forgotten = True
            self.words = Counter({word: times for word, times in self.words.items() if times > 1})


@dataclass
class Counts:
    """Counts of a file, or of a training and a test file. label_names: in order of first occurrence.

    tenth: only with a test file: words of a random share of the training lines, which are also counted in `train`.
    """

    train: Side
    held: Side
    suspects: Suspects
    empty: int = 0
    empty_lines: list[int] = field(default_factory=list)
    label_names: list[str] = field(default_factory=list)
    tenth: Counter[str] | None = None

    @property
    def to_choose_by(self) -> tuple[Counter[str], Counter[str]]:
        """Words of most of the training file, and of the rest of it: choices must not depend on the test file."""
        if self.tenth is None:
            return self.train.words, self.held.words
        return self.train.words - self.tenth, self.tenth


def count(
    train: Iterator[Line],
    test: Iterator[Line] | None,
    held_out: float = 0.1,
    tell: Callable[[int], None] = lambda lines: None,
) -> Counts:
    """Count both sides. With test None, the share `held_out` of the lines of train, drawn with a fixed seed, is the
    held-out side; otherwise the words of that share are also counted separately, for `Counts.tenth`.

    Suspicious and empty lines are those of the training file. tell: called from time to time with the number of lines
    read so far.
    """
    counts = Counts(Side(Reservoir(SAMPLE, 0)), Side(Reservoir(SAMPLE, 1)), Suspects())
    draw = random.Random(0).random
    names: dict[str, int] = {}
    read = 0
    if test is not None:
        counts.tenth = Counter()
    for line in train:
        read += 1
        if not read % _every:
            tell(read)
        text = " ".join(line.text.split())
        if not text:
            counts.empty += 1
            if len(counts.empty_lines) < TOLD:
                counts.empty_lines.append(line.number)
            continue
        counts.suspects.check(line.number, text)
        drawn = draw() < held_out and len(counts.train) > 0
        side = counts.held if drawn and test is None else counts.train
        if drawn and counts.tenth is not None:
            counts.tenth.update(words(text))
        side.add(line.number, text)
        if line.label is not None:
            side.labels.append(names.setdefault(line.label, len(names)))
    for line in test or ():
        read += 1
        if not read % _every:
            tell(read)
        if text := " ".join(line.text.split()):
            counts.held.add(line.number, text)
            if line.label is not None:
                counts.held.labels.append(names.setdefault(line.label, len(names)))
    counts.train.settle()
    counts.held.settle()
    counts.label_names = list(names)
    return counts


def repeats(hashes: Sequence[int] | np.ndarray) -> int:
    """How many sentences repeat an earlier one. By 64-bit hashes: for a million, wrong in about one of 10^7 files."""
    return len(hashes) - len(np.unique(np.asarray(hashes)))


def shared(held: Sequence[int], train: Sequence[int]) -> int:
    """How many held-out sentences also occur in train, by their hashes."""
    return int(np.isin(np.asarray(held), np.asarray(train)).sum())


def out_of_vocabulary(train: Counter[str], held: Counter[str], sizes: list[int]) -> dict[int, float]:
    """By size, the share of held-out tokens that are not among the `size` most frequent of train, in [0, 1].

    Ranked as a tokenizer does: by count, ties in alphabetical order.
    """
    ranked = sorted(train, key=lambda word: (-train[word], word))
    total = held.total()
    covered = np.cumsum([held.get(word, 0) for word in ranked])
    if not total:
        return {}
    return {size: (total - int(covered[min(size, len(ranked)) - 1])) / total for size in sizes}
