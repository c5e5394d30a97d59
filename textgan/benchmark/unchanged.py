"""Checks that existing trainings used the current inputs; otherwise old and new seeds would be averaged together.

Scores are simply measured again if their text, metrics or version changed (`measure`). Trainings are not repeated, so
changes are reported before anything runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.benchmark.measure import Request, bench_of
from textgan.benchmark.planned import Plan
from textgan.data.corpus import Corpus, fingerprint
from textgan.errors import Mistake
from textgan.runs.origin import changed_code, changed_text, where_trained
from textgan.runs.tempered import Bench, text_digest
from textgan.training import checkpoints


class Corpora:
    """The current contents of a benchmark's corpora, each read once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Corpus, str]] = {}
        self._fingerprints: dict[str, Mapping[str, str]] = {}

    def bench(self, recipe: Recipe, request: Request) -> Bench:
        """How the recipe's runs are measured. Raises Mistake if its corpus cannot be read."""
        corpus, text = self._read(recipe)
        return bench_of(recipe, request, corpus, text)

    def fingerprint(self, recipe: Recipe) -> Mapping[str, str]:
        corpus, text = self._read(recipe)
        if text not in self._fingerprints:
            self._fingerprints[text] = fingerprint(corpus)
        return self._fingerprints[text]

    def _read(self, recipe: Recipe) -> tuple[Corpus, str]:
        key = json.dumps(recipe.resolved()["corpus"], sort_keys=True, default=str)
        if key not in self._found:
            corpus: Corpus = part(recipe, "corpus")
            self._found[key] = corpus, text_digest(corpus, corpus.test.texts)
        return self._found[key]


def check(plan: Plan, corpora: Corpora) -> None:
    """Raises Mistake, one line for each text or user file that differs from what runs of the plan were trained with.

    An unfinished run may continue with changed user code, as with `textgan train --resume`, but not with another text.
    Nor from another folder, if its recipe names the text by a relative path.
    """
    changed: dict[str, list[str]] = {}
    for run in plan.runs.values():
        finished = (run.path / "evaluation.json").is_file()
        if not finished and not checkpoints.exists(run.path / "checkpoints" / "last"):
            continue
        with where_trained(run.path):
            text = corpora.fingerprint(run.recipe)
        if splits := changed_text(run.path, text):
            named = f"the corpus {_corpus(run.recipe)} ({', '.join(splits)})"
            changed.setdefault(named, []).append(run.label)
        for file in changed_code(run.path, run.recipe) if finished else ():
            changed.setdefault(file, []).append(run.label)
    if changed:
        raise Mistake(
            "\n".join(
                f"--out: {what} has changed since {_some(labels)} in {plan.out} was trained; restore it, or give "
                "another folder"
                for what, labels in changed.items()
            )
        )


def _corpus(recipe: Recipe) -> str:
    corpus = recipe.resolved()["corpus"]
    return str(corpus.get("path") or corpus.get("name"))


def _some(labels: Sequence[str]) -> str:
    return labels[0] + (f" (and {len(labels) - 1} more)" if len(labels) > 1 else "")
