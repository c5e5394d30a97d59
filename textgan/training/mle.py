"""Maximum likelihood: teacher forcing with early stopping, the pretraining of nearly every text GAN."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from textgan.errors import Unfit
from textgan.parts.ranges import NotBelow, Size, Whole
from textgan.training.form import mismatch, take_over
from textgan.training.game import Game
from textgan.training.likelihood import heldout_nats, token_loss
from textgan.training.optimizers import Optimizer, descend
from textgan.training.phase import Phase


class Mle(Phase):
    """Teacher forcing, stopped early on validation NLL; the best epoch's weights are kept.

    epochs: at most this many. patience: epochs without a better validation NLL before training stops; 0 never stops
    early and keeps the last weights, as in the published schedules. lr_decay: factor on the learning rate after each
    epoch without a better validation NLL.
    """

    name = "mle"
    may_stop_early = True

    def __init__(
        self,
        epochs: Whole = 40,
        batch: Size = 64,
        optimizer: Optimizer = Optimizer(lr=2e-3),  # noqa: B008 (frozen)
        patience: Whole = 4,
        lr_decay: NotBelow = 0.5,
    ) -> None:
        super().__init__()
        self.epochs = epochs
        self.batch = batch
        self.plan = optimizer
        self.patience = patience
        self.lr_decay = lr_decay
        self.best_nll = math.inf
        self.bad_epochs = 0
        self.stopped = False
        self.best_weights: dict[str, Tensor] = {}

    def check(self, game: Game) -> None:
        if not (game.generator.has_likelihood or game.generator.reconstructs):
            raise Unfit(
                "train.mle: needs a generator with a likelihood, and this one has none; leave the phase out"
            )

    def begin(self, game: Game) -> None:
        self.check(game)
        self.game = game
        self.optimizer = self.plan.build(game.generator.parameters())
        self.batches = game.batches(game.train, self.batch, stream=1, bucket=True)

    @property
    def total(self) -> int:
        return self.epochs * self.batches.steps_per_epoch

    @property
    def done(self) -> bool:
        return self.stopped or super().done

    @property
    def ending(self) -> str:
        """Which step's weights were kept, and whether the phase stopped early."""
        if not self.patience or not self.best_weights:
            return ""
        each = self.batches.steps_per_epoch
        best = (self.step_count // each - self.bad_epochs) * each
        early = "stopped early: " if self.stopped else ""
        return f"{early}validation NLL {self.best_nll:.3f} was best at step {best:,}"

    def step(self) -> dict[str, Tensor]:
        game = self.game
        game.generator.train()
        text, known = self.batches.next()
        text, known = text.to(game.engine.device), known.to(game.engine.device)
        with game.engine.autocast():
            loss = token_loss(game.generator.teach(text), known, game.ranks)
        norm = descend(loss, game.generator, self.optimizer, self.plan.clip, game.engine, game.ranks)
        self.step_count += 1
        log = {"loss": loss.detach(), "g-grad-norm": norm}
        if self.step_count % self.batches.steps_per_epoch == 0:
            log["nll-validation"] = torch.tensor(self._end_epoch())
        return log

    def _end_epoch(self) -> float:
        nats, tokens = heldout_nats(
            self.game.generator, self.game.heldout, self.game.engine, ranks=self.game.ranks
        )
        nll = nats / max(tokens, 1)
        if nll < self.best_nll:
            self.best_nll, self.bad_epochs = nll, 0
            self.best_weights = {k: v.detach().clone() for k, v in self.game.generator.state_dict().items()}
        else:
            self.bad_epochs += 1
            if self.patience:
                self.stopped = self.bad_epochs >= self.patience
                for group in self.optimizer.param_groups:
                    group["lr"] *= self.lr_decay
        return nll

    def finish(self) -> None:
        if self.patience and self.best_weights:
            self.game.generator.load_state_dict(self.best_weights)

    def state_dict(self) -> dict[str, Any]:
        return {
            "step": self.step_count,
            "best-nll": self.best_nll,
            "bad-epochs": self.bad_epochs,
            "stopped": self.stopped,
            "best-weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step_count = state["step"]
        self.best_nll = state["best-nll"]
        self.bad_epochs = state["bad-epochs"]
        self.stopped = state["stopped"]
        self.best_weights = state["best-weights"]
        if self.best_weights and mismatch(self.best_weights, self.game.generator.state_dict()):
            raise ValueError("the best weights are of another generator")
        take_over(self.optimizer, state["optimizer"])
        self.batches.load_state_dict(state["batches"])
