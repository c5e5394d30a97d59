"""A generator that reads the discriminator writes the same wherever its run is opened: both players travel together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.machine.streams import seeded
from textgan.runs.loaded import load
from textgan.runs.train import train
from textgan.sampling import Draw
from textgan.types import Prompt


@pytest.fixture
def finished(small_recipe: Callable[..., Recipe], tmp_path: Path) -> Path:
    return train(small_recipe("leakgan-short", "evaluate.every=2"), tmp_path / "run")


def test_every_checkpoint_holds_both_players_and_writes_what_the_run_wrote(finished: Path) -> None:
    for checkpoint in ("pretrained", "best", "last"):
        files = {file.name for file in (finished / "checkpoints" / checkpoint).iterdir()}
        assert {"generator.safetensors", "discriminator.safetensors"} <= files
        assert list(load(finished, checkpoint).sample(4, seed=1))
    # the discriminator has learned between the two, so that of `last` would not do for `pretrained`
    discriminators = [
        finished / "checkpoints" / name / "discriminator.safetensors" for name in ("pretrained", "last")
    ]
    assert discriminators[0].read_bytes() != discriminators[1].read_bytes()


def test_a_run_begun_from_another_takes_over_its_discriminator(
    finished: Path, small_recipe: Callable[..., Recipe]
) -> None:
    recipe = small_recipe("leakgan-short", f"start={finished}")
    generator = build(recipe).game.generator.eval()
    known = load(finished, "pretrained").generator
    texts = []
    for player in (generator, known):
        with seeded(3), torch.no_grad():
            text = player.write(Prompt(5), 8, Draw())
        texts.append((text.ids, player.log_prob(text)))
    assert torch.equal(texts[0][0], texts[1][0]) and torch.equal(texts[0][1], texts[1][1])


def test_a_discriminator_without_features_of_prefixes_is_refused(small_recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(Mistake, match="set discriminator to cnn"):
        build(small_recipe("leakgan-short", "discriminator.name=multi-representation"))
