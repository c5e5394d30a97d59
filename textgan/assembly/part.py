"""One part of a recipe, built and held against what its kind must have."""

from __future__ import annotations

from typing import Any

from textgan.assembly.interfaces import check_interface
from textgan.assembly.recipe import Recipe


def part(recipe: Recipe, key: str, **handed: Any) -> Any:
    """The part under a recipe's key, built; None where the recipe has none."""
    bound = recipe.part(key)
    if bound is None:
        return None
    built = bound.build(**handed)
    check_interface(key, built)
    return built
