"""Reads a benchmark's folders back into cells, fronts and baselines, and writes `results.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textgan.benchmark.gradient import read_gradient
from textgan.benchmark.measure import Request, read_values
from textgan.benchmark.planned import Plan, PlannedCell, Run
from textgan.benchmark.results import Baseline, Benchmark, Cell, CorpusFacts, Front, FrontPoint
from textgan.benchmark.verdict import Verdict
from textgan.metrics.samples import Score, scores_from_json
from textgan.training.folder import finite, write_text


def front_folder(plan: Plan, key: str) -> Path:
    return plan.out / "fronts" / key


def corpus_file(plan: Plan, name: str) -> Path:
    """Path of a corpus's facts; characters in the name that are not allowed in file names are replaced."""
    plain = "".join(sign if sign.isalnum() or sign in "-_.," else "_" for sign in name)
    return plan.out / "corpora" / f"{plain}.json"


class Ledger:
    """The plan and its results so far.

    drawn: number of sentences in each front, by corpus. pending: keys of unfinished runs. failed: reasons by key.
    """

    def __init__(
        self, plan: Plan, request: Request, facts: Mapping[str, Any], drawn: Mapping[str, int]
    ) -> None:
        self.plan, self.request, self.facts, self.drawn = plan, request, facts, drawn
        self.pending: set[str] = set()
        self.failed: dict[str, str] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._fronts: dict[str, Front] = {}

    def over(self, cell: PlannedCell) -> bool:
        """Whether the cell is done or has failed."""
        return cell.run not in self.pending

    def benchmark(self) -> Benchmark:
        """All results, with the values of every sentence. A cell without results counts as failed."""
        plan = self.plan
        baselines = {key: self._baseline(key) for key in self._held_against()}
        return Benchmark(
            tuple(self.cell(cell) for cell in plan.cells),
            {key: baseline for key, baseline in baselines.items() if baseline is not None},
            {name: facts for name in plan.corpora if (facts := self._corpus(name)) is not None},
            plan.budget,
            self.drawn,
            self.facts,
        )

    def cell(self, cell: PlannedCell) -> Cell:
        run = self.plan.runs[cell.run]
        made = Cell(
            cell.label, cell.recipe, cell.strategy, cell.corpus, cell.seed, run.path, cell.grid, cell.baseline,
            cell.held_against, command=run.command, control=cell.control,
        )  # fmt: skip
        if cell.run in self.failed or not self.over(cell):
            return replace(made, failed=self.failed.get(cell.run, "not run"))
        told = self._told(run)
        return replace(
            made,
            front=self._front(cell.run),
            scores=told["scores"],
            minutes=self._minutes(run),
            updates=told["steps"] * cell.updates_a_step,
            command=told["command"] or run.command,
            commit=told["commit"],
            warnings=tuple(told["warnings"]),
            gradient=read_gradient(front_folder(self.plan, cell.run)),
        )

    def write(self, judged: Sequence[Verdict] = ()) -> None:
        """Write `results.jsonl`: a row for each cell that is over, then for each baseline, corpus and verdict.

        null: not measured, or not a finite number. In a verdict, "lost" replaces a gap, or an end of its interval, if
        seeds lost diversity.
        """
        rows: list[dict[str, Any]] = [
            _cell_row(self.cell(cell)) for cell in self.plan.cells if self.over(cell)
        ]
        for key in self._held_against():
            baseline = self._baseline(key)
            if baseline is not None:
                rows.append(
                    {"kind": "baseline", "key": key, "run": str(baseline.run), "seed": baseline.seed}
                    | {"minutes": baseline.minutes, **_front_row(baseline.front)}
                )
        for name in self.plan.corpora:
            facts = self._corpus(name)
            if facts is not None:
                row = {"kind": "corpus", "name": name, "real": _values(facts.real)}
                rows.append(row | {"shift": facts.shift, "told_by": list(facts.told_by)})
        rows += [{"kind": "verdict", **verdict.as_json()} for verdict in judged]
        lines = (json.dumps(finite(row), ensure_ascii=False) + "\n" for row in rows)
        write_text(self.plan.out / "results.jsonl", "".join(lines))

    def _held_against(self) -> list[str]:
        """The distinct keys of the fronts that cells are compared with."""
        cells = self.plan.cells
        return list(dict.fromkeys(key for cell in cells for key in (cell.baseline, cell.control) if key))

    def _front(self, key: str) -> Front | None:
        """The front, cached; None if there is no complete one for this request."""
        if key not in self._fronts:
            found = read_front(front_folder(self.plan, key), self.request)
            if found is None:
                return None
            self._fronts[key] = found
        return self._fronts[key]

    def _baseline(self, key: str) -> Baseline | None:
        run = next((run for run in self.plan.runs.values() if key in run.fronts.values()), None)
        if run is None or run.key in self.pending or run.key in self.failed:
            return None
        front = self._front(key)
        if front is None:
            return None
        minutes = self._minutes(run).get("mle", 0.0)
        state = "after" if run.fronts.get("last") == key else "before"
        scores = self._told(run)["scores"].get(state, {})
        return Baseline(key, run.path, run.recipe.settings.seed, front, minutes, scores)

    def _minutes(self, run: Run) -> dict[str, float]:
        """Minutes by phase, including those of the run it started from."""
        before = {} if run.needs is None else self._minutes(self.plan.runs[run.needs])
        return before | self._told(run)["minutes"]

    def _corpus(self, name: str) -> CorpusFacts | None:
        if (key := f"corpus {name}") in self.pending or key in self.failed:
            return None  # an older measurement, of other text or metrics
        try:
            kept = json.loads(corpus_file(self.plan, name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return CorpusFacts(
            name, scores_from_json(kept["real"]), kept.get("shift"), tuple(kept.get("told-by", ()))
        )

    def _told(self, run: Run) -> dict[str, Any]:
        """The facts recorded in a finished run's folder, cached."""
        if run.key not in self._runs:
            evaluation = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))
            environment = json.loads((run.path / "environment.json").read_text(encoding="utf-8"))
            steps = [row["step"] for row in _rows(run.path) if row.get("phase") == "adversarial"]
            self._runs[run.key] = {
                "scores": {state: scores_from_json(row) for state, row in evaluation["rows"].items()},
                "minutes": evaluation["minutes"],
                "warnings": evaluation["warnings"],
                "steps": max(steps, default=0),
                "command": environment.get("command"),
                "commit": environment.get("commit"),
            }
        return self._runs[run.key]


