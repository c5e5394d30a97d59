"""What a plan is made of: runs, the cells that they belong to, and the words of their commands."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textgan.assembly.recipe import Recipe

KINDS = {"starts": "start", "judges": "judge", "runs": "cell"}
"""Folder of a benchmark -> what the runs in it are; each may go on from those of the folders before it."""


@dataclass(frozen=True)
class Run:
    """A run folder that is to be there. needs: the key of the start, or of the judge, that it goes on from.

    fronts: which of its checkpoints are measured, and under which key.
    """

    key: str
    label: str
    path: Path
    recipe: Recipe
    command: str
    needs: str | None = None
    fronts: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`start`, `judge` (a start's, trained), or `cell`: in this order."""
        return KINDS.get(self.path.parent.name, "cell")


@dataclass(frozen=True)
class PlannedCell:
    """run: the key of its run, which is the start itself where the recipe is nothing but maximum likelihood.

    baseline: the key of the front it is held against, and held_against the same in words. control: the key of the front
    of its weights before the game, where these draw otherwise than the baseline does: as it draws itself.
    """

    label: str
    recipe: str
    strategy: str
    corpus: str
    seed: int
    run: str
    grid: Mapping[str, str]
    updates_a_step: int
    baseline: str | None = None
    held_against: str = ""
    control: str | None = None

    @property
    def title(self) -> str:
        return f"{self.label}, seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """All of it. runs: by key, starts first. corpora: by name, a recipe on it. samples: asked for of every front;
    there are no more than the training split holds.

    own_metrics: those of the recipes that are files of the user's own. They are measured with the fronts, which are
    measured anew when such a file changes; what a training ended with is not.
    """

    out: Path
    cells: tuple[PlannedCell, ...]
    runs: Mapping[str, Run]
    corpora: Mapping[str, Recipe]
    budget: str
    samples: int
    own_metrics: tuple[str, ...] = ()


def command_of(word: str, overrides: Sequence[str], seed: int, path: Path) -> str:
    return shlex.join(["textgan", "train", word, *overrides, "--seed", str(seed), "--out", str(path)])


def cell_path(out: Path, label: str, seed: int) -> Path:
    """Its folder; the name is the key of the run."""
    return out / "runs" / file_name(f"{label}-seed{seed}")


def file_name(text: str) -> str:
    """A name that every file system takes, different for different texts."""
    plain = re.sub(r"[^\w.=,-]+", "_", text)
    if plain == text and len(text) < 100:
        return text
    return f"{plain[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
