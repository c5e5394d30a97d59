"""Measures the quality of a strategy's gradient estimates at a finished run's final generator and discriminator."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.strategies.gradients import estimate
from textgan.training import checkpoints
from textgan.training.adversarial import Adversarial
from textgan.training.folder import write_json
from textgan.training.form import taking_over
from textgan.training.game import judging, policy_mode
from textgan.types import Situation

FILE = "gradient.json"  # next to the front of the run's last checkpoint
REPEATS = 8
STREAM = 90  # random stream for batches of real text; not used by any phase


def is_missing(recipe: Recipe, folder: Path) -> bool:
    """Whether the run has an adversarial phase whose gradient has not been measured yet."""
    return "adversarial" in recipe.phases and not (folder / FILE).is_file()


def measure_gradient(run: Path, folder: Path) -> None:
    """Write `folder/gradient.json`: noise of one estimate relative to the norm of the expected gradient, CPU seconds
    per estimate, and signal per second (`textgan.strategies.gradients`), from REPEATS estimates with the batch size and
    final temperature of the run's adversarial phase.

    The strategy keeps its final state: its anchor is the generator at the start of that phase, and its rollout policy
    lags behind the generator. Quantities that so few estimates cannot resolve are omitted. Raises Mistake.
    """
    recipe = Recipe.load(run / "recipe.yaml")
    built = build(recipe)
    game = built.game
    phase = next(phase for phase in built.phases if isinstance(phase, Adversarial))
    last = run / "checkpoints" / "last"
    for name, player in {"generator": game.generator, "discriminator": game.discriminator}.items():
        checkpoints.load_player(last, name, player)
    state: dict[str, Any] = checkpoints.load_state(last)
    with taking_over(last / "state.pt"):
        game.strategy.begin(game.generator)  # allocates the state it keeps of a generator
        game.strategy.load_state_dict(state["strategy"])
    policy_mode(game.generator)
    real = game.next_text(game.batches(game.train, phase.batch, STREAM))
    prompt = game.prompt(real, phase.batch)
    with judging(game.discriminator), game.engine.autocast():
        situation = Situation(
            game.generator, game.discriminator, game.objective, real, prompt, game.limit, progress=1.0
        )
        found = estimate(game.strategy, situation, REPEATS, seed=game.seed, begin=False)
    told = {
        "noise / signal": found.noise,
        "seconds an estimate": found.seconds,
        "signal per second": found.signal_per_second,
    }
    write_json(folder / FILE, {key: value for key, value in told.items() if math.isfinite(value)})


def read_gradient(folder: Path) -> dict[str, float]:
    """The contents of `folder/gradient.json`; empty if nothing was measured."""
    try:
        found: dict[str, float] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError):
        return {}
