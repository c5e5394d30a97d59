"""The two corpora that come with the package: drawn from a grammar, so their true probability is known.

`Captions` (8 to 20 tokens) and `Stories` (30 to 60) are English as far as a finite grammar goes:
agreement, pronouns and places hold across the sentence. Nothing is downloaded, any size can be drawn, and
`source` scores every sentence.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from textgan.data.corpus import Source, Split
from textgan.data.grammar import load
from textgan.errors import Mistake


class GrammarCorpus:
    """A corpus drawn from the packaged grammar `name`; sizes are in sentences; Mistake if one is below 1.

    The three splits come from independent random streams of the seed, so that the test split stays the same
    when the training size changes. They are draws with replacement from one distribution, as real text would
    be: `notes` says how often a sentence repeats.
    """

    label_names: tuple[str, ...] = ()

    def __init__(self, name: str, size: int, validation: int, test: int, seed: int) -> None:
        self.name = name
        for key, count in (("size", size), ("validation", validation), ("test", test)):
            if count < 1:
                raise Mistake(f"corpus.{key}: {count} is no number of sentences; expected 1 or more")
        if seed < 0:
            raise Mistake(f"corpus.seed: {seed} is negative; expected 0 or more")
        grammar = load(name)
        streams = np.random.SeedSequence(seed).spawn(3)
        train, held, last = (
            grammar.sample(count, stream)
            for count, stream in zip((size, validation, test), streams, strict=True)
        )
        self.train, self.validation, self.test = Split(train), Split(held), Split(last)
        self.source: Source | None = grammar
        self.notes = _repeats(train, last)


class Captions(GrammarCorpus):
    """Captions of photographs, 8 to 20 tokens: `a tall man in a red hat is buying melons at the market.`"""

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("captions", size, validation, test, seed)


class Stories(GrammarCorpus):
    """Stories of two or three sentences, 30 to 60 tokens, with the same person, place and thing in all."""

    def __init__(self, size: int = 10_000, validation: int = 1_000, test: int = 2_000, seed: int = 0) -> None:
        super().__init__("stories", size, validation, test, seed)


def _repeats(train: list[str], test: list[str]) -> list[str]:
    """How many training sentences repeat an earlier one, and how many test sentences also stand in train."""
    counts = Counter(train)
    also = sum(sentence in counts for sentence in test)
    return [
        f"{len(train) - len(counts)} of {len(train)} training sentences repeat an earlier one",
        f"{also} of {len(test)} test sentences also stand in train",
    ]
