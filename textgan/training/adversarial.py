"""The adversarial phase: alternating discriminator and generator updates (Goodfellow et al. 2014, Algorithm 1)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from textgan.errors import Mistake, Unfit
from textgan.parts.ranges import Count, Size, Whole
from textgan.strategies.schedules import Schedule, at
from textgan.training.averaging import Average
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.form import take_over
from textgan.training.game import Game, judging, policy_mode
from textgan.training.likelihood import mean_entropy, token_loss
from textgan.training.optimizers import Optimizer, descend
from textgan.training.phase import Phase
from textgan.types import Situation, Text


class Adversarial(Phase):
    """steps: iterations of d_steps discriminator rounds, then g_steps generator turns, as in Algorithm 1.

    A round writes d_pool fakes (default: one batch) and trains on them for d_epochs epochs. With mle_every = n,
    every n-th iteration ends with mle_steps steps of teacher forcing by the generator's optimiser.
    length: the most tokens per sentence during this phase, real sentences being truncated to it; a number, or a
    schedule over the phase (curriculum over length, Press et al. 2017, section 3); default: the run's length.
    minutes: replaces `steps`. The phase ends after this much time in its own steps, not counting evaluation and
    saving, and schedules follow the time spent. Such a run is not reproducible; a resumed one has the time it had left.

    Stabilisers. generator, discriminator: one optimiser each, hence two time scales (Heusel et al. 2017).
    instance_noise: standard deviation of the noise on the discriminator's training input, in units of its embeddings,
    falling to 0 by the end (Sonderby et al. 2017; none in the generator's turn). replay: the share of the
    discriminator's fakes that are drawn from the last replay_size older ones (see `Replay`). average: decay of the
    moving average of the generator's weights, which is then what is evaluated and kept (see `Average`); 0 for none.
    """

    name = "adversarial"
    log_every = 1
    changes_text = True
    clock: Callable[[], float] = staticmethod(time.monotonic)

    def __init__(
        self,
        steps: Whole = 200,
        g_steps: Whole = 1,
        d_steps: Whole = 5,
        d_epochs: Count = 1,
        d_pool: Size | None = None,
        batch: Size = 64,
        mle_every: Whole = 0,
        mle_steps: Count = 1,
        length: float | Schedule | None = None,
        instance_noise: float = 0.0,
        replay: float = 0.0,
        replay_size: Size = 2048,
        average: float = 0.0,
        minutes: float | None = None,
        generator: Optimizer = Optimizer(lr=1e-4),  # noqa: B008 (frozen)
        discriminator: Optimizer = Optimizer(lr=1e-3),  # noqa: B008 (frozen)
    ) -> None:
        super().__init__()
        self.steps = steps
        self.g_steps = g_steps
        self.d_steps = d_steps
        self.d_epochs = d_epochs
        self.d_pool = d_pool or batch
        self.batch = batch
        self.mle_every = mle_every
        self.mle_steps = mle_steps
        self.length = length
        if minutes is not None and not 0 < minutes < math.inf:
            raise ValueError(f"minutes: {minutes}; expected a number above 0")
        self.minutes = minutes
        self.seconds = 0.0
        if not 0 <= average < 1:
            raise ValueError(f"average: {average}; expected 0 or more, and less than 1")
        if not 0 <= replay < 1:
            raise ValueError(f"replay: {replay}; expected a share of the batch, 0 or more and less than 1")
        if instance_noise < 0:
            raise ValueError(f"instance_noise: {instance_noise}; expected 0 or more")
        if replay_size < batch:
            raise ValueError(f"replay_size: {replay_size}; expected a batch of sentences ({batch}) or more")
        self.instance_noise = instance_noise
        self.replay = replay
        self.replay_size = replay_size
        self.decay = average
        self.average: Average | None = None
        self.generator_plan = generator
        self.discriminator_plan = discriminator

    def check(self, game: Game) -> None:
        self._check_generator(game)
        deepcopy(game.strategy).begin(game.generator)  # a copy, since it may keep parts of the generator

    def _check_generator(self, game: Game) -> None:
        if self.mle_every and not (game.generator.has_likelihood or game.generator.reconstructs):
            raise Unfit(
                "train.adversarial.mle_every: needs a generator with a likelihood, and this one has none; set it to 0"
            )
        if self.length is not None:
            short, long = sorted(round(at(self.length, x)) for x in (0.0, 1.0))
            if short < 1 or long > game.length:
                raise Mistake(
                    f"train.adversarial.length: goes from {short} to {long} tokens; expected at least 1, and at "
                    f"most the run's length, {game.length}"
                )

    def begin(self, game: Game) -> None:
        self._check_generator(game)
        self.game = game
        game.strategy.begin(game.generator)
        self.optimizer = self.generator_plan.build(game.generator.parameters())
        self.batches = game.batches(game.train, self.batch, stream=20)
        self.judge = DiscriminatorTrainer(
            game, self.batch, self.discriminator_plan, stream=30,
            noise=self.instance_noise, replay=self.replay, replay_size=self.replay_size,
        )  # fmt: skip
        self.average = Average(game.generator, self.decay) if self.decay else None

    @property
    def total(self) -> int:
        """With `minutes` an estimate: the number of steps at the current pace."""
        if self.minutes is None or not self.seconds:
            return self.steps
        return max(self.step_count, round(self.step_count / self.progress))

    @property
    def done(self) -> bool:
        return super().done if self.minutes is None else self.progress >= 1

    @property
    def progress(self) -> float:
        """The phase's progress in [0, 1], by steps or by the time spent."""
        if self.minutes is None:
            return self.step_count / max(1, self.steps - 1)
        return min(1.0, self.seconds / (60 * self.minutes))

    def step(self) -> dict[str, Tensor]:
        began = self.clock()
        with self.average.training() if self.average is not None else nullcontext():
            log = self._iteration()
        self.seconds += self.clock() - began
        if self.minutes is not None:  # all ranks end at the same step
            self.seconds = self.game.ranks.highest(self.seconds)
        return log

    def _iteration(self) -> dict[str, Tensor]:
        progress = self.progress
        log: dict[str, Tensor] = {}
        if self.length is not None:
            self.game.at_most = round(at(self.length, progress))
            log["length"] = torch.tensor(self.game.at_most)
        if self.d_steps:
            log |= self.judge.rounds(self.d_steps, progress, self.d_pool, self.d_epochs)
        for _ in range(self.g_steps):
            log |= self._generator_turn(progress)
        self.step_count += 1
        if self.mle_every and self.step_count % self.mle_every == 0:
            for _ in range(self.mle_steps):
                log["mle-loss"] = self._teacher_forcing()
        return log

    def _generator_turn(self, progress: float) -> dict[str, Tensor]:
        game = self.game
        real = game.next_text(self.batches)
        policy_mode(game.generator)
        with judging(game.discriminator):
            with game.engine.autocast():
                prompt = game.prompt(real, game.ranks.share(self.batch))
                turn = game.strategy.turn(
                    Situation(
                        game.generator,
                        game.discriminator,
                        game.joint,
                        real,
                        prompt,
                        game.limit,
                        progress,
                        game.ranks,
                    )
                )
            norm = self._descend(turn.loss)
        game.strategy.after_step(game.generator)
        if self.average is not None:
            self.average.update()
        log = {**turn.log, "g-grad-norm": norm, **self.judge.look(turn.fake)}
        log["distinct"] = _distinct(game.ranks.join_wide(turn.fake.ids, game.generator.vocabulary.pad))
        if game.generator.has_likelihood:
            log["entropy"] = self._entropy(turn.fake.ids, turn.fake.mask, turn.fake.labels)
        return log

    def _descend(self, loss: Tensor) -> Tensor:
        game, clip = self.game, self.generator_plan.clip
        return descend(loss, game.generator, self.optimizer, clip, game.engine, game.ranks)

    def _teacher_forcing(self) -> Tensor:
        game = self.game
        text, known = self.batches.next()
        text, known = text.to(game.engine.device), known.to(game.engine.device)
        game.generator.train()
        with game.engine.autocast():
            loss = token_loss(game.generator.teach(text), known, game.ranks)
        self._descend(loss)
        return loss.detach()

    @torch.no_grad()
    def _entropy(self, ids: Tensor, mask: Tensor, labels: Tensor | None) -> Tensor:
        """Mean entropy of the next-token distribution along written sentences, nats."""
        return mean_entropy(self.game.generator, Text(ids, mask, labels), self.game.ranks)

    def finish(self) -> None:
        self.game.at_most = None

    def state_dict(self) -> dict[str, Any]:
        return {
            "step": self.step_count,
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state_dict(),
            "judge": self.judge.state_dict(),
            **({"seconds": self.seconds} if self.minutes is not None else {}),
            **({"average": self.average.state_dict()} if self.average is not None else {}),
        }

    def rank_state(self) -> dict[str, Any]:
        replay = self.judge.replay
        return {} if replay is None else {"replay": replay.state_dict()}

    def load_rank_states(self, states: list[dict[str, Any]]) -> None:
        if self.judge.replay is not None:
            ranks = self.game.ranks
            self.judge.replay.share_out([state["replay"] for state in states], ranks.rank, ranks.count)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step_count = state["step"]
        self.seconds = state.get("seconds", 0.0)
        take_over(self.optimizer, state["optimizer"])
        self.batches.load_state_dict(state["batches"])
        self.judge.load_state_dict(state["judge"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])


def _distinct(ids: Tensor) -> Tensor:
    """Share of distinct sentences in a batch (B,T). `unique` is avoided, as it would synchronise with the GPU."""
    same = torch.ones(len(ids), len(ids), dtype=torch.bool, device=ids.device)
    for tokens in ids.T:
        same &= tokens.unsqueeze(1) == tokens
    return 1 - same.tril(-1).any(1).float().mean()
