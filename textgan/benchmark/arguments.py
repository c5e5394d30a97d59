"""Parses the command's arguments: recipes, overrides, seeds, grid and budget. Does not import torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from textgan.errors import Mistake, did_you_mean


@dataclass(frozen=True)
class Words:
    """The parsed arguments. grid: its points, each key -> value as written; a single empty point without a grid."""

    recipes: tuple[str, ...]
    overrides: tuple[str, ...]
    seeds: tuple[int, ...]
    grid: tuple[Mapping[str, str], ...] = ({},)


def sort_words(words: Sequence[str], seeds: Sequence[str], grid: Sequence[str]) -> Words:
    """Classify the command's words: `key=value` is an override, a bare number another seed, the rest are recipes.

    So `recipes/short/*.yaml --seeds 1 2 3` works as expected. A word that names a file is always a recipe. seeds: the
    value of each --seeds, `1` or `1,2,3`. Raises Mistake.
    """
    recipes, overrides, numbers = [], [], []
    for word in words:
        if Path(word).is_file():
            recipes.append(word)
        elif word.isdecimal():
            numbers.append(word)
        elif "=" in word:
            overrides.append(word)
        else:
            recipes.append(word)
    if numbers and not seeds:
        raise Mistake(f"recipe: {numbers[0]} is a number; give seeds with --seeds {' '.join(numbers)}")
    if not recipes:
        raise Mistake("recipe: none given; expected names that `textgan recipes` lists, or YAML files")
    if any(word.startswith("seed=") for word in overrides):
        raise Mistake("seed: give a benchmark's seeds with --seeds 1 2 3")
    seed_words = [part.strip() for word in seeds for part in word.split(",")] + numbers
    wrong = [part for part in seed_words if not part.isdecimal()]
    if wrong:
        raise Mistake(f"--seeds: {wrong[0]!r} is not a seed; expected whole numbers, such as --seeds 1 2 3")
    chosen = tuple(dict.fromkeys(int(part) for part in seed_words)) or (1,)
    return Words(tuple(dict.fromkeys(recipes)), tuple(overrides), chosen, points_of(grid))


def points_of(grid: Sequence[str]) -> tuple[Mapping[str, str], ...]:
    """All combinations: `strategy.rollouts=1,4` and `objective=minimax,hinge` give four points. Raises Mistake."""
    axes: dict[str, list[str]] = {}
    for word in grid:
        key, equals, values = word.partition("=")
        found = [value for value in _outside_brackets(values) if value]
        if not equals or not key or not found:
            raise Mistake(f"--grid: {word!r}; expected key=a,b such as strategy.rollouts=1,4,16")
        if key in axes:
            raise Mistake(f"--grid: {key} is given twice; put its values into one, with commas between")
        axes[key] = list(dict.fromkeys(found))
    return tuple(dict(zip(axes, point, strict=True)) for point in itertools.product(*axes.values()))


def _outside_brackets(text: str) -> list[str]:
    """Split at commas outside brackets, since a value may be a YAML list or mapping."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


@dataclass(frozen=True)
class Budget:
    """Length of each adversarial phase. name: of a budget defined in the recipes; otherwise minutes or steps."""

    name: str | None = None
    minutes: float | None = None
    steps: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> Budget:
        """`smoke`, `demo`, ..., `minutes=5` or `steps=200`; None keeps each recipe's own length. Raises Mistake."""
        key, equals, value = (text or "").partition("=")
        if not equals:
            return cls(name=key or None)
        if key not in ("minutes", "steps"):
            near = did_you_mean(key, ("minutes", "steps"))
            raise Mistake(f"--budget: {text!r}; expected a recipe's budget, minutes=N or steps=N.{near}")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf or (key == "steps" and number != int(number)):
            kind = "a whole number" if key == "steps" else "a number"
            raise Mistake(f"--budget: {text!r}; expected {kind} above 0, such as {key}=5")
        return cls(minutes=number) if key == "minutes" else cls(steps=int(number))

    @property
    def told(self) -> str:
        """The budget in words, for the page."""
        if self.minutes is not None:
            return f"{self.minutes:g} minutes of the adversarial phase's own steps each"
        if self.steps is not None:
            return f"{self.steps:,} iterations of the adversarial phase each"
        return self.name or "each recipe's own schedule"

    def overrides(self, has_game: bool) -> list[str]:
        """The budget as recipe overrides; minutes and steps do not apply without an adversarial phase (`has_game`)."""
        if self.name:
            return [f"budget={self.name}"]
        if not has_game:
            return []
        if self.minutes is not None:
            return [f"train.adversarial.minutes={self.minutes:g}"]
        return [] if self.steps is None else [f"train.adversarial.steps={self.steps}"]
