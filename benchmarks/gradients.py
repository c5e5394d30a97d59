"""How far each strategy's expected gradient lies from the exact one, on a game small enough to list.

    python benchmarks/gradients.py

The game of tests/strategies/toy.py: four tokens, at most three of them, a fixed CNN judge. Bias is
|mean estimate - exact| / |exact| over all the generator's parameters, from 20 estimates of 4,096 sentences. Every
figure is a mean over six games (generators and judges of six seeds), for Gumbel with the least and the greatest of
them and the standard error of one. Cosine and length are those of the mean estimate to the exact one.

Gumbel's rows differ in how a sentence ends. `presence`: how far a sentence has not ended weighs its positions,
and the gradient reaches it (what textgan does). `mask`: positions count up to the first arg-max EOS, and no
gradient reaches that decision (the usual way).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "strategies"))

from toy import estimates, exact_gradient, players  # noqa: E402

from textgan.discriminators.cnn import CNN  # noqa: E402
from textgan.objectives.adversarial import Minimax  # noqa: E402
from textgan.strategies.embedding import Embedding  # noqa: E402
from textgan.strategies.gumbel import Gumbel  # noqa: E402
from textgan.strategies.reinforce import Reinforce  # noqa: E402
from textgan.types import Strategy, Text, Verdict  # noqa: E402

TEMPERATURES = (2.0, 1.0, 0.5, 0.2, 0.1, 0.05)
REPEATS = 20
GAMES = range(6)


def judge_by_mask(self: CNN, text: Text) -> Verdict:
    """The judge as it is without presence."""
    text = replace(text, presence=None)
    return self(self.embed(text), text.mask, text.labels)


def gumbel_table() -> None:
    objective = Minimax(bounded_reward=False)  # its reward is minus its generator loss, exactly
    print("| tokens | ends by | " + " | ".join(f"τ={t:g}" for t in TEMPERATURES) + " |")
    print("|---" * (len(TEMPERATURES) + 2) + "|")
    for hard in (False, True):
        for way in ("mask", "presence"):
            cells = []
            for temperature in TEMPERATURES:
                biases, errors = [], []
                for game in GAMES:
                    generator, judge = players(game)
                    truth = exact_gradient(generator, judge, objective)
                    if way == "mask":
                        judge.judge = judge_by_mask.__get__(judge)  # type: ignore[method-assign]
                    torch.manual_seed(5)
                    found = estimates(Gumbel(temperature, hard), generator, judge, objective, 4096, REPEATS)
                    biases.append(float((found.mean(0) - truth).norm() / truth.norm()))
                    errors.append(float(found.std(0).norm() / REPEATS**0.5 / truth.norm()))
                cells.append(f"{mean(biases):.2f} ({min(biases):.2f}-{max(biases):.2f}; ±{mean(errors):.2f})")
            print(f"| {'straight-through' if hard else 'soft'} | {way} | {' | '.join(cells)} |", flush=True)


def strategies_table() -> None:
    objective = Minimax(bounded_reward=False)
    print("| strategy | bias | cosine | length | noise of one estimate of 64 sentences |")
    print("|---|---|---|---|---|")
    cases: dict[str, Callable[[], Strategy]] = {
        "reinforce, no rollouts, no baseline": lambda: Reinforce(0, baseline="none"),
        "reinforce, no rollouts, leave-one-out": lambda: Reinforce(0),
        "reinforce, 4 rollouts, leave-one-out": lambda: Reinforce(4, rollout_lag=0.0),
        "reinforce, 4 rollouts, q-difference": lambda: Reinforce(4, rollout_lag=0.0, baseline="q-difference"),
        "gumbel, soft, τ=1": lambda: Gumbel(1.0, hard=False),
        "gumbel, straight-through, τ=1": lambda: Gumbel(1.0),
        "gumbel, straight-through, τ=0.5": lambda: Gumbel(0.5),
        "embedding, τ=1": lambda: Embedding(1.0),
        "embedding, τ=0.3": lambda: Embedding(0.3),
    }
    for name, strategy in cases.items():
        rows = []
        for game in GAMES:
            generator, judge = players(game)
            truth = exact_gradient(generator, judge, objective)
            torch.manual_seed(5)
            found = estimates(strategy(), generator, judge, objective, 4096, REPEATS).mean(0)
            noise = estimates(strategy(), generator, judge, objective, 64, 200).std(0).norm()
            cosine = torch.cosine_similarity(found, truth, 0)
            bias, length = (found - truth).norm() / truth.norm(), found.norm() / truth.norm()
            rows.append([float(x) for x in (bias, cosine, length, noise / truth.norm())])
        print(f"| {name} | " + " | ".join(f"{mean(column):.2f}" for column in zip(*rows, strict=True)) + " |")


if __name__ == "__main__":
    torch.set_num_threads(1)
    gumbel_table()
    print()
    strategies_table()
