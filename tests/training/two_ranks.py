"""What two processes do together, run as a script by each of them; rank 0 writes what came out for the test to judge.

RANK=0 WORLD_SIZE=2 LOCAL_RANK=0 MASTER_ADDR=127.0.0.1 MASTER_PORT=... python two_ranks.py FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from textgan.assembly.build import Built, build
from textgan.assembly.recipe import Recipe
from textgan.data.batches import Encoded
from textgan.errors import Mistake
from textgan.machine.ranks import ALONE, Ranks
from textgan.objectives.adversarial import NonSaturating, Relativistic, RelativisticAverage
from textgan.objectives.features import MaximumMeanDiscrepancy
from textgan.objectives.joint import over_ranks
from textgan.objectives.penalties import RealGradientPenalty
from textgan.objectives.rank import Rank
from textgan.runs.train import Interrupted, train
from textgan.sampling import Draw
from textgan.strategies.embedding import Embedding
from textgan.strategies.gumbel import Gumbel
from textgan.strategies.importance import ImportanceWeights
from textgan.strategies.reinforce import Reinforce
from textgan.training.adversarial import Adversarial
from textgan.training.discriminator import DiscriminatorTrainer
from textgan.training.engine import engine_for
from textgan.training.evaluation import write_ids
from textgan.training.game import judging, policy_mode
from textgan.training.likelihood import heldout_nats
from textgan.training.mle import Mle
from textgan.training.optimizers import Optimizer, descend
from textgan.types import Prompt, Situation, Strategy, Text

EOS = 2
STILL = Optimizer(lr=0.0, name="sgd", clip=0.0)


def difference(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> float:
    """The largest, over the largest of the wanted ones."""
    largest = max(float(one.abs().max()) for one in wanted)
    assert largest > 0
    return max(float((a - b).abs().max()) for a, b in zip(found, wanted, strict=True)) / largest


def gradients(module: torch.nn.Module) -> list[torch.Tensor]:
    return [p.grad.clone() for p in module.parameters() if p.grad is not None]


def compared(
    built: Built, ranks: Ranks, text: Text, step: Callable[[Text], torch.nn.Module]
) -> tuple[float, float]:
    """(the ranks' gradient against that of one process with all the text, the lone share's against it)."""
    size = len(text) // ranks.count
    share = text[ranks.rank * size : (ranks.rank + 1) * size]
    share = share.narrowed(int(share.mask.sum(1).max()))  # the widths differ
    built.game.ranks = ranks
    together = gradients(step(share))
    built.game.ranks = ALONE
    apart, joint = gradients(step(share)), gradients(step(text))
    return difference(together, joint), difference(apart, joint)


def all_gradients(built: Built, ranks: Ranks) -> dict[str, tuple[float, float]]:
    game = built.game
    text = game.train.text[torch.arange(0, 48, 4)]  # with different first words
    text = text[text.mask.sum(1).argsort()]  # the first rank's sentences are the short ones
    fakes = game.train.text[torch.arange(1, 48, 4)]
    found: dict[str, tuple[float, float]] = {}

    def teach(share: Text) -> torch.nn.Module:
        phase = Mle(batch=12, optimizer=STILL)
        phase.begin(game)
        phase.batches.next = lambda: (share, share.mask)  # type: ignore[method-assign]
        game.generator.eval()
        phase.step()
        return game.generator

    found["mle"] = compared(built, ranks, text, teach)

    def judge(share: Text) -> torch.nn.Module:
        size, first = len(share), 0 if len(share) == len(text) else ranks.rank * len(share)
        trainer = DiscriminatorTrainer(game, 12, STILL, stream=1)
        trainer.update(share, fakes[first : first + size])
        return game.discriminator

    game.penalty = RealGradientPenalty(2.0)
    for objective in (
        *(NonSaturating(), Relativistic(), RelativisticAverage(), MaximumMeanDiscrepancy()),
        Rank(references=4),
    ):
        game.objective = objective
        found[f"judge {type(objective).__name__}"] = compared(built, ranks, text, judge)

    def turn(strategy: Strategy) -> Callable[[Text], torch.nn.Module]:
        def one(share: Text) -> torch.nn.Module:
            policy_mode(game.generator)
            # With noise of the content, all sentences that begin alike would be the same.
            prompt = Prompt(len(share), prefix=None if strategy.pathwise else share.ids[:, :5])
            if strategy.pathwise:
                first = 0 if len(share) == len(text) else ranks.rank * len(share)
                torch.rand_like = RowNoise(len(text), first)  # type: ignore[assignment]
            optimizer = STILL.build(game.generator.parameters())
            objective = over_ranks(game.objective, game.ranks)
            with judging(game.discriminator):
                loss = strategy.turn(
                    Situation(
                        *(game.generator, game.discriminator, objective, share, prompt, game.length, 0.5),
                        ranks=game.ranks,
                    )
                ).loss
                descend(loss, game.generator, optimizer, 0.0, game.engine, game.ranks)
            return game.generator

        return one

    strategies: dict[str, tuple[Any, Any]] = {
        "reinforce": (Reinforce(rollouts=2, entropy=0.1, kl=0.1, anchor=0.1), Relativistic()),
        "reinforce by averages": (Reinforce(0), RelativisticAverage()),
        "reinforce without rollouts": (Reinforce(0), MaximumMeanDiscrepancy()),
        "reinforce by ranks": (Reinforce(0, bootstrap=3.0), NonSaturating()),
        "importance weights": (ImportanceWeights(), NonSaturating()),
        "gumbel": (Gumbel(), Relativistic()),
        "embedding": (Embedding(), RelativisticAverage()),
    }
    for name, (strategy, game.objective) in strategies.items():
        strategy.begin(game.generator)
        torch.rand_like = noise_of_content  # type: ignore[assignment]
        found[name] = compared(built, ranks, text, turn(strategy))
    return found


def noise_of_content(like: torch.Tensor) -> torch.Tensor:
    """In place of uniform numbers: a function of what is drawn from, the same in whatever batch it stands."""
    return (like.double().abs() * 98765.4321).frac().clamp(1e-6, 1 - 1e-6).to(like.dtype)


class RowNoise:
    """In place of uniform numbers: those that the joint batch's rows from `first` on get at each call."""

    def __init__(self, rows: int, first: int) -> None:
        self.rows, self.first, self.calls = rows, first, 0

    def __call__(self, like: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        stream = torch.Generator().manual_seed(self.calls)
        drawn = torch.rand(self.rows, *like.shape[1:], generator=stream, dtype=like.dtype)
        return drawn[self.first : self.first + len(like)]


def measure_gradients(recipe: Recipe, ranks: Ranks) -> dict[str, tuple[float, float]]:
    torch.set_default_dtype(torch.float64)
    uniform, torch.rand_like = torch.rand_like, noise_of_content  # type: ignore[assignment]
    single, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double  # type: ignore[method-assign]
    try:
        built = build(recipe)
        built.game.generator.double()
        built.game.discriminator.double()
        for parameter in built.game.generator.parameters():  # the start is nearly uniform
            parameter.data.mul_(3)
        built.game.generator.get_parameter("output.bias").data[EOS] += 1.5  # some sentences end early
        return all_gradients(built, ranks)
    finally:
        torch.rand_like = uniform  # type: ignore[assignment]
        torch.Tensor.float = single  # type: ignore[method-assign]
        torch.set_default_dtype(torch.float32)


def measure_evaluation(recipe: Recipe, ranks: Ranks) -> dict[str, bool]:
    game = build(recipe).game

    def write(count: int, seed: int, ranks: Ranks = ALONE) -> list[list[int]]:
        return write_ids(game.generator, count, game.length, Draw(), seed, game.engine, ranks=ranks)

    first, second = (replace(ranks, rank=rank).seed(5) for rank in (0, 1))
    rows = game.train.text[torch.arange(40)]
    heldout = Encoded(rows, rows.mask)
    return {
        "sentences": write(7, 5, ranks) == write(3, first) + write(4, second),
        "likelihood": heldout_nats(game.generator, heldout, game.engine, 8, ranks)
        == heldout_nats(game.generator, heldout, game.engine, 8),
    }


def stopping_at(step: int, rank: int, ranks: Ranks, of: type = Adversarial) -> Callable[[], None]:
    """Ctrl-C in the midst of that step, for one of the ranks; returns what puts everything back."""
    original = of.step  # type: ignore[attr-defined]

    def with_signal(self: Any) -> Any:
        if self.step_count + 1 == step and ranks.rank == rank:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self)

    of.step = with_signal  # type: ignore[attr-defined]
    return lambda: setattr(of, "step", original)


