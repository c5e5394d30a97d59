"""The command line's functions in Python. Heavy imports happen when they are called.

run = textgan.train("seqgan-short", corpus="my.txt", strategy="gumbel", train={"mle.epochs": 5})
run.sample(10); run.evaluate(); run.report()
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textgan.assembly.overrides import as_list, as_words
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.opened import Run, Scores
from textgan.training.callbacks import Callback


def train(
    recipe: str | Path | Recipe,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    callbacks: Callback | Iterable[Callback] = (),
    overrides: str | Sequence[str] = (),
    **changes: Any,
) -> Run:
    """Train a recipe, by its name or file; returns its run, with samples, scores and report.html in `out`.

    changes: by the recipe's keys, or `budget`. A word replaces a part (`strategy="gumbel"`), a mapping changes the keys
    it has (`generator={"hidden": 256}`, `train={"mle.epochs": 5}`), None leaves a part out, and a corpus may be a file
    (`corpus="my.txt"`). overrides: the same as the command line has it, `["train.mle.epochs=5"]`. callbacks: see
    `textgan.Callback`. resume: go on with the run in `out`. Raises Mistake, or `textgan.Interrupted` after Ctrl-C.
    """
    words = [*as_list(overrides), *as_words(changes)]
    if not isinstance(recipe, Recipe):
        loaded = Recipe.load(recipe, words)
    elif words:
        raise Mistake(
            f"{words[0].partition('=')[0]}: change a Recipe when it is loaded: Recipe.load(name, [...])"
        )
    else:
        loaded = recipe
    loaded.check()
    from textgan.machine.streams import untouched
    from textgan.report import page
    from textgan.runs.train import train as run_training

    watching = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    target = None if out is None else Path(out)
    named = loaded.name if isinstance(recipe, Recipe) else str(recipe)
    command = ["textgan", "train", named, *words, *([] if target is None else ["--out", str(target)])]
    with untouched():
        path = run_training(loaded, target, None, resume, shlex.join(command), watching)
    page.write([path], None)
    return Run(path, trust_code=True)  # the user's own recipe, which has just been run


def load(run: str | Path, *, trust_code: bool = False) -> Run:
    """Open a run folder. trust_code: run the `.py` files that its recipe names. Raises Mistake where it is none."""
    return Run(run, trust_code=trust_code)


def evaluate(
    samples: str | Path | Iterable[str],
    references: str | Path | Iterable[str] | None = None,
    *,
    train: str | Path | Iterable[str] | None = None,
    metrics: str | Sequence[str] | None = None,
    preset: str | None = None,
    ci: bool = False,
    encoder: str | None = None,
    column: str | None = None,
) -> Scores:
    """Scores of sentences, whoever wrote them, beside those of real text (`.real`); as `textgan evaluate`.

    samples, references (held-out real text), train (what the writer learnt from): sentences, or a file with one a line;
    column: the text of a file with columns. metrics: names, by default what is quick; preset: measured as others did.
    ci: with 95% intervals. An empty sample is scored as a sentence without words, as a generator may have written
    nothing; empty lines of real text are left out. Raises Mistake; what the reader should know is a warning.
    """
    from textgan.scoring import evaluate_texts

    found = evaluate_texts(
        _sentences(samples, "samples", column, empty=True),
        None if references is None else _sentences(references, "references", column),
        None if train is None else _sentences(train, "train", column),
        None if metrics is None else as_list(metrics),
        preset,
        ci,
        encoder,
    )
    for warning in found.warnings:
        warnings.warn(warning, stacklevel=2)
    (file,) = found.files
    return Scores(file.scores, file.real)


def _sentences(
    given: str | Path | Iterable[str], place: str, column: str | None, *, empty: bool = False
) -> list[str]:
    """As those of a file: without the spaces around them, and none that is empty. empty: keep those too."""
    if isinstance(given, (str, Path)):
        from textgan.data.lines import sentences

        return sentences(Path(given), place, column, empty=empty)
    if isinstance(given, Mapping) or hasattr(given, "columns"):  # whose items are the names of columns
        message = f"{place}: a {type(given).__name__} has columns"
        raise Mistake(f"{message}; give the one of the sentences, such as {place}=df['text']")
    if not isinstance(given, Iterable):
        raise Mistake(f"{place}: {given!r:.60} is no sentences; expected some, or the name of a file")
    given = list(given)  # an iterator is read once
    wrong = next((one for one in given if not isinstance(one, str)), None)
    if wrong is not None:
        raise Mistake(f"{place}: {wrong!r:.60} is no sentence; expected text, or the name of a file")
    stripped = [one.strip() for one in given]
    if not any(stripped):
        raise Mistake(f"{place}: contains no sentences; give some, or the name of a file")
    return stripped if empty else [text for text in stripped if text]
