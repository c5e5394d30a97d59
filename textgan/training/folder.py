"""A run folder: everything that came of a recipe, in files that a person or another tool can read."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class RunFolder:
    """Paths and rows of one run. Rows of `metrics.jsonl` are only ever appended, whole lines at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = path / "metrics.jsonl"
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"

    def create(self, recipe: str, environment: Mapping[str, Any]) -> None:
        """The folder with the resolved recipe (YAML text) and the environment."""
        self.samples.mkdir(parents=True)
        write_text(self.path / "recipe.yaml", recipe)
        write_json(self.path / "environment.json", environment)

    def append(self, row: Mapping[str, Any]) -> None:
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(_finite(row)) + "\n")

    @property
    def size(self) -> int:
        """Bytes of `metrics.jsonl`, which a checkpoint keeps so that a resumed run writes no step twice."""
        return self.metrics.stat().st_size if self.metrics.exists() else 0

    def cut(self, size: int) -> None:
        """Forget the rows that were written after the checkpoint."""
        if self.size > size:
            os.truncate(self.metrics, size)

    def write_samples(self, name: str, sentences: list[str]) -> None:
        write_text(self.samples / f"{name}.txt", "".join(f"{sentence}\n" for sentence in sentences))


def write_text(path: Path, text: str) -> None:
    """All of it or nothing: written beside the target and then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n")


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
