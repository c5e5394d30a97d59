"""The recipes of a benchmark at every point of its grid, checked, before their seeds; and names for their corpora."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.assembly.recipe import Recipe
from textgan.benchmark.asked import Budget, Words
from textgan.errors import Mistake


@dataclass(frozen=True)
class Variant:
    """A recipe at a point of the grid, before its seeds. word, overrides: of the command that trains it."""

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
        """Whether its maximum likelihood phase depends on nothing but what a start is told by."""
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
    """Whether `key=value` or a key changes nothing but the game, which plain likelihood has not."""
    key = change.partition("=")[0]
    return any(key == part or key.startswith(f"{part}.") for part in OF_THE_GAME)


def _played(words: Words) -> dict[str, bool]:
    """Which of the recipes have a game, as they are written; those that cannot be read count as having one."""
    found = {}
    for word in words.recipes:
        try:
            train = Recipe.load(word).values.get("train")
        except Mistake:  # shown where the recipe is loaded with its overrides
            train = None
        found[word] = not isinstance(train, dict) or train.get("adversarial") is not None
    return found


def variants(words: Words, budget: Budget, threads: int) -> list[Variant]:
    """Every recipe at every point of the grid. Raises Mistake with the mistakes of all.

    What changes the game alone is not asked of a recipe without one, where others beside it have one.
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
    """A name for the corpus of each variant, by label; corpora that differ have different names."""
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
