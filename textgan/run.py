"""From a recipe to a run folder, and from a run folder back to a generator that writes.

Everything that can be wrong with a recipe or a corpus is found before the run folder is made.
"""

from __future__ import annotations

import json
import platform
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from textgan.data.batches import Encoded, encode
from textgan.data.corpus import Corpus
from textgan.data.reading import read
from textgan.data.tokenizers import Tokenizer
from textgan.data.vectors import cooccurrence_vectors
from textgan.errors import Mistake, did_you_mean
from textgan.metrics.samples import Score
from textgan.recipe import Recipe
from textgan.sampling import Draw
from textgan.training import checkpoints
from textgan.training.evaluation import BATCH, Evaluation, write_ids, write_sentences
from textgan.training.folder import RunFolder, write_json
from textgan.training.game import Game
from textgan.training.progress import Display, clock
from textgan.training.trainer import Stopped, Trainer, as_rows
from textgan.types import Discriminator, Generator, Strategy, Vocabulary

PACKAGES = ("textgan", "torch", "accelerate", "tokenizers", "transformers", "numpy")


class Interrupted(Exception):
    """The run stopped on request and is saved. The text says how to go on."""


def train(
    recipe: Recipe,
    out: Path | None = None,
    seed: int | None = None,
    resume: bool = False,
    command: str = "",
) -> Path:
    """Train as the recipe says; return the run folder. Raises Mistake, Diverged, or Interrupted after Ctrl-C."""
    if seed is not None:
        recipe = replace(recipe, values={**recipe.values, "seed": seed})
    recipe.check()
    path = out or Path("runs") / f"{recipe.name}-seed{recipe.settings.seed}"
    folder = RunFolder(path)
    resolved = yaml.safe_dump(recipe.resolved(), sort_keys=False, allow_unicode=True, width=100)
    _check_folder(path, resolved, resume)
    display = Display()
    built = build(recipe, display)
    if not path.exists():
        folder.create(resolved, _environment(command, recipe, built.game.engine))
        built.tokenizer.save(path / "tokenizer")
        write_json(path / "labels.json", list(built.corpus.label_names))
    trainer = Trainer(
        built.game, built.phases, built.evaluation, built.corpus, built.tokenizer, folder, display
    )
    display.say(f"{'resuming' if resume else 'training'} {recipe.name} on {built.corpus.name}: {path}")
    try:
        trainer.run(resume)
    except Stopped as stopped:
        raise Interrupted(
            f"stopped and saved; go on with: textgan train {_again(command, path)}"
        ) from stopped
    _conclude(recipe, built, trainer, folder)
    return path


@dataclass
class Built:
    """A recipe's parts, on their device and ready to play."""

    corpus: Corpus
    tokenizer: Tokenizer
    test: Encoded
    game: Game
    phases: list[Any]
    evaluation: Evaluation
    notes: list[str] = field(default_factory=list)


def build(recipe: Recipe, display: Display | None = None) -> Built:
    """Read the corpus and build every part; raises Mistake."""
    settings = recipe.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    start = _start_checkpoint(settings.start) if settings.start else None
    corpus: Corpus = _part(recipe, "corpus")
    if display is not None:
        display.say(
            f"corpus {corpus.name}: {len(corpus.train):,} train, {len(corpus.validation):,} validation, "
            f"{len(corpus.test):,} test sentences"
        )
    tokenizer = (
        Tokenizer.load(settings.start / "tokenizer")
        if settings.start
        else _part(recipe, "tokenizer", texts=corpus.train.texts)
    )
    splits, notes = {}, [*corpus.notes, *tokenizer.notes]
    for name in ("train", "validation", "test"):
        splits[name], found = encode(
            getattr(corpus, name),
            tokenizer,
            settings.length,
            overlong=settings.overlong,
            place=f"corpus.{name}",
        )
        notes += found
    if display is not None:
        display.say(f"vocabulary: {tokenizer.size:,} tokens, from the training text alone")
        for note in notes:
            display.say(f"note: {note}")
    vocabulary = tokenizer.vocabulary

    @cache
    def vectors(size: int) -> Tensor:
        return cooccurrence_vectors(splits["train"], vocabulary, size)

    torch.manual_seed(settings.seed)
    engine = _engine(settings.device, settings.precision)
    handed = {
        "vocabulary": vocabulary,
        "vectors": vectors,
        "length": settings.length,
        "classes": len(corpus.label_names),
    }
    generator: Generator = _part(recipe, "generator", **handed).to(engine.device)
    if start:
        checkpoints.load_player(start, "generator", generator)
    discriminator: Discriminator = _part(recipe, "discriminator", **handed) or Discriminator()
    if not generator.has_likelihood and not discriminator.reads_vectors:
        raise Mistake(
            "discriminator.table: the generator writes vectors, which this discriminator's own table does not "
            "know; set discriminator.table to 'corpus'"
        )
    evaluation: Evaluation = recipe.evaluation.build(metrics=settings.metrics)
    evaluation.beside = recipe.folder
    evaluation.final = min(evaluation.final, len(corpus.train))
    game = Game(
        generator=generator,
        discriminator=discriminator.to(engine.device),
        objective=_part(recipe, "objective"),
        penalty=_part(recipe, "penalty"),
        strategy=(_part(recipe, "strategy") or Strategy()).to(engine.device),
        train=splits["train"],
        heldout=splits["validation"],
        length=settings.length,
        seed=settings.seed,
        engine=engine,
    )
    phases = [
        bound.build() for name, bound in recipe.phases.items() if not (name == "mle" and settings.start)
    ]
    if not phases:
        raise Mistake("train: with `start` the mle phase is skipped, and there is no other phase; add one")
    return Built(corpus, tokenizer, splits["test"], game, phases, evaluation, notes)


