"""Each split is read for its own purpose alone: what trains, what chooses, and what is scored at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.assembly.build import Built, build
from textgan.assembly.recipe import Recipe
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.evaluation import Evaluation
from textgan.training.folder import RunFolder
from textgan.training.game import Game
from textgan.training.optimizers import Optimizer
from textgan.training.progress import Display
from textgan.training.trainer import Trainer
from textgan.types import Discriminator, Text, Verdict

OWN = {"validation": "snow", "test": "fire"}  # a word that every sentence of the split has, and no other's
SUBJECTS = ["a dog", "the cat", "my friend", "a bird"]


@pytest.fixture
def built(small_recipe: Callable[..., Recipe], tmp_path: Path) -> Built:
    overrides = ["strategy=gumbel", "train.mle=null", "train.discriminator=null"]
    for split, own in OWN.items():
        (tmp_path / f"{split}.txt").write_text("\n".join(f"{one} sees the {own} ." for one in SUBJECTS))
        overrides.append(f"corpus.{split}={tmp_path / split}.txt")
    return build(small_recipe("seqgan-short", *overrides))


def _words(built: Built, text: Text) -> list[str]:
    return built.tokenizer.sentences(
        [row[mask].tolist() for row, mask in zip(text.ids, text.mask, strict=True)]
    )


def test_the_vocabulary_is_that_of_the_training_text(built: Built) -> None:
    unk = built.game.generator.vocabulary.unk
    assert built.tokenizer.encode([*OWN.values(), "dog"])[:2] == [[unk], [unk]]
    assert built.tokenizer.encode(["dog"]) != [[unk]]


def test_what_is_held_out_of_the_game_is_validation_text_and_what_is_left_for_the_end_is_test_text(
    small_recipe: Callable[..., Recipe],
) -> None:
    built = build(small_recipe("seqgan-short"))  # here every split has the same words
    corpus = built.corpus
    assert _words(built, built.game.train.text) == corpus.train.texts
    assert _words(built, built.game.heldout.text) == corpus.validation.texts
    assert _words(built, built.test.text) == corpus.test.texts


def test_looks_and_so_the_best_checkpoint_see_validation_text_alone(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    score = Evaluation.score

    def watched(self: Evaluation, texts: list[str], references: list[str], *more: Any) -> Any:
        seen.append(references)
        return score(self, texts, references, *more)

    monkeypatch.setattr(Evaluation, "score", watched)
    (tmp_path / "run/samples").mkdir(parents=True)
    folder, display = RunFolder(tmp_path / "run"), Display(quiet=True)
    parts = (built.game, built.phases, built.evaluation, built.corpus, built.tokenizer)
    Trainer(*parts, folder, display).run()
    assert seen == [built.corpus.validation.texts] * 3  # before the game and at two of its four steps
    assert (tmp_path / "run/checkpoints/best").is_dir()


@pytest.mark.parametrize(("best", "up"), [("nll", False), ("bleu-4", True)])
def test_the_best_is_the_lowest_of_what_is_better_low(best: str, up: bool) -> None:
    evaluation = Evaluation(best=best)
    assert evaluation.better(2.0, 1.0) is up and evaluation.better(1.0, 2.0) is not up
    assert not evaluation.better(1.0, 1.0) and evaluation.better(9.0, None)


class KnowsBySight(Discriminator):
    """Scores training text 1, validation text -1, and what consists of padding 0."""

    def __init__(self, game: Game) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.unk = game.generator.vocabulary.unk
        self.pad = game.generator.vocabulary.pad

    def judge(self, text: Text) -> Verdict:
        score = 1 - 2 * (text.ids == self.unk).any(1).float()
        score = score * (text.ids != self.pad).any(1)
        return Verdict(score, score.unsqueeze(1))


def test_held_out_accuracy_is_of_text_that_the_discriminator_never_trains_on(built: Built) -> None:
    built.game.discriminator = KnowsBySight(built.game)
    discriminator = DiscriminatorTrainer(built.game, 4, Optimizer(), stream=30)
    nothing = torch.zeros(4, 3, dtype=torch.long)
    for _ in range(3):
        log = discriminator.look(Text(nothing, torch.ones_like(nothing, dtype=torch.bool)))
        assert (float(log["d-accuracy-train"]), float(log["d-accuracy-heldout"])) == (1, 0)
