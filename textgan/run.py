"""Train a recipe: from its parts to a run folder with checkpoints, samples and final scores."""

from __future__ import annotations

import platform
import shlex
import subprocess
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml
from accelerate import Accelerator

from textgan.assembly import Built, build
from textgan.data.corpus import token_counts
from textgan.errors import Mistake
from textgan.recipe import Recipe
from textgan.training import checkpoints
from textgan.training.evaluation import judge_accuracy
from textgan.training.folder import RunFolder, write_json
from textgan.training.progress import Display, clock
from textgan.training.trainer import Stopped, Trainer, as_rows

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


def _conclude(recipe: Recipe, built: Built, trainer: Trainer, folder: RunFolder) -> None:
    """The final scores, against test text: real text, the generator before the game, and after it."""
    game, evaluation, corpus = built.game, built.evaluation, built.corpus
    count, seed = evaluation.final, game.seed + 2
    trainer.display.say(f"scoring {count:,} sentences against {len(corpus.test):,} of the test split")
    order = torch.randperm(len(corpus.train), generator=torch.Generator().manual_seed(seed))
    rows_real = order[:count].tolist()
    real, labels = [corpus.train.texts[i] for i in rows_real], corpus.train.labels
    test = corpus.test
    real_labels = None if labels is None else [labels[i] for i in rows_real]
    scores = evaluation.score(real, test.texts, corpus, None, real_labels, test.labels)
    rows = {"real": as_rows(scores)}
    states = {"after": folder.checkpoints / "last"}
    if (folder.checkpoints / "pretrained").exists():
        states = {"before": folder.checkpoints / "pretrained", **states}
    for name, checkpoint in states.items():
        for player, weights in game.writers.items():
            checkpoints.load_player(checkpoint, player, weights)
        sentences = trainer.write(count, seed)
        likelihood = (game.generator, built.test, game.engine)
        asked = trainer.asked(count, seed)
        rows[name] = as_rows(evaluation.score(sentences, test.texts, corpus, likelihood, asked, test.labels))
        folder.write_samples(name, sentences)
    if game.discriminator.tells_classes:
        rows["after"] |= as_rows(judge_accuracy(game.discriminator, built.test, game.engine))
    source = corpus.source
    if source is not None:
        tokens = token_counts(source, corpus.test.texts).mean()
        counted = " (its end counted)" if getattr(source, "ends", True) else ""
        built.notes.append(
            f"true entropy of the source: {source.entropy():.2f} nats a sentence, "
            f"{source.entropy() / tokens:.3f} a token of the test split{counted}"
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
