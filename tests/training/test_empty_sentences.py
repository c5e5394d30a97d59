"""A generator that ends at once writes nothing, and is said to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from textgan.assembly.recipe import Recipe
from textgan.runs.train import train


def test_many_empty_sentences_are_counted_and_warned_of(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    untaught = [
        "train.mle.epochs=1",
        "train.mle.optimizer.lr=1e-9",
        "evaluate.final=300",
        "metrics=[distinct]",
    ]
    run = train(small_recipe("mle-short", *untaught), tmp_path / "run")
    told = json.loads((run / "evaluation.json").read_text())
    lines = (run / "samples/after.txt").read_text().split("\n")[:-1]
    empty = lines.count("")
    assert len(lines) == told["samples"] and told["empty"] == {"after": empty}
    assert empty > 0.01 * len(lines)  # of some 30 words the end is as likely as any
    assert told["warnings"] == [
        f"{empty:,} of {len(lines):,} sentences written at the end are empty: "
        "self-BLEU and distinct count that as diversity"
    ]
