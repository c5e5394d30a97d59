"""textgan: GANs for text. Every public name is imported when it is first asked for; this import is cheap."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from textgan.export.auto import announce

if TYPE_CHECKING:  # what a type checker and an editor know of the names below
    from textgan.api import evaluate, load, train
    from textgan.assembly.library import recipes
    from textgan.assembly.recipe import Recipe
    from textgan.benchmark.end_to_end import benchmark
    from textgan.errors import Mistake
    from textgan.metrics.samples import Samples, Score
    from textgan.opened import Run
    from textgan.runs.train import Interrupted
    from textgan.training.callbacks import Callback, Moment
    from textgan.types import (
        Choice,
        Discriminator,
        Generator,
        Objective,
        Penalty,
        Prompt,
        Sampler,
        Situation,
        Strategy,
        Text,
        Turn,
        Verdict,
    )

__version__ = "0.1.0"

_HOMES = {
    "textgan.errors": ("Mistake",),
    "textgan.assembly.library": ("recipes",),
    "textgan.assembly.recipe": ("Recipe",),
    "textgan.training.callbacks": ("Callback", "Moment"),
    "textgan.types": (
        "Choice", "Discriminator", "Generator", "Objective", "Penalty", "Prompt", "Sampler", "Situation", "Strategy",
        "Text", "Turn", "Verdict",
    ),
    "textgan.metrics.samples": ("Samples", "Score"),
    "textgan.api": ("evaluate", "load", "train"),
    "textgan.opened": ("Run",),
    "textgan.runs.train": ("Interrupted",),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # letter by letter, since a type checker reads it
    "Callback", "Choice", "Discriminator", "Generator", "Interrupted", "Mistake", "Moment", "Objective", "Penalty",
    "Prompt", "Recipe", "Run", "Sampler", "Samples", "Score", "Situation", "Strategy", "Text", "Turn", "Verdict",
    "__version__", "benchmark", "evaluate", "load", "recipes", "train",
]  # fmt: skip

if not TYPE_CHECKING:  # which would take any name for known

    def __getattr__(name: str) -> object:
        if name == "benchmark":  # a folder that can be called
            return import_module("textgan.benchmark")
        if name not in _HOME:
            raise AttributeError(f"module 'textgan' has no attribute {name!r}")
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value  # the next look-up does not come here
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


announce()
