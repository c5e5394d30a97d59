"""A discriminator that was trained in an earlier run: taken over to the bit, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train

SMALL = ("budget=smoke", "corpus.size=60", "threads=1", "metrics=[distinct]")
ALONE = "train.adversarial=null"


def small(name: str, *overrides: str) -> Recipe:
    return Recipe.load(name, [*SMALL, *overrides])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mle`, and `judge`: the discriminator of its text."""
    folder = tmp_path_factory.mktemp("runs")
    train(small("mle-short"), folder / "mle")
    train(small("seqgan-short", ALONE, f"start={folder / 'mle'}"), folder / "judge")
    return folder


def test_the_discriminator_is_that_of_the_run_and_is_not_trained_before_the_game(
    runs: Path, tmp_path: Path
) -> None:
    words = [f"start={runs / 'mle'}", f"judge={runs / 'judge'}"]
    built = build(small("seqgan-short", *words))
    assert [phase.name for phase in built.phases] == ["adversarial"]
    kept = load_file(runs / "judge/checkpoints/last/discriminator.safetensors")
    for name, weight in built.game.discriminator.state_dict().items():
        assert torch.equal(weight, kept[name]), name
    fresh = build(small("seqgan-short", words[0])).game.discriminator.state_dict()
    assert any(not torch.equal(weight, kept[name]) for name, weight in fresh.items())

    still = small("seqgan-short", *words, "train.adversarial={steps: 1, d_steps: 0}")
    train(still, tmp_path / "run")
    after = load_file(tmp_path / "run/checkpoints/last/discriminator.safetensors")
    assert all(torch.equal(after[name], weight) for name, weight in kept.items())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["judge=nowhere"], "judge: nowhere is not a run folder"),
        (["judge={runs}/mle"], "has not been trained"),
        (["judge={runs}/judge", "tokenizer=character", "length=99"], "has another tokenizer"),
        (["judge={runs}/judge", "start={runs}/mle", "discriminator.filters=3"], "does not fit this discriminator"),
        (["judge={runs}/judge", "judge_share=0.5"], "was trained with judge_share 0"),
        (["judge={runs}/judge", "start={runs}/mle", ALONE], "no other phase is left"),
    ],
)  # fmt: skip
def test_a_discriminator_that_cannot_be_taken_over_is_refused(
    runs: Path, words: list[str], told: str
) -> None:
    with pytest.raises(Mistake, match=told):
        build(small("seqgan-short", *[word.replace("{runs}", str(runs)) for word in words]))


def test_a_generator_that_reads_its_discriminator_and_a_recipe_without_one_take_none(runs: Path) -> None:
    with pytest.raises(Mistake, match="reads its discriminator"):
        build(small("leakgan-short", f"judge={runs / 'judge'}"))
    with pytest.raises(Mistake, match="no discriminator that learns"):
        build(small("mle-short", f"judge={runs / 'judge'}"))
