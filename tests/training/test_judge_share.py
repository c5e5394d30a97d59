"""Text that the discriminator alone learns from: no phase of the generator ever reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.text import Text
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.optimizers import Optimizer

SMALL = ("budget=smoke", "corpus.size=60", "threads=1", "metrics=[distinct]")


def sentences(text: Text) -> set[tuple[int, ...]]:
    return {tuple(row[: int(mask.sum())]) for row, mask in zip(text.ids.tolist(), text.mask, strict=True)}


def test_each_player_has_its_own_sentences_and_together_they_have_all() -> None:
    whole = build(Recipe.load("seqgan-short", [*SMALL])).game
    parted = build(Recipe.load("seqgan-short", [*SMALL, "judge_share=0.3"])).game
    assert whole.judged is None and parted.judged is not None
    assert len(parted.judged) == round(0.3 * len(whole.train)) == len(whole.train) - len(parted.train)
    every, mine, discriminators = (
        sentences(part.text) for part in (whole.train, parted.train, parted.judged)
    )  # type: ignore[union-attr]
    assert (
        mine | discriminators == every and not mine & discriminators
    )  # the grammar repeats none of these 60
    assert len(every) == len(whole.train)

    discriminator = DiscriminatorTrainer(parted, 8, Optimizer(), stream=30)
    assert (
        set().union(*(sentences(parted.next_text(discriminator.real)) for _ in range(12))) == discriminators
    )
    batches = parted.batches(parted.train, 8, stream=1, bucket=True)
    assert set().union(*(sentences(batches.next()[0]) for _ in range(24))) == mine


def test_the_parts_are_those_of_the_seed() -> None:
    one, same, other = (
        build(Recipe.load("seqgan-short", [*SMALL, "judge_share=0.5", f"seed={seed}"])).game
        for seed in (1, 1, 2)
    )
    assert one.judged is not None and same.judged is not None and other.judged is not None
    assert torch.equal(one.judged.text.ids, same.judged.text.ids)
    assert sentences(one.judged.text) != sentences(other.judged.text)


def test_a_start_that_has_read_the_discriminators_text_is_refused(tmp_path: Path) -> None:
    for name, share in (("all", "0"), ("half", "0.5")):
        train(Recipe.load("mle-short", [*SMALL, f"judge_share={share}"]), tmp_path / name)
    change = [*SMALL, "judge_share=0.5"]
    build(Recipe.load("seqgan-short", [*change, f"start={tmp_path / 'half'}"]))
    for start, more in (("all", []), ("half", ["seed=2"])):
        with pytest.raises(Mistake, match="its generator was trained on the discriminator's text"):
            build(Recipe.load("seqgan-short", [*change, f"start={tmp_path / start}", *more]))


@pytest.mark.parametrize(
    ("share", "told"), [("1", "judge_share"), ("-0.1", "judge_share"), ("0.001", "without text")]
)
def test_a_share_that_leaves_a_player_nothing_is_refused(share: str, told: str) -> None:
    with pytest.raises(Mistake, match=told):
        recipe = Recipe.load("seqgan-short", [*SMALL, f"judge_share={share}"])
        recipe.check()
        build(recipe)
