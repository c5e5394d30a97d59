"""`key.path=value`: how the command line and a recipe's budgets change the recipe.

A word for a part (`strategy=gumbel`) replaces the part and drops the former part's arguments; so do
`strategy.name=gumbel` and, for a corpus that has no path yet, `corpus.path=my.txt`. Whatever the order on the
command line, a part is replaced first and its arguments are set afterwards.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from textgan.errors import Mistake, shown
from textgan.parts.names import DEFAULT_NAMES, PARTS
from textgan.plain import duplicates, from_yaml_with_node

PART_KEYS = ("corpus", "tokenizer", "generator", "discriminator", "objective", "penalty", "strategy")
PHASES = ("mle", "discriminator", "adversarial")

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")
_HASH = re.compile(r"(^|\s)#")  # where YAML starts a comment
_NOT_PLAIN = "\"'[{|>&*!"  # the first characters of YAML values that are not plain scalars


class Override(NamedTuple):
    """One value for one place in the recipe."""

    path: tuple[str, ...]
    value: Any

    @property
    def place(self) -> str:
        return ".".join(self.path)


def parse(words: Sequence[str]) -> tuple[list[Override], list[str]]:
    """(the overrides that the command line's words give, a message for each malformed one).

    `corpus=VALUE` sets corpus.path if VALUE looks like a file, as from Python.
    """
    found: dict[str, Override] = {}
    mistakes = []
    for word in words:
        place, equals, text = word.partition("=")
        if not equals or not all(place.split(".")):
            mistakes.append(f"{word}: expected key.path=value, for example strategy.rollouts=4")
        else:
            try:
                given, twice = _value(text, place)
                value = numbers(given)
                mistakes += [f"{key}: given twice; keep one of the two" for key in twice]
                if place == "corpus" and _is_file(value):
                    place = "corpus.path"
                if place in found:
                    mistakes.append(f"{place}: given twice; keep one of the two")
                    continue
                found[place] = Override(tuple(place.split(".")), value)
            except yaml.YAMLError as error:
                shown = text if len(text) <= 60 else f"{text[:57]}..."
                why = f" ({error.problem})" if isinstance(error, yaml.MarkedYAMLError) else ""
                mistakes.append(
                    f"{place}: {shown!r} is not a value YAML can read{why}; put it in quotes: '\"{shown}\"'"
                )
    return list(found.values()), mistakes


def as_words(changes: Mapping[str, Any]) -> list[str]:
    """Changes given from Python as command-line words, which `parse` reads back.

    Keys are the recipe's. A mapping changes the keys it names (`train={"mle.epochs": 3}`); with another `name`, it
    replaces the part. For the corpus, a string that is no corpus's name and looks like a file is its path. Raises
    Mistake for a value that YAML cannot hold.
    """
    words = []
    for key, value in changes.items():
        if key == "corpus" and _is_file(value):
            value = {"path": value}
        elif key == "corpus" and not (value is None or isinstance(value, (str, Mapping))):
            raise Mistake(
                f"corpus: expected a name, a file or a mapping, got {shown(value)}; write the sentences to a file, one "
                "per line: corpus='my.txt'"
            )
        deep = 2 if key == "train" else 1
        for place, inner in _places(key, value, deep):
            words.append(f"{place}={as_yaml(inner, place)}")
    return words


def as_list(words: str | Iterable[str]) -> list[str]:
    """Strings given from Python as a list; a single string becomes a list of one."""
    return [words] if isinstance(words, str) else list(words)


def as_yaml(value: Any, place: str) -> str:
    """A value as one line of YAML. Mistake for a value that YAML cannot hold."""
    line = yaml.safe_dump(_plain(value, place), default_flow_style=True, allow_unicode=True, width=math.inf)
    return str(line).removesuffix("\n").removesuffix("\n...")


def _places(place: str, value: Any, deep: int) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not value or not deep:
        yield place, value
        return
    for key, inner in value.items():
        yield from _places(f"{place}.{key}", inner, deep - 1 - str(key).count("."))


def _value(text: str, place: str) -> tuple[Any, list[str]]:
    """(YAML without comments, keys given twice). In a plain word, ` #` is part of the text, as in `my #1.txt`."""
    bare = text.strip()
    if _HASH.search(bare) and bare[0] not in _NOT_PLAIN:
        return bare, []
    value, node = from_yaml_with_node(text)
    return value, [key for key, _ in duplicates(node, place)]


def _is_file(corpus: Any) -> bool:
    if isinstance(corpus, Path):
        return True
    if not isinstance(corpus, str) or corpus in PARTS["corpus"] or ".py:" in corpus:
        return False
    return bool(Path(corpus).suffix) or "/" in corpus or Path(corpus).is_file()


def _plain(value: Any, place: str) -> Any:
    """The value as YAML's plain types. Mistake for an object that has none."""
    if value is None:
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # numpy's and torch's numbers
        return _plain(value.tolist(), place)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, f"{place}.{key}") for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, place) for inner in value]
    remedy = (
        "put the class into a file and name it as './mine.py:Mine'"
        if callable(value)
        else "give a plain value"
    )
    raise Mistake(f"{place}: a recipe cannot hold {shown(value)}; {remedy}")


