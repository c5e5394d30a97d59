"""Whether the files that a run's recipe only names are unchanged: the corpus's text, and the user's own code.

The run folder keeps digests of both, in `corpus.json` and `code.json`, so that resuming the run, scoring it or
averaging it with others can check that they are still the same. Imports of a user's file are not followed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from textgan.assembly.overrides import PART_KEYS
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import Corpus, fingerprint
from textgan.errors import Mistake, NoSuchFile
from textgan.metrics import own_files
from textgan.parts.binding import is_own_file, own_file
from textgan.plain import from_json

TEXT, CODE = "corpus.json", "code.json"


def own_code(recipe: Recipe) -> dict[str, str]:
    """SHA-256 of each of the user's own files that a part or a phase comes from, by its path.

    Files of metrics and callbacks are left out, since they do not affect training.
    """
    names = _own_names([recipe.values.get(key) for key in (*PART_KEYS, "train")])
    files = {own_file(name, (recipe.folder,))[0] for name in names}
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def changed_text(run: Path, now: Mapping[str, str]) -> list[str]:
    """The splits whose text changed since the run began. now: the corpus's `fingerprint`."""
    before = _kept(run / TEXT)
    return [split for split in now if before.get(split) != now[split]]


def check_text(run: Path, corpus: Corpus) -> None:
    """Mistake if the run's corpus, read again, changed since training: held-out text may then have been trained on."""
    if changed := changed_text(run, fingerprint(corpus)):
        raise Mistake(
            f"{run}: its corpus ({', '.join(changed)}) is not the text it was trained on; restore the old text, or "
            "train a new run"
        )


@contextmanager
def where_trained(run: Path) -> Iterator[None]:
    """While a run's corpus is read again: a missing file that the recipe names by a relative path is a Mistake that
    says to go back to the folder the run was trained from. The run does not record that folder, which is private."""
    try:
        yield
    except NoSuchFile as missing:
        if missing.file.is_absolute():
            raise
        raise Mistake(
            f"{missing.place}: {missing.file} does not exist in the current folder, and the recipe of {run} names it "
            "by a relative path; run the command from the folder that the run was trained from"
        ) from missing


def changed_code(run: Path, recipe: Recipe) -> list[str]:
    """The user's own files that changed since training; one that was only moved has not."""
    known = {*_kept(run / CODE).values()}
    return [file for file, digest in own_code(recipe).items() if digest not in known]


def warn_of_code(run: Path, recipe: Recipe) -> None:
    """Warn of the user's own files that changed since training; the current ones are run."""
    try:
        changed = changed_code(run, recipe)
    except FileNotFoundError:  # building the part gives the message
        return
    if changed:
        warnings.warn(
            f"{', '.join(changed)}: not what {run} was trained with, and run as it is now; restore the old file to get "
            "the same text and scores",
            stacklevel=1,
        )


def warn_of_metrics(run: Path, recipe: Recipe) -> None:
    """Warn of the user's own metric files that changed since the run's final scores were measured."""
    before = _kept(run / "evaluation.json").get(own_files.KEY)
    if changed := own_files.changed(recipe.settings.metrics, recipe.folder, before):
        warnings.warn(
            f"{', '.join(changed)}: this metric's file has changed since {run} was trained; these scores are of the "
            f"file as it is now, those in {run / 'evaluation.json'} of the old one",
            stacklevel=1,
        )


def _kept(file: Path) -> dict[str, Any]:
    """The file's mapping; empty if it is missing or damaged."""
    try:
        found = from_json(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _own_names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        for inner in value:
            yield from _own_names(inner)
    elif is_own_file(value):
        yield value