def measure_runs(recipe: Recipe, ranks: Ranks, folder: Path) -> dict[str, Any]:
    train(recipe, folder / "whole")
    undo = stopping_at(2, 1, ranks)
    stopped = []
    with suppress(Interrupted):
        train(recipe, folder / "stopped")
        stopped.append("not at all")
    undo()
    if ranks.first:
        shutil.copytree(folder / "stopped", folder / "for-one")
    train(recipe, folder / "stopped", resume=True)
    train(recipe, folder / "of-one", resume=True)  # begun by one process
    try:
        train(recipe, folder / "whole")
    except Mistake as mistake:
        stopped.append(type(mistake).__name__)
    told = [data.decode() for data in ranks.gather(" ".join(stopped).encode())]
    return {"ends": told}


def main(folder: Path) -> None:
    ranks = Ranks.launched("cpu")
    engine_for("cpu", "no", 1)
    overrides = json.loads((folder / "recipe.json").read_text())
    recipe = Recipe.load("seqgan-short", overrides)
    found: dict[str, Any] = {
        "gradients": measure_gradients(recipe, ranks),
        "evaluation": measure_evaluation(recipe, ranks),
        "runs": measure_runs(recipe, ranks, folder),
    }
    if not ranks.first:
        os._exit(0)  # as a process that is killed: nobody is told
    try:
        ranks.highest(1)
    except Mistake as mistake:
        found["lost"] = str(mistake)
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
