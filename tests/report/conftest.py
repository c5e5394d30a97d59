"""Run folders as the trainer leaves them, written by hand: the numbers are the tests' own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

KEYS = ("bleu-2", "bleu-4", "self-bleu-4", "source-nll", "grammaticality")
REAL = dict(zip(KEYS, (0.80, 0.440, 0.36, 1.9, 1.0), strict=True)) | {"length": 12.0}
BEFORE = dict(zip(KEYS, (0.75, 0.412, 0.39, 2.4, 0.51), strict=True)) | {"nll": 2.1}
AFTER = dict(zip(KEYS, (0.79, 0.455, 0.47, 2.2, 0.62), strict=True)) | {"nll": 2.3}
MakeRun = Callable[..., Path]


def scores(values: dict[str, float]) -> dict[str, dict[str, Any]]:
    """As evaluation.json spells them."""
    return {key: {"value": value, "signature": f"{key}|hyps:2000|v:0.1"} for key, value in values.items()}


def metric_lines() -> list[dict[str, Any]]:
    """A short run through the three phases."""
    lines: list[dict[str, Any]] = []
    clock = 0.0
    for phase, steps in (("mle", 60), ("discriminator", 20), ("adversarial", 40)):
        lines.append({"kind": "phase", "phase": phase, "step": 0, "seconds": clock})
        for step in range(1, steps + 1):
            clock += 1.5
            row: dict[str, Any] = {"kind": "train", "phase": phase, "step": step, "seconds": clock}
            if phase == "mle":
                row |= {"loss": 2 + 4 * math.exp(-step / 15)}
                row |= {"nll-validation": 2.1 + 3.5 * math.exp(-step / 14)} if step % 10 == 0 else {}
            else:
                row |= {"d-loss": 0.6 - step / 300, "d-accuracy-heldout": 0.6, "d-accuracy-fake": 0.7}
                row |= {"d-accuracy-train": 0.8}
            if phase == "adversarial":
                row |= {"g-loss": 1 + math.sin(step) / 5, "value": -1.3, "jsd": 0.04}
                row |= {"entropy": 2.1 - step / 60}
            lines.append(row)
            if step % 20 == 0:
                now = {"bleu-4": 0.3 + clock / 1500, "self-bleu-4": 0.32 + clock / 1400, "nll": 2.1}
                lines.append({**row, "kind": "evaluate", "scores": scores(now)})
    said = {"step": 31, "seconds": clock, "text": "entropy falls"}
    lines.append({"kind": "warning", "phase": "adversarial", **said})
    return lines


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """make_run("a", strategy="reinforce", rows={...}, finished=True, sentences=[...]) -> its folder."""

    def make(
        name: str = "run",
        *,
        strategy: str = "reinforce",
        rows: dict[str, dict[str, float]] | None = None,
        finished: bool = True,
        sentences: list[str] | None = None,
        corpus: str = "captions",
        seed: int = 1,
        **more: Any,
    ) -> Path:
        folder = tmp_path / name
        (folder / "samples").mkdir(parents=True)
        parts = "generator: {name: lstm, hidden: 64}\ndiscriminator: {name: cnn}\nobjective: non-saturating\n"
        named = f"corpus: {{name: {corpus}}}\n{parts}strategy: {{name: {strategy}}}\n"
        (folder / "recipe.yaml").write_text(named)
        versions = {"versions": {"torch": "2.13.0"}, "seed": seed, "command": "textgan train seqgan-short"}
        (folder / "environment.json").write_text(json.dumps(versions))
        lines = "".join(json.dumps(line) + "\n" for line in metric_lines())
        (folder / "metrics.jsonl").write_text(lines)
        said = sentences or [f"a man rides a brown horse on the beach near {n} trees ." for n in range(20)]
        for file in ("before", "after", "mle-000020", "adversarial-000040"):
            (folder / "samples" / f"{file}.txt").write_text("".join(f"{sentence}\n" for sentence in said))
        if finished:
            held = rows or {"real": REAL, "before": BEFORE, "after": AFTER}
            evaluation = {
                "recipe": f"{strategy}-short",
                "strategy": strategy,
                "corpus": corpus,
                "seed": seed,
                "samples": 2000,
                "minutes": {"mle": 1.5, "discriminator": 0.5, "adversarial": 1.0},
                "rows": {state: scores(row) for state, row in held.items()},
                "notes": ["10,000 sentences for training; 12 of the test sentences also occur in train."],
                "warnings": ["adversarial 31: the policy's entropy falls."],
                **more,
            }
            (folder / "evaluation.json").write_text(json.dumps(evaluation))
        return folder

    return make
