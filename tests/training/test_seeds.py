"""A run's seed decides everything random in it, and each stream of random numbers is its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import Batches
from textgan.metrics.samples import Score
from textgan.training.folder import RunFolder
from textgan.training.game import Game
from textgan.training.progress import Display
from textgan.training.trainer import Trainer
from textgan.types import Prompt, Sampler, Text

Make = Callable[..., Recipe]


def _weights(recipe: Recipe) -> list[torch.Tensor]:
    """Each player's, flat."""
    game = build(recipe).game
    players = (game.generator.parameters(), game.discriminator.parameters())
    return [torch.cat([weights.detach().flatten() for weights in player]) for player in players]


def _same_start(*games: Game) -> bool:
    first, second = (batches.next()[0].ids for batches in (game.batches(game.train, 8, 1) for game in games))
    return torch.equal(first, second)


def test_weights_and_the_order_of_the_text_are_those_of_the_seed(small_recipe: Make) -> None:
    one, same, other = (small_recipe("seqgan-short", f"seed={seed}") for seed in (1, 1, 2))
    first = _weights(one)
    torch.rand(3)  # whatever was drawn before
    for mine, again, others in zip(first, _weights(same), _weights(other), strict=True):
        assert torch.equal(mine, again) and not torch.equal(mine, others)
    assert _same_start(build(one).game, build(same).game)
    assert not _same_start(build(one).game, build(other).game)


def _streams(parts: object) -> Iterator[Batches]:
    """Every stream of text that a phase and its trainer of the discriminator hold."""
    for part in vars(parts).values():
        if isinstance(part, Batches):
            yield part
        elif type(part).__module__.startswith("textgan.training.discriminator"):
            yield from _streams(part)


def test_every_stream_of_text_has_an_order_of_its_own(small_recipe: Make) -> None:
    built = build(small_recipe("seqgan-short", "strategy=gumbel"))
    found: list[Batches] = []
    for phase in built.phases:
        phase.begin(built.game)
        found += _streams(phase)
    assert (
        len(found) == 1 + 2 + 3
    )  # MLE; the discriminator before the game; both players in it, and held-out text twice
    orders = [
        [tuple(row) for text, _ in islice(iter(stream.next, None), 2) for row in text.ids.tolist()]
        for stream in found
    ]
    assert all(a != b for a, b in combinations(orders, 2))


class Seen(Exception):
    """What a look was to score was seen, and the run may end."""


def test_a_look_draws_by_the_seed_and_is_scored_by_the_labels_it_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = ["budget=smoke", "threads=1", "train.mle=null", "train.discriminator=null"]
    built = build(Recipe.load("sentigan-short", small))
    plain = [id for id in range(4, 40) if built.tokenizer.sentences([[id]])[0].isalpha()]
    words = torch.tensor(plain)

    def write(prompt: Prompt, length: int, sampler: Sampler) -> Text:
        assert prompt.labels is not None
        ids = torch.stack([words[prompt.labels], words[torch.randint(len(words), (prompt.size,))]], 1)
        return Text(ids, torch.ones_like(ids, dtype=torch.bool), prompt.labels)

    def score(texts: list[str], *given: Any) -> dict[str, Score]:
        first = [built.tokenizer.sentences([[plain[label]]])[0] for label in given[3]]
        assert [text.split()[0] for text in texts] == first
        drawn.append(texts)
        raise Seen

    monkeypatch.setattr(built.game.generator, "write", write)
    monkeypatch.setattr(built.evaluation, "score", score)
    drawn: list[list[str]] = []
    for seed in (3, 4, 3):
        built.game.seed = seed
        parts = (built.game, built.phases, built.evaluation, built.corpus, built.tokenizer)
        with pytest.raises(Seen):
            Trainer(*parts, RunFolder(tmp_path), Display(quiet=True)).run()
    one, other, same = drawn
    assert one == same
    for place in range(2):  # the label that was asked for, and what was drawn beside
        assert [text.split()[place] for text in one] != [text.split()[place] for text in other]
