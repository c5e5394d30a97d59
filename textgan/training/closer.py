"""A detailed comparison of a run's text with real text, saved in the run folder as `closer.json` for the report.

It is computed when training ends, since it needs the corpus and both players; the report only reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np

from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.metrics.memorisation import longest_copies
from textgan.metrics.nearest import nearest, unaligned
from textgan.metrics.once import sharing
from textgan.metrics.overuse import usage
from textgan.metrics.tokens import split
from textgan.training.game import Game
from textgan.training.token_scores import token_scores

FORMAT = 1
COMPARED = 2_000  # sentences of each side, for lengths, words and n-grams
SEARCHED = 50_000  # training sentences
SHOWN = 12  # sentences beside their nearest
YARDSTICK = 100  # sentences of each side whose overlap with the nearest is averaged
ORDERS = (1, 2, 3)
LISTED = 12  # n-grams of each kind
TELLING = 1.96  # a smaller z is not listed
RANKS = 60  # points of a curve
FEW_WORDS = 3.0
"""Real text of fewer words a sentence (names, formulas, scripts without spaces) is read letter by letter."""

Cut = Callable[[str], list[str]]


def look(written: Mapping[str, Sequence[str]], corpus: Corpus) -> dict[str, Any]:
    """written: the sentences `after`, and `before` where there were some. Held-out text is the test split; of it and
    of each side as many sentences, from the first, as the smaller has."""
    sides: dict[str, list[str]] = {"real": list(islice(corpus.test.texts, COMPARED))}
    sides |= {state: list(islice(texts, COMPARED)) for state, texts in written.items()}
    amount = min(map(len, sides.values()))
    if not amount:
        return {"format": FORMAT}
    sides = {state: texts[:amount] for state, texts in sides.items()}
    cut, unit = unit_of(sides["real"])
    tokens = {state: [cut(text) for text in texts] for state, texts in sides.items()}
    analysis: dict[str, Any] = {"format": FORMAT, "unit": unit, "amount": amount}
    analysis["lengths"] = {state: sorted(Counter(map(len, rows)).items()) for state, rows in tokens.items()}
    analysis["vocabulary"] = {state: _ranks(rows) for state, rows in tokens.items()}
    analysis["ngrams"] = {str(n): _usage(tokens["after"], tokens["real"], n) for n in ORDERS}
    train = list(islice(corpus.train.texts, SEARCHED))
    if train:
        analysis["nearest"] = _nearest(sides, train, cut) | {"of": len(corpus.train)}
    return analysis


def scores_of_tokens(game: Game, tokenizer: Tokenizer, seed: int, judged: bool = True) -> dict[str, Any]:
    """For `closer.json`: `scores` with each token as text, or `unscored`, why not. judged: whether the run trained
    its discriminator."""
    found = token_scores(game, seed) if judged else "the run trained no discriminator"
    if isinstance(found, str):
        return {"unscored": found}
    told = asdict(found)
    rows = told.pop("ids")
    told["tokens"] = [[text.strip() for text in tokenizer.decode([[i] for i in row])] for row in rows]
    return {"scores": told}


def unit_of(real: Sequence[str]) -> tuple[Cut, str]:
    """How text like this is cut for a reader, and what the pieces are called: words, or characters."""
    words = sum(len(split(text)) for text in real) / max(1, len(real))
    return (split, "words") if words >= FEW_WORDS else (letters, "characters")


def letters(text: str) -> list[str]:
    """Every code point that is no space, in lower case."""
    return [letter for letter in text.lower() if not letter.isspace()]


def _ranks(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Distinct tokens, all tokens, and [rank, share of the tokens] at ranks evenly spaced on a log scale."""
    counts = sorted(Counter(token for row in rows for token in row).values(), reverse=True)
    total = sum(counts)
    if not total:
        return {"distinct": 0, "tokens": 0, "ranks": []}
    ranks = np.unique(np.geomspace(1, len(counts), RANKS).round().astype(int)).tolist()
    return {
        "distinct": len(counts),
        "tokens": total,
        "ranks": [[rank, counts[rank - 1] / total] for rank in ranks],
    }


def _usage(
    generated: Sequence[Sequence[str]], real: Sequence[Sequence[str]], n: int
) -> dict[str, list[list[Any]]]:
    """`over` and `under`: [n-gram, times generated, times real, z], the furthest from chance first."""
    found = usage(generated, real, n)
    lists = {
        "over": [one for one in found[:LISTED] if one.z > TELLING],
        "under": [one for one in found[: -LISTED - 1 : -1] if one.z < -TELLING],
    }
    return {
        side: [[" ".join(one.gram), one.count, one.other, round(one.z, 2)] for one in kept]
        for side, kept in lists.items()
    }


def _nearest(sides: Mapping[str, Sequence[str]], train: Sequence[str], cut: Cut) -> dict[str, Any]:
    with sharing():  # the training text is cut once
        generated = sides["after"][:YARDSTICK]
        places = nearest(generated, train, cut=cut)
        real = nearest(sides["real"][:YARDSTICK], train, cut=cut)
        runs = longest_copies(generated[:SHOWN], train, cut=cut).tolist()
    pairs = []
    for text, found, run in zip(generated[:SHOWN], places, runs, strict=False):
        tokens = cut(text)
        source = train[found.place] if found.place >= 0 else ""
        pairs.append(
            {
                "tokens": tokens,
                "novel": unaligned(tokens, cut(source)),
                "source": source,
                "overlap": round(found.overlap, 3),
                "longest": run,
            }
        )
    means = {"after": places, "real": real}
    return {
        "searched": len(train),
        "averaged": len(generated),
        "mean": {
            state: round(float(np.mean([one.overlap for one in found])), 3) for state, found in means.items()
        },
        "pairs": pairs,
    }
