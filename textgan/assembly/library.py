"""Finds recipes: those of the package by name, and any YAML file by path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from textgan.errors import Mistake, did_you_mean
from textgan.plain import duplicates, from_yaml, from_yaml_with_node

_SUFFIXES = (".yaml", ".yml")


def root() -> Path:
    """The folder of the package's own recipes: inside an installed wheel, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "recipes"
    return installed if installed.is_dir() else package.parent / "recipes"


class Listed(NamedTuple):
    """A recipe as `textgan recipes` lists it. minutes: at full size, from the file's head; empty if not measured."""

    name: str
    strategy: str
    minutes: str
    summary: str


def recipes() -> list[Listed]:
    """Every recipe of the package, by name. The summary is its first comment that is not a command."""
    return [_listed(name, path) for name, path in sorted(_own().items())]


def locate(recipe: str | Path) -> Path:
    """The file of `seqgan-short`, `short/seqgan` or a path; raises Mistake where there is none."""
    word = str(recipe)
    own = _own()
    by_folder = {path.relative_to(root()).with_suffix("").as_posix(): path for path in own.values()}
    found = own.get(word) or by_folder.get(word)
    if found:
        return found
    path = Path(recipe)
    if path.is_file():
        return path
    if path.suffix in _SUFFIXES:
        raise Mistake(f"recipe: there is no file {word}; `textgan recipes` lists the built-in recipes")
    if path.is_dir():
        raise Mistake(f"recipe: {word} is a folder; expected a recipe's name or a YAML file")
    raise Mistake(f"recipe: there is none called {word!r}.{did_you_mean(word, own)}")


def title(path: Path) -> str:
    """A recipe file's name: `seqgan-short` for the package's short/seqgan.yaml, else the file's own."""
    try:
        parts = path.resolve().relative_to(root().resolve()).with_suffix("").parts
    except ValueError:
        return path.stem
    return "-".join(reversed(parts))


def read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """(the mapping in a YAML file, a message for each key given twice). Raises Mistake if it has no mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        values, node = from_yaml_with_node(text)
        twice = [
            f"{place}: given twice (line {line}); keep one of the two" for place, line in duplicates(node)
        ]
    except UnicodeDecodeError:
        raise Mistake(f"{path}: not UTF-8 text; expected a YAML file") from None
    except OSError as error:
        raise Mistake(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise Mistake(f"{path}: {where}not valid YAML: {problem}") from None
    if not isinstance(values, dict):
        raise Mistake(f"{path}: expected a mapping of keys such as corpus, generator and train")
    return values, twice


def _own() -> dict[str, Path]:
    return {title(path): path for path in root().rglob("*") if path.suffix in _SUFFIXES}


def _listed(name: str, path: Path) -> Listed:
    text = path.read_text(encoding="utf-8")
    comments = [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")]
    summary = next((line for line in comments if line and not line.startswith(("textgan ", "$"))), "")
    measured = [
        line.removeprefix("Minutes: ").split()[0] for line in comments if line.startswith("Minutes: ")
    ]
    strategy = from_yaml(text).get("strategy") or "mle"
    called = strategy if isinstance(strategy, str) else strategy["name"]
    return Listed(name, called, measured[0] if measured else "", summary)
