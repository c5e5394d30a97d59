"""Whether the parts of a recipe go together, and with this machine: found out before hours of pretraining."""

from __future__ import annotations

import torch

from textgan.errors import Mistake
from textgan.machine.process import free_memory
from textgan.objectives.adversarial import Logistic
from textgan.training.evaluation import Evaluation
from textgan.training.game import Game
from textgan.types import Discriminator, Generator, Objective, Penalty, Strategy


def check_one_space(generator: Generator, discriminator: Discriminator) -> None:
    """Mistake where a generator writes vectors that a judge's own table does not know, or has in another size."""
    if not generator.writes_vectors:
        return
    if not discriminator.reads_vectors:
        raise Mistake(
            "discriminator.table: the generator writes vectors, which this discriminator's own table does not "
            "know; set discriminator.table to 'corpus'"
        )
    size = getattr(getattr(generator, "table", None), "shape", (0, 0))[1]
    for judge in discriminator.members():
        table = getattr(judge, "table", None)
        if size and isinstance(table, torch.nn.Embedding) and table.embedding_dim != size:
            raise Mistake(
                f"discriminator.embedding: {table.embedding_dim}, but the generator writes vectors of {size}; make "
                "them equal"
            )


def check_they_fit(
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


def check_resampling(
    evaluation: Evaluation, objective: Objective | None, place: str = "evaluate.resample"
) -> None:
    """Mistake where sentences are to be chosen by a judge's odds, and no judge gives odds."""
    if evaluation.resample > 1 and not isinstance(objective, Logistic):
        raise Mistake(
            f"{place}: needs a judge trained as a classifier of real and written text (objective minimax, "
            "non-saturating, log-odds); set it to 1"
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
