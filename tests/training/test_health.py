"""Trouble is said in words, once, and NaN ends the run with a hint."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.runs.train import train
from textgan.training.adversarial import Adversarial
from textgan.training.health import WINDOW, Diverged, Health


def _said(name: str, values: list[float]) -> list[str]:
    health = Health()
    return [
        text for step, value in enumerate(values) for text in health.check("adversarial", step, {name: value})
    ]


def test_collapse_is_said_once_when_the_share_of_distinct_sentences_halves() -> None:
    steady = [1.0] * WINDOW
    assert _said("distinct", [*steady, *[0.6] * 30]) == []
    (text,) = _said("distinct", [*steady, *[0.2] * 30])
    assert "collapsing" in text and "at first 100% did" in text
    (text,) = _said("entropy", [3.0] * WINDOW + [1.0] * 30)
    assert "entropy" in text and "at first it was 3.00" in text


def test_a_discriminator_that_is_never_in_doubt_is_said() -> None:
    assert _said("d-accuracy-train", [0.97] * 40) == []
    assert len(_said("d-accuracy-train", [1.0] * 40)) == 1
    assert _said("d-accuracy-train", [1.0] * (WINDOW - 1)) == []
    critic = Health()
    told = [critic.check("adversarial", i, {"d-accuracy-train": 1.0, "wasserstein": 3.0}) for i in range(40)]
    assert not any(told)


def test_what_was_said_is_remembered_by_the_checkpoint() -> None:
    health = Health()
    for step in range(WINDOW):
        health.check("adversarial", step, {"distinct": 1.0})
    resumed = Health()
    resumed.load_state_dict(health.state_dict())
    told = [resumed.check("adversarial", step, {"distinct": 0.1}) for step in range(30)]
    assert sum(map(len, told)) == 1
    again = Health()
    again.load_state_dict(resumed.state_dict())
    assert not any(again.check("adversarial", step, {"distinct": 0.1}) for step in range(30))


@pytest.mark.parametrize(("name", "player"), [("g-loss", "generator"), ("d-loss", "discriminator")])
def test_nan_names_the_step_the_number_and_the_learning_rate(name: str, player: str) -> None:
    with pytest.raises(Diverged, match=f"step 7 {name} became nan.*train.adversarial.{player}.lr"):
        Health().check("adversarial", 7, {name: float("nan")})
    with pytest.raises(Diverged, match="train.mle.optimizer.lr"):
        Health().check("mle", 7, {"loss": float("inf")})


def test_a_run_that_diverges_keeps_its_last_good_checkpoint(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    original = Adversarial.step

    def poisoned(self: Adversarial) -> Any:
        if self.step_count == 3:
            with torch.no_grad():
                next(self.game.generator.parameters()).fill_(float("nan"))
        return original(self)

    with monkeypatch.context() as patch, pytest.raises(Diverged, match="step 4"):
        patch.setattr(Adversarial, "step", poisoned)
        train(recipe, tmp_path / "run")
    resumed = train(recipe, tmp_path / "run", resume=True)
    whole = train(recipe, tmp_path / "whole")
    last = "checkpoints/last/generator.safetensors"
    assert (resumed / last).read_bytes() == (whole / last).read_bytes()
    rows = [json.loads(line) for line in (resumed / "metrics.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if row["kind"] == "train" and row["phase"] == "adversarial"]
    assert steps == [1, 2, 3, 4]
