"""Train a recipe: from its parts to a run folder with checkpoints, samples and final scores."""

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
    """The run stopped on request and is saved. The text says how to go on; code: the command's exit code.

    A scheduler's SIGTERM is no failure (0); Ctrl-C is 130, as of any program.
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

    What ends a run otherwise (no room, no memory) is a Mistake too: one line that names the checkpoint to go on from.
    callbacks: called beside those that the recipe names.
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
            raise Mistake(
                f"--out: {path} exists already; add --resume to go on with it, or name another folder"
            )
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
                # Of several ranks all stop together, and that is at a step.
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
        told = (
            "stopped and saved" if stopped.saved else "stopped in the midst of a step that was too long to wait for; "
            + checkpoints.kept(folder.checkpoints / "last")
        )  # fmt: skip
        code = 0 if stopped.by == signal.SIGTERM else 130
        raise Interrupted(f"{told}; go on with: {again}", code) from stopped
    return path


def _play(trainer: Trainer, recipe: Recipe, built: Built, resume: bool) -> None:
    """All phases and the final scores; the callbacks are told of the end, whatever it is."""
    stop, ranks = trainer.stop, trainer.ranks
    try:
        trainer.run(resume)
        with stop.at_once() if ranks.alone else nullcontext():
            texts = last_texts(built, trainer)
        with stop.at_once():  # nothing is asked of the other ranks any more
            scores = conclude(recipe, built, trainer, trainer.folder, texts) if ranks.first else {}
    except BaseException:
        trainer.end({})
        raise
    trainer.end(scores)


def _built(recipe: Recipe, display: Display, ranks: Ranks) -> Built:
    """The parts, with the same weights on every rank and random numbers of each one's own."""
    with ranks.together():
        built = build(recipe, display, ranks)
        check_room(built.game)
    if not ranks.alone:
        ranks.broadcast(built.game.generator, built.game.discriminator)
        if not ranks.first:
            streams.seed_all(ranks.seed(recipe.settings.seed))
        display.say(f"{ranks.count} processes, each with its share of every batch")
        for warning in _not_shared(built):
            display.warn(warning)
    return built


def _not_shared(built: Built) -> list[str]:
    """What several ranks do not do as one process would."""
    found = []
    if not built.game.discriminator.one_by_one:
        found.append(
            "the judge compares the sentences of a batch, and each process those of its own share alone"
        )
    players = (built.game.generator, built.game.discriminator)
    if any(isinstance(module, _BatchNorm) for player in players for module in player.modules()):
        found.append("batch normalisation takes the mean over each process's own share of a batch")
    return found


def _begin(fresh: Path, recipe: Recipe, resolved: str, built: Built, command: str) -> None:
    """What a run folder has before the first step."""
    write_text(fresh / "recipe.yaml", resolved)
    write_json(fresh / "environment.json", environment(command, recipe, built.game))
    write_json(fresh / TEXT, fingerprint(built.corpus))
    write_json(fresh / CODE, own_code(recipe))
    built.tokenizer.save(fresh / "tokenizer")
    write_json(fresh / "labels.json", list(built.corpus.label_names))


@contextmanager
def _in_one_line(folder: RunFolder, again: str) -> Iterator[None]:
    """A full disk, too little memory or a fault in a user's own part as a Mistake: what is kept and how to go on."""
    try:
        yield
    except Mistake:
        raise
    except (Exception, SystemExit) as error:
        if out_of_memory(error):
            trouble = "train: there is not enough memory"
            remedy = "free some memory, or begin anew with a smaller batch, length or model"
        elif (own := own_trouble(error)) is not None:
            trouble, remedy = own, "mend it"
        elif isinstance(error, OSError):
            trouble = f"{error.filename or folder.path}: {error.strerror or error}"
            remedy = "make it readable and writable, with room left"
        else:
            raise
        begun = folder.path.exists()
        kept = checkpoints.kept(folder.checkpoints / "last") if begun else "nothing was begun"
        raise Mistake(f"{trouble}; {kept}; {remedy}{f'; go on with: {again}' if begun else ''}") from error


def _again(command: str, path: Path) -> str:
    """The arguments of the train command that goes on with this run."""
    words = shlex.split(command)
    arguments = words[words.index("train") + 1 :] if "train" in words else []
    kept = [word for word in arguments if word != "--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in kept):
        kept += ["--out", str(path)]
    return shlex.join([*kept, "--resume"])
