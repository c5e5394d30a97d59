"""Checkpoints: a folder with both players as safetensors and the rest of the state, replaced as a whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from textgan.errors import Mistake

_STATE = "state.pt"


def save(folder: Path, players: dict[str, nn.Module], state: dict[str, Any] | None = None) -> None:
    """Write `folder` anew: `NAME.safetensors` for each player, and `state` (tensors and plain values only).

    The new folder is complete before the old one is moved aside, so that one of the two is always whole.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, player in players.items():
        save_model(player, str(fresh / f"{name}.safetensors"))
    if state is not None:
        torch.save(state, fresh / _STATE)
    for file in fresh.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def find(folder: Path) -> Path:
    """The folder, or the one it was about to replace if the machine stopped between the two renames."""
    old = folder.with_name(f".{folder.name}.old")
    if not folder.exists() and old.exists():
        return old
    if not folder.exists():
        raise Mistake(f"{folder}: there is no such checkpoint; the run stopped before it was written")
    return folder


def load_player(folder: Path, name: str, player: nn.Module) -> None:
    """Weights into `player`, in place; Mistake if the file is missing, damaged or of another shape."""
    file = find(folder) / f"{name}.safetensors"
    try:
        load_model(player, str(file), device=str(next(player.parameters()).device))
    except FileNotFoundError as error:
        raise Mistake(f"{file}: missing; the checkpoint is not whole") from error
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Mistake(f"{file}: does not fit this {name}: {reason}") from error


def load_state(folder: Path) -> dict[str, Any]:
    """The rest of the state; loads tensors and plain values, never code."""
    file = find(folder) / _STATE
    try:
        state: dict[str, Any] = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise Mistake(f"{file}: missing; this checkpoint cannot be resumed from") from error
    except Exception as error:  # torch.load fails in many ways on a damaged file; all mean the same here
        raise Mistake(f"{file}: cannot be read ({type(error).__name__}); the file is damaged") from error
    return state


def random_state() -> dict[str, Any]:
    """Of every generator that training draws from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda}


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(state["cuda"])
