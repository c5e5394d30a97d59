"""Files of a run folder, written by hand, that not every run has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from textgan.metrics.samples import Score
from textgan.runs.points import Point, as_row

Fronts = dict[str, dict[float, tuple[float, float]]]
MLE = {1.0: (0.40, 0.50), 1.2: (0.30, 0.30)}  # .35 at the diversity of real text


def kept(run: Path, fronts: Fronts, real: tuple[float, float] = (0.42, 0.40)) -> Path:
    """RUN/sweep.jsonl with these fronts: state -> temperature -> (BLEU-5, self-BLEU-5)."""

    def scored(pair: tuple[float, float]) -> dict[str, Score]:
        return {k: Score(v, "s") for k, v in zip(("bleu-5", "self-bleu-5"), pair, strict=True)}

    points = [Point("real", None, scored(real))]
    points += [Point(state, t, scored(pair)) for state, at in fronts.items() for t, pair in at.items()]
    head = {"kind": "settings", "samples": 100, "seed": 1, "against": "the run's test split"}
    rows = [head, *({"kind": "point", "weights": "w", **as_row(point)} for point in points)]
    (run / "sweep.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return run


def closer(bad: str = "") -> dict[str, Any]:
    """As closer.json spells it; `bad` stands wherever generated or real text does."""
    word = bad or "horse"
    gram = [f"brown {word}", 12, 3, 2.345]
    pair = {"tokens": ["a", word, "runs"], "novel": [False, True, False], "source": f"a dog runs {bad}"}
    return {
        "format": 1,
        "unit": "words",
        "amount": 50,
        "lengths": {"real": [[3, 10], [5, 40]], "before": [[4, 50]], "after": [[3, 50]]},
        "vocabulary": {
            state: {"distinct": 3, "tokens": 6, "ranks": [[1, 0.5], [2, 0.3], [3, 0.2]]}
            for state in ("real", "before", "after")
        },
        "ngrams": {"1": {"over": [[word, 9, 1, 2.5]], "under": []}, "2": {"over": [gram], "under": [gram]}},
        "nearest": {
            "searched": 50_000,
            "of": 80_000,
            "averaged": 50,
            "mean": {"after": 0.61, "real": 0.33},
            "pairs": [{**pair, "overlap": 0.5, "longest": 2}],
        },
        "scores": {
            "tokens": [["a", word, ""]],
            "values": [[0.1, -0.9, 0.6]],
            "start": 0.2,
            "real": 1.25,
            "how": "As asked.",
        },
    }
