"""What the parts of a user's own return to each other, looked at before they train; those of the docs pass it all."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from test_rehearsal import VOCABULARY, of_the_docs
from torch import nn

from textgan.assembly.rehearsal import rehearse_judge
from textgan.assembly.trial_turn import rehearse_turn
from textgan.data.batches import Encoded
from textgan.errors import Mistake
from textgan.parts.binding import bind
from textgan.parts.names import PARTS
from textgan.strategies.embedding import Embedding
from textgan.strategies.gumbel import Gumbel
from textgan.strategies.reinforce import Reinforce
from textgan.training.engine import engine_for
from textgan.training.game import Game
from textgan.types import Discriminator, Text

D_LOSS = "(-real.score / 2).exp().mean() + (fake.score / 2).exp().mean()"
G_LOSS = "-fake.score.mean()"
REWARD = "fake.score  #"
VALUE = '{"score-gap": real.score.mean() - fake.score.mean()}'
PENALTY = "self.weight * sum(score.square().mean() for score in scores)"
TURN = 'Turn(loss, fake, {"g-loss": loss.detach(), "reward": reward.mean()})'
READ = "text.read(self.table.weight) if text.vectors is None else text.vectors"


def game(**parts: Any) -> Game:
    torch.manual_seed(1)
    words = torch.randint(4, VOCABULARY.size, (8, 6))
    text = Encoded(
        Text(words, torch.ones_like(words, dtype=torch.bool)), torch.ones_like(words, dtype=torch.bool)
    )
    held: dict[str, Any] = {
        "generator": of_the_docs("Bigram")(VOCABULARY),
        "discriminator": of_the_docs("Mean")(VOCABULARY),
        "objective": of_the_docs("Exponential")(),
        "penalty": of_the_docs("Modest")(),
        "strategy": of_the_docs("Clipped")(),
        **{"train": text, "heldout": text, "length": 6, "seed": 1, "engine": engine_for("cpu", "no", 1)},
    }
    return Game(**held | parts)


def told(**parts: Any) -> str:
    """The one line of the mistake."""
    with pytest.raises(Mistake) as caught:
        rehearse_turn(game(**parts))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("strategy", [None, Gumbel(), Gumbel(hard=False), Embedding(), Reinforce(rollouts=2)])
def test_the_parts_of_the_docs_pass(strategy: Any) -> None:
    rehearse_turn(game(**{} if strategy is None else {"strategy": strategy}))


@pytest.mark.parametrize("name", sorted(set(PARTS["objective"]) - {"mixed-reward"}))
def test_every_objective_of_the_toolkit_is_rewarded_in_order(name: str) -> None:
    try:
        rehearse_turn(game(objective=bind("objective", {"name": name}).build()))
    except Mistake as mistake:  # one that needs another discriminator says so
        assert " needs " in str(mistake), mistake


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (D_LOSS, "(fake.score - real.score).exp()", r"_loss gives a tensor of shape \(3,\) and type float32"),
        (D_LOSS, "None", "discriminator_loss gives None; expected one number for the batch"),
        (D_LOSS, "0.5", "discriminator_loss gives a float; expected one number"),
        (D_LOSS, "(real.score > fake.score).long().sum()", r"_loss gives a tensor of shape \(\) and type int64"),
        (D_LOSS, f"({D_LOSS}) * float('nan')", "discriminator_loss gives nan; expected a finite number"),
        (D_LOSS, f"({D_LOSS}).detach()", "discriminator_loss gives a number without a gradient to the discriminator's"),
        (D_LOSS, "(real.score * 0).sum().sqrt()", "discriminator_loss gives a number whose gradient .* is not finite"),
        (REWARD, "real.score  #", "reward does not change when two written sentences are swapped"),
        (REWARD, "fake.score.flip(0)  #", "reward gives sentences each other's rewards"),
        (REWARD, "fake.score.sort().values  #", "reward does not change when two"),
        (REWARD, "fake.score.unsqueeze(1)  #", r"shape \(3, 1\) .*; expected a float tensor of shape \(3,\)"),
        (REWARD, "fake.score.mean()  #", r"reward gives a tensor of shape \(\) and"),
        (REWARD, "fake.score > 0  #", r"reward gives a tensor of shape \(3,\) and type bool"),
        (REWARD, "fake.score.tolist()  #", "reward gives a list; expected a float tensor"),
        (REWARD, "fake.score / 0  #", "reward gives rewards that are not finite"),
        (REWARD, "fake.score.nowhere  #", "Exponential fails: AttributeError: "),
        (VALUE, "fake.score.mean()", r"value gives a tensor of shape \(\) .*; expected a dict"),
        (VALUE, '{"gap": 0.5}', r"value gives a dict whose 'gap' is a float; expected a tensor of shape \(\)"),
        (VALUE, '{"gap": fake.score}', r"value gives a dict whose 'gap' is a tensor of shape \(3,\)"),
        (VALUE, '{"gap": fake.score.mean().log() * float("nan")}', "value gives a dict whose 'gap' is nan"),
    ],
)  # fmt: skip
def test_an_objective_that_gives_something_else_is_a_mistake(old: str, new: str, expected: str) -> None:
    found = told(objective=of_the_docs("Exponential", (old, new))())
    assert found.startswith("objective: ")
    assert re.search(expected, found), found


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("-fake.score", r"Exponential\.generator_loss gives a tensor of shape \(3,\) and type float32; expected one"),
        ("-fake.score.detach().mean()", r"generator_loss gives a number without a gradient to the verdict on what was"),
        ("(-fake.score.mean(), 0)", "generator_loss gives a tuple; expected one number"),
    ],
)  # fmt: skip
def test_a_loss_that_a_pathwise_strategy_cannot_follow_is_a_mistake(new: str, expected: str) -> None:
    wrong = of_the_docs("Exponential", (G_LOSS, new))
    with pytest.raises(Mistake, match=rf"^objective: .*{expected}"):
        rehearse_turn(game(objective=wrong(), strategy=Gumbel()))
    rehearse_turn(game(objective=wrong()))  # REINFORCE never asks for it


@pytest.mark.parametrize(
    "reward",
    [
        "fake.score + torch.rand(3)  #",
        "torch.zeros_like(fake.score)  #",
        "fake.score - real.score  #",
        "(fake.score - fake.score.mean()) / fake.score.std()  #",
    ],
)
def test_a_reward_may_be_drawn_constant_paired_or_of_the_batch(reward: str) -> None:
    head = ("class Exponential", "import torch\n\n\nclass Exponential")
    rehearse_turn(game(objective=of_the_docs("Exponential", head, (REWARD, reward))()))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("scores[0].square()", r"gives a tensor of shape \(3,\) and .*; expected one number .*take \.mean\(\)"),
        ("None", "gives None; expected one number for the batch"),
        ("0.1", "gives a float; expected"),
        (f"({PENALTY}).detach()", "gives a number without a gradient to the discriminator's weights"),
        (f"({PENALTY}) * float('inf')", "gives inf; expected a finite number"),
    ],
)  # fmt: skip
def test_a_penalty_that_gives_something_else_is_a_mistake(new: str, expected: str) -> None:
    with pytest.raises(Mistake, match=rf"^penalty: Modest\.__call__ {expected}"):
        rehearse_turn(game(penalty=of_the_docs("Modest", (PENALTY, new))()))


def test_a_penalty_that_is_not_due_may_be_a_plain_zero() -> None:
    lazy = of_the_docs("Modest", (PENALTY, "scores[0].new_zeros(())"))
    rehearse_turn(game(penalty=lazy()))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (TURN, "(loss, fake, {})", r"turn gives a tuple; expected a Turn\(loss, fake, log\)"),
        (TURN, "None", "turn gives None; expected a Turn"),
        (TURN, "Turn(advantage, fake, {})", r"turn has a loss that is a tensor of shape \(3,\)"),
        (TURN, "Turn(loss.item(), fake, {})", "turn has a loss that is a float"),
        (TURN, "Turn(loss.detach(), fake, {})", "a loss that is a number without a gradient to the generator's"),
        (TURN, "Turn(loss * float('nan'), fake, {})", "turn has a loss that is nan"),
        (TURN, "Turn(loss, fake.ids, {})", "turn has a fake that is a tensor of shape"),
        (TURN, "Turn(loss, fake, None)", "turn has a log that is None; expected a dict"),
        (TURN, "Turn(loss, fake, {'reward': reward})", r"log that is .* 'reward' is a tensor of shape \(3,\)"),
        ("reward.mean()).clamp", "reward.nowhere()).clamp", "AttributeError: "),
    ],
)  # fmt: skip
def test_a_strategy_that_gives_something_else_is_a_mistake(old: str, new: str, expected: str) -> None:
    with pytest.raises(Mistake, match=rf"^strategy: .*{expected}"):
        rehearse_turn(game(strategy=of_the_docs("Clipped", (old, new))()))


@pytest.mark.parametrize("strategy", [Gumbel(), Gumbel(hard=False), Embedding()])
def test_a_discriminator_that_reads_ids_is_of_no_use_to_a_pathwise_strategy(strategy: Any) -> None:
    """The gradient to where a sentence ends, through `text.weight`, is still there, and is no excuse."""
    blind = of_the_docs("Mean", (READ, "self.table(text.ids)"))(VOCABULARY)
    with pytest.raises(Mistake, match=r"^discriminator: Mean\.embed passes no gradient to relaxed tokens"):
        rehearse_turn(game(discriminator=blind, strategy=strategy))
    rehearse_turn(game(discriminator=blind))  # REINFORCE needs none


def test_without_a_phase_that_plays_turns_none_is_played() -> None:
    wrong = of_the_docs("Clipped", (TURN, "None"))()
    rehearse_turn(game(strategy=wrong), judge_alone=True)
    with pytest.raises(Mistake, match=r"penalty: Modest"):
        rehearse_turn(
            game(strategy=wrong, penalty=of_the_docs("Modest", (PENALTY, "None"))()), judge_alone=True
        )


class Counts(nn.Module):
    """An objective that keeps something in each way there is."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []
        self.mean: torch.Tensor
        self.register_buffer("mean", torch.zeros(()))

    def discriminator_loss(self, real: Any, fake: Any) -> Any:
        self.calls.append(1)
        self.mean += 1
        return (fake.score - real.score).mean()

    def generator_loss(self, real: Any, fake: Any) -> Any:
        return -fake.score.mean()

    def reward(self, real: Any, fake: Any) -> Any:
        return fake.score + torch.rand(()) * len(self.calls)

    def value(self, real: Any, fake: Any) -> Any:
        return {}


