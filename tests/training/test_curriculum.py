"""A curriculum over length: what both players see grows with the phase, and nothing of it outlasts the phase."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.types import Text


@pytest.mark.parametrize("name", ["seqgan-short", "wgan-gp-short"])
def test_real_and_written_text_are_as_long_as_the_schedule_says(
    name: str, small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    update = DiscriminatorTrainer.update

    def watched(self: DiscriminatorTrainer, real: Text, fake: Text) -> object:
        assert fake.ids.shape[1] <= self.game.limit  # a sentence that has not ended is cut, not dropped
        assert real.mask.sum(1).max() == real.ids.shape[1]
        seen.append((self.game.limit, real.ids.shape[1]))
        return update(self, real, fake)

    monkeypatch.setattr(DiscriminatorTrainer, "update", watched)
    curriculum = ["train.adversarial.length={start: 2, end: 5}", "train.adversarial.d_steps=1"]
    without = ["train.mle=null", "train.discriminator=null"] if name == "seqgan-short" else []
    run = train(small_recipe(name, *curriculum, *without), tmp_path / "run")
    assert seen == [(2, 2), (3, 3), (4, 4), (5, 5)]  # every sentence of this corpus has five tokens at least
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["length"] for row in rows if row["kind"] == "train"] == [2, 3, 4, 5]
    longest = max(len(line.split()) for line in (run / "samples" / "after.txt").read_text().splitlines())
    assert longest > 5  # once trained it writes up to the run's own length


@pytest.mark.parametrize("length", ["40", "{start: 0, end: 5}", "{start: 5, end: 17}"])
def test_a_length_that_cannot_be_is_refused(
    length: str, small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    with pytest.raises(Mistake, match=r"train\.adversarial\.length.* 16"):
        train(
            small_recipe("wgan-gp-short", f"train.adversarial.length={length}"),
            tmp_path / "run",
        )
