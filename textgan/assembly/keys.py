"""A recipe's top-level keys, and its budgets, which override values under them."""

from __future__ import annotations

from typing import Any

from textgan.assembly.overrides import PART_KEYS, Override, flatten
from textgan.assembly.settings import SETTINGS
from textgan.errors import did_you_mean

KEYS = ("name", *PART_KEYS[:2], "length", *PART_KEYS[2:], "train", "evaluate", *SETTINGS[1:])


def drop_unknown(values: dict[str, Any]) -> list[str]:
    """Remove keys that no recipe has, in place; returns a line for each."""
    unknown = [key for key in values if key not in KEYS]
    for key in unknown:
        del values[key]
    return [_no_such_key(str(key), str(key)) for key in unknown]


def known_only(changes: list[Override]) -> tuple[list[Override], list[str]]:
    """(the overrides whose first word is a recipe's key, a message for each of the others)."""
    known = [change for change in changes if change.path[0] in KEYS]
    return known, [_no_such_key(c.path[0], c.place) for c in changes if c.path[0] not in KEYS]


def _no_such_key(key: str, place: str) -> str:
    return f"{place}: a recipe has no key {key!r}.{did_you_mean(key, (*KEYS, 'budget', 'budgets'))}"


def chosen_budget(names: list[Any], budgets: Any) -> tuple[list[Override], list[str]]:
    """(the overrides of the budget that was asked for, the mistakes in all budgets)."""
    if not isinstance(budgets, dict) or not all(isinstance(budget, dict) for budget in budgets.values()):
        return [], ["budgets: expected a mapping such as {smoke: {train.mle.epochs: 1}}"]
    mistakes = []
    changes = {}
    for budget, overrides in budgets.items():
        changes[budget], unknown = known_only(flatten(overrides))
        mistakes += [f"budgets.{budget}.{line}" for line in unknown]
    chosen: list[Override] = []
    for name in names:
        if not isinstance(name, (dict, list, set)) and name in changes:
            chosen = changes[name]
        else:
            near = did_you_mean(str(name), map(str, changes)) or " It has none."
            mistakes.append(f"budget: the recipe has none called {name!r}.{near}")
    return chosen, mistakes
