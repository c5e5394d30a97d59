"""The interface between the trainer and a phase of training."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from textgan.training.game import Game


class Phase:
    """Some steps over the game. The constructor takes a recipe's plain values; `begin` meets the players.

    batch: sentences of each side that a step reads, of all ranks together. log_every: steps between logged rows.
    may_stop_early: the total is an upper bound. changes_text: the generator is looked at, and its best weights kept,
    while the phase goes on.

    A phase's whole state is in `state_dict`: with it, and the players' and the random numbers' state, a
    resumed run goes on bit for bit.
    """

    name: str
    game: Game
    batch: int
    log_every = 10
    may_stop_early = False
    changes_text = False

    def __init__(self) -> None:
        self.step_count = 0

    def check(self, game: Game) -> None:
        """Mistake if the phase cannot train these players; called before any file is made."""

    def begin(self, game: Game) -> None:
        """Build optimisers and streams."""
        raise NotImplementedError

    @property
    def total(self) -> int:
        """Steps at most."""
        raise NotImplementedError

    @property
    def done(self) -> bool:
        return self.step_count >= self.total

    @property
    def ending(self) -> str:
        """How the phase ended, for the log; empty if it did all its steps."""
        return ""

    def step(self) -> dict[str, Tensor]:
        """One step; scalars for the log, still on the device."""
        raise NotImplementedError

    def finish(self) -> None:
        """Called once when the phase is done."""

    def state_dict(self) -> dict[str, Any]:
        raise NotImplementedError

    def rank_state(self) -> dict[str, Any]:
        """What differs between ranks that train together; `state_dict` has rank 0's of it too."""
        return {}

    def load_rank_states(self, states: list[dict[str, Any]]) -> None:
        """Take this rank's part of the `rank_state`s of the ranks that were, maybe not as many as now."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        raise NotImplementedError
