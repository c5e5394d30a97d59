"""A stub: the page is written elsewhere."""

from __future__ import annotations

from pathlib import Path

from textgan.benchmark.results import Benchmark


def write(benchmark: Benchmark, out: Path) -> Path:
    """Nothing yet."""
    return out / "benchmark.html"
