"""What generated text is held against: sentences changed at random, and plain copies. Loads no torch.

After *EDA: Easy Data Augmentation* (Wei & Zou 2019): random swap and random deletion, each of a share of the words
(alpha .1), one of the two for each sentence. Departures: no synonyms are put in or inserted (they need WordNet, which
knows English alone), and as many sentences are made as were generated, not 4 to 16 times the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from textgan.data.corpus import Split

ALPHA = 0.1


def swapped(words: Sequence[str], draw: np.random.Generator, alpha: float = ALPHA) -> list[str]:
    """Two words at random change places, max(1, alpha x words) times."""
    made = list(words)
    if len(made) > 1:
        for _ in range(max(1, int(alpha * len(made)))):
            first, second = draw.choice(len(made), 2, replace=False)
            made[first], made[second] = made[second], made[first]
    return made


def thinned(words: Sequence[str], draw: np.random.Generator, alpha: float = ALPHA) -> list[str]:
    """Each word is left out with probability alpha; one of them stays in any case."""
    kept = [word for word, number in zip(words, draw.random(len(words)), strict=True) if number >= alpha]
    return kept or [words[int(draw.integers(len(words)))]]


def changed(text: str, draw: np.random.Generator) -> str:
    """A swap or a deletion, at even odds; the words are what stands between spaces."""
    words = text.split()
    return " ".join((swapped if draw.random() < 0.5 else thinned)(words, draw))


def copied(text: str, draw: np.random.Generator) -> str:
    return text


def more(
    real: Split, counts: Sequence[int], seed: int, change: Callable[[str, np.random.Generator], str]
) -> Split:
    """So many (K,) sentences of each label, each made from a real one; every real one is used before any is again."""
    draw = np.random.default_rng(seed)
    labels = np.asarray(real.labels)
    made, of = [], []
    for label, count in enumerate(counts):
        rows = np.flatnonzero(labels == label)
        rounds = [draw.permutation(rows) for _ in range(-(-count // max(1, len(rows))))]
        for row in (np.concatenate(rounds)[:count] if rounds else rows[:0]).tolist():
            made.append(change(real.texts[row], draw))
            of.append(label)
    return Split(made, of)
