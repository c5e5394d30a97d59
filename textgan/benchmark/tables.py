"""A stub: the tables come with the page."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from textgan.benchmark.results import Benchmark


def terminal(benchmark: Benchmark) -> Table:
    """The cells, and which of them failed."""
    table = Table("cell", "seed", "bleu-5", "self-bleu-5", "failed")
    for cell in benchmark.cells:
        scores = cell.scores.get("after", {})
        values = [f"{scores[key].value:.3f}" if key in scores else "" for key in ("bleu-5", "self-bleu-5")]
        table.add_row(cell.label, str(cell.seed), *values, cell.failed or "")
    return table


def write(benchmark: Benchmark, out: Path) -> list[Path]:
    """Nothing yet."""
    return []
