"""Labels on their way through a run: asked for, written by, scored by, and known of few sentences alone."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import Encoded
from textgan.discriminators.cnn import CNN
from textgan.runs.evaluate import evaluate_run
from textgan.runs.train import train
from textgan.sampling import Draw
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.evaluation import asked_labels, judge_accuracy, write_ids
from textgan.training.optimizers import Optimizer
from textgan.types import Generator, Prompt, Sampler, Text, Vocabulary


class _Echo(Generator):
    """Writes the label it is asked for."""

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        assert prompt.labels is not None
        ids = prompt.labels.unsqueeze(1)
        return Text(ids, torch.ones_like(ids, dtype=torch.bool), prompt.labels)


@pytest.mark.parametrize("count", [3, 256, 300])
def test_what_was_asked_for_can_be_asked_again(count: int) -> None:
    labels = torch.tensor([4, 5, 5, 5])
    asked = asked_labels(labels, count, seed=9)
    torch.manual_seed(123)  # whatever the outer stream is
    written = write_ids(_Echo(), count, 5, Draw(), 9, Accelerator(cpu=True), labels)
    assert asked is not None and [row[0] for row in written] == asked.tolist()
    assert asked_labels(None, count, 9) is None


@pytest.mark.parametrize("mode", [True, False])
def test_to_write_leaves_a_generator_in_its_mode(mode: bool) -> None:
    generator = _Echo().train(mode)
    write_ids(generator, 3, 5, Draw(), 9, Accelerator(cpu=True), torch.tensor([4, 5]))
    assert generator.training is mode


def test_the_discriminator_is_scored_on_sentences_of_known_label() -> None:
    torch.manual_seed(0)
    discriminator = CNN(Vocabulary(9), embedding=4, widths=[1], filters=3, labels="tell", classes=2)
    ids = torch.randint(4, 9, (6, 3))
    text = Text(ids, torch.ones_like(ids, dtype=torch.bool))
    told = discriminator.eval().judge(text).classes.argmax(1)  # type: ignore[union-attr]
    discriminator.train()  # dropout must not be in what is scored
    labels = told.clone()
    labels[0], labels[1] = 1 - told[0], -1
    found = judge_accuracy(
        discriminator, Encoded(Text(ids, text.mask, labels), text.mask), Accelerator(cpu=True)
    )
    assert found["class-accuracy-judge"].value == 4 / 5
    assert found["class-accuracy-judge"].signature == "class-accuracy-judge|refs:5|v:0.1"
    assert discriminator.training
    plain = CNN(Vocabulary(9), classes=2)
    assert (
        judge_accuracy(plain, Encoded(Text(ids, text.mask, labels), text.mask), Accelerator(cpu=True)) == {}
    )


def test_few_labels_reach_the_players_and_all_of_them_the_yardstick() -> None:
    built = build(Recipe.load("semi-short", ["budget=smoke", "labelled=11", "threads=1"]))
    labels = built.game.train.text.labels
    assert labels is not None and Counter(labels.tolist()) == {-1: 289, 0: 6, 1: 5}
    assert built.corpus.train.labels is not None and min(built.corpus.train.labels) == 0
    assert built.game.heldout.text.labels is not None and built.game.heldout.text.labels.min() == 0


def test_written_text_is_of_the_labels_that_real_text_has() -> None:
    game = build(Recipe.load("sentigan-short", ["budget=smoke", "threads=1"])).game
    like = Text(torch.zeros(8, 1).long(), torch.ones(8, 1).bool(), torch.tensor([0, 1, 1, 1, 1, 1, 1, 0]))
    torch.manual_seed(0)
    asked = [game.prompt(like, 10).labels for _ in range(400)]
    ones = torch.stack(asked).sum()  # type: ignore[arg-type]
    assert abs(float(ones) - 3000) < 4 * (4000 * 0.75 * 0.25) ** 0.5  # deviations of a binomial count
    assert game.prompt(Text(like.ids, like.mask), 10).labels is None


@pytest.mark.parametrize(("share", "labelled"), [(0.75, 6), (0.25, 2)])
def test_the_discriminator_reads_as_many_labelled_sentences_as_its_objective_asks_for(
    share: float, labelled: int
) -> None:
    small = ["budget=smoke", "labelled=6", "threads=1", f"objective.labelled_share={share}"]
    discriminator = DiscriminatorTrainer(
        build(Recipe.load("semi-short", small)).game, 8, Optimizer(), stream=30
    )
    labels = [discriminator.game.next_text(discriminator.real).labels for _ in range(12)]
    known = [int((of_batch >= 0).sum()) for of_batch in labels if of_batch is not None]
    assert len(known) == 12 and min(known) == labelled
    assert sum(known) < 12 * (labelled + 0.5)  # of 300 sentences 6 have one, and may come among the others


def test_a_run_with_labels_is_scored_by_them_and_again_from_its_folder(tmp_path: Path) -> None:
    metrics = "metrics=[class-accuracy, distinct]"
    run = train(Recipe.load("sentigan-short", ["budget=smoke", "threads=1", metrics]), tmp_path / "run")
    rows = json.loads((run / "evaluation.json").read_text())["rows"]
    for state in ("real", "before", "after"):
        assert {"class-accuracy", "class-accuracy-real"} <= set(rows[state])
    assert "class-accuracy-judge" in rows["after"] and "class-accuracy-judge" not in rows["before"]
    again = evaluate_run(run)
    for key in ("class-accuracy", "class-accuracy-real"):
        assert again[key].value == rows["after"][key]["value"]
