"""The rows of `metrics.jsonl`: read as far as they are valid, put on one clock, and split into curves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.errors import Mistake
from textgan.plain import from_json


@dataclass(frozen=True)
class Curve:
    """One logged quantity over the run: four columns of equal length, in training order."""

    seconds: tuple[float, ...]
    steps: tuple[int, ...]  # within the phase
    values: tuple[float, ...]
    phases: tuple[str, ...]


def metric_rows(path: Path) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """(the readable rows of metrics.jsonl, a sentence about the unreadable ones if there are any)."""
    rows: list[dict[str, Any]] = []
    bad: list[int] = []
    lines = path.read_bytes().splitlines() if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = from_json(line.decode("utf-8"))
            row = {**row, "kind": str(row["kind"]), "phase": str(row["phase"]), "step": int(row["step"])}
            rows.append({**row, "seconds": float(row["seconds"])})
        except (ValueError, TypeError, KeyError, OverflowError):  # truncated, invalid bytes, or other JSON
            bad.append(number)
    if bad and not rows:
        raise Mistake(f"run.metrics: {path} holds no readable line; delete it to get a report without curves")
    if not bad:
        return rows, ()
    where = (
        "its last line, half-written"
        if bad == [len(lines)]
        else f"{len(bad)} lines, the first of which is line {bad[0]}"
    )
    return rows, (f"metrics.jsonl was read without {where}.",)


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows on one clock. A resumed run may repeat steps and restart its clock: the later row for a step wins,
    and a clock that jumps back is shifted to continue from the last time seen."""
    offset = last = 0.0
    kept: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        if row["seconds"] + offset < last:
            offset = last - row["seconds"]
        last = row["seconds"] + offset
        same = (row["kind"], row["phase"], row["step"], row.get("text", ""), tuple(sorted(_names(row))))
        kept[same] = {**row, "seconds": last}
    return sorted(kept.values(), key=lambda row: row["seconds"])


def _names(row: Mapping[str, Any]) -> Iterable[str]:
    reserved = {"kind", "phase", "step", "seconds"}
    return [k for k, v in row.items() if k not in reserved and (v is None or is_number(v))]


def curves(rows: list[dict[str, Any]]) -> Mapping[str, Curve]:
    """The logged quantities by name. rows: in order."""
    points: dict[str, list[tuple[float, int, float, str]]] = {}
    for row in rows:
        for name in _names(row) if row["kind"] == "train" else ():
            value = math.nan if row[name] is None else float(row[name])  # some writers spell NaN as null
            points.setdefault(name, []).append((row["seconds"], row["step"], value, row["phase"]))
    return {
        name: Curve(*(tuple(column) for column in zip(*drawn, strict=True))) for name, drawn in points.items()
    }


def phase_starts(rows: list[dict[str, Any]]) -> tuple[tuple[str, float], ...]:
    """(phase, seconds at its start), from the row that marks the start or else the first row of that phase."""
    starts: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: (row["kind"] != "phase", row["seconds"])):
        starts.setdefault(row["phase"], row["seconds"])
    return tuple(sorted(starts.items(), key=lambda start: start[1]))


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
