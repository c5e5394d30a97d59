"""How metrics tokenise sentences, and tokens as integer ids. Independent of the generator's tokenizer: a score must
not change because the model's vocabulary did.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from typing import Any, TypeVar

import numpy as np

from textgan.metrics.once import once

T = TypeVar("T")
Sentence = str | Sequence[str]
"""Text still to be tokenised, or a list of tokens."""

_WORD_OR_MARK = re.compile(r"[\w']+|[^\w\s']")
_PLAIN = re.compile(r"(?:[A-Za-z0-9 .,:;?!@#$%&*-]|(?<=[A-Za-z0-9])'(?=[A-Za-z]))*").fullmatch


@dataclass(frozen=True)
class Cut:
    """A way to tokenise text, with the names that identify it in a signature."""

    name: str
    case: str
    cut: Callable[[str], list[str]]

    def __call__(self, text: str) -> list[str]:
        return self.cut(text)

    @property
    def signature(self) -> dict[str, str]:
        return {"tok": self.name, "case": self.case}


def split(text: str) -> list[str]:
    """Lower-case; every punctuation mark (`[^\\w\\s']`) is a token of its own: `A dog's bed.` -> `a`, `dog's`, `bed`,
    `.`
    """
    return _WORD_OR_MARK.findall(text.lower())


def whitespace(text: str) -> list[str]:
    """Split on white space; case is kept, and punctuation stays attached to the word."""
    return text.split()


def treebank(text: str) -> list[str]:
    """nltk's `word_tokenize(text, preserve_line=True)`: punctuation and clitics split off
    (`don't` -> `do`, `n't`), case kept.

    Departure from `word_tokenize(text)`: a line is one sentence, because nltk's sentence splitter needs a download; a
    full stop inside the line then stays with its word (`Yes. No.` -> `Yes.`, `No`, `.`). In lines of plain characters
    (`_PLAIN`) nltk's rules see one word at a time, except at the end of the line, so each distinct word is tokenised
    once and cached.
    """
    if not _PLAIN(text):
        return list(_nltk().tokenize(text))
    *words, last = text.split() or [""]
    return [*chain.from_iterable(map(_inside, words)), *_at_the_end(last)]


@lru_cache(maxsize=1)
def _nltk() -> Any:
    from nltk.tokenize import NLTKWordTokenizer

    return NLTKWordTokenizer()


@lru_cache(maxsize=1 << 16)
def _inside(word: str) -> tuple[str, ...]:
    return tuple(_nltk().tokenize(f"a {word} a")[1:-1])


@lru_cache(maxsize=1 << 16)
def _at_the_end(word: str) -> tuple[str, ...]:
    return tuple(_nltk().tokenize(f"a {word}")[1:])


SPLIT = Cut("split", "lower", split)
WHITESPACE = Cut("ws", "mixed", whitespace)
TREEBANK = Cut("nltk-line", "mixed", treebank)
TREEBANK_LOWER = Cut("nltk-line", "lower", lambda text: treebank(text.lower()))


@dataclass(frozen=True)
class Interned:
    """Sentences laid end to end: ids (L,) int64, lengths (N,) int64; equal tokens have equal ids."""

    ids: np.ndarray
    lengths: np.ndarray
    vocabulary: int

    @property
    def sentence(self) -> np.ndarray:
        """(L,) the index of the sentence that each token belongs to."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @property
    def remaining(self) -> np.ndarray:
        """(L,) tokens from each position to the end of its sentence, that token included."""
        return np.repeat(np.cumsum(self.lengths), self.lengths) - np.arange(len(self.ids))

    @property
    def keys(self) -> list[bytes]:
        """(N,) one key for each sentence; equal tokens give equal keys."""
        raw, ends = self.ids.tobytes(), (np.cumsum(self.lengths) * self.ids.itemsize).tolist()
        return [raw[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]

    def only(self, chosen: Sequence[int]) -> Interned:
        """The sentences with these indices, in this order."""
        lengths = self.lengths[chosen]
        begins = (np.cumsum(self.lengths) - self.lengths)[chosen]
        place = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
        return Interned(self.ids[place], lengths, self.vocabulary)


def cut_all(sentences: Iterable[Sentence], cut: Callable[[str], list[str]]) -> list[Sequence[str]]:
    """Strings are tokenised; token lists stay as they are."""
    return [cut(sentence) if isinstance(sentence, str) else sentence for sentence in sentences]


def cut_each(sentences: Iterable[Sentence], cut: Callable[[str], list[str]]) -> Iterator[Sequence[str]]:
    """As `cut_all`, one at a time: building a million lists at once costs seconds of memory management."""
    return (cut(sentence) if isinstance(sentence, str) else sentence for sentence in sentences)


def intern(sentences: Iterable[Sequence[str]]) -> Interned:
    """Token lists as one int array. Tokens are compared exactly, without case folding."""
    number = _numbering()
    return Interned(*_numbered(sentences, number), len(number))


def interned(cut: Callable[[str], list[str]], *parts: Sequence[Sentence]) -> Interned:
    """The sentences of all parts, tokenised, as `intern`. Inside `sharing`, each part is tokenised once per `cut`."""
    number = once(("numbers", cut), _numbering)
    found = []
    for part in parts:

        def make(part: Sequence[Sentence] = part) -> tuple[np.ndarray, np.ndarray]:
            return _numbered(cut_each(part, cut), number)

        found.append(once_of_texts("ids", (part,), (cut,), make))
    ids, lengths = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    return Interned(ids, lengths, len(number))


def once_of_texts(
    what: str, parts: Sequence[Sequence[Sentence]], facts: tuple[object, ...], make: Callable[[], T]
) -> T:
    """As `once`, keyed by the texts and `facts`; token lists, which cannot be a key, are computed every time."""
    if not all(isinstance(sentence, str) for part in parts for sentence in part):
        return make()
    return once((what, *facts, *map(tuple, parts)), make)


def _numbering() -> defaultdict[str, int]:
    return defaultdict(count().__next__)


def _numbered(
    sentences: Iterable[Sequence[str]], number: defaultdict[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """(L,) token ids, new tokens getting the next id; (N,) lengths."""
    lengths: list[int] = []

    def counted() -> Iterator[Sequence[str]]:
        for sentence in sentences:
            lengths.append(len(sentence))
            yield sentence

    ids = np.fromiter(map(number.__getitem__, chain.from_iterable(counted())), dtype=np.int64)
    return ids, np.array(lengths, dtype=np.int64)
