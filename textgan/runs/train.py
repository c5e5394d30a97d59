"""Train a recipe: build its parts, train, and write a run folder with checkpoints, samples and final scores."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import yaml
from torch.nn.modules.batchnorm import _BatchNorm

from textgan.assembly.build import Built, build
from textgan.assembly.fitting import check_room
from textgan.assembly.recipe import Recipe
from textgan.data.corpus import fingerprint
from textgan.errors import Mistake, out_of_memory
from textgan.machine import streams
from textgan.machine.ranks import Ranks
from textgan.parts.blame import own_trouble
from textgan.runs.conclusion import conclude, last_texts
from textgan.runs.environment import environment
from textgan.runs.origin import CODE, TEXT, own_code, where_trained
from textgan.runs.resuming import check_corpus, check_folder, keep_code
from textgan.training import checkpoints
from textgan.training.callbacks import Callback, Callbacks
from textgan.training.folder import RunFolder, write_json, write_text
from textgan.training.lock import locked
from textgan.training.progress import Display
from textgan.training.stopping import Stop, Stopped
from textgan.training.trainer import Trainer


class Interrupted(Exception):
    """The run was stopped on request and is saved. The text says how to continue it. code: the command's exit code.

    A scheduler's SIGTERM is not a failure (0); Ctrl-C gives 130, as in any program.
    """

    def __init__(self, text: str, code: int = 130) -> None:
        super().__init__(text)
        self.code = code


def train(
    recipe: Recipe,
    out: Path | None = None,
    seed: int | None = None,
    resume: bool = False,
    command: str = "",
    callbacks: Sequence[Callback] = (),
) -> Path:
    """Train as the recipe says; return the run folder. Raises Mistake, Diverged, or Interrupted on Ctrl-C or SIGTERM.

    A full disk or too little memory is a Mistake too: one line that names the checkpoint to continue from.
    callbacks: called in addition to those that the recipe names.
    """
    if seed is not None:
        recipe = replace(recipe, values={**recipe.values, "seed": seed})
    recipe.check()
    ranks = Ranks.launched(recipe.settings.device)
    watching = Callbacks([*(bound.build() for bound in recipe.callbacks), *callbacks], ranks)
    path = out or Path("runs") / f"{recipe.name}-seed{recipe.settings.seed}"
    folder = RunFolder(path, ranks.first)
    resolved = yaml.safe_dump(recipe.resolved(), sort_keys=False, allow_unicode=True, width=100)
    with ranks.together():
        if ranks.first and resume:
            check_folder(folder, resolved)
        elif ranks.first and path.exists():
            resumable = (path / "recipe.yaml").is_file()
            how = "; add --resume to continue it, or" if resumable else " and holds no run;"
            raise Mistake(f"--out: {path} exists already{how} name another folder")
    again = f"{ranks.program} train {_again(command, path)}"
    display, stop = Display(quiet=not ranks.first), Stop()
    stop.say = display.say
    try:
        with ExitStack() as held, _in_one_line(folder, again):
            if resume:
                with ranks.together():
                    if ranks.first:
                        held.enter_context(locked(path))
                held.enter_context(stop.listening())
                # Several ranks must stop together, which they do between steps only.
                with where_trained(path), stop.at_once() if ranks.alone else nullcontext():
                    built = _built(recipe, display, ranks)
                with ranks.together():
                    if ranks.first:
                        check_corpus(folder, built.corpus)
                        keep_code(folder.path, recipe, display)
            else:
                built = _built(recipe, display, ranks)
                with ranks.together():
                    if ranks.first:
                        with folder.creating() as fresh:
                            _begin(fresh, recipe, resolved, built, command)
                        held.enter_context(locked(path))
                held.enter_context(stop.listening())
            trainer = Trainer(
                built.game, built.phases, built.evaluation, built.corpus, built.tokenizer, folder, display,
                stop=stop, callbacks=watching,
            )  # fmt: skip
            display.say(
                f"{'resuming' if resume else 'training'} {recipe.name} on {built.corpus.name}: {path}"
            )
            _play(trainer, recipe, built, resume)
    except Stopped as stopped:
        how = (
            "stopped and saved" if stopped.saved else "stopped in the middle of a step that took too long to finish; "
            + checkpoints.kept(folder.checkpoints / "last")
        )  # fmt: skip
        code = 0 if stopped.by == signal.SIGTERM else 130
        raise Interrupted(f"{how}; go on with: {again}", code) from stopped
    return path


def _play(trainer: Trainer, recipe: Recipe, built: Built, resume: bool) -> None:
    """Run all phases and compute the final scores; `on_train_end` is called however it ends."""
    stop, ranks = trainer.stop, trainer.ranks
    try:
        trainer.run(resume)
        with stop.at_once() if ranks.alone else nullcontext():
            texts = last_texts(built, trainer)
        with stop.at_once():  # no other rank waits for this one any more
            scores = conclude(recipe, built, trainer, trainer.folder, texts) if ranks.first else {}
    except BaseException:
        trainer.end({})
        raise
    trainer.end(scores)


def _built(recipe: Recipe, display: Display, ranks: Ranks) -> Built:
    """The parts, with the same weights on every rank, and each rank's own random stream."""
    with ranks.together():
        built = build(recipe, display, ranks)
        check_room(built.game)
    if not ranks.alone:
        ranks.broadcast(built.game.generator, built.game.discriminator)
        if not ranks.first:
            streams.seed_all(ranks.seed(recipe.settings.seed))
        display.say(f"{ranks.count} processes, each with an equal share of every batch")
        for warning in _not_shared(built):
            display.warn(warning)
    return built


