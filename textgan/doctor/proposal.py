"""Proposes a tokenizer, a length and a vocabulary from a text's counts, each with its reason in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from textgan.amounts import amount
from textgan.data.tokenizers import bpe
from textgan.doctor.counts import Counts, Side, out_of_vocabulary
from textgan.doctor.scripts import UNSPACED, shares
from textgan.errors import Mistake, did_you_mean

TOKENIZERS = ("word", "character", "bpe")
SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
"""Vocabularies for which the share of unknown tokens is told, beside the whole of it."""
LONGEST = 512
"""Tokens beyond which a proposal cuts: a generator that goes token by token, trained in minutes, learns no more."""
_special = 4
_most_words = 20_000
_rare = 0.01  # share of unknown tokens that a smaller vocabulary may add
_thin, _small = (
    20,
    2_000,
)  # words of text for each different one, and different ones: where once is too little
_strange = 0.10  # share of unknown words above which words are a poor unit
_most_characters = 6_000
_document = 150  # words and marks in the median sentence, above which it is a document
_string = 300  # characters; longer texts are not tokenized by character


@dataclass(frozen=True)
class Proposal:
    """tokenizer: its mapping for a recipe. vocabulary: number of ids, including special ones.

    lengths: (N,), in tokens without the end token; sampled: whether they are from a sample of the text. length: for the
    recipe. longer: share of longer texts; truncate: whether to cut these rather than drop them. reasons: sentences.
    """

    tokenizer: dict[str, Any]
    vocabulary: int
    lengths: np.ndarray
    length: int
    truncate: bool
    longer: float
    sampled: bool
    reasons: list[str] = field(default_factory=list)


def vocabulary_sizes(side: Side) -> list[int]:
    """Vocabulary sizes to report for this side, the last one being all of its words."""
    return [size for size in SIZES if size < len(side.words)] + [len(side.words)]


def reads_as_strings(side: Side) -> bool:
    """Whether lines are strings such as names, formulas or passwords: mostly one or two words, in a spaced script."""
    return bool(np.median(np.asarray(side.spaced)) <= 2) and not unspaced(side)


def unspaced(side: Side) -> bool:
    """Whether about a third or more of its letters belong to scripts that put no spaces between words."""
    return sum(share for name, share in shares(side.characters).items() if name in UNSPACED) > 0.3


def check_tokenizer(wanted: str | None) -> None:
    """Raises Mistake if `wanted` is not one of the tokenizers that can be proposed; None is valid."""
    if wanted is not None and wanted not in TOKENIZERS:
        raise Mistake(
            f"--tokenizer: {wanted!r} is not one of the tokenizers.{did_you_mean(wanted, TOKENIZERS)}"
        )


def propose(counts: Counts, wanted: str | None = None) -> Proposal:
    """Choose from the training text alone. wanted: `word`, `character` or `bpe`, overriding the best fit."""
    known, held = counts.to_choose_by
    side = replace(counts.train, words=known)
    unknown = out_of_vocabulary(known, held, vocabulary_sizes(side))
    name, why = _kind(side, unknown)
    if wanted is not None and wanted != name:
        name, why = wanted, f"{wanted}: as requested (the proposal would be {name}: {why})"
    else:
        why = f"{name}: {why}"
    make = {"word": _word, "character": _character, "bpe": _bpe}[name]
    tokenizer, vocabulary, lengths, told = make(side, held, unknown)
    length, truncate, longer, about = _length(lengths)
    sampled = len(lengths) < len(side)
    return Proposal(tokenizer, vocabulary, lengths, length, truncate, longer, sampled, [why, told, about])


def _kind(side: Side, unknown: dict[int, float]) -> tuple[str, str]:
    """The tokenizer that suits a text: (name, reason)."""
    letters = len(side.characters)
    long = np.quantile(np.asarray(side.lengths), 0.99) > _string
    by_letter = not long and letters <= _most_characters
    if unspaced(side):
        return ("character" if by_letter else "bpe"), "its script puts no spaces between words"
    if reads_as_strings(side):
        return (
            "character" if by_letter else "bpe"
        ), "most lines are one or two words: strings, not sentences"
    if np.median(np.asarray(side.tokens)) > _document:
        return "bpe", "long documents; subword pieces keep the vocabulary small"
    least = min(unknown.values(), default=0.0)
    if least > _strange:
        enough = sum(side.lengths) >= 200_000
        reason = f"{least:.0%} of the words in a held-out tenth are unseen"
        return ("bpe" if enough or not by_letter else "character"), reason
    return "word", "words with spaces between, and few unseen ones"


_Made = tuple[dict[str, Any], int, np.ndarray, str]


def _word(side: Side, held: Counter[str], unknown: dict[int, float]) -> _Made:
    every = len(side.words)
    least = min(unknown.values(), default=0.0)
    kept = next((size for size, share in unknown.items() if share <= least + _rare), every)
    why = ""
    if sum(side.tokens) < _thin * every and every > _small:
        kept, why = sum(times > 1 for times in side.words.values()), " (those seen more than once)"
    kept = min(kept, _most_words)
    missed = out_of_vocabulary(side.words, held, [kept])  # empty if nothing was held out
    reason = f"{amount(kept, 'word')}{why}"
    if missed:
        reason += f": {missed[kept]:.1%} of the tokens in a held-out tenth are then unknown"
    recipe: dict[str, Any] = {"name": "word"}
    if kept < every:
        recipe["max_size"] = kept + _special
        reason += f" (with all {every:,}: {least:.1%})" if missed else ""
    return recipe, kept + _special, np.asarray(side.tokens), reason


def _character(side: Side, held: Counter[str], unknown: dict[int, float]) -> _Made:
    letters = len(side.characters)
    return (
        {"name": "character"},
        letters + _special,
        np.asarray(side.lengths),
        f"{letters:,} characters, all kept",
    )


def _bpe(side: Side, held: Counter[str], unknown: dict[int, float]) -> _Made:
    size = int(min(8_000, max(320, sum(side.lengths) // 200 // 20 * 20)))
    sample = side.sample.texts
    tokenizer = bpe(sample, size=size)
    lengths = np.array([len(row) for row in tokenizer.encode(sample)])
    reason = f"{tokenizer.size:,} pieces for {sum(side.lengths):,} characters of text; no text is unknown"
    return {"name": "bpe", "size": size}, tokenizer.size, lengths, reason


def _length(lengths: np.ndarray) -> tuple[int, bool, float, str]:
    """(length, truncate, share of longer texts, reason); the end token counts."""
    most, usual = int(lengths.max()), int(np.quantile(lengths, 0.99, method="nearest"))
    tokens = most if most <= 1.25 * usual else usual
    length = max(8, min(tokens, LONGEST) + 1)
    longer = float((lengths >= length).mean())
    truncate = longer > 0.05
    if not longer:
        return (
            length,
            truncate,
            longer,
            f"length {length}: the longest has {most:,} tokens, plus the end token",
        )
    done = "cut" if truncate else "left out"
    return (
        length,
        truncate,
        longer,
        f"length {length}: {longer:.2%} are longer and {done}, the longest has {most:,}",
    )
