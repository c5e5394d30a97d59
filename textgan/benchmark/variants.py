"""The recipes of a benchmark at every grid point, checked, without seeds yet; and names for their corpora."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.assembly.recipe import Recipe
from textgan.benchmark.arguments import Budget, Words
from textgan.errors import Mistake


@dataclass(frozen=True)
class Variant:
    """A recipe at a grid point, without a seed yet. word, overrides: as in the command that trains it."""

    label: str
    word: str
    overrides: tuple[str, ...]
    recipe: Recipe
    grid: Mapping[str, str]
    resolved: dict[str, Any]

    @property
    def phases(self) -> list[str]:
        return [name for name, phase in self.resolved["train"].items() if phase is not None]

    def generator_has(self, attribute: str) -> bool:
        generator = self.recipe.part("generator")
        return generator is not None and bool(
            getattr(generator.part, attribute, attribute == "has_likelihood")
        )

    @property
    def begins_with_mle(self) -> bool:
        """Whether its maximum likelihood phase depends only on what identifies a start."""
        begins = self.phases[0] == "mle" and not self.resolved.get("start")
        return begins and not self.generator_has("reads_judge")

    @property
    def pretrained(self) -> bool:
        return "mle" in self.phases or bool(self.resolved.get("start"))


OF_THE_GAME = (
    "discriminator",
    "objective",
    "penalty",
    "strategy",
    "train.discriminator",
    "train.adversarial",
)


def _is_of_the_game(change: str) -> bool:
    """Whether a key (or `key=value`) affects only the adversarial phase, which plain likelihood does not have."""
    key = change.partition("=")[0]
    return any(key == part or key.startswith(f"{part}.") for part in OF_THE_GAME)


def _played(words: Words) -> dict[str, bool]:
    """Which recipes have an adversarial phase, before overrides; unreadable ones count as having one."""
    found = {}
    for word in words.recipes:
        try:
            train = Recipe.load(word).values.get("train")
        except Mistake:  # reported when the recipe is loaded with its overrides
            train = None
        found[word] = not isinstance(train, dict) or train.get("adversarial") is not None
    return found


def variants(words: Words, budget: Budget, threads: int) -> list[Variant]:
    """Every recipe at every grid point. Raises Mistake with the mistakes of all.

    Changes that affect only the adversarial phase are not applied to recipes without one, if other recipes have one.
    """
    found: list[Variant] = []
    mistakes: list[str] = []
    plays = _played(words)
    for word in words.recipes:
        some = any(plays.values()) and not plays[word]
        overrides = [one for one in words.overrides if not (some and _is_of_the_game(one))]
        points = [
            {key: value for key, value in point.items() if not (some and _is_of_the_game(key))}
            for point in words.grid
        ]
        for point in [point for index, point in enumerate(points) if point not in points[:index]]:
            given = [*overrides, *(f"{key}={value}" for key, value in point.items())]
            title = " ".join([word, *given[len(overrides) :]])
            try:
                games = Recipe.load(word, given).values.get("train")
                has_game = isinstance(games, dict) and games.get("adversarial") is not None
                given += budget.overrides(has_game)
                if not any(one.startswith("threads=") for one in given):
                    given.append(f"threads={threads}")
                recipe = Recipe.load(word, given)
                recipe.check()
                label = " ".join([recipe.name, *(f"{key}={value}" for key, value in point.items())])
                found.append(Variant(label, word, tuple(given), recipe, point, recipe.resolved()))
            except Mistake as mistake:
                mistakes += [f"{title}: {line}" for line in str(mistake).splitlines()]
    for label in dict.fromkeys(one.label for one in found):
        same = [one.word for one in found if one.label == label]
        if len(same) > 1:
            mistakes.append(f"recipe: {' and '.join(same)} are both named {label}; rename one")
    if mistakes:
        raise Mistake("\n".join(mistakes))
    return found


def named_corpora(variants: Sequence[Variant]) -> dict[str, str]:
    """Label of each variant -> name of its corpus; different corpora get different names."""
    found: dict[str, str] = {}
    settings: dict[str, list[Any]] = {}
    for variant in variants:
        corpus = dict(variant.resolved["corpus"])
        name = str(corpus.pop("name", None) or Path(str(corpus.get("path", "file"))).stem)
        known = settings.setdefault(name, [])
        if corpus not in known:
            known.append(corpus)
        place = known.index(corpus)
        found[variant.label] = name if place == 0 else f"{name} ({', '.join(_different(corpus, known[0]))})"
    return found


def _different(these: Mapping[str, Any], those: Mapping[str, Any]) -> list[str]:
    keys = [key for key in {**those, **these} if these.get(key) != those.get(key)]
    return [f"{key}: {these.get(key, 'default')}" for key in keys]
