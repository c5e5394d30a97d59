"""How far an unfinished run has come, which is what its weights are from. Loads no torch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from textgan.plain import from_json

MANIFEST = "manifest.json"


class Stand(NamedTuple):
    """The phase and the step in it that the checkpoint `last` is of."""

    phase: str
    step: int

    def __str__(self) -> str:
        return f"was stopped in {self.phase} at step {self.step:,}"


def stand(run: Path) -> Stand | None:
    """Of a run that was stopped, or is still under way; None where its training is over, or nothing tells."""
    places = (run / "checkpoints" / "last", beside(run / "checkpoints" / "last", "old"))
    place = next((place for place in places if place.is_dir()), places[0])
    saved = re.fullmatch(r"(\w+) step (\d+)", when_saved(place))
    return Stand(saved[1], int(saved[2])) if saved else None


def go_on(run: Path) -> str:
    """How to resume a run; the rest of the command is that of the run."""
    return f"go on with: textgan train ... --out {run} --resume"


def not_yet(run: Path, checkpoint: str) -> str:
    """For an error: a checkpoint that the run has not come to."""
    where = stand(run) or "was stopped before it"
    return f"--checkpoint: {run} has none called {checkpoint!r} yet, since it {where}; {go_on(run)}"


def when_saved(folder: Path) -> str:
    """`adversarial step 40`, as a checkpoint's manifest says it; empty where it is not said."""
    try:
        return str(from_json((folder / MANIFEST).read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def beside(folder: Path, what: str) -> Path:
    """Where the checkpoint before (`old`) is kept, and the next one (`new`) written."""
    return folder.with_name(f".{folder.name}.{what}")
