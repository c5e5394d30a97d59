"""What `sample` was asked for, and what it gets: a sentence with all there is to say of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textgan.errors import Mistake
from textgan.sampling import COLDEST, HOTTEST

_ONE_LABEL = "--balance: with --label all sentences have one label; give one of the two"


@dataclass(frozen=True)
class Drawn:
    """A sentence that was written, and what there is to say of it.

    label: the one it was asked to have. tokens: with its end. log_prob: of the whole sentence under the generator as
    it was trained (temperature 1, no cut), nats; a prefix that was given counts in. score: the judge's, higher is more
    real. luck: a number in [0, 1), drawn with the sentence, that choice by odds decides by.
    """

    text: str
    label: str | None = None
    tokens: int = 0
    log_prob: float | None = None
    score: float | None = None
    luck: float = 0.0


@dataclass(frozen=True)
class Asked:
    """How sentences are drawn, and which are kept.

    label: all of this one. balance: of the labels, `even`, `train` (as in the training text) or a weight for each.
    best_of: the one with the highest score of so many. resample: one in so many, drawn with weights
    exp(sharpness * score), powers of the odds of a judge that classifies, see `by_weight` (`training/resampled.py`
    does so with a whole batch). reject: the share in [0, 1) with the lowest scores is dropped (the bar is the quantile
    of PILOT sentences), or `odds`, see `by_odds`.
    min_score: lower ones are dropped. unique: no sentence twice. novel: none of the training text. Both by the letter,
    as the tokenizer writes it.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    prefix: str | None = None
    label: str | None = None
    balance: Literal["even", "train"] | Mapping[str, float] = "even"
    seed: int = 0
    best_of: int = 1
    resample: int = 1
    sharpness: float = 1.0
    reject: float | Literal["odds"] | None = None
    min_score: float | None = None
    unique: bool = False
    novel: bool = False

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise Mistake(f"--temperature: expected a value above 0, got {self.temperature:g}")
        if not COLDEST <= self.temperature <= HOTTEST:
            raise Mistake(
                f"--temperature: expected a value from {COLDEST:g} to {HOTTEST:g}, got {self.temperature:g}"
            )
        if self.top_k is not None and self.top_k < 1:
            raise Mistake(f"--top-k: expected 1 or more, got {self.top_k}")
        if self.seed < 0:
            raise Mistake(f"--seed: expected 0 or more, got {self.seed}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise Mistake(f"--top-p: expected a value above 0 and up to 1, got {self.top_p:g}")
        if self.best_of < 1:
            raise Mistake(f"--best-of: expected 1 or more, got {self.best_of}")
        if self.resample < 1:
            raise Mistake(f"--resample: expected 1 or more, got {self.resample}")
        if not 0 < self.sharpness < math.inf:
            raise Mistake(f"--sharpness: expected a value above 0, got {self.sharpness:g}")
        if self.sharpness != 1 and self.resample == 1:
            raise Mistake(
                "--sharpness: it is of what --resample chooses by; give --resample K, such as 8, too"
            )
        if self.resample > 1 and (self.best_of > 1 or self.reject is not None):
            other = "--best-of" if self.best_of > 1 else "--reject"
            raise Mistake(f"--resample: with {other} sentences would be chosen twice; give one of the two")
        if isinstance(self.reject, str) and self.reject != "odds":
            raise Mistake(f"--reject: expected a share such as 0.5, or odds, got {self.reject!r}")
        if self.reject is not None and not isinstance(self.reject, str) and not 0 <= self.reject < 1:
            raise Mistake(
                f"--reject: {self.reject:g} is no share to drop; give 0 or more and less than 1, or odds"
            )
        if self.min_score is not None and math.isnan(self.min_score):
            raise Mistake("--min-score: expected a number, got nan")
        if self.label is not None and self.balance != "even":
            raise Mistake(_ONE_LABEL)

    @property
    def needs_judge(self) -> str | None:
        """The option that cannot do without a judge's score, if there is one."""
        wanted = {
            "--best-of": self.best_of > 1,
            "--resample": self.resample > 1,
            "--reject": self.reject is not None,
            "--min-score": self.min_score is not None,
        }
        return next((option for option, given in wanted.items() if given), None)


def rejecting(word: str | None) -> float | Literal["odds"] | None:
    """What `--reject` was given, as `Asked.reject`."""
    if word is None or word == "odds":
        return None if word is None else "odds"
    try:
        return float(word)
    except ValueError:
        raise Mistake(f"--reject: expected a share such as 0.5, or odds, got {word!r}") from None


def balancing(word: str | None, label: str | None = None) -> Literal["even", "train"] | dict[str, float]:
    """What `--balance` was given (`even`, `train`, `pos=3,neg=1`), as `Asked.balance`; None: `even`. Mistake where
    it was given beside a label."""
    if word is not None and label is not None:
        raise Mistake(_ONE_LABEL)
    if word is None or word == "even":
        return "even"
    if word == "train":
        return "train"
    weights: dict[str, float] = {}
    for part in word.split(","):
        name, sign, value = part.rpartition("=")
        try:
            weights[name.strip()] = float(value)
        except ValueError:
            sign = ""
        if not sign:
            raise Mistake(
                f"--balance: {part!r} is no weight; give even, train, or weights such as pos=3,neg=1"
            )
    return weights
