"""`textgan augment` end to end: generate, filter, measure, write. Finished work is kept and reused."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from textgan.augment.classifiers import BATCH, CLASSIFIERS
from textgan.augment.generating import (
    BUDGETS,
    Budget,
    Generated,
    Reading,
    generate,
    train_generator,
    write_table,
)
from textgan.augment.labelled import (
    FEWEST,
    Labelled,
    by_letter,
    labels_of,
    pick,
    quotas,
    read_labelled,
    stratified,
    together,
)
from textgan.augment.request import Request, check_table, check_work, opened, shares_of, unread
from textgan.augment.sieve import Sieve
from textgan.augment.simple import changed, copied, more
from textgan.augment.verdict import Cell, Comparison, compare
from textgan.data.corpus import Split
from textgan.doctor.examine import examine
from textgan.errors import Mistake
from textgan.runs.loaded import LoadedRun, load
from textgan.training.folder import write_json, write_text
from textgan.training.progress import Waiting

LEAST_ADDED = 200
"""Sentences that are generated for few labels; for more, as many as there are labels; never more than asked for."""


@dataclass(frozen=True)
class Outcome:
    """The result. generated: text from all labelled sentences. measured: generated text by setting, (labels, seed)."""

    request: Request
    data: Labelled
    generated: Generated
    measured: Mapping[tuple[int, int], Generated]
    comparisons: list[Comparison]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """An amount of real text to generate from and measure with. name: prefix of its files. whole: it is all of it."""

    name: str
    real: Split
    whole: bool
    seed: int

    @property
    def labels(self) -> int:
        return len(self.real)


def augment(request: Request, say: Callable[[str], None] = lambda line: None) -> Outcome:
    """Run the request and write the table; resumes what an earlier call with the same request left unfinished.

    say: called with a line for each stage. Raises Mistake, and Interrupted after Ctrl-C.
    """
    request.check()
    budget = BUDGETS[request.budget]
    data = read_labelled(request.train, request.text, request.label, request.test, request.seed)
    check_table(request, data.names)
    run = None if request.run is None else opened(request.run, data, request.trust_code)
    data = data if run is None else unread(data, run)
    shares = shares_of(request, data)
    check_work(request, data)
    work, reading, notes = request.work, _prepare(request, data), list(data.notes)
    say(f"{len(data.train):,} labelled sentences to learn from, {len(data.test):,} to test by")
    if run is not None:
        notes.append(
            "the run was trained on more labels than the smaller settings measure with, and its text reflects them"
        )
    settings = [Setting("all", data.train, True, request.seed), *_smaller(data, budget)]
    if skipped := [size for size in budget.sizes if size >= len(data.train)]:
        notes.append(
            f"not measured at {', '.join(f'{size:,}' for size in skipped)} labels: there are not that many"
        )
    generated = _generate(request, data, run, shares, reading, settings, say)
    of_all = generated["all"]
    if not len(of_all.split):
        raise Mistake(
            f"--out: the filters left none of {of_all.drawn:,} sentences; give more text, a --run that was trained "
            "longer, or --reject 0"
        )
    if len(of_all.split) < of_all.wanted:
        notes.append(f"{of_all.wanted:,} sentences were asked for; the filters left {len(of_all.split):,}")
    say("measuring on held-out text whether it helps")
    with Waiting() as waiting:
        cells = list(
            _measure(settings, generated, data, budget, work / "cells.jsonl", reading.letters, waiting.tell)
        )
    table = together(data.train, of_all.split) if request.with_real else of_all.split
    write_table(request.out, table, data.names, request.text, request.label, data.numbers)
    by_setting = {(s.labels, s.seed): generated[s.name] for s in settings}
    return Outcome(request, data, of_all, by_setting, compare(cells), tuple(notes))


def _generate(
    request: Request,
    data: Labelled,
    run: LoadedRun | None,
    shares: list[float],
    reading: Reading,
    settings: list[Setting],
    say: Callable[[str], None],
) -> dict[str, Generated]:
    """The generated text by the name of its setting, each from a generator of its own, or all from the given run.

    settings: the first has all of the real text. Text already in the work folder is reused.
    """
    budget, work = BUDGETS[request.budget], request.work
    generated: dict[str, Generated] = {}
    for number, setting in enumerate(settings, 1):
        counts = quotas(shares, request.n if setting.whole else _added(request.n, setting.labels))
        kept = work / "generated" / f"{setting.name}.json"
        if run is not None and not setting.whole:
            generated[setting.name] = generated["all"].first(counts)
            continue
        if not kept.is_file():
            say(
                f"generator {number} of {len(settings) if run is None else 1}: from {setting.labels:,} labels"
            )
            writer = run or load(
                train_generator(
                    setting.name, setting.real, work / "data" / "test.csv", data.names, reading.tokenizer,
                    work, budget, setting.seed,
                )
            )  # fmt: skip
            memory = 1.0 if reading.letters else 0.8
            sieve = Sieve(
                setting.real, data.names, reject=request.reject, letters=reading.letters, memory=memory
            )
            with Waiting() as waiting:
                text = generate(
                    writer, counts, sieve, tries=budget.tries, temperature=request.temperature,
                    seed=setting.seed, tell=waiting.tell,
                )  # fmt: skip
            kept.parent.mkdir(exist_ok=True)
            text.save(kept)
        generated[setting.name] = Generated.load(kept)
    return generated


def _added(n: int, labels: int) -> int:
    return min(n, max(LEAST_ADDED, labels))


def _smaller(data: Labelled, budget: Budget) -> list[Setting]:
    """Settings with fewer labels, a subset for each size and seed; those of one seed are nested (see `stratified`)."""
    labels = labels_of(data.train)
    return [
        Setting(f"labels{size}-seed{seed}", pick(data.train, stratified(labels, size, seed)), False, seed)
        for size in budget.sizes
        if FEWEST * len(data.names) <= size < len(data.train)
        for seed in budget.seeds
    ]


def _measure(
    settings: list[Setting],
    generated: Mapping[str, Generated],
    data: Labelled,
    budget: Budget,
    path: Path,
    letters: bool,
    tell: Callable[[str, float], None],
) -> Iterator[Cell]:
    """Every classifier on every arm of every setting; results already in the file are reused."""
    kept = {cell.key: cell for cell in _answers(path)}
    test = by_letter(data.test) if letters else data.test
    whole = [replace(settings[0], seed=seed) for seed in budget.seeds]
    asked = [(setting, name) for setting in [*settings[1:], *whole] for name in CLASSIFIERS]
    for done, (setting, name) in enumerate(asked):
        for arm, train in arms(setting, generated[setting.name].split, len(data.names)).items():
            cell = kept.get((setting.labels, setting.seed, arm, name))
            if cell is None:
                tell(
                    f"measuring {name}, {setting.labels:,} labels, seed {setting.seed}: {arm}",
                    done / len(asked),
                )
                updates = max(budget.updates, math.ceil(budget.passes * setting.labels / BATCH))
                text = by_letter(train) if letters else train
                right = CLASSIFIERS[name](text, test, len(data.names), setting.seed, updates)
                added = len(train) - setting.labels
                cell = Cell(setting.labels, setting.whole, setting.seed, arm, name, added, right)
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(cell.row()) + "\n")
            yield cell


def _answers(path: Path) -> list[Cell]:
    """The results in the file; a truncated last line is removed from it."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        write_text(path, whole)
    return [Cell.of(json.loads(line)) for line in whole.splitlines()]


def arms(setting: Setting, generated: Split, classes: int) -> dict[str, Split]:
    """The training sets of the classifiers; all arms but `real` have the same number of sentences of each label."""
    real = setting.real
    counts = np.bincount(labels_of(generated), minlength=classes).tolist()
    return {
        "real": real,
        "augmented": together(real, generated),
        "simple": together(real, more(real, counts, setting.seed, changed)),
        "copies": together(real, more(real, counts, setting.seed, copied)),
    }


def _prepare(request: Request, data: Labelled) -> Reading:
    """Write the text as tables for the runs; returns how to tokenize it."""
    folder = request.work / "data"
    folder.mkdir(exist_ok=True)
    kept = folder / "reading.json"
    if not kept.is_file():
        write_table(folder / "test.csv", data.test, data.names)
        write_table(folder / "all.csv", data.train, data.names)
        write_json(kept, asdict(Reading.of(examine(folder / "all.csv", "text", "label"))))
    return Reading(**json.loads(kept.read_text(encoding="utf-8")))
