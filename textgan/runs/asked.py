"""What `sample` is asked for, and what it returns: a sentence with its label, log-probability and score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from textgan.errors import Mistake
from textgan.sampling import COLDEST, HOTTEST

_ONE_LABEL = "--balance: with --label, all sentences have one label; give one of the two"


@dataclass(frozen=True)
class Drawn:
    """A generated sentence and what is known of it.

    label: the one it was generated for. tokens: their number, EOS included. log_prob: of the whole sentence, a given
    prefix included, under the generator as it was trained (temperature 1, no top-k or top-p), in nats. score: the
    discriminator's; higher is more real. luck: a uniform number in [0, 1) drawn with the sentence, which decides
    selection by odds.
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

    label: all sentences have this label. balance: the shares of the labels: `even`, `train` (as in the training text)
    or a weight for each. best_of: of every group of this size, keep the sentence with the highest score. resample:
    keep one in this many, drawn with weights exp(sharpness * score), which are powers of the odds of a classifying
    discriminator; see `by_weight` (`training/resampled.py` does this with a whole batch). reject: drop the share in
    [0, 1) with the lowest scores (the threshold is a quantile of PILOT sentences), or `odds`, see `by_odds`. min_score:
    drop lower scores. unique: no sentence twice. novel: no sentence of the training text. Both compare the text
    exactly, as the tokenizer writes it.
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
            raise Mistake("--sharpness: only --resample uses it; add --resample K, such as --resample 8")
        if self.resample > 1 and (self.best_of > 1 or self.reject is not None):
            other = "--best-of" if self.best_of > 1 else "--reject"
            raise Mistake(f"--resample: cannot be combined with {other}; give one of the two")
        if isinstance(self.reject, str) and self.reject != "odds":
            raise Mistake(f"--reject: expected a share such as 0.5, or odds, got {self.reject!r}")
        if self.reject is not None and not isinstance(self.reject, str) and not 0 <= self.reject < 1:
            raise Mistake(
                f"--reject: expected a share of 0 or more and less than 1, or odds, got {self.reject:g}"
            )
        if self.min_score is not None and math.isnan(self.min_score):
            raise Mistake("--min-score: expected a number, got nan")
        if self.label is not None and self.balance != "even":
            raise Mistake(_ONE_LABEL)

    @property
    def needs_judge(self) -> str | None:
        """The first option given that needs the discriminator's score; None if there is none."""
        wanted = {
            "--best-of": self.best_of > 1,
            "--resample": self.resample > 1,
            "--reject": self.reject is not None,
            "--min-score": self.min_score is not None,
        }
        return next((option for option, given in wanted.items() if given), None)


def rejecting(word: str | None) -> float | Literal["odds"] | None:
    """The value of `--reject` as `Asked.reject`. Raises Mistake."""
    if word is None or word == "odds":
        return None if word is None else "odds"
    try:
        return float(word)
    except ValueError:
        raise Mistake(f"--reject: expected a share such as 0.5, or odds, got {word!r}") from None


def balancing(word: str | None, label: str | None = None) -> Literal["even", "train"] | dict[str, float]:
    """The value of `--balance` (`even`, `train`, `pos=3,neg=1`) as `Asked.balance`; None: `even`.

    Mistake if it is malformed, or combined with a label.
    """
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
                f"--balance: {part!r} is not a weight; give even, train, or weights such as pos=3,neg=1"
            )
    return weights
