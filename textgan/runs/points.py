"""The points of a temperature sweep, the temperatures allowed, and the file that keeps finished points.

Does not load torch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.errors import Mistake
from textgan.metrics.samples import Score, scores_as_json, scores_from_json
from textgan.plain import from_json
from textgan.training.folder import write_text

TEMPERATURES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
LOWEST, HIGHEST, MOST = 0.01, 100.0, 100


@dataclass(frozen=True)
class Point:
    """The scores of one text. state: `real`, or the checkpoint that wrote it, at this temperature."""

    state: str
    temperature: float | None
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Sweep:
    """Real text, then each checkpoint's points by rising temperature, all of `samples` sentences.

    against: the real text they were scored against, in words. choice: how the discriminator selected sentences, in
    words; empty if the generator wrote alone. nucleus: which tokens were sampled from, in words; empty: from all.
    """

    run: Path
    samples: int
    seed: int
    against: str
    points: tuple[Point, ...]
    choice: str = ""
    nucleus: str = ""

    def as_json(self) -> dict[str, Any]:
        head = {"run": str(self.run), "samples": self.samples, "seed": self.seed, "against": self.against}
        head |= {key: value for key in ("choice", "nucleus") if (value := getattr(self, key))}
        return head | {"rows": [as_row(point) for point in self.points]}


def parse_temperatures(text: str) -> tuple[float, ...]:
    """Parse `0.5,0.8,1`, or `0.5,0.6,...,1.2`, where `...` continues in equal steps. Raises Mistake."""
    values: list[float] = []
    words = [word.strip() for word in text.replace("…", "...").split(",") if word.strip()]
    for place, word in enumerate(words):
        if word != "...":
            values.append(_temperature(word))
            continue
        if len(values) < 2 or place + 1 == len(words):
            raise Mistake(f"--temperatures: {text!r}: `...` needs numbers around it, as in 0.5,0.6,...,1.2")
        first, step = values[-1], values[-1] - values[-2]
        steps = (_temperature(words[place + 1]) - first) / step if step else math.nan
        if not steps >= 1 or (steps <= MOST and abs(steps - round(steps)) > 1e-6):
            raise Mistake(f"--temperatures: {text!r} has no equal steps; expected such as 0.5,0.6,...,1.2")
        if steps > MOST:
            raise Mistake(f"--temperatures: {text!r} gives more than {MOST} values; take larger steps")
        values += [round(first + step * k, 10) for k in range(1, round(steps))]
    return checked(values)


def _temperature(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise Mistake(f"--temperatures: {word!r} is not a number; expected such as 0.5,0.8,1") from None


def checked(temperatures: Sequence[float]) -> tuple[float, ...]:
    """The temperatures sorted, each once. Mistake if one is out of range, or there are none or too many."""
    for value in temperatures:
        if not LOWEST <= value <= HIGHEST:
            raise Mistake(f"--temperatures: expected values from {LOWEST:g} to {HIGHEST:g}, got {value:g}")
    if not 0 < len(temperatures) <= MOST:
        raise Mistake(f"--temperatures: expected 1 to {MOST} values, got {len(temperatures)}")
    return tuple(sorted(set(temperatures)))


KEPT = "sweep.jsonl"


class Kept:
    """The finished points of a sweep as JSON lines, after a line of settings; rewritten after each point.

    Points measured under other settings, or of weights that no longer exist, are discarded.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.head = {"kind": "settings", **settings}
        self.rows: list[dict[str, Any]] = []
        try:
            head, *rows = [from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
            if head == self.head:
                self.rows = [row for row in rows if _point(row) is not None]
        except (OSError, ValueError):  # missing or damaged: everything is measured again
            pass

    def find(self, state: str, temperature: float | None, weights: str) -> Point | None:
        wanted = {"state": state, "temperature": temperature, "weights": weights}
        return next((_point(row) for row in self.rows if wanted.items() <= row.items()), None)

    def point(
        self, state: str, temperature: float | None, weights: str, measure: Callable[[], Mapping[str, Score]]
    ) -> Point:
        """The point from the file, or measured now and added to the file. A value that is not finite becomes NaN."""
        known = self.find(state, temperature, weights)
        if known is not None:
            return known
        fields = {"kind": "point", "weights": weights, **as_row(Point(state, temperature, measure()))}
        self.rows = [row for row in self.rows if row["state"] != state or row["weights"] == weights]
        self.rows.append(fields)
        try:
            write_text(self.path, "".join(json.dumps(row) + "\n" for row in (self.head, *self.rows)))
        except OSError as error:
            raise Mistake(
                f"run: {self.path} cannot be written ({error.strerror}); make it writable, as a sweep keeps its points "
                "there"
            ) from error
        point = _point(fields)
        assert point is not None
        return point


def read_kept(run: Path) -> Sweep | None:
    """The sweep in RUN/sweep.jsonl, finished or not; None without points.

    A damaged file counts as none: `textgan sweep` measures it again.
    """
    try:
        head, *rows = [from_json(line) for line in (run / KEPT).read_text(encoding="utf-8").splitlines()]
        samples, seed, against = int(head["samples"]), int(head["seed"]), str(head["against"])
        how = [str(head.get(key, "")) for key in ("choice", "nucleus")]
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return None
    points = [point for row in rows if (point := _point(row)) is not None]
    states = list(dict.fromkeys(["real", "pretrained", *(point.state for point in points)]))
    points.sort(key=lambda point: (states.index(point.state), point.temperature or 0.0))
    return Sweep(run, samples, seed, against, tuple(points), *how) if points else None


def as_row(point: Point) -> dict[str, Any]:
    """A point for JSON."""
    return {
        "state": point.state,
        "temperature": point.temperature,
        "scores": scores_as_json(point.scores),
    }


def digest(content: bytes) -> str:
    """The first 16 hex digits of the content's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def _point(row: Any) -> Point | None:
    """The point of a line; None if `Kept` did not write it."""
    try:
        scores = scores_from_json(row["scores"])
        state, temperature = row["state"], row["temperature"]
        valid = isinstance(state, str) and (temperature is None or isinstance(temperature, (int, float)))
        return Point(state, temperature, scores) if valid and "weights" in row else None
    except (TypeError, KeyError, AttributeError, ValueError):
        return None
