"""Generates labelled text from labelled text: trains by the doctor's recipe, samples, and filters with the sieve."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from textgan.assembly.recipe import Recipe
from textgan.augment.labelled import labels_of, pick
from textgan.augment.sieve import Sieve
from textgan.data.corpus import Split
from textgan.doctor.examine import Examination, examine
from textgan.doctor.written_recipe import recipe as written
from textgan.errors import Mistake
from textgan.runs.asked import Asked
from textgan.runs.loaded import LoadedRun
from textgan.runs.train import train as run_training
from textgan.training.folder import write_json, write_text

DOCUMENT = 150
"""Words in the median text, above which texts are documents and words a poor unit."""


@dataclass(frozen=True)
class Budget:
    """How much compute to spend. sizes: numbers of labels to measure with, besides all of them.

    updates, passes: minimum number of updates of each CNN, and of its passes over the real text. epochs: maximum for
    pretraining. steps: of the adversarial phase. words: maximum vocabulary size; None uses the doctor's. tries: maximum
    number of candidates drawn for each requested sentence.
    """

    sizes: tuple[int, ...] = (50, 200, 1_000)
    seeds: tuple[int, ...] = (1, 2, 3)
    updates: int = 300
    passes: int = 4
    epochs: int = 12
    steps: int = 40
    words: int | None = 4_000
    tries: int = 30


BUDGETS = {
    "usual": Budget(),
    "smoke": Budget(sizes=(20,), seeds=(1, 2), updates=10, passes=0, epochs=1, steps=2, tries=6),
    "thorough": Budget(seeds=(1, 2, 3, 4, 5), updates=1_000, epochs=30, steps=200, words=None),
}


@dataclass(frozen=True)
class Generated:
    """split: the sentences kept, with the labels they were generated for. wanted, drawn: numbers of sentences requested
    and sampled. dropped: how many each filter rejected."""

    split: Split
    wanted: int
    drawn: int
    dropped: dict[str, int]

    def save(self, path: Path) -> None:
        facts = {"wanted": self.wanted, "drawn": self.drawn, "dropped": self.dropped}
        write_json(path, {**facts, "texts": self.split.texts, "labels": self.split.labels})

    @classmethod
    def load(cls, path: Path) -> Generated:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return cls(Split(kept["texts"], kept["labels"]), kept["wanted"], kept["drawn"], kept["dropped"])

    def first(self, counts: list[int]) -> Generated:
        """The first `counts[k]` sentences of each label k (or all, if there are fewer)."""
        left, rows = list(counts), []
        for row, label in enumerate(labels_of(self.split).tolist()):
            if left[label]:
                left[label] -= 1
                rows.append(row)
        return replace(self, split=pick(self.split, np.array(rows, dtype=np.int64)), wanted=sum(counts))


def write_table(
    path: Path,
    split: Split,
    names: tuple[str, ...],
    text: str = "text",
    label: str = "label",
    numbers: bool = False,
) -> None:
    """Atomically write a row for each sentence: csv or tsv with a header, or jsonl, by the path's suffix.

    numbers: the label names are numbers, and are written as such in jsonl.
    """
    rows = [(told, names[index]) for told, index in zip(split.texts, labels_of(split).tolist(), strict=True)]
    if path.suffix.lower() == ".jsonl":
        lines = (
            json.dumps({text: told, label: json.loads(name) if numbers else name}, ensure_ascii=False)
            for told, name in rows
        )
        return write_text(path, "".join(f"{line}\n" for line in lines))
    table = io.StringIO()
    between = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.writer(table, delimiter=between, lineterminator="\n").writerows([(text, label), *rows])
    write_text(path, table.getvalue())


@dataclass(frozen=True)
class Reading:
    """How the text is tokenized. letters: it consists of strings, or its script has no spaces. tokenizer: of the
    generators.

    Text with words is tokenized by word, even if few labels leave many of them unknown (the doctor would then choose
    characters): a generator that learned to spell from fifty sentences does not produce words a classifier can use.
    """

    letters: bool
    tokenizer: str

    @classmethod
    def of(cls, found: Examination) -> Reading:
        documents = found.quantiles["words"]["0.5"] > DOCUMENT
        fits = str(found.proposal.tokenizer["name"])
        return cls(found.by_letter, fits if found.by_letter or documents else "word")


def train_generator(
    name: str,
    real: Split,
    test: Path,
    names: tuple[str, ...],
    tokenizer: str,
    work: Path,
    budget: Budget,
    seed: int,
) -> Path:
    """Train a conditional generator on `real` alone, by the doctor's recipe; returns the run folder.

    Resumes an interrupted run and does nothing if it is finished. test: a table of held-out text that the run is only
    scored on. Raises Mistake, and Interrupted after Ctrl-C.
    """
    run = work / "runs" / name
    if (run / "evaluation.json").is_file():
        return run
    data, path = work / "data" / f"{name}.csv", work / "recipes" / f"{name}.yaml"
    for folder in (data.parent, path.parent, run.parent):
        folder.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        write_table(data, real, names)
        found = examine(data, "text", "label", test, tokenizer=tokenizer)
        if found.labels is None or not found.labels.usable:
            why = "" if found.labels is None else found.labels.reason
            raise Mistake(f"--label-column: a generator cannot learn to write by these labels: {why}")
        write_text(path, written(found))
    recipe = Recipe.load(path, overrides(Recipe.load(path), budget, seed))
    run_training(recipe, run, resume=run.exists())
    return run


def overrides(recipe: Recipe, budget: Budget, seed: int) -> list[str]:
    """Overrides of the doctor's recipe: shorter training, and no metrics that cost time without being used here."""
    values = recipe.values
    changes = [
        f"seed={seed}",
        f"train.mle.epochs={min(budget.epochs, values['train']['mle']['epochs'])}",
        f"train.discriminator.steps={min(50, budget.steps)}",
        f"train.adversarial.steps={budget.steps}",
        "train.adversarial.d_steps=2",
        "metrics=[class-accuracy, nll]",
        "evaluate={every: 1000, samples: 200, final: 200, best: nll}",
    ]
    words = values["tokenizer"].get("max_size", budget.words)
    if budget.words is not None and values["tokenizer"]["name"] == "word":
        changes.append(f"tokenizer.max_size={min(words, budget.words)}")
    return changes


def generate(
    run: LoadedRun,
    counts: list[int],
    sieve: Sieve,
    *,
    tries: int,
    temperature: float,
    seed: int,
    tell: Callable[[str, float], None] = lambda what, share: None,
) -> Generated:
    """Generate `counts[k]` sentences of each label k of the sieve's names, or fewer if `tries` candidates for each
    sentence do not suffice. tell: called with the current stage and its progress in [0, 1]."""
    texts: list[list[str]] = []
    drawn = 0
    for label, count in enumerate(counts):
        name, most = sieve.names[label], max(200, tries * count)
        stream = run.draw(most, Asked(temperature, label=name, seed=seed), told=True)
        kept: list[str] = []
        while len(kept) < count:
            part = list(islice(stream, max(200, 4 * (count - len(kept)))))
            if not part:
                break
            drawn += len(part)
            kept += [one.text for one in sieve.keep(part, count - len(kept))]
            tell(f"generating {name!r}", len(kept) / count)
        texts.append(kept)
    labels = [label for label, kept in enumerate(texts) for _ in kept]
    split = Split([text for kept in texts for text in kept], labels)
    return Generated(split, sum(counts), drawn, {rule: sieve.dropped[rule] for rule in sieve.dropped})
