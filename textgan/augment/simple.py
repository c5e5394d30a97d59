"""Simple baselines for generated text: randomly changed sentences, and plain copies. Does not import torch.

After *EDA: Easy Data Augmentation* (Wei & Zou 2019): random swap or random deletion, one of the two for each sentence,
applied to a share of its words (alpha .1). Departures: no synonym replacement or insertion (both need WordNet, which
is English only), and as many sentences as were generated, instead of 4 to 16 times the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from textgan.data.corpus import Split

ALPHA = 0.1


def swapped(words: Sequence[str], draw: np.random.Generator, alpha: float = ALPHA) -> list[str]:
    """Swap two random words, max(1, alpha x words) times."""
    made = list(words)
    if len(made) > 1:
        for _ in range(max(1, int(alpha * len(made)))):
            first, second = draw.choice(len(made), 2, replace=False)
            made[first], made[second] = made[second], made[first]
    return made


def thinned(words: Sequence[str], draw: np.random.Generator, alpha: float = ALPHA) -> list[str]:
    """Delete each word with probability alpha, but keep at least one."""
    kept = [word for word, number in zip(words, draw.random(len(words)), strict=True) if number >= alpha]
    return kept or [words[int(draw.integers(len(words)))]]


def changed(text: str, draw: np.random.Generator) -> str:
    """Swap or delete words, with equal probability; words are separated by spaces."""
    words = text.split()
    return " ".join((swapped if draw.random() < 0.5 else thinned)(words, draw))


def copied(text: str, draw: np.random.Generator) -> str:
    return text


def more(
    real: Split, counts: Sequence[int], seed: int, change: Callable[[str, np.random.Generator], str]
) -> Split:
    """Make `counts[k]` sentences of each label k from real ones; each real one is used once before any is reused."""
    draw = np.random.default_rng(seed)
    labels = np.asarray(real.labels)
    texts, of = [], []
    for label, count in enumerate(counts):
        rows = np.flatnonzero(labels == label)
        rounds = [draw.permutation(rows) for _ in range(-(-count // max(1, len(rows))))]
        for row in (np.concatenate(rounds)[:count] if rounds else rows[:0]).tolist():
            texts.append(change(real.texts[row], draw))
            of.append(label)
    return Split(texts, of)
