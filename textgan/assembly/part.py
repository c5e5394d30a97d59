"""Builds one part of a recipe, and checks its interface."""

from __future__ import annotations

from typing import Any

from torch import nn

from textgan.assembly.interfaces import check_interface
from textgan.assembly.recipe import Recipe
from textgan.parts.binding import OWN


def part(recipe: Recipe, key: str, **handed: Any) -> Any:
    """Build the part under a recipe's key; None if the recipe has none. handed: arguments that only the run knows."""
    bound = recipe.part(key)
    if bound is None:
        return None
    built = bound.build(**handed)
    check_interface(key, built)
    return built


def is_own(recipe: Recipe, key: str, built: object) -> bool:
    """Whether the part under this key, or one of its modules, comes from a user's own file."""
    bound = recipe.part(key)
    modules = built.modules() if isinstance(built, nn.Module) else ()
    return (bound is not None and bound.file is not None) or any(
        type(module).__module__.startswith(OWN) for module in modules
    )
