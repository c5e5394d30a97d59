"""One part of a recipe, built and held against what its kind must have."""

from __future__ import annotations

from typing import Any

from torch import nn

from textgan.assembly.interfaces import check_interface
from textgan.assembly.recipe import Recipe
from textgan.parts.binding import OWN


def part(recipe: Recipe, key: str, **handed: Any) -> Any:
    """The part under a recipe's key, built; None where the recipe has none."""
    bound = recipe.part(key)
    if bound is None:
        return None
    built = bound.build(**handed)
    check_interface(key, built)
    return built


def is_own(recipe: Recipe, key: str, built: object) -> bool:
    """Whether the part under this key, or a module of it, is of a user's own file."""
    bound = recipe.part(key)
    modules = built.modules() if isinstance(built, nn.Module) else ()
    return (bound is not None and bound.file is not None) or any(
        type(module).__module__.startswith(OWN) for module in modules
    )
