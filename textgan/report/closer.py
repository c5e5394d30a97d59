"""`closer.json`, which compares a run's text with real text; validated on reading, since its origin is not trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgan.errors import Mistake

REMEDY = "delete it to get a report without it"
FORMAT = 1


@dataclass(frozen=True)
class Vocabulary:
    """distinct: number of different tokens among all `tokens`. ranks: (rank, share of the tokens) at selected ranks."""

    distinct: int
    tokens: int
    ranks: list[tuple[int, float]]


@dataclass(frozen=True)
class Pair:
    """A sample and the training sentence nearest to it.

    source: that sentence, "" if none shares a token with the sample. novel: for each token, whether it is absent from
    the alignment with that sentence. longest: length in tokens of the longest run found in any training sentence.
    """

    tokens: list[str]
    novel: list[bool]
    source: str
    overlap: float
    longest: int

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.novel):
            raise ValueError("a sample's tokens and `novel` differ in number")


@dataclass(frozen=True)
class Nearest:
    """searched: the number of training sentences compared (the first ones of `of` in all). mean: by state (`after`,
    `real`), the mean overlap over `averaged` sentences."""

    searched: int
    of: int
    averaged: int
    mean: dict[str, float]
    pairs: list[Pair]


@dataclass(frozen=True)
class Scores:
    """See `textgan.training.token_scores.TokenScores`; tokens are text, "" for one without text (the end token)."""

    tokens: list[list[str]]
    values: list[list[float | None]]
    how: str
    start: float | None = None
    real: float | None = None

    def __post_init__(self) -> None:
        if [*map(len, self.tokens)] != [*map(len, self.values)]:
            raise ValueError("a sentence's tokens and scores differ in number")


Gram = tuple[str, int, int, float]
"""n-gram, times in generated and in real text, z-score."""


@dataclass(frozen=True)
class Closer:
    """lengths: by state (real, before, after), pairs (length, number of sentences). ngrams: by order, those that are
    `over`- and `under`-represented. unscored: why there are no `scores`."""

    format: int = FORMAT
    unit: str = "words"
    amount: int = 0
    lengths: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    vocabulary: dict[str, Vocabulary] = field(default_factory=dict)
    ngrams: dict[str, dict[str, list[Gram]]] = field(default_factory=dict)
    nearest: Nearest | None = None
    scores: Scores | None = None
    unscored: str = ""


def parse(value: Mapping[str, Any], path: Path) -> Closer | None:
    """None if it is empty or has another format number. Raises Mistake if its content is not valid for that format."""
    from pydantic import TypeAdapter, ValidationError

    if not value or value.get("format") != FORMAT:
        return None
    try:
        return TypeAdapter(Closer).validate_python(dict(value))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Mistake(f"run.closer: {path} is damaged ({where}: {first['msg']}); {REMEDY}") from error
