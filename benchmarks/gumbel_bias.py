"""How far Gumbel-Softmax's expected gradient lies from the exact one, on a game small enough to list.

    python benchmarks/gumbel_bias.py

The game of tests/strategies/toy.py: four tokens, at most three of them, a fixed CNN judge. Bias is
|mean estimate - exact| / |exact| over all the generator's parameters, from 20 estimates of 4,096 sentences;
beside it the standard error of that mean. `presence`: how far a sentence has not ended weighs its positions,
and the gradient reaches it (what textgan does). `mask`: positions count up to the first arg-max EOS, and no
gradient reaches that decision (the usual way).
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "strategies"))

from toy import estimates, exact_gradient, players  # noqa: E402

from textgan.discriminators.cnn import CNN  # noqa: E402
from textgan.objectives.adversarial import Minimax  # noqa: E402
from textgan.strategies.gumbel import Gumbel  # noqa: E402
from textgan.types import Text, Verdict  # noqa: E402

TEMPERATURES = (2.0, 1.0, 0.5, 0.2, 0.1, 0.05)
REPEATS = 20


def judge_by_mask(self: CNN, text: Text) -> Verdict:
    """The judge as it is without presence."""
    text = replace(text, presence=None)
    return self(self.embed(text), text.mask, text.labels)


def main() -> None:
    torch.set_num_threads(1)
    objective = Minimax(bounded_reward=False)  # its reward is minus its generator loss, exactly
    print("| tokens | ends by | " + " | ".join(f"τ={t:g}" for t in TEMPERATURES) + " |")
    print("|---" * (len(TEMPERATURES) + 2) + "|")
    for hard in (False, True):
        for way in ("mask", "presence"):
            generator, judge = players()
            truth = exact_gradient(generator, judge, objective)
            if way == "mask":
                judge.judge = judge_by_mask.__get__(judge)  # type: ignore[method-assign]
            cells = []
            for temperature in TEMPERATURES:
                torch.manual_seed(5)
                found = estimates(Gumbel(temperature, hard), generator, judge, objective, 4096, REPEATS)
                bias = float((found.mean(0) - truth).norm() / truth.norm())
                error = float(found.std(0).norm() / REPEATS**0.5 / truth.norm())
                cells.append(f"{bias:.3f} ± {error:.3f}")
            print(f"| {'straight-through' if hard else 'soft'} | {way} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
