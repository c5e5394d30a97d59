"""Benchmarks written by hand: fronts from given points, whose sentences' scores scatter about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textgan.benchmark.results import Baseline, Benchmark, Cell, CorpusFacts, Front, FrontPoint
from textgan.metrics.samples import Score

TEMPERATURES = (0.6, 0.8, 1.0, 1.2)
MLE = ((0.50, 0.60), (0.42, 0.50), (0.34, 0.40), (0.26, 0.30))  # (BLEU-5, self-BLEU-5) by rising temperature
REAL = {"bleu-5": 0.37, "self-bleu-5": 0.36, "bleu-4": 0.5, "self-bleu-4": 0.49, "distinct-4": 0.8}


def scored(values: Mapping[str, float]) -> dict[str, Score]:
    return {key: Score(value, f"{key}|hyps:200|v:0.1") for key, value in values.items()}


def point(
    temperature: float, pair: tuple[float, float], noise: np.ndarray | None, **more: float
) -> FrontPoint:
    """noise: (2, N) around the two scores, or None for no values by sentence."""
    scores = scored(
        {"bleu-5": pair[0], "self-bleu-5": pair[1], **{k.replace("_", "-"): v for k, v in more.items()}}
    )
    values = {} if noise is None else {"bleu-5": pair[0] + noise[0], "self-bleu-5": pair[1] + noise[1]}
    return FrontPoint(temperature, scores, values)


def front(
    pairs: Sequence[tuple[float, float]] = MLE,
    rng: np.random.Generator | None = None,
    amount: int = 200,
    spread: float = 0.2,
    temperatures: Sequence[float] = TEMPERATURES,
    samples: Sequence[str] = (),
    **more: float,
) -> Front:
    """With `rng`, the values of `amount` sentences by point."""
    made = [
        point(t, pair, None if rng is None else rng.normal(0, spread, (2, amount)), **more)
        for t, pair in zip(temperatures, pairs, strict=True)
    ]
    return Front(tuple(made), tuple(samples))


def cell(label: str, seed: int, held: Front | None, strategy: str = "reinforce", **more: Any) -> Cell:
    told: dict[str, Any] = {
        "recipe": label, "corpus": "captions", "run": Path("runs") / f"{label}-{seed}", "baseline": f"start-{seed}",
        "minutes": {"adversarial": 1.5}, "updates": 100, "command": f"textgan train {label} seed={seed}",
    }  # fmt: skip
    return Cell(label=label, strategy=strategy, seed=seed, front=held, **{**told, **more})


def benchmark(cells: Sequence[Cell], fronts: Sequence[Front], **more: Any) -> Benchmark:
    """fronts: of the baselines, of seeds 1, 2, ..."""
    starts = {
        f"start-{seed}": Baseline(f"start-{seed}", Path("starts") / f"{seed}", seed, held, 2.0)
        for seed, held in enumerate(fronts, start=1)
    }
    told: dict[str, Any] = {
        "corpora": {"captions": CorpusFacts("captions", scored(REAL))}, "budget": "smoke",
        "drawn": {"captions": 200, "oracle": 200},
    }  # fmt: skip
    return Benchmark(tuple(cells), starts, **{**told, **more})
