"""Saving and restoring a run's last checkpoint: written by the first rank, read by all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textgan.amounts import amount
from textgan.machine import streams
from textgan.machine.ranks import Ranks
from textgan.training import checkpoints
from textgan.training.game import Game
from textgan.training.health import Diverged
from textgan.training.phase import Phase


def write(game: Game, last: Path, state: dict[str, Any], phase: Phase | None) -> None:
    """Both players and `state`, with what differs between ranks, as the checkpoint `last`. phase: the one it lies
    within; None at the end. To be called after `check`."""
    players = {"generator": game.generator, "discriminator": game.discriminator}
    if not game.ranks.alone:
        own = {"random": state["random"], "phase": {} if phase is None else phase.rank_state()}
        gathered = game.ranks.gather(checkpoints.state_to_bytes(own))
        state["ranks"] = [checkpoints.state_from_bytes(data) for data in gathered]
    if game.ranks.first:
        checkpoints.save(last, players, state, when(phase), keep=True)


def when(phase: Phase | None) -> str:
    return "the end" if phase is None else f"{phase.name} step {phase.step_count}"


def check(game: Game, last: Path, phase: Phase | None) -> None:
    """Raises Diverged if the generator or the discriminator has NaN or infinite weights."""
    for name, player in {"generator": game.generator, "discriminator": game.discriminator}.items():
        if not checkpoints.finite(player):
            raise Diverged(
                f"train: at {when(phase)} the {name} has NaN or infinite weights and is not saved; "
                f"{checkpoints.kept(last)}; resume with --resume, or start again with a lower lr"
            )


def read(game: Game, last: Path, warn: Callable[[str], None]) -> dict[str, Any] | None:
    """The state of the checkpoint `last`, its players' weights in place on every rank; None where there is none."""
    ranks = game.ranks
    if not ranks.highest(ranks.first and checkpoints.exists(last)):
        return None
    state: dict[str, Any] = {}
    with ranks.together():
        if ranks.first:
            checkpoints.settle(last, warn)
            state = checkpoints.load_state(last)
            checkpoints.load_player(last, "generator", game.generator)
            checkpoints.load_player(last, "discriminator", game.discriminator)
    if not ranks.alone:  # the others may be on machines that do not see the folder
        state = checkpoints.state_from_bytes(ranks.from_first(checkpoints.state_to_bytes(state)))
        ranks.broadcast(game.generator, game.discriminator)
    return state


def share_out(
    state: dict[str, Any], phase: Phase | None, ranks: Ranks, seed: int, say: Callable[[str], None]
) -> None:
    """Each rank takes its own part of a checkpoint; ranks beyond those that saved it start fresh random streams.

    phase: the one that the checkpoint was saved in, if any. seed: of the fresh random streams.
    """
    before = state.get("ranks")
    if before is None and ranks.alone:
        return
    if before is None:
        before = [{"random": state["random"], "phase": {} if phase is None else phase.rank_state()}]
    if len(before) != ranks.count:
        say(
            f"saved by {amount(len(before), 'process', 'processes')}, resumed by {ranks.count}: the batches are the "
            "same, but the random numbers differ (to continue bit for bit, use as many processes as before)"
        )
    if phase is not None and before[0]["phase"]:
        phase.load_rank_states([one["phase"] for one in before])
    if ranks.rank < len(before):
        streams.set_random_state(before[ranks.rank]["random"])
    else:
        streams.seed_all(seed)
