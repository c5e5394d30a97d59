"""Whether a run can be gone on with: by the same recipe, on the same text, and told of if its code has changed."""

from __future__ import annotations

from pathlib import Path

import yaml

from textgan.assembly.recipe import Recipe
from textgan.assembly.settings import WATCHING
from textgan.data.corpus import Corpus, fingerprint
from textgan.errors import Mistake
from textgan.plain import from_yaml
from textgan.runs.origin import CODE, changed_code, changed_text, own_code
from textgan.training.folder import RunFolder, write_json
from textgan.training.progress import Display


def check_folder(folder: RunFolder, resolved: str) -> None:
    """Mistake unless the folder holds a run of the recipe `resolved`; only what watches the training may differ."""
    path = folder.path
    if not (path / "recipe.yaml").is_file():
        raise Mistake(f"--resume: {path} holds no run to go on with; leave --resume out to begin one")
    folder.check_links()
    try:
        before = from_yaml((path / "recipe.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        before = None
    if not isinstance(before, dict):
        raise Mistake(f"--resume: {path / 'recipe.yaml'} is damaged; begin a new run")
    now = from_yaml(resolved)
    keys = (before.keys() | now.keys()) - set(WATCHING)
    changed = sorted(key for key in keys if before.get(key) != now.get(key))
    if changed:
        raise Mistake(
            f"--resume: {path} was begun with another recipe (different: {', '.join(changed)}); resume with the same "
            "recipe and overrides, or begin a new run"
        )


def check_corpus(folder: RunFolder, corpus: Corpus) -> None:
    """Mistake if the text is not what the run began with: its checkpoint would go on with other batches."""
    changed = changed_text(folder.path, fingerprint(corpus))
    if changed:
        raise Mistake(
            f"--resume: the corpus ({', '.join(changed)}) is not the text that {folder.path} was begun with; put the "
            "old text back, or begin a new run"
        )


def keep_code(path: Path, recipe: Recipe, display: Display) -> None:
    """What it goes on with. A part that was mended is no mistake, but it is said that it changed on the way."""
    changed = changed_code(path, recipe)
    if changed and not (path / "evaluation.json").is_file():
        display.warn(
            f"{', '.join(changed)}: not what {path} was begun with; it goes on with what is there now"
        )
        write_json(path / CODE, own_code(recipe))
