"""textgan: GANs for text. Every public name is imported when it is first asked for; this import is cheap."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from textgan.auto import announce

__version__ = "0.1.0"

_HOMES = {
    "textgan.errors": ("Mistake",),
    "textgan.library": ("recipes",),
    "textgan.recipe": ("Recipe",),
    "textgan.training.callbacks": ("Callback",),
    "textgan.types": ("Discriminator", "Generator", "Objective", "Penalty", "Prompt", "Text", "Verdict"),
    "textgan.api": ("evaluate", "load", "train"),
    "textgan.opened": ("Run",),
    "textgan.run": ("Interrupted",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME, "__version__", "benchmark"]


def __getattr__(name: str) -> Any:
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
