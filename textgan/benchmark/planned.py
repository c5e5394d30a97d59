"""The parts of a plan: runs, the cells that they belong to, and their commands."""

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

BORROWED = "having none of its own"
"""Ends what a cell is held against where that is another recipe's maximum likelihood."""


@dataclass(frozen=True)
class Run:
    """A planned run folder. needs: key of the start or discriminator that it continues from.

    fronts: checkpoint -> key of the front measured from it.
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
        """`start`, `judge` (a discriminator trained against a start) or `cell`, in the order in which they run."""
        return KINDS[self.path.parent.name]


@dataclass(frozen=True)
class PlannedCell:
    """run: key of its run, which is the start itself if the recipe is maximum likelihood only.

    baseline: key of the front it is compared with; held_against: the same in words. control: key of the front of its
    weights before the adversarial phase, sampled as the cell samples; None if that is how the baseline samples.
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
    """The whole plan. runs: by key, starts first. corpora: name -> a recipe that uses it. samples: sentences requested
    for every front, limited by the size of the training split.

    own_metrics: metrics of the recipes that are defined in the user's files. They are measured with the fronts, which
    are measured again when such a file changes; the final evaluation of a training is not.
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
    """Folder of a cell's run; its name is the run's key."""
    return out / "runs" / file_name(f"{label}-seed{seed}")


def file_name(text: str) -> str:
    """A name valid on every file system, different for different texts."""
    plain = re.sub(r"[^\w.=,-]+", "_", text)
    if plain == text and len(text) < 100:
        return text
    return f"{plain[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