def _part(recipe: Recipe, key: str, **handed: Any) -> Any:
    bound = recipe.part(key)
    return None if bound is None else bound.build(**handed)


def _engine(device: str, precision: str) -> Accelerator:
    """Accelerate keeps one state a process; a second run in the same process starts from a fresh one."""
    AcceleratorState._reset_state(reset_partial_state=True)
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise Mistake(
            f"device: {device!r} is no device.{did_you_mean(device, ('auto', 'cpu', 'cuda', 'mps'))}"
        )
    engine = Accelerator(cpu=device == "cpu", mixed_precision=precision)
    if device not in ("auto", engine.device.type):
        raise Mistake(f"device: {device} is not to be had on this machine; it has {engine.device.type}")
    return engine


def _check_folder(path: Path, resolved: str, resume: bool) -> None:
    if not resume:
        if path.exists():
            raise Mistake(
                f"--out: {path} exists already; add --resume to go on with it, or name another folder"
            )
        return
    if not (path / "recipe.yaml").is_file():
        raise Mistake(f"--resume: {path} holds no run to go on with; leave --resume out to begin one")
    before = yaml.safe_load((path / "recipe.yaml").read_text(encoding="utf-8"))
    now = yaml.safe_load(resolved)
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        raise Mistake(
            f"--resume: {path} was begun with another recipe (different: {', '.join(changed)}); resume with the same "
            "recipe and overrides, or begin a new run"
        )


def _start_checkpoint(run: Path) -> Path:
    """The pretrained weights of a run, or its last ones if it had no adversarial phase."""
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"start: {run} is not a run folder; give one that `textgan train` wrote")
    pretrained = run / "checkpoints" / "pretrained"
    return pretrained if pretrained.exists() else checkpoints.find(run / "checkpoints" / "last")


def _conclude(recipe: Recipe, built: Built, trainer: Trainer, folder: RunFolder) -> None:
    """The final scores, against test text: real text, the generator before the game, and after it."""
    game, evaluation, corpus = built.game, built.evaluation, built.corpus
    count, seed = evaluation.final, game.seed + 2
    trainer.display.say(f"scoring {count:,} sentences against {len(corpus.test):,} of the test split")
    order = torch.randperm(len(corpus.train), generator=torch.Generator().manual_seed(seed))
    real = [corpus.train.texts[i] for i in order[:count].tolist()]
    rows = {"real": as_rows(evaluation.score(real, corpus.test.texts, corpus))}
    states = {"after": folder.checkpoints / "last"}
    if (folder.checkpoints / "pretrained").exists():
        states = {"before": folder.checkpoints / "pretrained", **states}
    for name, checkpoint in states.items():
        checkpoints.load_player(checkpoint, "generator", game.generator)
        sentences = trainer.write(count, seed)
        likelihood = (game.generator, built.test, game.engine)
        rows[name] = as_rows(evaluation.score(sentences, corpus.test.texts, corpus, likelihood))
        folder.write_samples(name, sentences)
    source = corpus.source
    if source is not None:
        tokens = sum(len(source.tokens(text)) + 1 for text in corpus.test.texts) / len(corpus.test)
        built.notes.append(
            f"true entropy of the source: {source.entropy():.2f} nats a sentence, "
            f"{source.entropy() / tokens:.3f} a token of the test split (its end counted)"
        )
    strategy = recipe.values.get("strategy")
    adversarial = "adversarial" in recipe.phases
    write_json(
        folder.path / "evaluation.json",
        {
            "recipe": recipe.name,
            "strategy": strategy.get("name") if adversarial and isinstance(strategy, dict) else "mle",
            "corpus": corpus.name,
            "seed": game.seed,
            "samples": count,
            "minutes": trainer.minutes,
            "rows": rows,
            "notes": built.notes,
            "warnings": trainer.warnings,
        },
    )
    trainer.display.say(f"done in {clock(trainer.elapsed)}")


