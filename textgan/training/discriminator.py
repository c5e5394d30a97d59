"""Training of the discriminator: alone before the adversarial phase, and in its turns during that phase."""

from __future__ import annotations

from copy import deepcopy
from functools import reduce
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from textgan.data.batches import Batches
from textgan.objectives.joint import join
from textgan.parts.ranges import Count, Size, Whole
from textgan.strategies.schedules import Schedule, at
from textgan.training.form import take_over
from textgan.training.game import Game, judging, pair_accuracy, told_classes
from textgan.training.optimizers import Optimizer, descend
from textgan.training.phase import Phase
from textgan.training.replay import Replay
from textgan.types import Text

_WRITTEN_AT_ONCE = 256  # sentences: relaxed ones take V numbers a token


class DiscriminatorTrainer:
    """Trains the discriminator on real text and fakes; holds its optimiser and its streams of real text.

    noise: standard deviation of the noise on its input at an update, falling linearly to 0 with the phase's progress.
    replay: share of each batch's fakes that are older ones, from the last `replay_size`.
    """

    def __init__(
        self,
        game: Game,
        batch: int,
        plan: Optimizer,
        stream: int,
        noise: float = 0.0,
        replay: float = 0.0,
        replay_size: int = 2048,
    ) -> None:
        self.game = game
        self.batch = batch
        self.plan = plan
        self.optimizer = plan.build(game.discriminator.parameters())
        share: float = getattr(game.objective, "labelled_share", 0.0)
        self.real = game.batches(game.judged or game.train, batch, stream=stream, labelled=share)
        self.heldout = game.batches(game.heldout, batch, stream=stream + 1)
        self.noise = noise
        held = -(-replay_size // game.ranks.count)
        self.replay = Replay(replay, held, game.length, game.engine.device) if replay else None

    def update(self, real: Text, fake: Text) -> dict[str, Tensor]:
        """One optimiser step on objective + penalty, summed over the members of an ensemble."""
        game = self.game
        game.discriminator.train()
        members = game.discriminator.members()
        with game.engine.autocast():
            loss = torch.stack(
                [game.joint.discriminator_loss(*member.judge_both(real, fake)) for member in members]
            ).sum()
        log = {"d-loss": loss.detach()}
        if game.penalty is not None:
            penalty = torch.stack([game.penalty(member, real, fake) for member in members]).sum()
            log["d-penalty"] = penalty.detach()
            loss = loss + penalty
        log["d-grad-norm"] = descend(
            loss, game.discriminator, self.optimizer, self.plan.clip, game.engine, game.ranks
        )
        return log

    def rounds(self, count: int, progress: float, pool: int, epochs: int) -> dict[str, Tensor]:
        """`count` rounds. Each takes `pool` fakes and as many real sentences, and trains on them for `epochs` epochs.

        The generator does not change meanwhile, so the fakes of all rounds are written together, which is faster.
        """
        for member in self.game.discriminator.members():
            member.noise = self.noise * (1 - progress)
        batches = max(1, pool // self.batch)  # pool and batch are those of all ranks together
        pairs = self._pairs(count * batches, progress)
        for begin in range(0, len(pairs), batches):
            for _ in range(epochs):
                for real, fake in pairs[begin : begin + batches]:
                    log = self.update(real, fake)
        return log

    def _pairs(self, count: int, progress: float) -> list[tuple[Text, Text]]:
        """`count` batches of real text, each with an equal number of fakes."""
        reals = [self.game.next_text(self.real) for _ in range(count)]
        together = max(1, _WRITTEN_AT_ONCE // self.game.ranks.share(self.batch))
        pairs = []
        for begin in range(0, count, together):
            chunk = reals[begin : begin + together]
            like = reduce(Text.joined, chunk)
            fakes = self.game.write_fakes(like, len(like), progress)
            sizes = [0, *accumulate(len(real) for real in chunk)]
            for real, low, high in zip(chunk, sizes, sizes[1:], strict=False):
                fake = fakes[low:high]
                pairs.append((real, fake if self.replay is None else self.replay.mix(fake)))
        return pairs

    @torch.no_grad()
    def look(self, fake: Text) -> dict[str, Tensor]:
        """The objective's value, and the pair accuracy on training text and on held-out text."""
        game = self.game
        with judging(game.discriminator), game.engine.autocast():
            judged = join(game.discriminator.judge(fake), game.ranks)
            real = join(game.discriminator.judge(game.next_text(self.real)), game.ranks)
            heldout = join(game.discriminator.judge(game.next_text(self.heldout)), game.ranks)
            return {
                "d-accuracy-train": pair_accuracy(real, judged, game.objective),
                "d-accuracy-heldout": pair_accuracy(heldout, judged, game.objective),
                **game.objective.value(real, judged),
                **told_classes(heldout),
            }

    def learn_at(self, share: float) -> None:
        """Set the optimiser's learning rate to this multiple of the recipe's."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.lr * share

    def state_dict(self) -> dict[str, Any]:
        return {
            "optimizer": self.optimizer.state_dict(),
            "real": self.real.state_dict(),
            "heldout": self.heldout.state_dict(),
            **({"replay": self.replay.state_dict()} if self.replay is not None else {}),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        take_over(self.optimizer, state["optimizer"])
        streams: dict[str, Batches] = {"real": self.real, "heldout": self.heldout}
        for name, stream in streams.items():
            stream.load_state_dict(state[name])
        if self.replay is not None:
            self.replay.load_state_dict(state["replay"])


class Discriminate(Phase):
    """Train the discriminator on the pretrained generator's text before adversarial training begins.

    steps: rounds; each writes `pool` fakes (default: one batch) and trains on them and as many real sentences for
    `epochs` epochs. rate: a factor on the learning rate, as a number or a schedule over the phase; {start: 1, end: 0}
    lets the discriminator settle, where a constant rate keeps it moving around the optimum.
    """

    name = "discriminator"

    def __init__(
        self,
        steps: Whole = 200,
        batch: Size = 64,
        pool: Size | None = None,
        epochs: Count = 1,
        optimizer: Optimizer = Optimizer(lr=1e-3),  # noqa: B008 (frozen)
        rate: float | Schedule = 1.0,
    ) -> None:
        super().__init__()
        self.steps = steps
        self.batch = batch
        self.pool = pool or batch
        self.epochs = epochs
        self.plan = optimizer
        self.rate = rate
        if min(at(rate, 0.0), at(rate, 1.0)) < 0:
            raise ValueError("rate: the learning rate cannot fall below 0")

    def check(self, game: Game) -> None:
        deepcopy(game.strategy).begin(game.generator)  # a copy, since it may keep parts of the generator

    def begin(self, game: Game) -> None:
        self.game = game
        game.strategy.begin(game.generator)
        self.trainer = DiscriminatorTrainer(game, self.batch, self.plan, stream=10)

    @property
    def total(self) -> int:
        return self.steps

    def step(self) -> dict[str, Tensor]:
        self.trainer.learn_at(at(self.rate, self.step_count / self.steps))
        log = self.trainer.rounds(1, 0.0, self.pool, self.epochs)
        self.step_count += 1
        if self.step_count % self.log_every and not self.done:
            return log  # measuring costs as much as a step
        size = self.game.ranks.share(self.batch)
        fake = self.game.write_fakes(self.game.next_text(self.trainer.real), size, 0.0)
        return {**log, **self.trainer.look(fake)}

    def state_dict(self) -> dict[str, Any]:
        return {"step": self.step_count, "trainer": self.trainer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step_count = state["step"]
        self.trainer.load_state_dict(state["trainer"])
