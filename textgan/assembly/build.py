"""A recipe's parts, built and ready to play. Whatever can be wrong with them is found here, before any file is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch import Tensor

from textgan.assembly.interfaces import check_interface
from textgan.assembly.recipe import Recipe
from textgan.assembly.rehearsal import rehearse_generator, rehearse_judge
from textgan.assembly.starting import check_start, judge_checkpoint, start_checkpoint, take_judge
from textgan.data.batches import Encoded, encode
from textgan.data.corpus import Corpus, Split, uncut
from textgan.data.hidden import hide_labels
from textgan.data.mapped import Mapped
from textgan.data.tokenizers import Tokenizer
from textgan.data.vectors import cooccurrence_vectors
from textgan.data.windows import Tokens, encode_mapped
from textgan.errors import Mistake, did_you_mean
from textgan.machine import streams
from textgan.machine.process import cores, free_memory, keep_freed_memory, keep_prepared_products
from textgan.machine.ranks import ALONE, Ranks, neighbours, on_cpu
from textgan.metrics.encoders import check_encoder
from textgan.metrics.suite import check_models, load_metrics, taking_encoder
from textgan.objectives.adversarial import Logistic
from textgan.parts.binding import OWN
from textgan.training import checkpoints
from textgan.training.evaluation import Evaluation
from textgan.training.game import Game
from textgan.training.phase import Phase
from textgan.training.progress import Display, Waiting
from textgan.types import Discriminator, Generator, Objective, Penalty, Strategy


@dataclass
class Built:
    """A recipe's parts, on their device and ready to play."""

    corpus: Corpus
    tokenizer: Tokenizer
    test: Encoded
    game: Game
    phases: list[Phase]
    evaluation: Evaluation
    notes: list[str] = field(default_factory=list)


