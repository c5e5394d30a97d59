"""What a phase does to the players: which tokens count, which weights are kept, who learns and who only judges."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import Encoded
from textgan.errors import Mistake
from textgan.generators.recurrent import LSTM
from textgan.metrics.samples import HeldOut
from textgan.runs.train import train
from textgan.sampling import Draw
from textgan.strategies.reinforce import Reinforce
from textgan.training.adversarial import Adversarial
from textgan.training.discriminator import Discriminate, DiscriminatorTrainer
from textgan.training.evaluation import likelihood_of
from textgan.training.game import judging, pair_accuracy, policy_mode, told_classes
from textgan.training.likelihood import heldout_nats, mean_entropy, token_loss
from textgan.training.mle import Mle
from textgan.types import Choice, Prompt, Situation, Text, Turn, Verdict, Vocabulary


def test_only_known_tokens_count_in_the_loss() -> None:
    log_prob = torch.tensor([[-1.0, -2.0, -4.0], [-8.0, -16.0, -32.0]])
    known = torch.tensor([[True, True, False], [True, False, False]])
    assert float(token_loss(log_prob, known)) == pytest.approx((1 + 2 + 8) / 3)


def test_a_batch_of_unknown_words_alone_has_no_loss() -> None:
    assert float(token_loss(torch.full((2, 3), -1.0), torch.zeros(2, 3, dtype=torch.bool))) == 0


def test_the_entropy_told_is_the_mean_over_the_tokens_written(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    generator = LSTM(Vocabulary(12), embedding=3, hidden=4).eval()
    with torch.no_grad():
        generator.output.bias[4:].uniform_(-3, 3)
        text = generator.write(Prompt(9), 6, Draw())
        each = torch.distributions.Categorical(logits=generator.logits(text)).entropy()  # (B, T)
    assert not text.mask.all()
    wanted = float(each[text.mask].mean())
    assert float(mean_entropy(generator, text)) == pytest.approx(wanted, rel=1e-5)
    monkeypatch.setattr("textgan.training.likelihood.rows_at_once", lambda *_: 7)
    assert float(mean_entropy(generator, text)) == pytest.approx(wanted, rel=1e-5)


def test_heldout_nats_are_the_sum_over_known_tokens_whatever_the_batch(
    small_recipe: Callable[..., Recipe],
) -> None:
    game = build(small_recipe("mle-short")).game
    text, known = game.heldout.text, game.heldout.known.clone()
    known[0, 0] = False  # as an unknown word would be
    wanted = -(game.generator.log_prob(text).double() * known).sum()
    game.generator.train()
    for batch in (3, 100):
        nats, tokens = heldout_nats(game.generator, Encoded(text, known), game.engine, batch)
        assert nats == pytest.approx(float(wanted.detach()), rel=1e-6) and tokens == int(known.sum())
    told = likelihood_of(game.generator, Encoded(text, known), game.engine)
    assert told is not None and told() == HeldOut(nats, tokens, len(text), unknown=1)  # padding is no word
    assert game.generator.training


def test_heldout_nats_are_measured_without_dropout(small_recipe: Callable[..., Recipe]) -> None:
    dropped, plain = (
        build(small_recipe("mle-short", f"generator.dropout={share}")).game for share in (0.5, 0)
    )
    found = [
        heldout_nats(game.generator.train(), game.heldout, game.engine) for game in (dropped, dropped, plain)
    ]
    assert found[0] == found[1] == found[2]


def test_the_best_epoch_is_kept_and_training_stops_early(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    overrides = ["train.mle.epochs=60", "train.mle.patience=2", "train.mle.optimizer={lr: 0.1}"]
    run = train(small_recipe("mle-short", *overrides), tmp_path / "run")
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    told = [row["nll-validation"] for row in rows if "nll-validation" in row]
    assert len(told) < 60 and min(told) == told[-3]  # two epochs without a better one
    built = build(small_recipe("mle-short", f"start={run}", "train.adversarial={steps: 1}", *_PLAYERS))
    nats, tokens = heldout_nats(built.game.generator, built.game.heldout, built.game.engine)
    assert nats / tokens == pytest.approx(min(told), rel=1e-5)


_PLAYERS = [
    "discriminator={name: cnn, embedding: 8, filters: 4}",
    "objective=non-saturating",
    "strategy=gumbel",
    "train.mle=null",
]


def test_a_good_likelihood_is_learnt(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """120 sentences, uniform: a perfect model would need log 120 nats a sentence."""
    overrides = ["train.mle={epochs: 60, batch: 16, optimizer: {lr: 0.02}}", "generator.hidden=32"]
    run = train(small_recipe("mle-short", *overrides), tmp_path / "run")
    evaluation = json.loads((run / "evaluation.json").read_text())
    nll = evaluation["rows"]["after"]["nll"]
    facts = dict(fact.split(":") for fact in nll["signature"].split("|") if ":" in fact)
    per_sentence = nll["value"] * int(facts["tokens"]) / int(facts["sentences"])
    assert math.log(120) - 0.3 < per_sentence < math.log(120) + 1.5


def test_the_discriminator_s_learning_rate_follows_its_schedule(small_recipe: Callable[..., Recipe]) -> None:
    steps = "train.discriminator={steps: 4, optimizer: {lr: 0.2, name: sgd}, rate: {start: 1, end: 0}}"
    built = build(small_recipe("seqgan-short", "train.mle=null", steps))
    phase = next(phase for phase in built.phases if isinstance(phase, Discriminate))
    phase.begin(built.game)
    rates = []
    while not phase.done:
        phase.step()
        rates.append(phase.trainer.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.2, 0.15, 0.1, 0.05])
    with pytest.raises(Mistake, match=r"train\.discriminator.*rate"):
        build(small_recipe("seqgan-short", "train.discriminator.rate={start: 1, end: -1}"))


def test_each_player_learns_at_its_own_rate(small_recipe: Callable[..., Recipe]) -> None:
    rates = ["train.adversarial.generator={lr: 0.01}", "train.adversarial.discriminator={lr: 0.02}"]
    built = build(small_recipe("seqgan-short", *rates))
    phase = next(phase for phase in built.phases if isinstance(phase, Adversarial))
    phase.begin(built.game)
    assert [one.param_groups[0]["lr"] for one in (phase.optimizer, phase.judge.optimizer)] == [0.01, 0.02]


def test_the_rate_falls_after_an_epoch_that_was_no_better(small_recipe: Callable[..., Recipe]) -> None:
    built = build(
        small_recipe("mle-short", "train.mle={batch: 70, patience: 3, lr_decay: 0.25, optimizer: {lr: 0.1}}")
    )
    (phase,) = built.phases
    assert isinstance(phase, Mle)
    phase.begin(built.game)
    assert phase.batches.steps_per_epoch == 1
    rates = []
    for best in (math.inf, -1.0, -1.0):  # the first epoch is better than none, and nothing is than -1
        phase.best_nll = best
        phase.step()
        rates.append(phase.optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0.1, 0.025, 0.00625])


@pytest.mark.parametrize("patience", [0, 9])
def test_with_patience_the_best_weights_are_kept_and_without_it_the_last(
    small_recipe: Callable[..., Recipe], patience: int
) -> None:
    plan = f"train.mle={{batch: 70, epochs: 3, patience: {patience}, optimizer: {{lr: 0.1}}}}"
    built = build(small_recipe("mle-short", plan))
    (phase,) = built.phases
    assert isinstance(phase, Mle)
    phase.begin(built.game)
    weights = []
    while not phase.done:
        phase.step()
        weights.append(built.game.generator.state_dict()["output.weight"].clone())
        phase.best_nll = -1.0  # no later epoch is better
    assert len(weights) == 3 and not phase.stopped
    assert (phase.optimizer.param_groups[0]["lr"] == 0.1) is (patience == 0)
    assert bool(phase.ending) is (patience > 0)
    phase.finish()
    kept = built.game.generator.state_dict()["output.weight"]
    assert torch.equal(kept, weights[0 if patience else 2]) and not torch.equal(weights[0], weights[2])


def test_teacher_forcing_is_with_dropout(
    small_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    still = ["generator.dropout=0.5", "train.mle.optimizer={lr: 0}", "train.adversarial.generator={lr: 0}"]
    built = build(small_recipe("seqgan-short", *still))
    for kind in (Mle, Adversarial):
        phase = next(phase for phase in built.phases if isinstance(phase, kind))
        phase.begin(built.game)
        batch = phase.batches.next()
        monkeypatch.setattr(phase.batches, "next", lambda batch=batch: batch)
        built.game.generator.eval()
        step = phase._teacher_forcing if isinstance(phase, Adversarial) else lambda: phase.step()["loss"]  # noqa: B023
        assert not torch.equal(step(), step())


def test_an_iteration_has_as_many_steps_of_each_kind_as_asked(
    small_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = ["d_steps=2", "d_epochs=3", "d_pool=16", "g_steps=4", "mle_every=2", "mle_steps=5"]
    built = build(small_recipe("gumbel-short", *(f"train.adversarial.{count}" for count in counts)))
    phase = next(phase for phase in built.phases if isinstance(phase, Adversarial))
    phase.begin(built.game)
    judged: list[tuple[int, int]] = []
    turns: list[Turn] = []
    taught: list[Text] = []
    update, turn, teach = DiscriminatorTrainer.update, built.game.strategy.turn, built.game.generator.teach

    def updated(self: DiscriminatorTrainer, real: Text, fake: Text) -> dict[str, torch.Tensor]:
        judged.append((id(real), id(fake)))
        return update(self, real, fake)

    monkeypatch.setattr(DiscriminatorTrainer, "update", updated)
    monkeypatch.setattr(built.game.strategy, "turn", lambda given: turns.append(made := turn(given)) or made)
    monkeypatch.setattr(built.game.generator, "teach", lambda text: taught.append(text) or teach(text))
    phase.step()
    assert len(judged) == 2 * 3 * 2 and len(set(judged)) == 2 * 2  # a pool is two batches of eight
    first, second = judged[:6], judged[6:]
    assert first == 3 * first[:2] and second == 3 * second[:2] and not {*first} & {*second}
    assert len(turns) == 4 and not taught
    phase.step()
    assert len(judged) == 24 and len(turns) == 8 and len(taught) == 5


def test_the_discriminator_gives_rewards_without_dropout_and_learns_nothing_from_it(
    small_recipe: Callable[..., Recipe],
) -> None:
    game = build(small_recipe("seqgan-short", "discriminator.dropout=0.5")).game
    discriminator, text = game.discriminator.train(), game.train.text[:6]
    assert not torch.equal(discriminator.judge(text).score, discriminator.judge(text).score)
    with judging(discriminator):
        assert torch.equal(discriminator.judge(text).score, discriminator.judge(text).score)
        game.strategy.begin(game.generator)
        policy_mode(game.generator)
        turn = game.strategy.turn(
            Situation(game.generator, discriminator, game.objective, text, Prompt(6), game.length, 0.0)
        )
        turn.loss.backward()
    assert all(parameter.grad is None for parameter in discriminator.parameters())
    assert any(parameter.grad is not None for parameter in game.generator.parameters())
    assert discriminator.training and all(parameter.requires_grad for parameter in discriminator.parameters())


def test_fakes_for_the_discriminator_carry_no_graph(small_recipe: Callable[..., Recipe]) -> None:
    for strategy in ("gumbel", "{name: gumbel, hard: false}", "embedding", "reinforce"):
        game = build(small_recipe("seqgan-short", f"strategy={strategy}")).game
        fake = game.write_fakes(game.train.text, 5, progress=0.5)
        assert len(fake) == 5
        held = [fake.presence, *(choice.relaxed for choice in fake.choices or ())]
        assert not any(tensor.requires_grad for tensor in held if tensor is not None)


def test_the_rollout_policy_follows_at_its_rate() -> None:
    generator = LSTM(Vocabulary(8), embedding=3, hidden=4)
    strategy = Reinforce(rollouts=1, rollout_lag=0.8, kl=0.1)
    strategy.begin(generator)
    assert strategy.rollout_policy is not None and strategy.anchor is not None
    old = strategy.rollout_policy.table.weight.clone()
    with torch.no_grad():
        generator.table.weight.add_(1.0)
    strategy.after_step(generator)
    wanted = 0.8 * old + 0.2 * generator.table.weight
    assert torch.allclose(strategy.rollout_policy.table.weight, wanted)
    assert torch.equal(strategy.anchor.table.weight, old)  # the anchor stays where it was


def test_the_anchor_holds_a_policy_back() -> None:
    """At the pretrained generator itself the divergence is 0; away from it, its gradient points back."""
    torch.manual_seed(0)
    generator = LSTM(Vocabulary(8), embedding=3, hidden=4)
    strategy = Reinforce(rollouts=0, kl=1.0)
    strategy.begin(generator)
    assert strategy.anchor is not None
    text = generator.write(Prompt(200), 6, Draw())

    def divergence() -> torch.Tensor:
        ours, theirs = generator.logits(text).log_softmax(-1), strategy.anchor.logits(text).log_softmax(-1)  # type: ignore[union-attr]
        return ((ours.exp() * (ours - theirs)).sum(-1) * text.mask).sum() / text.mask.sum()

    assert float(divergence().detach()) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        generator.output.bias[5] += 1.0
    moved = divergence()
    assert moved > 0.01
    (gradient,) = torch.autograd.grad(moved, generator.output.bias)
    assert gradient[5] > 0


def test_pair_accuracy_by_hand() -> None:
    def verdict(*scores: float) -> Verdict:
        score = torch.tensor(scores)
        return Verdict(score, score.unsqueeze(1))

    # Pairs: 3>1, 3>2, 3=3 (half), 2>1, 2=2 (half), 2<3.
    assert float(pair_accuracy(verdict(3, 2), verdict(1, 2, 3))) == pytest.approx(
        (1 + 1 + 0.5 + 1 + 0.5 + 0) / 6
    )


def test_the_share_of_told_classes_by_hand() -> None:
    scores, classes = torch.zeros(4), torch.eye(3)[[0, 2, 1, 1]]
    labels = torch.tensor([0, 2, 1, 0])
    told = told_classes(Verdict(scores, classes, classes, labels=labels))
    assert {name: float(share) for name, share in told.items()} == {"class-accuracy-heldout": 0.75}
    assert told_classes(Verdict(scores, classes, classes)) == {}
    assert told_classes(Verdict(scores, classes, labels=labels)) == {}


def test_text_of_a_batch_keeps_its_fields_together() -> None:
    ids = torch.arange(12).view(4, 3)
    text = Text(
        ids,
        ids > 0,
        labels=torch.tensor([0, 1, 0, 1]),
        choices=tuple(Choice(ids[:, at], torch.rand(4, 5)) for at in range(3)),
    )
    part = text[torch.tensor([2, 0])]
    assert part.ids.tolist() == [[6, 7, 8], [0, 1, 2]]
    assert part.labels is not None and part.labels.tolist() == [0, 0]
    assert part.choices is not None and text.choices is not None
    for kept, whole in zip(part.choices, text.choices, strict=True):
        assert torch.equal(kept.ids, whole.ids[[2, 0]]) and torch.equal(kept.relaxed, whole.relaxed[[2, 0]])  # type: ignore[arg-type, index]
    assert part.presence is None and torch.equal(part.weight, part.mask)
