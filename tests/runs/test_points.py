"""Temperatures as they are written, and the file that keeps a sweep's points."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from textgan.metrics.samples import Score
from textgan.runs.points import TEMPERATURES, Kept, Point, parse_temperatures


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0.5,0.6,...,1.2", TEMPERATURES),
        ("1, 0.5 ,1", (0.5, 1.0)),
        ("2,1.5,…,0.5", (0.5, 1.0, 1.5, 2.0)),
        ("0.9,1,...,1.1,3", (0.9, 1.0, 1.1, 3.0)),
    ],
)
def test_temperatures_are_read(text: str, wanted: Sequence[float]) -> None:
    assert parse_temperatures(text) == wanted


def test_a_point_reads_back_as_it_was_measured(tmp_path: Path) -> None:
    scores = {"bleu-2": Score(0.1 + 0.2, "bleu|n:2"), "perplexity": Score(math.inf, "perplexity")}
    kept = Kept(tmp_path / "sweep.jsonl", {"seed": 1})
    first = kept.point("last", 0.1 + 0.2, "w", lambda: scores)
    assert first.scores["bleu-2"] == scores["bleu-2"] and math.isnan(first.scores["perplexity"].value)
    lines = [json.loads(line) for line in (tmp_path / "sweep.jsonl").read_text().splitlines()]
    assert lines[0] == {"kind": "settings", "seed": 1} and lines[1]["scores"]["perplexity"]["value"] is None
    again = Kept(tmp_path / "sweep.jsonl", {"seed": 1}).find("last", 0.1 + 0.2, "w")
    assert isinstance(again, Point) and again.scores["bleu-2"] == scores["bleu-2"]
    assert Kept(tmp_path / "sweep.jsonl", {"seed": 2}).rows == []
    assert Kept(tmp_path / "sweep.jsonl", {"seed": 1}).find("last", 0.3, "w") is None
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.jsonl"]


@pytest.mark.parametrize("damaged", ["", "{", "[]\n", '{"kind": "settings", "seed": 1}\n5\n{"scores": 3}\n'])
def test_a_damaged_file_holds_nothing(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "sweep.jsonl").write_text(damaged)
    assert Kept(tmp_path / "sweep.jsonl", {"seed": 1}).rows == []
