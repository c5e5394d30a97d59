"""Checks that a recipe's parts fit together and fit this machine, before hours of pretraining."""

from __future__ import annotations

import torch

from textgan.errors import Mistake
from textgan.machine.process import free_memory
from textgan.objectives.adversarial import Logistic
from textgan.training.evaluation import Evaluation
from textgan.training.game import Game
from textgan.types import Discriminator, Generator, Objective, Penalty, Strategy


def check_one_space(generator: Generator, discriminator: Discriminator) -> None:
    """Mistake if the generator outputs vectors that do not fit the discriminator's embedding table."""
    if not generator.writes_vectors:
        return
    if not discriminator.reads_vectors:
        raise Mistake(
            "discriminator.table: the generator outputs vectors of the corpus's table, and this discriminator has "
            "another; set discriminator.table to 'corpus'"
        )
    size = getattr(getattr(generator, "table", None), "shape", (0, 0))[1]
    for member in discriminator.members():
        table = getattr(member, "table", None)
        if size and isinstance(table, torch.nn.Embedding) and table.embedding_dim != size:
            raise Mistake(
                f"discriminator.embedding: {table.embedding_dim}, but the generator outputs vectors of size {size}; "
                "make them equal"
            )


def check_they_fit(
    discriminator: Discriminator, objective: Objective, strategy: Strategy, penalty: Penalty | None
) -> None:
    """Mistake if objective, discriminator, strategy and penalty cannot be combined."""
    if getattr(objective, "needs_classes", False) and not discriminator.tells_classes:
        raise Mistake(
            "discriminator.labels: the objective needs a discriminator that predicts classes; set it to 'tell'"
        )
    if getattr(objective, "only_reward", False) and strategy.pathwise:
        raise Mistake(
            "strategy: the objective has a reward, but no loss that a gradient can pass through; "
            "set it to 'reinforce'"
        )
    if not discriminator.reads_relaxed and (strategy.pathwise or penalty is not None):
        needs = "strategy: this one needs" if strategy.pathwise else "penalty: a penalty needs"
        raise Mistake(
            f"{needs} a discriminator that a gradient can pass through, and this one reads token ids only; set "
            "discriminator to 'cnn', or strategy to 'reinforce' or 'cooperative' without a penalty"
        )
    if getattr(strategy, "rollouts", 0):
        # Completions of one prefix would be judged in the same batch, whose size depends on memory.
        if getattr(objective, "of_the_batch", False):
            raise Mistake(
                "strategy.rollouts: the objective's reward of a sentence depends on its batch, and rollouts are not "
                "such a batch; set it to 0"
            )
        if not discriminator.one_by_one:
            raise Mistake(
                "strategy.rollouts: the discriminator's score of a sentence depends on its batch, and rollouts are "
                "not such a batch; set it to 0"
            )
    strategy.meet(discriminator, objective)


def check_resampling(
    evaluation: Evaluation, objective: Objective | None, place: str = "evaluate.resample"
) -> None:
    """Mistake if sentences are to be selected by the discriminator's odds, and its objective does not give odds."""
    if evaluation.resample > 1 and not isinstance(objective, Logistic):
        raise Mistake(
            f"{place}: needs a discriminator trained to classify real and generated text (objective minimax, "
            "non-saturating or log-odds); set it to 1"
        )


def check_room(game: Game) -> None:
    """Mistake if training needs more memory than is free: a gradient and two optimiser moments per weight."""
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
            f"{largest}: training its {trained[largest] // 4:,} weights takes {3 * trained[largest] / 2**30:.1f} GB "
            f"more, and {free / 2**30:.1f} GB are free; make it smaller"
        )
