"""Whether the trainings that are there were made of what is there now: else old seeds would be averaged with new.

Scores are measured anew where their text, metrics or version changed (`measure`). A training cannot be: so it is said
what changed, before anything is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from textgan.assembly.part import part
from textgan.assembly.recipe import Recipe
from textgan.benchmark.measure import Request, bench_of
from textgan.benchmark.planned import Plan
from textgan.data.corpus import Corpus, fingerprint
from textgan.errors import Mistake
from textgan.runs.origin import changed_code, changed_text, own_code
from textgan.runs.tempered import Bench, text_digest
from textgan.training import checkpoints


class Corpora:
    """The corpora of a benchmark as they are now, each read once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Corpus, str]] = {}
        self._fingerprints: dict[str, Mapping[str, str]] = {}

    def bench(self, recipe: Recipe, request: Request) -> Bench:
        """Raises Mistake where its corpus cannot be read."""
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


def check(plan: Plan, corpora: Corpora, say: Callable[[str], None] = lambda _: None) -> None:
    """Mistake, a line for each text or own file that is not what runs of the plan were trained with.

    An unfinished run goes on with own code that was mended since, as `textgan train --resume` does, but not with
    another text. Runs of an earlier version kept no digests, which is said.
    """
    changed: dict[str, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for run in plan.runs.values():
        finished = (run.path / "evaluation.json").is_file()
        if not finished and not checkpoints.exists(run.path / "checkpoints" / "last"):
            continue
        splits = changed_text(run.path, corpora.fingerprint(run.recipe))
        if splits is None:
            unknown.setdefault("text", []).append(run.label)
        elif splits:
            told = f"the corpus {_corpus(run.recipe)} ({', '.join(splits)})"
            changed.setdefault(told, []).append(run.label)
        files = changed_code(run.path, run.recipe) if finished else []
        if files is None:
            unknown.setdefault(", ".join(own_code(run.recipe)), []).append(run.label)
        for file in files or ():
            changed.setdefault(file, []).append(run.label)
    if changed:
        raise Mistake(
            "\n".join(
                f"--out: {what} has changed since {_some(labels)} in {plan.out} was trained; restore it, or give "
                "another folder"
                for what, labels in changed.items()
            )
        )
    for what, labels in unknown.items():
        say(
            f"{_some(labels)}: trained by an earlier version, which kept no digest of {what}, so it is not known "
            "whether that has changed since"
        )


def _corpus(recipe: Recipe) -> str:
    corpus = recipe.resolved()["corpus"]
    return str(corpus.get("path") or corpus.get("name"))


def _some(labels: Sequence[str]) -> str:
    return labels[0] + (f" (and {len(labels) - 1} more)" if len(labels) > 1 else "")
