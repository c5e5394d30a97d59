"""Checkpoints: a folder with both players as safetensors and the rest of the state, replaced as a whole.

`manifest.json` in it has each file's size and SHA-256, and is written last: if a file does not match
the manifest, the folder is incomplete or was changed, and the checkpoint before it is used.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model, save_model
from torch import nn

from textgan.errors import Mistake, out_of_memory
from textgan.plain import from_json
from textgan.training.folder import flush, flush_folder
from textgan.training.unfinished import MANIFEST, beside, when_saved

_STATE = "state.pt"


def save(
    folder: Path,
    players: dict[str, nn.Module],
    state: dict[str, Any] | None = None,
    at: str = "",
    keep: bool = False,
) -> None:
    """Write `folder` anew: `NAME.safetensors` for each player, and `state` (tensors and plain values only).

    The new folder is complete, and on the disk, before the old one is moved aside: one of the two is always intact.
    at: describes when, such as `mle step 40`. keep: keep the old one, in case the new one is damaged later. OSError if
    it cannot be written; the old one then stays as it is.
    """
    fresh, old = beside(folder, "new"), beside(folder, "old")
    _clear(fresh)
    fresh.mkdir(parents=True)
    try:
        _write(fresh, players, state, at)
        if folder.exists():
            _clear(old)
            folder.rename(old)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)  # an incomplete folder is useless
        raise
    flush_folder(folder.parent)
    if not keep:
        _clear(old)


def _write(fresh: Path, players: dict[str, nn.Module], state: dict[str, Any] | None, at: str) -> None:
    try:
        for name, player in players.items():
            save_model(player, str(fresh / f"{name}.safetensors"))
        if state is not None:
            torch.save(state, fresh / _STATE)
    except (
        SafetensorError,
        RuntimeError,
    ) as error:  # both libraries hide the system's error in one of their own
        if out_of_memory(error):
            raise
        code = re.search(r"os error (\d+)", str(error))
        number = int(code[1]) if code else None
        told_short = " ".join(str(error).split())[:120]
        reason = (
            os.strerror(number)
            if number
            else f"the file came out too short; is the disk full? ({told_short})"
        )
        raise OSError(number, reason, str(fresh)) from error
    files = {}
    for file in sorted(fresh.iterdir()):
        flush(file)
        files[file.name] = {"bytes": file.stat().st_size, "sha256": _digest(file)}
    manifest = fresh / MANIFEST
    manifest.write_text(json.dumps({"at": at, "files": files}, indent=2) + "\n", encoding="utf-8")
    flush(manifest)
    flush_folder(fresh)


def _warn(text: str) -> None:
    print(f"textgan: warning: {text}", file=sys.stderr)


def find(folder: Path, tell: Callable[[str], None] = _warn) -> Path:
    """The folder; or the one before it, if that is whole and this is not, which `tell` is then told.

    The one before is also what there is if the machine stopped between the two renames of `save`. Mistake if there
    is none, or none that is whole.
    """
    places = [place for place in (folder, beside(folder, "old")) if place.is_dir()]
    if not places:
        raise Mistake(f"{folder}: there is no such checkpoint; the run stopped before writing it")
    faults: list[str] = []
    for place in places:
        fault = damage(place)
        if not fault:
            if faults:
                when = when_saved(place)
                tell(f"{faults[0]}; the checkpoint before it is used{f' ({when})' if when else ''}")
            return place
        faults.append(fault)
    raise Mistake(f"{faults[0]}; no earlier checkpoint is intact; restore the files, or start the run again")


def exists(folder: Path) -> bool:
    """Whether there is one, whole or not."""
    return folder.is_dir() or beside(folder, "old").is_dir()


def digest(folder: Path) -> str:
    """SHA-256 of what `find` finds: of its manifest, or of its files where it is from before there was one."""
    place = find(folder)
    manifest = place / MANIFEST
    if manifest.exists():
        return _digest(manifest)
    return sha256("".join(map(_digest, sorted(place.iterdir()))).encode()).hexdigest()


def settle(folder: Path, tell: Callable[[str], None] = _warn) -> None:
    """Put what `find` finds in the folder's own place, so that the next `save` moves a whole one aside."""
    found = find(folder, tell)
    if found != folder:
        shutil.rmtree(folder, ignore_errors=True)
        found.rename(folder)


def damage(folder: Path) -> str:
    """What is wrong with the files, for a user; empty where they are as they were written.

    A checkpoint without a manifest, from before there was one, is taken as it is.
    """
    manifest = folder / MANIFEST
    if not manifest.exists():
        return ""
    try:
        files = from_json(manifest.read_text(encoding="utf-8"))["files"]
        wanted = {Path(name).name: (entry["bytes"], entry["sha256"]) for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{manifest}: damaged"
    if not all(isinstance(size, int) and isinstance(digest, str) for size, digest in wanted.values()):
        return f"{manifest}: damaged"
    for name, (size, digest) in wanted.items():
        file = folder / name
        if not file.is_file():
            return f"{file}: missing"
        if file.stat().st_size != size:
            return f"{file}: damaged (it has {file.stat().st_size:,} bytes instead of {size:,})"
        if _digest(file) != digest:
            return f"{file}: damaged (its checksum is wrong)"
    return ""


def kept(folder: Path) -> str:
    """For an error message: the checkpoint to resume from."""
    place = next((place for place in (folder, beside(folder, "old")) if place.is_dir()), None)
    if place is None:
        return "no checkpoint was written yet"
    when = when_saved(place)
    return f"the last good checkpoint is {folder}{f' ({when})' if when else ''}"


def load_player(folder: Path, name: str, player: nn.Module) -> None:
    """Weights into `player`, in place; Mistake if the file is missing, damaged or of another shape."""
    file = find(folder) / f"{name}.safetensors"
    try:
        load_model(player, str(file), device=_device(player))
    except FileNotFoundError as error:
        raise Mistake(f"{file}: missing; the checkpoint is incomplete") from error
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


def state_to_bytes(state: dict[str, Any]) -> bytes:
    """Tensors and plain values, to be sent to another rank."""
    into = io.BytesIO()
    torch.save(state, into)
    return into.getvalue()


def state_from_bytes(data: bytes) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return state


def finite(player: nn.Module) -> bool:
    """Whether all weights are finite."""
    found = [weight.isfinite().all() for weight in player.parameters()]
    return not found or bool(torch.stack(found).all())


def _clear(place: Path) -> None:
    """Remove what is there, as far as possible."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        with suppress(OSError):
            place.unlink()


def _device(player: nn.Module) -> str:
    """A player may have no weights, as the discriminator of a run without one."""
    return next((str(weight.device) for weight in player.parameters()), "cpu")


def _digest(file: Path) -> str:
    digest = sha256()
    with file.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
