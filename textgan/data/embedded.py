"""The built-in corpora: sampled from a grammar, so the true probability of every sentence is known.

`Captions` (8 to 20 tokens) and `Stories` (30 to 60) are English, within the limits of a finite grammar:
agreement, pronouns and places are consistent across the sentence. `Reviews` are labelled. `Molecules` and `Passwords`
are tokenized by character. Nothing is downloaded, any size can be drawn, and `source` scores every sentence.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from textgan.data.corpus import Source, Split
from textgan.data.grammar import Grammar, load
from textgan.data.splits import MOST
from textgan.errors import Mistake


class GrammarCorpus:
    """A corpus drawn from a packaged grammar; sizes are in sentences; Mistake if one is below 1.

    The three splits come from independent random streams of the seed, so the test split stays the same
    when the training size changes. All are drawn with replacement from one distribution, as real text would
    be; `notes` reports how often a sentence repeats.
    """

    label_names: tuple[str, ...] = ()

    def __init__(
        self, name: str, size: int, validation: int, test: int, seed: int, letters: bool = False
    ) -> None:
        self.name = name
        for key, count in (("size", size), ("validation", validation), ("test", test)):
            if not 1 <= count <= MOST:
                raise Mistake(f"corpus.{key}: {count} sentences; expected a number from 1 to {MOST:,}")
        if seed < 0:
            raise Mistake(f"corpus.seed: {seed} is negative; expected 0 or more")
        self.source: Source | None = self._draw(name, (size, validation, test), seed, letters)
        self.notes = _repeats(self.train.texts, self.test.texts)

    def _draw(self, name: str, sizes: tuple[int, int, int], seed: int, letters: bool) -> Grammar:
        """Fill the splits; return the source."""
        grammar = load(name, letters=letters)
        streams = np.random.SeedSequence(seed).spawn(3)
        train, held, last = (
            grammar.sample(count, stream) for count, stream in zip(sizes, streams, strict=True)
        )
        self.train, self.validation, self.test = Split(train), Split(held), Split(last)
        return grammar


class Captions(GrammarCorpus):
    """Captions of photographs, 8 to 20 tokens: `a tall man in a red hat is buying melons at the market.`"""

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("captions", size, validation, test, seed)


class Stories(GrammarCorpus):
    """Stories of two or three sentences, 30 to 60 tokens, all about the same person, place and thing."""

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("stories", size, validation, test, seed)


class Reviews(GrammarCorpus):
    """Reviews of films and books, 4 to 17 tokens, labelled neg and pos, with equal probability.

    by_label: the exact source of each label; `source` is their mixture. No sentence occurs under both labels.
    """

    label_names = ("neg", "pos")

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("reviews", size, validation, test, seed)

    def _draw(self, name: str, sizes: tuple[int, int, int], seed: int, letters: bool) -> Grammar:
        starts = [f"<review {label}>" for label in self.label_names]
        self.by_label = tuple(load(name, start) for start in starts)
        streams = np.random.SeedSequence(seed).spawn(3)
        self.train, self.validation, self.test = (
            _labelled(self.by_label, count, np.random.default_rng(stream))
            for count, stream in zip(sizes, streams, strict=True)
        )
        return load(name, " | ".join(starts))


class Molecules(GrammarCorpus):
    """Made-up molecules in a notation like SMILES, for character models: `CCN(C)c1ccncc1C(=O)O`.

    Brackets and rings are always closed; beyond that, they need not be chemically valid.
    """

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("molecules", size, validation, test, seed, letters=True)


class Passwords(GrammarCorpus):
    """Made-up passwords of the kind people choose, for character models: `Sunriver87!`. None is from a leaked list."""

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("passwords", size, validation, test, seed, letters=True)


def _labelled(sources: tuple[Grammar, ...], count: int, rng: np.random.Generator) -> Split:
    """`count` sentences, each of a label drawn uniformly."""
    labels = rng.integers(len(sources), size=count)
    drawn = [iter(source.sample(int((labels == i).sum()), rng)) for i, source in enumerate(sources)]
    return Split([next(drawn[label]) for label in labels.tolist()], labels.tolist())


def _repeats(train: list[str], test: list[str]) -> list[str]:
    """Notes on how many training sentences repeat an earlier one, and how many test sentences also occur in train."""
    counts = Counter(train)
    also = sum(sentence in counts for sentence in test)
    counted = {
        f"of {len(train):,} training sentences repeat an earlier one": len(train) - len(counts),
        f"of {len(test):,} test sentences also occur in train": also,
    }
    return [f"{times:,} {what}" for what, times in counted.items() if times]