def build(recipe: Recipe, display: Display | None = None, ranks: Ranks = ALONE) -> Built:
    """Read the corpus and build every part; raises Mistake. ranks: those that train it together."""
    settings = recipe.settings
    start = start_checkpoint(settings.start) if settings.start else None
    if settings.judge:
        judge_checkpoint(settings.judge)  # found out before the corpus is read
    corpus: Corpus = part(recipe, "corpus")
    if display is not None:
        display.say(
            f"corpus {corpus.name}: {len(corpus.train):,} train, {len(corpus.validation):,} validation, "
            f"{len(corpus.test):,} test sentences"
        )
    tokenizer = (
        Tokenizer.load(settings.start / "tokenizer")
        if settings.start
        else part(recipe, "tokenizer", texts=corpus.train.texts)
    )
    splits: dict[str, Encoded] = {}
    tokens: Tokens | None = None
    notes = [*corpus.notes, *tokenizer.notes, *_uncut(recipe, corpus)]
    for name in ("train", "validation", "test"):
        split: Split = getattr(corpus, name)
        if name == "train" and settings.labelled is not None:
            split = hide_labels(split, settings.labelled, len(corpus.label_names), settings.seed)
        if name == "train" and isinstance(corpus, Mapped):
            with Waiting() as waiting:
                tokens, found = encode_mapped(
                    corpus, tokenizer, settings.length, settings.overlong, waiting.tell
                )
            notes += found
            continue
        splits[name], found = encode(
            split,
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
        if tokens is not None:
            raise Mistake("corpus: vectors of the corpus need it in memory; use a corpus of the name 'file'")
        return cooccurrence_vectors(splits["train"], vocabulary, size)

    streams.seed_all(settings.seed)
    engine = engine_for(settings.device, settings.precision, settings.threads)
    handed = {
        "vocabulary": vocabulary,
        "vectors": vectors,
        "length": settings.length,
        "classes": len(corpus.label_names),
    }
    generator: Generator = part(recipe, "generator", **handed).to(engine.device)
    judge: Discriminator | None = part(recipe, "discriminator", **handed, decode=tokenizer.decode)
    discriminator = judge or Discriminator()
    if generator.writes_vectors and not discriminator.reads_vectors:
        raise Mistake(
            "discriminator.table: the generator writes vectors, which this discriminator's own table does not "
            "know; set discriminator.table to 'corpus'"
        )
    if generator.writes_vectors:
        _check_one_space(generator, discriminator)
    discriminator = discriminator.to(engine.device)
    generator.meet(discriminator)
    if start:  # only now, since a generator that reads the judge has layers of the judge's size
        checkpoints.load_player(start, "generator", generator)
        if generator.reads_judge:
            checkpoints.load_player(start, "discriminator", discriminator)
    discriminator.meet(generator)
    if settings.judge:
        take_judge(settings.judge, discriminator, generator, tokenizer, settings)
    _rehearse(recipe, generator, judge, len(corpus.label_names))
    objective: Objective = part(recipe, "objective", decode=tokenizer.decode)
    strategy: Strategy = part(recipe, "strategy") or Strategy()
    penalty: Penalty | None = part(recipe, "penalty")
    _check_they_fit(discriminator, objective, strategy, penalty)
    evaluation: Evaluation = recipe.evaluation.build(metrics=settings.metrics)
    evaluation.beside = recipe.folder
    check_models(settings.metrics)
    if evaluation.encoder is not None:
        if not taking_encoder(load_metrics(settings.metrics, beside=recipe.folder)):
            raise Mistake("evaluate.encoder: none of the metrics takes one; add frechet or mauve to them")
        check_encoder(evaluation.encoder)
    check_resampling(evaluation, objective)
    if evaluation.resample > 1 and judge is not None and not judge.one_by_one:
        raise Mistake(
            "evaluate.resample: the judge scores a sentence by those beside it; set discriminator.minibatch to 0"
        )
    evaluation.final = min(evaluation.final, len(corpus.train))
    train: Encoded | Tokens = splits["train"] if tokens is None else tokens
    judged = None
    if settings.judge_share:
        check_start(settings)
        train, judged = _parted(train, settings.judge_share, settings.seed)
    game = Game(
        generator=generator,
        discriminator=discriminator,
        objective=objective,
        penalty=penalty,
        strategy=strategy.to(engine.device),
        train=train,
        judged=judged,
        heldout=splits["validation"],
        length=settings.length,
        seed=settings.seed,
        engine=engine,
        ranks=ranks,
    )
    done = {"mle": "start"} if settings.start else {}
    done |= {"discriminator": "judge"} if settings.judge else {}
    phases = [bound.build() for name, bound in recipe.phases.items() if name not in done]
    for phase in phases:
        ranks.share(phase.batch, f"train.{phase.name}.batch")
    if not phases:
        skipped = [f"with `{key}` the {name} phase" for name, key in done.items()]
        raise Mistake(f"train: {' and '.join(skipped)} is skipped, and there is no other phase; add one")
    for phase in phases:
        phase.check(game)
    return Built(corpus, tokenizer, splits["test"], game, phases, evaluation, notes)


def _rehearse(recipe: Recipe, generator: Generator, judge: Discriminator | None, classes: int) -> None:
    """Try the players that are of a user's own file; those of the toolkit have tests."""
    length = recipe.settings.length
    if _own(recipe, "generator", generator):
        rehearse_generator(generator, length, classes)
    if judge is not None and _own(recipe, "discriminator", judge):
        rehearse_judge(judge, generator.vocabulary, length, classes)


def _own(recipe: Recipe, key: str, player: torch.nn.Module) -> bool:
    bound = recipe.part(key)
    return (bound is not None and bound.file is not None) or any(
        type(module).__module__.startswith(OWN) for module in player.modules()
    )


def _uncut(recipe: Recipe, corpus: Corpus) -> list[str]:
    """A note where a word tokenizer finds no words to tell apart, as in Chinese or Japanese."""
    named = (recipe.values.get("tokenizer") or {}).get("name")
    if named != "word" or not uncut(corpus.train.texts):
        return []
    return ["corpus: its sentences have no spaces, so each is one word; set tokenizer=character"]


def check_resampling(
    evaluation: Evaluation, objective: Objective | None, place: str = "evaluate.resample"
) -> None:
    """Mistake where sentences are to be chosen by a judge's odds, and no judge gives odds."""
    if evaluation.resample > 1 and not isinstance(objective, Logistic):
        raise Mistake(
            f"{place}: needs a judge trained as a classifier of real and written text (objective minimax, "
            "non-saturating, log-odds); set it to 1"
        )


def _check_one_space(generator: Generator, discriminator: Discriminator) -> None:
    """Mistake where a generator writes vectors of another size than a judge's own table of them has."""
    size = getattr(getattr(generator, "table", None), "shape", (0, 0))[1]
    for judge in discriminator.members():
        table = getattr(judge, "table", None)
        if size and isinstance(table, torch.nn.Embedding) and table.embedding_dim != size:
            raise Mistake(
                f"discriminator.embedding: {table.embedding_dim}, but the generator writes vectors of {size}; make "
                "them equal"
            )


def check_room(game: Game) -> None:
    """Mistake where training would take more memory than is free: a gradient and two moments for each weight."""
    if game.engine.device.type != "cpu":
        return
    free = free_memory()
    players: dict[str, torch.nn.Module] = {"generator": game.generator, "discriminator": game.discriminator}
    trained = {
        name: sum(weight.nbytes for weight in player.parameters() if weight.requires_grad)
        for name, player in players.items()
    }
    largest = max(trained, key=trained.__getitem__)
    if free is not None and 3 * sum(trained.values()) > free:
        raise Mistake(
            f"{largest}: to train its {trained[largest] // 4:,} weights takes {3 * trained[largest] / 2**30:.1f} GB "
            f"more, and {free / 2**30:.1f} GB are free; make it smaller"
        )


def _parted(train: Encoded | Tokens, share: float, seed: int) -> tuple[Encoded, Encoded]:
    """The generator's training text, and the discriminator's."""
    if isinstance(train, Tokens):
        raise Mistake("judge_share: needs the corpus in memory; use a corpus of the name 'file'")
    found = train.parted(share, seed)
    if not all(map(len, found)):
        raise Mistake(
            f"judge_share: {share:g} of {len(train):,} training sentences leaves a player without text"
        )
    return found


def _check_they_fit(
    discriminator: Discriminator, objective: Objective, strategy: Strategy, penalty: Penalty | None
) -> None:
    """What an objective cannot do without, found before hours of pretraining."""
    if getattr(objective, "needs_classes", False) and not discriminator.tells_classes:
        raise Mistake(
            "discriminator.labels: the objective needs a judge that tells classes; set it to 'tell'"
        )
    if getattr(objective, "only_reward", False) and strategy.pathwise:
        raise Mistake(
            "strategy: the objective gives a reward and no loss that a gradient could pass through; "
            "set it to 'reinforce'"
        )
    if not discriminator.reads_relaxed and (strategy.pathwise or penalty is not None):
        needs = "strategy: this one needs" if strategy.pathwise else "penalty: a penalty needs"
        raise Mistake(
            f"{needs} a judge that a gradient can pass through, and this discriminator reads words alone; "
            "set discriminator to 'cnn', or strategy to 'reinforce' or 'cooperative' without a penalty"
        )
    if getattr(strategy, "rollouts", 0):
        # Completions of one prefix would be judged beside each other, in pieces that are a matter of memory.
        if getattr(objective, "of_the_batch", False):
            raise Mistake(
                "strategy.rollouts: the objective rewards a sentence by the others that were written with it, which "
                "completions are not; set it to 0"
            )
        if not discriminator.one_by_one:
            raise Mistake(
                "strategy.rollouts: the judge scores a sentence by those beside it, which completions are not to be; "
                "set it to 0"
            )
    strategy.meet(discriminator, objective)


def part(recipe: Recipe, key: str, **handed: Any) -> Any:
    """The part under a recipe's key, built; None where the recipe has none."""
    bound = recipe.part(key)
    if bound is None:
        return None
    built = bound.build(**handed)
    check_interface(key, built)
    return built


def engine_for(device: str, precision: str, threads: int | None = None) -> Accelerator:
    """The machine as a run uses it. threads: of the CPU; None takes torch's choice, if there are as many cores.

    Accelerate keeps one state a process; a second run in the same process starts from a fresh one.
    """
    keep_freed_memory()
    keep_prepared_products()
    threads = threads or min(torch.get_num_threads(), max(1, cores() // neighbours()))
    torch.set_num_threads(threads)
    AcceleratorState._reset_state(reset_partial_state=True)
    if device not in ("auto", "cpu", "cuda", "mps"):
        raise Mistake(
            f"device: {device!r} is no device.{did_you_mean(device, ('auto', 'cpu', 'cuda', 'mps'))}"
        )
    engine = Accelerator(cpu=on_cpu(device), mixed_precision=precision)
    torch.set_num_threads(
        threads
    )  # accelerate has an opinion of its own where several processes were started
    if device not in ("auto", engine.device.type):
        raise Mistake(f"device: {device} is not to be had on this machine; it has {engine.device.type}")
    return engine