def test_all_is_as_it_was() -> None:
    objective, judge = Counts(), of_the_docs("Mean")(VOCABULARY)
    it = game(objective=objective, discriminator=judge, strategy=Reinforce(rollouts=1, baseline="ema"))
    judge.score.eval()
    next(it.generator.parameters()).grad = torch.ones(VOCABULARY.size, 64)
    parts: tuple[nn.Module, ...] = (it.generator, judge, objective, it.strategy)
    before = [copy.deepcopy(part.state_dict()) for part in parts]
    random = torch.get_rng_state()
    rehearse_turn(it)
    assert torch.equal(torch.get_rng_state(), random)
    for part, was in zip(parts, before, strict=True):
        now = part.state_dict()
        assert now.keys() == was.keys() and all(torch.equal(now[key], was[key]) for key in was)
    assert objective.calls == [] and "reward" not in vars(objective)
    assert it.generator.training and judge.training and not judge.score.training
    grads = [weight.grad for part in parts for weight in part.parameters()]
    assert grads[0] is not None and all(grad is None for grad in grads[1:])


def test_a_score_that_is_no_number_is_a_mistake() -> None:
    wrong: Discriminator = of_the_docs("Mean", ("features).squeeze(-1)", "features).squeeze(-1) / 0"))(
        VOCABULARY
    )
    with pytest.raises(Mistake, match=r"^discriminator: Mean gives scores that are not finite"):
        rehearse_judge(wrong, VOCABULARY, 20)


def test_parts_that_cannot_be_copied_are_told_of(tmp_path: Path) -> None:
    whole = game()
    with (tmp_path / "log").open("w") as log:
        whole.objective.log = log
        (note,) = rehearse_turn(whole)
    assert "not tried before training" in note and "cannot be copied" in note
