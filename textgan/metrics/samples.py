"""The input of a metric (`Samples`) and its output (`Score`: a number and how it was measured)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textgan.data.corpus import Source

VERSION = "0.1"
"""The version of the metrics, not of the package: it goes up only when some metric's values change."""


@dataclass(frozen=True)
class HeldOut:
    """The summed negative log-likelihood (nats) of `tokens` known tokens in `sentences`; `unknown` ones
    skipped.
    """

    nats: float
    tokens: int
    sentences: int
    unknown: int


@dataclass(frozen=True)
class Samples:
    """Generated and real sentences as readable text, and what else a metric may need.

    references: held-out real sentences. train: the generator's training sentences. source: the true
    distribution, where it is known. heldout_nll: the generator's own likelihood of held-out text, computed
    when it is called. labels: the requested label of each text; reference_labels, train_labels: those of the real
    ones; -1 if unknown. A metric whose input is missing is left out of the result.
    """

    texts: list[str]
    references: list[str]
    train: list[str] | None = None
    source: Source | None = None
    heldout_nll: Callable[[], HeldOut] | None = None
    labels: list[int] | None = None
    reference_labels: list[int] | None = None
    train_labels: list[int] | None = None


@dataclass(frozen=True)
class Score:
    """A number and the signature it never travels without, such as `bleu|n:4|hyps:2000|...|v:0.1`."""

    value: float
    signature: str


Metric = Callable[[Samples], dict[str, Score]]


def scores_as_json(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """As files keep them: key -> {"value", "signature"}. NaN and infinity, which JSON does not have, become null."""
    return {
        key: {"value": score.value if math.isfinite(score.value) else None, "signature": score.signature}
        for key, score in scores.items()
    }


def scores_from_json(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Score]:
    """What `scores_as_json` gave, null as NaN. TypeError, ValueError, KeyError or AttributeError for anything else."""
    return {
        key: Score(math.nan if row["value"] is None else float(row["value"]), str(row["signature"]))
        for key, row in rows.items()
    }


def signature(name: str, **facts: object) -> str:
    """`bleu|n:4|hyps:2000|v:0.1`; a fact that is True appears as its name alone (`loo`), one that is None
    is left out.
    """
    parts = [key if value is True else f"{key}:{value}" for key, value in facts.items() if value is not None]
    return "|".join([name, *parts, f"v:{VERSION}"])