def flatten(mapping: Mapping[str, Any], before: tuple[str, ...] = ()) -> list[Override]:
    """A budget's overrides, whether its keys are dotted or nested."""
    found = []
    for key, value in mapping.items():
        path = (*before, *str(key).split("."))
        found += flatten(value, path) if isinstance(value, dict) and value else [Override(path, value)]
    return found


def numbers(value: Any) -> Any:
    """YAML 1.1 reads 1e-3 as text; make such text a float, at any depth."""
    if isinstance(value, dict):
        return {key: numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [numbers(item) for item in value]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def merge(
    values: dict[str, Any],
    budget: Sequence[Override],
    user: Sequence[Override],
    takes: Callable[[str, dict[str, Any], str], bool],
) -> list[str]:
    """Apply overrides to the recipe's values in place: first the budget's, then the user's, which take precedence.

    takes(key, part, argument): whether the part takes the argument. If the user replaced a part, the budget's arguments
    that the new part does not take, or that the user gave with the part, are dropped. Returns the mistakes, one line
    each.
    """
    _replace_parts(values, budget)
    mistakes = _put_all(values, budget)
    replaced = _replace_parts(values, user)
    kept = (
        override
        for override in budget
        if override.path[0] in replaced and len(override.path) > 1 and override.path[1] != "name"
        if isinstance(part := values[override.path[0]], dict)
        and override.path[1] not in part
        and takes(override.path[0], part, override.path[1])
    )
    return mistakes + _put_all(values, list(kept)) + _put_all(values, user)


def _replace_parts(values: dict[str, Any], overrides: Sequence[Override]) -> set[str]:
    """Replace the parts that the overrides name; returns the keys of the replaced parts."""
    replaced = set()
    for key in PART_KEYS:
        given = {override.path[1:]: override.value for override in overrides if override.path[0] == key}
        part = values.get(key)
        former = part if isinstance(part, dict) else {}
        name = former.get("name", DEFAULT_NAMES.get(key))
        new: Any = former
        if () in given:
            whole = given[()]
            new = {"name": whole} if isinstance(whole, str) else whole
            if isinstance(whole, str) and whole == name:
                continue
        elif ("name",) in given and given[("name",)] != name:
            new = {"name": given[("name",)]}
        elif key == "corpus" and ("path",) in given and ("name",) not in given and "path" not in former:
            new = {}
        if new is not former:
            values[key] = new
            replaced.add(key)
    return replaced


def _put_all(values: dict[str, Any], overrides: Iterable[Override]) -> list[str]:
    mistakes = []
    phases = len(values["train"]) if isinstance(values.get("train"), dict) else 0
    for override in sorted(overrides, key=lambda override: len(override.path)):
        if len(override.path) == 1 and override.path[0] in PART_KEYS:
            continue  # the part has been replaced already
        try:
            _put(values, override)
        except Mistake as mistake:
            mistakes.append(str(mistake))
    if isinstance(values.get("train"), dict) and len(values["train"]) > phases:
        values["train"] = _in_order(values["train"])
    return mistakes


def _put(values: dict[str, Any], override: Override) -> None:
    inner = values
    for depth, key in enumerate(override.path[:-1], start=1):
        if inner.get(key) is None:
            inner[key] = {}
        inner = inner[key]
        if not isinstance(inner, dict):
            place = ".".join(override.path[:depth])
            raise Mistake(f"{override.place}: {place} is a single value; nothing can be set inside it")
    inner[override.path[-1]] = override.value


def _in_order(phases: dict[str, Any]) -> dict[str, Any]:
    """The phases in the usual order if all are known, so that a phase added by an override is put in its place."""
    usual = [phase for phase in PHASES if phase in phases]
    return {phase: phases[phase] for phase in usual} if len(usual) == len(phases) else phases
