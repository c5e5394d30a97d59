"""The environment a run was trained in: versions, commit, device, command."""

from __future__ import annotations

import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from textgan.assembly.recipe import Recipe
from textgan.training.game import Game

PACKAGES = ("textgan", "torch", "accelerate", "tokenizers", "transformers", "numpy")


def environment(command: str, recipe: Recipe, game: Game) -> dict[str, Any]:
    """What a run's results depend on besides its recipe, for `environment.json`. command: as the user gave it."""
    made = {
        "command": command,
        "commit": commit(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": str(game.engine.device),
        "precision": recipe.settings.precision,
        "threads": torch.get_num_threads(),
        "seed": recipe.settings.seed,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    return made if game.ranks.alone else {**made, "processes": game.ranks.count}


def commit() -> str | None:
    """The commit of the checkout this code runs from, `-dirty` if it was modified; None outside of a checkout.

    An installed package may lie inside another project's repository, so git must also track this file.
    """
    here = Path(__file__).resolve()
    try:
        _git(here.parent, "ls-files", "--error-unmatch", here.name)
        return _git(here.parent, "describe", "--always", "--dirty", "--abbrev=12")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
