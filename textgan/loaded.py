"""A run folder, opened again: a generator that writes, and its scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.assembly import build, engine_for, part
from textgan.data.reading import read
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake, did_you_mean
from textgan.metrics.samples import Score
from textgan.recipe import Recipe
from textgan.sampling import Draw
from textgan.training import checkpoints
from textgan.training.evaluation import BATCH, asked_labels, write_ids, write_sentences
from textgan.types import Discriminator, Generator, Vocabulary


@dataclass
class LoadedRun:
    """A trained generator that writes."""

    path: Path
    generator: Generator
    tokenizer: Tokenizer
    label_names: tuple[str, ...]
    length: int
    engine: Accelerator

    def sample(
        self,
        n: int = 10,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        prefix: str | None = None,
        label: str | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """`n` readable sentences, a batch at a time; the same for a seed. Raises Mistake."""
        sampler = Draw(temperature, top_k, top_p)
        labels = self._labels(label)
        begin = self._prefix(prefix)
        for number, done in enumerate(range(0, n, BATCH)):
            size = min(BATCH, n - done)
            ids = write_ids(
                self.generator,
                size,
                self.length,
                sampler,
                seed * 100_003 + number,
                self.engine,
                labels,
                begin,
            )
            yield from self.tokenizer.sentences(ids)

    def _labels(self, label: str | None) -> Tensor | None:
        if label is None:
            return torch.arange(len(self.label_names)) if self.label_names else None
        if not self.label_names:
            raise Mistake("--label: this run was trained on text without labels")
        if label not in self.label_names:
            raise Mistake(f"--label: no label is called {label!r}.{did_you_mean(label, self.label_names)}")
        return torch.tensor([self.label_names.index(label)])

    def _prefix(self, prefix: str | None) -> Tensor | None:
        if not prefix:
            return None
        if not (self.generator.has_likelihood or self.generator.reconstructs):
            raise Mistake("--prefix: this generator writes vectors and cannot continue a given text")
        (ids,) = self.tokenizer.encode([prefix])
        if self.tokenizer.unk in ids:
            raise Mistake(f"--prefix: {prefix!r} has a word that is not in the run's vocabulary")
        if len(ids) >= self.length:
            raise Mistake(f"--prefix: it has {len(ids)} tokens; the run writes at most {self.length - 1}")
        return torch.tensor(ids)


def load(run: Path, checkpoint: str = "last", *, trust_code: bool = False) -> LoadedRun:
    """Open a run folder for writing text. checkpoint: last, best or pretrained. Raises Mistake.

    trust_code: the `.py` files that the run's recipe names may be run; without it, naming one is a Mistake.
    """
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{run}: not a run folder; give one that `textgan train` wrote")
    recipe = Recipe.of_run(run, trust_code)
    tokenizer = Tokenizer.load(run / "tokenizer")
    names = _label_names(run / "labels.json")
    vocabulary: Vocabulary = tokenizer.vocabulary
    settings = recipe.settings

    def vectors(size: int) -> Tensor:
        return torch.zeros(vocabulary.size, size)  # the checkpoint's own are loaded over them

    engine = engine_for(settings.device, settings.precision, settings.threads)
    handed = {
        "vocabulary": vocabulary,
        "vectors": vectors,
        "length": settings.length,
        "classes": len(names),
    }
    generator: Generator = part(recipe, "generator", **handed)
    folder = run / "checkpoints" / checkpoint
    if not checkpoints.exists(folder):
        known = [place.name for place in (run / "checkpoints").glob("[a-z]*")]
        raise Mistake(
            f"--checkpoint: the run has none called {checkpoint!r}.{did_you_mean(checkpoint, known)}"
        )
    if generator.reads_judge:
        judge: Discriminator = part(recipe, "discriminator", **handed, decode=tokenizer.decode)
        checkpoints.load_player(folder, "discriminator", judge)
        generator.meet(judge.to(engine.device).eval())
    checkpoints.load_player(folder, "generator", generator)
    generator = generator.to(engine.device).eval()
    return LoadedRun(run, generator, tokenizer, names, settings.length, engine)


def _label_names(file: Path) -> tuple[str, ...]:
    try:
        names = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Mistake(f"{file}: missing or damaged; expected the run's label names, [] where it has none")
    return tuple(names)


def evaluate_run(
    run: Path,
    references: Path | None = None,
    metrics: list[str] | None = None,
    *,
    trust_code: bool = False,
) -> dict[str, Score]:
    """Scores of freshly drawn text against the run's test split, or against a file's lines. Raises Mistake.

    trust_code: as for `load`.
    """
    loaded = load(run, trust_code=trust_code)
    recipe = Recipe.of_run(run, trust_code)
    built = build(recipe)
    evaluation = built.evaluation
    if metrics is not None:
        evaluation.metrics = metrics
    labels, seed = built.game.train.text.labels, recipe.settings.seed + 2
    sentences = write_sentences(
        loaded.generator, built.tokenizer, evaluation.final, loaded.length, evaluation.sampler,
        seed, loaded.engine, labels,
    )  # fmt: skip
    asked = asked_labels(labels, evaluation.final, seed)
    wanted = None if asked is None else asked.tolist()
    test = built.corpus.test
    real, told = test.texts, test.labels
    if references is not None:
        real, told = read(references, place="--references").texts, None
    likelihood = (loaded.generator, built.test, loaded.engine)
    return evaluation.score(sentences, real, built.corpus, likelihood, wanted, told)
