"""The shipped recipes at a size that trains in a moment, and honest runs of some of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from textgan.assembly.library import root
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import train

LINES = [f"the {a} {b} sees a {c} ." for a in ("old", "new") for b in "pqr" for c in "uvwxyz"]
TEXT = "\n".join(LINES).encode()
TABLE = "\n".join(
    ["text,label", *(f"{line},{'pos' if i % 2 else 'neg'}" for i, line in enumerate(LINES))]
).encode()
FILES = {"c.txt": TEXT, "c.csv": TABLE}
LABELLED = {"name": "file", "path": "c.csv", "label": "label", "validation": 4, "test": 6}
PLAIN = {"name": "file", "path": "c.txt", "validation": 4, "test": 6}
_few = {
    "epochs": 1,
    "steps": 1,
    "d_steps": 1,
    "g_steps": 1,
    "d_epochs": 1,
    "mle_steps": 1,
    "batch": 4,
    "pool": 4,
    "d_pool": 4,
}
_kept = {"heads", "slots", "layers", "copies", "blocks", "horizon", "goal"}


def small(path: Path) -> dict[str, Any]:
    """A shipped recipe as a mapping, of a size that trains in a moment."""
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    values.pop("budgets", None)
    labels = (
        values["corpus"].get("name") in ("reviews", "mr", "topics", "stories") or "label" in values["corpus"]
    )
    letters = isinstance(values.get("tokenizer"), dict) and values["tokenizer"].get("name") in (
        "character",
        "bpe",
    )
    oracle = values["corpus"].get("name") == "oracle"
    if oracle:
        values["corpus"] |= {"size": 30, "validation": 5, "test": 5, "words": 20, "length": 5}
        values["length"] = 6
    else:
        values["corpus"] = dict(LABELLED if labels else PLAIN)
        values["length"] = 24 if letters else 9
    if values.get("labelled"):
        values["labelled"] = 8
    for part in ("generator", "discriminator"):
        values[part] = _shrunk(values.get(part))
    values["train"] = {
        name: phase if phase is None else _brief(phase) for name, phase in values["train"].items()
    }
    if isinstance(values.get("strategy"), dict) and "rollouts" in values["strategy"]:
        values["strategy"]["rollouts"] = 1
    values["evaluate"] = {**values.get("evaluate", {}), "every": 1, "samples": 4, "final": 4}
    values["threads"] = 1
    return {key: value for key, value in values.items() if value is not None}


def _shrunk(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _shrunk(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shrunk(inner, key) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and value > 4 and key not in _kept:
        return 4
    return value


def _brief(phase: dict[str, Any]) -> dict[str, Any]:
    return {key: min(value, _few[key]) if key in _few and value else value for key, value in phase.items()}


def recipes() -> dict[str, dict[str, Any]]:
    """By name, such as `short-seqgan`."""
    return {f"{path.parent.name}-{path.stem}": small(path) for path in sorted(root().rglob("*.yaml"))}


RUNS = (
    "short-mle",
    "short-seqgan",
    "short-gumbel",
    "short-conditional",
    "short-arae",
    "short-relgan",
    "short-wgan-gp",
)


def prepare(folder: Path, names: tuple[str, ...] = RUNS) -> None:
    """Honest runs of these recipes in `folder`, with the text beside them."""
    folder.mkdir(parents=True)
    known = recipes()
    for name in names:
        file = folder / f"{name}.yaml"
        for text, content in FILES.items():
            (folder / text).write_bytes(content)
        values = known[name]
        path = folder / values["corpus"]["path"]
        values = {**values, "corpus": {**values["corpus"], "path": str(path)}}
        file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
        try:
            train(Recipe.load(file), folder / name)
        except Mistake as mistake:
            raise AssertionError(f"{name}: {mistake}") from mistake