def _not_shared(built: Built) -> list[str]:
    """Warnings about results that differ from those of a single process."""
    found = []
    if not built.game.discriminator.one_by_one:
        found.append(
            "the discriminator compares the sentences of a batch, but each process compares only those of its own "
            "share"
        )
    players = (built.game.generator, built.game.discriminator)
    if any(isinstance(module, _BatchNorm) for player in players for module in player.modules()):
        found.append("batch normalisation uses the statistics of each process's own share of a batch")
    return found


def _begin(fresh: Path, recipe: Recipe, resolved: str, built: Built, command: str) -> None:
    """Write the files that a run folder has before the first step."""
    write_text(fresh / "recipe.yaml", resolved)
    write_json(fresh / "environment.json", environment(command, recipe, built.game))
    write_json(fresh / TEXT, fingerprint(built.corpus))
    write_json(fresh / CODE, own_code(recipe))
    built.tokenizer.save(fresh / "tokenizer")
    write_json(fresh / "labels.json", list(built.corpus.label_names))


@contextmanager
def _in_one_line(folder: RunFolder, again: str) -> Iterator[None]:
    """Turn a full disk, too little memory or an error in a user's own part into a Mistake that says what is kept, and
    how to continue."""
    try:
        yield
    except Mistake:
        raise
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            trouble = "train: there is not enough memory"
            remedy = "free some memory, or start a new run with a smaller batch, length or model"
        elif (own := own_trouble(error)) is not None:
            trouble, remedy = own, "fix it"
        elif isinstance(error, OSError):
            trouble = f"{error.filename or folder.path}: {error.strerror or error}"
            remedy = "make it readable and writable, and check the free disk space"
        else:
            raise
        begun = folder.path.exists()
        kept = checkpoints.kept(folder.checkpoints / "last") if begun else "nothing was written"
        raise Mistake(f"{trouble}; {kept}; {remedy}{f'; go on with: {again}' if begun else ''}") from error


def _again(command: str, path: Path) -> str:
    """The arguments of the train command that continues this run."""
    words = shlex.split(command)
    arguments = words[words.index("train") + 1 :] if "train" in words else []
    kept = [word for word in arguments if word != "--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in kept):
        kept += ["--out", str(path)]
    return shlex.join([*kept, "--resume"])
