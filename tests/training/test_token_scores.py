"""Scores by token, on players whose values can be listed."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from textgan.assembly.build import build
from textgan.objectives.rank import Rank
from textgan.training import token_scores as module
from textgan.training.token_scores import token_scores
from textgan.types import Discriminator, Text, Verdict


class CountsFirst(Discriminator):
    """A sentence's score is the id of its first token."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()))

    def judge(self, text: Text) -> Verdict:
        return Verdict(text.ids[:, 0].float() * self.scale, text.ids[:, :1].float())


class Reads(CountsFirst):
    """It scores each token by its id."""

    def judge(self, text: Text) -> Verdict:
        return Verdict(
            text.ids[:, 0].float(), text.ids[:, :1].float(), per_token=text.ids * text.mask.float()
        )


@pytest.fixture
def game(small_recipe) -> Any:
    return build(small_recipe("seqgan-short")).game


def test_the_value_of_a_prefix_is_the_mean_over_its_completions(game):
    game.discriminator = CountsFirst()
    found = token_scores(game, seed=3)
    assert not isinstance(found, str)
    assert len(found.ids) == 8 and found == token_scores(game, seed=3)
    for ids, values in zip(found.ids, found.values, strict=True):
        # the score hangs on the first token alone: once that is there, every completion has the same
        assert values == [float(ids[0])] * len(ids)
    firsts = game.heldout.text.ids[:256, 0].double()
    assert found.real == pytest.approx(float(firsts.mean()), abs=1e-4)
    assert found.start is not None and 0 < found.start < game.generator.vocabulary.size


def test_a_discriminator_that_scores_tokens_is_asked_for_them(game):
    game.discriminator = Reads()
    found = token_scores(game, seed=3)
    assert not isinstance(found, str) and found.start is None
    assert found.values == [[float(i) for i in ids] for ids in found.ids]


def test_nothing_of_training_changes(game):
    before, mode = torch.get_rng_state(), game.generator.training
    token_scores(game, seed=3)
    assert torch.equal(torch.get_rng_state(), before) and game.generator.training is mode
    assert all(weight.requires_grad for weight in game.discriminator.parameters())


def test_why_there_are_none(game, monkeypatch):
    monkeypatch.setattr(module, "WORK", 1.0)
    assert token_scores(game, 3) == "completing every prefix would take too long with these models"
    game.generator.has_likelihood = False
    assert "no next-token probabilities" in token_scores(game, 3)
    game.discriminator.one_by_one = False
    assert (
        token_scores(game, 3) == "the discriminator's score of a sentence depends on the others in its batch"
    )
    game.objective = Rank()
    assert "cannot score one alone" in token_scores(game, 3)
    game.discriminator = Discriminator()
    assert token_scores(game, 3) == "the run has no discriminator"