def read_front(folder: Path, request: Request | None = None) -> Front | None:
    """A measured front with its per-sentence values; None if there is none, or not for this request."""
    try:
        kept = json.loads((folder / "front.json").read_text(encoding="utf-8"))
        if request is not None and kept["request"] != request.as_json():
            return None
        points = tuple(
            FrontPoint(
                row["temperature"], scores_from_json(row["scores"]), read_values(folder / row["values"])
            )
            for row in kept["points"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Front(points, tuple(kept["samples"]))


def _rows(run: Path) -> Iterator[dict[str, Any]]:
    with (run / "metrics.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _cell_row(cell: Cell) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": "cell",
        "label": cell.label,
        "recipe": cell.recipe,
        "grid": dict(cell.grid),
        "strategy": cell.strategy,
        "corpus": cell.corpus,
        "seed": cell.seed,
        "run": str(cell.run),
        "command": cell.command,
        "baseline": cell.baseline,
        "held_against": cell.held_against,
        **({"control": cell.control} if cell.control else {}),
    }
    if cell.failed is not None or cell.front is None:
        return told | {"failed": cell.failed}
    return told | {
        "minutes": dict(cell.minutes),
        "updates": cell.updates,
        "commit": cell.commit,
        "warnings": list(cell.warnings),
        "scores": {state: _values(scores) for state, scores in cell.scores.items()},
        "gradient": dict(cell.gradient),
        **_front_row(cell.front),
    }


def _front_row(front: Front) -> dict[str, Any]:
    """Its points without per-sentence values; the signatures, which all points share, are given once."""
    first = front.points[0].scores if front.points else {}
    return {
        "front": [{"temperature": p.temperature, "scores": _values(p.scores)} for p in front.points],
        "signatures": {key: score.signature for key, score in first.items()},
    }


def _values(scores: Mapping[str, Score]) -> dict[str, float]:
    return {key: score.value for key, score in scores.items()}
