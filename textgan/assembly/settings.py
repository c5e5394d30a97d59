"""The plain values of a recipe, beside its parts and phases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from textgan.parts.binding import parameters
from textgan.parts.ranges import Seed


@dataclass(frozen=True)
class Settings:
    """The recipe's plain values.

    length: tokens a sentence may have, its end included; overlong: what is done with longer ones.
    start: a run whose pretrained weights and tokenizer are taken over, in place of the mle phase. judge: a run whose
    trained discriminator is taken over, in place of the phase that pretrains it.
    threads: of the CPU; None is as many as there are cores, or as the container allows. labelled: how many training
    sentences keep their label; None is all. judge_share: of the training sentences that the discriminator alone learns
    from, and the generator never (cross-fitting); 0: both learn from all. callbacks: called while it trains,
    `./mine.py:Mine` or a mapping with that `name` and its arguments. report_to: trackers that get the numbers; see
    `textgan.training.tracking`.
    """

    length: Annotated[int, Field(ge=2)]
    overlong: Literal["drop", "truncate"] = "drop"
    metrics: list[str] = field(default_factory=lambda: ["bleu", "self-bleu", "distinct", "nll"])
    seed: Seed = 1
    device: str = "auto"
    precision: Literal["no", "bf16"] = "no"
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None
    start: Path | None = None
    judge: Path | None = None
    labelled: Annotated[int, Field(ge=1)] | None = None
    judge_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    callbacks: list[str | dict[str, Any]] = field(default_factory=list)
    report_to: list[str] = field(default_factory=list)


SETTINGS = tuple(parameters(Settings))
WATCHING = ("callbacks", "report_to")
"""The settings that change nothing of what is trained; a run may be resumed with others."""
