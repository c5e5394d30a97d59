"""A phase that ends by the clock: schedules go by the time spent, and a stopped run has only what was left."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import Interrupted, train
from textgan.strategies.gumbel import Gumbel
from textgan.training.adversarial import Adversarial
from textgan.types import Sampler

MINUTES = ("train.adversarial.minutes=1", "train.adversarial.d_steps=1", "train.adversarial.steps=1000")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock by which every step takes 16 seconds; the progress that each generator's turn is told."""
    readings = (16.0 * (count // 2 + count % 2) + 1000.0 * (count // 2) for count in itertools.count())
    monkeypatch.setattr(Adversarial, "clock", staticmethod(lambda: next(readings)))
    progress: list[float] = []
    sampler = Gumbel.sampler

    def watched(self: Gumbel, at: float) -> Sampler:
        progress.append(at)
        return sampler(self, at)

    monkeypatch.setattr(Gumbel, "sampler", watched)
    return progress


def steps(run: Path) -> list[int]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row["step"] for row in rows if row["kind"] == "train" and row["phase"] == "adversarial"]


def test_the_phase_ends_when_its_own_steps_took_that_long(
    told: list[float], small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    run = train(small_recipe("gumbel-short", *MINUTES, "train.discriminator=null"), tmp_path / "run")
    assert steps(run) == [1, 2, 3, 4]  # 64 s; the 1000 s between two steps are not the phase's
    assert sorted(set(told)) == pytest.approx([0, 16 / 60, 32 / 60, 48 / 60])
    assert (run / "evaluation.json").is_file()


def test_a_stopped_run_goes_on_with_the_time_it_had_left(
    told: list[float],
    small_recipe: Callable[..., Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = small_recipe("gumbel-short", *MINUTES, "train.discriminator=null")
    step = Adversarial.step

    def stopped(self: Adversarial) -> object:
        if self.step_count == 1:
            signal.raise_signal(signal.SIGINT)
        return step(self)

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Adversarial, "step", stopped)
        train(recipe, tmp_path / "run")
    assert steps(tmp_path / "run") == [1, 2]
    train(recipe, tmp_path / "run", resume=True)
    assert steps(tmp_path / "run") == [1, 2, 3, 4]
    assert max(told) == pytest.approx(48 / 60)


@pytest.mark.parametrize(
    ("minutes", "told"),
    [("0", "0.* expected a number above 0"), ("-1", "-1.* expected a number above 0"),
     (".nan", "expected a finite number, got nan"), (".inf", "expected a finite number, got inf")],
)  # fmt: skip
def test_no_time_and_endless_time_are_refused(minutes: str, told: str) -> None:
    with pytest.raises(Mistake, match=rf"train\.adversarial\.minutes: {told}"):
        Recipe.load("gumbel-short", [f"train.adversarial.minutes={minutes}"]).check()
