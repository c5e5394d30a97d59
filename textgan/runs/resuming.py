"""Whether a run can be resumed: with the same recipe and text; changed code of the user's own gives a warning."""

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
    """Mistake unless the folder holds a run of the recipe `resolved`; only callbacks and trackers may differ."""
    path = folder.path
    if not (path / "recipe.yaml").is_file():
        raise Mistake(f"--resume: {path} holds no run to continue; leave --resume out to start one")
    folder.check_links()
    try:
        before = from_yaml((path / "recipe.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        before = None
    if not isinstance(before, dict):
        raise Mistake(f"--resume: {path / 'recipe.yaml'} is damaged; start a new run")
    now = from_yaml(resolved)
    keys = (before.keys() | now.keys()) - set(WATCHING)
    changed = sorted(key for key in keys if before.get(key) != now.get(key))
    if changed:
        raise Mistake(
            f"--resume: {path} was started with another recipe (different: {', '.join(changed)}); resume with the same "
            "recipe and overrides, or start a new run"
        )


def check_corpus(folder: RunFolder, corpus: Corpus) -> None:
    """Mistake if the text changed since the run began: training would continue with other batches."""
    changed = changed_text(folder.path, fingerprint(corpus))
    if changed:
        raise Mistake(
            f"--resume: the corpus ({', '.join(changed)}) is not the text that {folder.path} was started with; restore "
            "the old text, or start a new run"
        )


def keep_code(path: Path, recipe: Recipe, display: Display) -> None:
    """Update the digests of the user's own code, with a warning if it changed: a part may be fixed in between."""
    changed = changed_code(path, recipe)
    if changed and not (path / "evaluation.json").is_file():
        display.warn(
            f"{', '.join(changed)}: not what {path} was started with; the run continues with the current file"
        )
        write_json(path / CODE, own_code(recipe))
