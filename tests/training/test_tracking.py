"""Trackers: TensorBoard's files hold what metrics.jsonl holds; what is not installed is said before anything begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.training import tracking


def test_tensorboard_gets_every_number(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    reading = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="pip install tensorboard"
    )
    run = train(small_recipe("gumbel-short", "report_to=tensorboard"), tmp_path / "run")
    events = reading.EventAccumulator(str(run / "tracking" / "textgan"), {"tensors": 0, "scalars": 0})
    events.Reload()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    mle = max(row["step"] for row in rows if row["phase"] == "mle")
    before = {"mle": 0, "discriminator": mle, "adversarial": mle + 3}
    expected: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        numbers = {
            "train": {f"{row['phase']}/{key}": value for key, value in row.items()},
            "evaluate": {f"evaluate/{key}": score["value"] for key, score in row.get("scores", {}).items()},
            "phase": {},
        }[row["kind"]]
        for name, value in numbers.items():
            if name.partition("/")[2] not in ("kind", "phase", "step", "seconds"):
                expected.setdefault(name, []).append((before[row["phase"]] + row["step"], value))
    final = json.loads((run / "evaluation.json").read_text())["rows"]
    for state, scores in final.items():
        for key, score in scores.items():
            expected[f"final/{state}/{key}"] = [(mle + 7, score["value"])]
    assert set(events.Tags()["scalars"]) == set(expected)
    for name, points in expected.items():
        found = [(event.step, event.value) for event in events.Scalars(name)]
        assert [step for step, _ in found] == [step for step, _ in points], name
        assert [value for _, value in found] == pytest.approx([value for _, value in points], rel=1e-6), name
    (text,) = [tag for tag in events.Tags()["tensors"] if tag.startswith("samples")]
    written = events.Tensors(text)[-1].tensor_proto.string_val[0].decode()
    assert (
        written.splitlines()[0].strip()
        == (run / "samples/adversarial-000004.txt").read_text().splitlines()[0]
    )
    (settings,) = (run / "tracking" / "textgan").glob("*/hparams.yml")
    assert "generator.hidden: 12" in settings.read_text()


def test_what_is_missing_or_misspelt_is_said_first(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    with pytest.raises(Mistake, match=r"^report_to: wandb is not installed; pip install wandb$"):
        train(small_recipe("mle-short", "report_to=[wandb]"), tmp_path / "run")
    with pytest.raises(
        Mistake, match="report_to: there is no tracker 'tensorbord'. Did you mean 'tensorboard'?"
    ):
        train(small_recipe("mle-short", "report_to=tensorbord"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
