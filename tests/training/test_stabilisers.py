"""What steadies the game in the trainer: an average of the generator, old fakes, noise, several discriminators."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.discriminators.cnn import CNN
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.training import checkpoints
from textgan.training.averaging import Average
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.optimizers import Optimizer
from textgan.training.replay import Replay
from textgan.types import Choice, Text, Vocabulary

LAST = "checkpoints/last"


def _texts(*firsts: int) -> Text:
    """Sentences of one word, each its own id, and EOS."""
    ids = torch.tensor([[first, 2] for first in firsts])
    return Text(ids, torch.ones_like(ids, dtype=torch.bool))


def test_the_average_by_hand() -> None:
    player = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        player.weight.fill_(1.0)
    average = Average(player, decay=0.75)
    with average.training():
        with torch.no_grad():
            player.weight.fill_(3.0)
        average.update()
    assert float(player.weight.detach()) == 0.75 * 1 + 0.25 * 3
    with average.training():
        assert float(player.weight.detach()) == 3.0  # the raw one goes on from where it was
        with torch.no_grad():
            player.weight.fill_(-1.0)
        average.update()
    assert float(player.weight.detach()) == 0.75 * 1.5 + 0.25 * -1
    state = average.state_dict()
    other = Average(nn.Linear(1, 1, bias=False), decay=0.75)
    other.load_state_dict(state)
    assert float(other.other[0]) == -1.0


def test_raw_weights_train_as_if_there_were_no_average(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    plain = train(small_recipe("gumbel-short"), tmp_path / "plain")
    averaged = train(small_recipe("gumbel-short", "train.adversarial.average=0.5"), tmp_path / "averaged")
    file = f"{LAST}/generator.safetensors"
    assert (plain / "checkpoints/last/discriminator.safetensors").read_bytes() == (
        averaged / "checkpoints/last/discriminator.safetensors"
    ).read_bytes()
    raw, kept = load_file(plain / file), load_file(averaged / file)
    start = load_file(averaged / "checkpoints/pretrained/generator.safetensors")
    moved = [name for name in raw if not torch.equal(raw[name], start[name])]
    assert moved
    for name in moved:  # four updates at decay .5: still part of the start, most of the newest
        assert (kept[name] - raw[name]).norm() < (start[name] - raw[name]).norm()
        assert not torch.equal(kept[name], raw[name])


def test_old_fakes_come_from_the_last_ones_written() -> None:
    replay = Replay(0.5, size=6, length=4, device=torch.device("cpu"))
    first = _texts(10, 11, 12, 13)
    assert torch.equal(replay.mix(first).ids, first.ids)  # nothing old to draw from yet
    mixed = replay.mix(_texts(20, 21, 22, 23))
    assert mixed.ids[:2, 0].tolist() == [20, 21] and set(mixed.ids[2:, 0].tolist()) <= {10, 11, 12, 13}
    assert mixed.ids.shape == (4, 2) and mixed.mask.all()
    seen: set[int] = set()
    for _ in range(40):  # 12, 13 and the second four are the last six
        copy = Replay(0.5, size=6, length=4, device=torch.device("cpu"))
        copy.load_state_dict(replay.state_dict())
        seen |= set(copy.mix(_texts(30, 31, 32, 33)).ids[2:, 0].tolist())
    assert seen == {12, 13, 20, 21, 22, 23}


def test_old_fakes_bring_their_own_length_label_and_vectors() -> None:
    replay = Replay(0.5, size=4, length=5, device=torch.device("cpu"))

    def batch(value: int, width: int) -> Text:
        ids = torch.full((2, width), value)
        vectors = torch.full((2, width, 3), float(value))
        return Text(ids, torch.ones_like(ids, dtype=torch.bool), torch.full((2,), value), vectors=vectors)

    replay.mix(batch(7, 5))
    mixed = replay.mix(batch(8, 2))
    assert mixed.ids.tolist() == [[8, 8, 0, 0, 0], [7] * 5]
    assert mixed.mask.sum(1).tolist() == [2, 5]
    assert mixed.labels is not None and mixed.labels.tolist() == [8, 7]
    assert mixed.vectors is not None and mixed.vectors[1].unique().tolist() == [7.0]
    assert not mixed.vectors[0, 2:].any()
    relaxed = Text(batch(1, 1).ids, batch(1, 1).mask, choices=(Choice(torch.zeros(2).long(), torch.eye(2)),))
    with pytest.raises(ValueError, match="replay"):
        replay.mix(relaxed)


def test_noise_is_for_learning_and_leaves_padding_alone() -> None:
    torch.manual_seed(0)
    judge = CNN(Vocabulary(40), embedding=4, widths=[1, 2], filters=3, dropout=0.0)
    seen: list[Tensor] = []
    forward = judge.forward
    judge.forward = lambda x, *rest: (seen.append(x), forward(x, *rest))[1]  # type: ignore[method-assign]
    mask = torch.arange(50) < torch.tensor([[50], [20]])
    text = Text(torch.full((2, 50), 9), mask)
    judge.noise = 0.5
    judge.train().judge(text)
    judge.eval().judge(text)
    clean = judge.embed(text)
    noise = seen[0] - clean
    assert float(noise[mask].std().detach()) == pytest.approx(0.5, rel=0.15)
    assert not noise[~mask].any()
    assert torch.equal(seen[1], clean)


def test_noise_falls_to_zero(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels: list[float] = []
    judge = CNN.judge

    def watched(self: CNN, text: Text) -> object:
        if self.training:
            levels.append(self.noise)
        return judge(self, text)

    monkeypatch.setattr(CNN, "judge", watched)
    recipe = small_recipe(
        "gumbel-short", "train.adversarial.instance_noise=0.6", "train.adversarial.d_steps=1"
    )
    train(recipe, tmp_path / "run")
    assert levels == pytest.approx([0, 0, 0, 0.6, 0.4, 0.2, 0.0])


def test_each_of_several_discriminators_takes_the_step_that_it_would_take_alone(
    small_recipe: Callable[..., Recipe],
) -> None:
    """Loss and penalty are summed over the discriminators, so their number is no part of a learning rate."""
    parts = (
        "discriminator={name: several, copies: 3, parts: [{name: cnn, embedding: 8, filters: 4, dropout: 0}]}"
    )
    game = build(small_recipe("gumbel-short", parts, "penalty={name: r1, weight: 5}")).game
    real, fake = game.train.text[:6], game.train.text[6:12]
    plan = Optimizer(lr=0.5, name="sgd", clip=0)
    together, penalty = copy.deepcopy(game.discriminator), 0.0
    log = DiscriminatorTrainer(replace(game, discriminator=together), 6, plan, stream=30).update(real, fake)
    moved = zip(together.members(), game.discriminator.members(), strict=True)
    for found, alone in moved:
        log_alone = DiscriminatorTrainer(replace(game, discriminator=alone), 6, plan, stream=30).update(
            real, fake
        )
        penalty += float(log_alone["d-penalty"])
        for ours, theirs in zip(found.parameters(), alone.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs)
    assert float(log["d-penalty"]) == pytest.approx(penalty, rel=1e-5) and penalty > 0


STABILISERS = {
    "r1": ["penalty={name: r1, weight: 1.0}"],
    "spectral": ["discriminator.spectral_norm=true"],
    "minibatch": ["discriminator.minibatch=4"],
    "several": ["discriminator={name: several, copies: 2, together: softmax}", "penalty={name: gradient}"],
    "several-readers": ["discriminator={name: several, parts: [{name: recurrent, hidden: 8}, {name: cnn}]}"],
    "all": [
        *("train.adversarial.instance_noise=0.2", "train.adversarial.average=0.9"),
        *("train.adversarial.replay=0.5", "train.adversarial.replay_size=16"),
    ],
}


@pytest.mark.parametrize("strategy", ["reinforce", "gumbel", "embedding"])
@pytest.mark.parametrize("name", STABILISERS)
def test_each_goes_with_each_strategy(
    name: str, strategy: str, small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    overrides = [
        f"strategy={strategy}",
        "evaluate.every=100",
        "metrics=[distinct]",
        "evaluate.best=distinct-2",
    ]
    given = STABILISERS[name]
    if strategy == "reinforce" and name == "minibatch":
        given = [*given, "strategy.rollouts=0"]
    if strategy == "embedding":  # it writes relaxed tokens, which are not kept
        given = [one for one in given if "replay" not in one]
    run = train(small_recipe("seqgan-short", *overrides, *given), tmp_path / "run")
    for player in ("generator", "discriminator"):
        weights = load_file(checkpoints.find(run / LAST) / f"{player}.safetensors")
        assert all(value.isfinite().all() for value in weights.values())


@pytest.mark.parametrize(
    "override",
    ["average=1.0", "replay=1.5", "instance_noise=-1", "replay_size=2"],
)
def test_what_cannot_be_is_refused(
    override: str, small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = small_recipe("gumbel-short", f"train.adversarial.{override}")
    with pytest.raises(Mistake, match=f"train.adversarial.{override.partition('=')[0]}"):
        train(recipe, tmp_path / "run")