def _environment(command: str, recipe: Recipe, engine: Accelerator) -> dict[str, Any]:
    return {
        "command": command,
        "commit": _commit(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "device": str(engine.device),
        "precision": recipe.settings.precision,
        "threads": torch.get_num_threads(),
        "seed": recipe.settings.seed,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _commit() -> str | None:
    """Of the checkout this code runs from, with a mark if it was changed; None where it is no checkout."""
    here = Path(__file__).resolve().parent
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def _again(command: str, path: Path) -> str:
    """The arguments of the train command that goes on with this run."""
    words = shlex.split(command)
    arguments = words[words.index("train") + 1 :] if "train" in words else []
    kept = [word for word in arguments if word != "--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in kept):
        kept += ["--out", str(path)]
    return shlex.join([*kept, "--resume"])


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
            yield from self.tokenizer.decode(ids)

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
        if not self.generator.has_likelihood:
            raise Mistake("--prefix: this generator writes vectors and cannot continue a given text")
        (ids,) = self.tokenizer.encode([prefix])
        if self.tokenizer.unk in ids:
            raise Mistake(f"--prefix: {prefix!r} has a word that is not in the run's vocabulary")
        if len(ids) >= self.length:
            raise Mistake(f"--prefix: it has {len(ids)} tokens; the run writes at most {self.length - 1}")
        return torch.tensor(ids)


def load(run: Path, checkpoint: str = "last") -> LoadedRun:
    """Open a run folder for writing text. checkpoint: last, best or pretrained. Raises Mistake."""
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"{run}: not a run folder; give one that `textgan train` wrote")
    recipe = Recipe.load(run / "recipe.yaml")
    tokenizer = Tokenizer.load(run / "tokenizer")
    names = tuple(json.loads((run / "labels.json").read_text(encoding="utf-8")))
    vocabulary: Vocabulary = tokenizer.vocabulary
    settings = recipe.settings

    def vectors(size: int) -> Tensor:
        return torch.zeros(vocabulary.size, size)  # the checkpoint's own are loaded over them

    engine = _engine(settings.device, settings.precision)
    generator: Generator = _part(
        recipe,
        "generator",
        vocabulary=vocabulary,
        vectors=vectors,
        length=settings.length,
        classes=len(names),
    )
    known = [folder.name for folder in (run / "checkpoints").glob("[a-z]*")]
    if checkpoint not in known:
        raise Mistake(
            f"--checkpoint: the run has none called {checkpoint!r}.{did_you_mean(checkpoint, known)}"
        )
    checkpoints.load_player(run / "checkpoints" / checkpoint, "generator", generator)
    generator = generator.to(engine.device).eval()
    return LoadedRun(run, generator, tokenizer, names, settings.length, engine)


def evaluate_run(
    run: Path, references: Path | None = None, metrics: list[str] | None = None
) -> dict[str, Score]:
    """Scores of freshly drawn text against the run's test split, or against a file's lines. Raises Mistake."""
    loaded = load(run)
    recipe = Recipe.load(run / "recipe.yaml")
    built = build(recipe)
    evaluation = built.evaluation
    if metrics is not None:
        evaluation.metrics = metrics
    sentences = write_sentences(
        loaded.generator, built.tokenizer, evaluation.final, loaded.length, evaluation.sampler,
        recipe.settings.seed + 2, loaded.engine, built.game.train.text.labels,
    )  # fmt: skip
    real = built.corpus.test.texts if references is None else read(references, place="--references").texts
    likelihood = (loaded.generator, built.test, loaded.engine)
    return evaluation.score(sentences, real, built.corpus, likelihood)


__all__ = ["Built", "Interrupted", "LoadedRun", "build", "evaluate_run", "load", "train"]
