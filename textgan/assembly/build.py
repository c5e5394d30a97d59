"""Builds a recipe's parts, and checks that they fit together, before any file is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from textgan.assembly.fitting import check_resampling, check_they_fit
from textgan.assembly.material import read
from textgan.assembly.part import is_own, part
from textgan.assembly.players import players
from textgan.assembly.recipe import Recipe
from textgan.assembly.starting import judge_checkpoint, start_checkpoint
from textgan.assembly.trial_turn import PLAYING, rehearse_turn
from textgan.data.batches import Encoded
from textgan.data.corpus import Corpus
from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.machine import streams
from textgan.machine.ranks import ALONE, Ranks
from textgan.metrics.encoders import check_encoder
from textgan.metrics.suite import check_models, load_metrics, taking_encoder
from textgan.training.engine import engine_for
from textgan.training.evaluation import Evaluation
from textgan.training.game import Game
from textgan.training.phase import Phase
from textgan.training.progress import Display
from textgan.types import Discriminator, Objective, Penalty, Strategy


@dataclass
class Built:
    """A recipe's parts, on their device and ready to train."""

    corpus: Corpus
    tokenizer: Tokenizer
    test: Encoded
    game: Game
    phases: list[Phase]
    evaluation: Evaluation
    notes: list[str] = field(default_factory=list)


def build(recipe: Recipe, display: Display | None = None, ranks: Ranks = ALONE) -> Built:
    """Read the corpus and build every part. ranks: the processes that train together. Raises Mistake."""
    settings = recipe.settings
    if settings.start:  # a missing checkpoint is reported before the corpus is read
        start_checkpoint(settings.start)
    if settings.judge:
        judge_checkpoint(settings.judge)
    material = read(recipe, display)
    streams.seed_all(settings.seed)
    engine = engine_for(settings.device, settings.precision, settings.threads)
    generator, given = players(recipe, material, engine.device)
    discriminator = given or Discriminator()
    objective: Objective = part(recipe, "objective", decode=material.tokenizer.decode)
    strategy: Strategy = part(recipe, "strategy") or Strategy()
    penalty: Penalty | None = part(recipe, "penalty")
    check_they_fit(discriminator, objective, strategy, penalty)
    evaluation = _evaluation(recipe, objective, given)
    evaluation.final = min(evaluation.final, len(material.corpus.train))
    train, judged = material.parted(recipe)
    game = Game(
        generator=generator,
        discriminator=discriminator,
        objective=objective,
        penalty=penalty,
        strategy=strategy.to(engine.device),
        train=train,
        judged=judged,
        heldout=material.validation,
        length=settings.length,
        seed=settings.seed,
        engine=engine,
        ranks=ranks,
    )
    phases = _phases(recipe, game)
    material.notes += _rehearse_together(recipe, game, {phase.name for phase in phases})
    return Built(material.corpus, material.tokenizer, material.test, game, phases, evaluation, material.notes)


def _evaluation(recipe: Recipe, objective: Objective, discriminator: Discriminator | None) -> Evaluation:
    """How the run is scored during and after training; Mistake if a metric's model or encoder is missing."""
    metrics = recipe.settings.metrics
    evaluation: Evaluation = recipe.evaluation.build(metrics=metrics)
    evaluation.beside = recipe.folder
    check_models(metrics)
    if evaluation.encoder is not None:
        if not taking_encoder(load_metrics(metrics, beside=recipe.folder)):
            raise Mistake("evaluate.encoder: none of the metrics takes one; add frechet or mauve to metrics")
        check_encoder(evaluation.encoder)
    check_resampling(evaluation, objective)
    if evaluation.resample > 1 and discriminator is not None and not discriminator.one_by_one:
        raise Mistake(
            "evaluate.resample: the discriminator's score of a sentence depends on the others in its batch; set "
            "discriminator.minibatch to 0"
        )
    return evaluation


def _phases(recipe: Recipe, game: Game) -> list[Phase]:
    """The phases to train. A phase whose weights come from an earlier run (`start`, `judge`) is skipped."""
    settings = recipe.settings
    done = {"mle": "start"} if settings.start else {}
    done |= {"discriminator": "judge"} if settings.judge else {}
    phases = [bound.build() for name, bound in recipe.phases.items() if name not in done]
    for phase in phases:
        game.ranks.share(phase.batch, f"train.{phase.name}.batch")
    if not phases:
        skipped = [f"with `{key}` the {name} phase" for name, key in done.items()]
        raise Mistake(f"train: {' and '.join(skipped)} is skipped, and no other phase is left; add one")
    for phase in phases:
        phase.check(game)
    return phases


def _rehearse_together(recipe: Recipe, game: Game, phases: set[str]) -> list[str]:
    """Rehearse one turn if any part comes from a user's own file; returns notes on what could not be tried."""
    parts = {key: getattr(game, key) for key in PLAYING}
    if phases & {"discriminator", "adversarial"} and any(is_own(recipe, *one) for one in parts.items()):
        return rehearse_turn(game, judge_alone="adversarial" not in phases)
    return []
