"""How far each strategy's expected gradient lies from the true one, and how much signal a second of it gives.

    python benchmarks/gradients.py [--only exact|toy|grammar] [--quick]

`exact`: two tables of bias on a game small enough to enumerate, the one of tests/strategies/toy.py: four tokens, at
most three positions, a fixed CNN as the discriminator. Bias is |mean estimate - exact| / |exact| over all the
generator's parameters, from 20 estimates of 4,096 sentences. Every figure is a mean over six games (generators and
discriminators of six seeds); for Gumbel, with the least and the greatest of them and the standard error of one. Cosine
and length compare the mean estimate with the exact gradient.

Gumbel's rows differ in how a sentence ends. `presence`: every position is weighted by how far the sentence has not
ended, and the gradient reaches that weight (what textgan does). `mask`: positions count up to the first arg-max EOS,
and no gradient reaches that decision (the usual way).

`toy` and `grammar`: all estimators in one table, 64 sentences an estimate (formulas: `textgan.strategies.gradients`).
`toy` is the same game; its bias is the root of the mean square over six games, from estimates of 1,024 sentences (no
estimator's expectation depends on the batch here). `grammar` is one game: the embedded captions, the LSTM of 128 after
MLE, and the discriminator after its pretraining as in `seqgan-short budget=demo`. Its reference is a long run of
REINFORCE without rollouts, leave-one-out, which is unbiased and reaches a given error far sooner than with 16 rollouts
(see their rows); the row of 16 rollouts is a check on it. Where no bias is seen, `<` stands before the root of what
was measured and two standard errors. ms is processor time. Rows go to results/gradients.jsonl; --quick shows that
everything runs, and writes none.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "strategies"))

from toy import LENGTH, estimates, exact_gradient, players, real_text  # noqa: E402

from textgan.discriminators.cnn import CNN  # noqa: E402
from textgan.objectives.adversarial import Minimax  # noqa: E402
from textgan.strategies.embedding import Embedding  # noqa: E402
from textgan.strategies.gradients import Estimates, estimate  # noqa: E402
from textgan.strategies.gumbel import Gumbel  # noqa: E402
from textgan.strategies.reinforce import Reinforce  # noqa: E402
from textgan.training.game import judging, policy_mode  # noqa: E402
from textgan.training.progress import Display  # noqa: E402
from textgan.types import Prompt, Situation, Strategy, Text, Verdict  # noqa: E402

TEMPERATURES = (2.0, 1.0, 0.5, 0.2, 0.1, 0.05)
REPEATS = 20
GAMES = range(6)
RESULTS = Path(__file__).parent / "results" / "gradients.jsonl"
HEAD = (
    "| estimator | bias | cosine | length | noise of one | cosine of one | ms | signal per second |\n"
    "|---|---|---|---|---|---|---|---|"
)


def judge_by_mask(self: CNN, text: Text) -> Verdict:
    """The discriminator as it is without presence."""
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
                    generator, discriminator = players(game)
                    truth = exact_gradient(generator, discriminator, objective)
                    if way == "mask":
                        discriminator.judge = judge_by_mask.__get__(discriminator)  # type: ignore[method-assign]
                    torch.manual_seed(5)
                    found = estimates(
                        Gumbel(temperature, hard), generator, discriminator, objective, 4096, REPEATS
                    )
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
            generator, discriminator = players(game)
            truth = exact_gradient(generator, discriminator, objective)
            torch.manual_seed(5)
            found = estimates(strategy(), generator, discriminator, objective, 4096, REPEATS).mean(0)
            noise = estimates(strategy(), generator, discriminator, objective, 64, 200).std(0).norm()
            cosine = torch.cosine_similarity(found, truth, 0)
            bias, length = (found - truth).norm() / truth.norm(), found.norm() / truth.norm()
            rows.append([float(x) for x in (bias, cosine, length, noise / truth.norm())])
        print(f"| {name} | " + " | ".join(f"{mean(column):.2f}" for column in zip(*rows, strict=True)) + " |")


def reinforce(rollouts: int, baseline: Any) -> Callable[[], Reinforce]:
    return lambda: Reinforce(rollouts, rollout_lag=0.0, baseline=baseline)


def gumbel(temperature: float, hard: bool, estimator: Any = "plain") -> Callable[[], Gumbel]:
    return lambda: Gumbel(temperature, hard, estimator)


def embedding(temperature: float) -> Callable[[], Embedding]:
    return lambda: Embedding(temperature)


def estimators() -> dict[str, Callable[[], Strategy]]:
    """Every estimator, by the name of its row."""
    found: dict[str, Callable[[], Strategy]] = {}
    for rollouts in (0, 1, 4, 16):
        for baseline in ("none", "ema", "leave-one-out", "q-difference"):
            if rollouts or baseline != "q-difference":
                found[f"reinforce, {rollouts or 'no'} rollouts, {baseline}"] = reinforce(rollouts, baseline)
    for t in (2.0, 1.0, 0.5, 0.1):
        found[f"gumbel soft, τ={t:g}"] = gumbel(t, False)
    for t in (2.0, 1.0, 0.5, 0.1):
        found[f"gumbel straight-through, τ={t:g}"] = gumbel(t, True)
    for t in (1.0, 0.5, 0.1):
        found[f"gumbel-rao, 8 draws, τ={t:g}"] = gumbel(t, True, "rao")
    for t in (2.0, 1.0):
        found[f"reinmax, τ={t:g}"] = gumbel(t, True, "second-order")
    for t in (1.0, 0.3):
        found[f"expected embedding, τ={t:g}"] = embedding(t)
    return found


def warmed(strategy: Strategy, situation: Situation) -> Strategy:
    """A running baseline as it stands after 30 turns; made without rollouts, whose mean is the same and cheaper."""
    if isinstance(strategy, Reinforce) and list(strategy.baseline.buffers()):
        like = Reinforce(0, baseline="ema")
        estimate(like, situation, 2, warm=30, seed=99)
        strategy.baseline.load_state_dict(like.baseline.state_dict())
    return strategy


def cells(row: dict[str, Any]) -> str:
    """A row of the table."""

    def number(value: float, digits: str = ".2f") -> str:
        return f"{value:{digits}}" if math.isfinite(value) else "–"

    gap, error = row["gap"], 2 * row["gap_error"]
    bias = number(math.sqrt(gap)) if gap > error else "< " + number(math.sqrt(max(gap, 0) + error))
    told = [bias, *(number(row[key]) for key in ("cosine", "length", "noise", "cosine_of_one"))]
    told += [number(1000 * row["seconds"], ".1f"), number(row["signal_per_second"], ".3g")]
    return f"| {row['estimator']} | " + " | ".join(told) + " |"


def measures(worth: Estimates, lies: Estimates, reference: Estimates) -> dict[str, float]:
    """worth: estimates of 64 sentences; lies: those (or the same) that say where the expected gradient lies."""
    compared = lies.against(reference)
    return {
        "gap": compared.gap,
        "gap_error": lies.gap_error / reference.square,
        "cosine": compared.cosine,
        "length": compared.length,
        # The signal's length from `lies`, which knows it better.
        "noise": math.sqrt(worth.variance) / lies.length if lies.length else math.inf,
        "cosine_of_one": worth.cosine_of_one,
        "seconds": worth.seconds,
        "signal_per_second": lies.length**2 / (worth.variance * worth.seconds),
    }


def toy_table(quick: bool) -> list[dict[str, Any]]:
    display, objective = Display(), Minimax(bounded_reward=False)
    games = GAMES[:1] if quick else GAMES
    rows = []
    print("The toy game, all estimators\n\n" + HEAD)
    for name, make in estimators().items():
        display.say(f"toy: {name}")
        found = []
        for game in games:
            generator, discriminator = players(game)
            truth = Estimates.exact(exact_gradient(generator, discriminator, objective))
            small = Situation(generator, discriminator, objective, real_text(), Prompt(64), LENGTH, 0.0)
            large = replace(small, prompt=Prompt(1024))
            strategy = warmed(make(), small)
            worth = estimate(strategy, small, 5 if quick else 60, reference=truth, seed=1)
            lies = estimate(strategy, large, 5 if quick else 30, reference=truth, seed=2)
            found.append(measures(worth, lies, truth))
        row: dict[str, Any] = {"game": "toy", "estimator": name, "games": len(games)}
        row |= {key: mean(one[key] for one in found) for key in found[0]}
        row["gap_error"] = math.sqrt(sum(one["gap_error"] ** 2 for one in found)) / len(found)
        print(cells(row), flush=True)
        rows.append(row)
    return rows


def pretrained(quick: bool, display: Display) -> Situation:
    """The players of `seqgan-short budget=demo` as its adversarial phase meets them, and 64 real sentences."""
    from textgan.assembly.build import build
    from textgan.assembly.recipe import Recipe

    budget = "budget=smoke" if quick else "budget=demo"
    built = build(Recipe.load("seqgan-short", [budget, "threads=1", "device=cpu"]), display)
    game = built.game
    for phase in built.phases[:2]:
        phase.begin(game)
        display.begin(phase.name, 0, phase.total, at_most=True)
        while not phase.done:
            log = phase.step()
            display.step(phase.step_count, {key: float(value) for key, value in log.items()})
        phase.finish()
        display.end(phase.step_count, phase.total, phase.ending)
    policy_mode(game.generator)
    real = game.next_text(game.batches(game.train, 64, stream=20))
    return Situation(game.generator, game.discriminator, game.objective, real, Prompt(64), game.length, 0.0)


def repeats(name: str) -> int:
    """Estimates of a row on the grammar: the dearer, the fewer."""
    for rollouts, count in ((16, 12), (4, 24), (1, 40)):
        if f" {rollouts} rollouts" in name:
            return count
    return 100 if "reinforce" in name else 30 if "rao" in name else 60


def grammar_table(quick: bool) -> list[dict[str, Any]]:
    display = Display()
    situation = pretrained(quick, display)
    rows = []
    with judging(situation.discriminator):
        display.say("grammar: the reference")
        wide, long = replace(situation, prompt=Prompt(256)), 6 if quick else 250
        reference = estimate(Reinforce(0), wide, long, seed=3)
        print(
            f"The embedded captions, all estimators. Reference: {long} estimates of 256 sentences; cosine between its "
            f"two halves {reference.halves:.3f}, so to its own limit about {reference.likeness:.3f}.\n\n{HEAD}"
        )
        for name, make in estimators().items():
            display.say(f"grammar: {name}")
            count = 5 if quick else repeats(name)
            found = estimate(warmed(make(), situation), situation, count, reference=reference, seed=4)
            row: dict[str, Any] = {"game": "grammar", "estimator": name, "estimates": count}
            row |= measures(found, found, reference)
            row |= {"reference_halves": reference.halves, "reference_likeness": reference.likeness}
            print(cells(row), flush=True)
            rows.append(row)
    return rows


def write(rows: list[dict[str, Any]]) -> None:
    """Into the results, in the place of rows of the same game; what is not finite is left out."""
    told = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    games = {row["game"] for row in rows}
    held = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    kept = [line for line in held if json.loads(line)["game"] not in games]
    measured = [
        {k: v for k, v in row.items() if not isinstance(v, float) or math.isfinite(v)} for row in rows
    ]
    lines = [*kept, *(json.dumps(row | {"commit": told.stdout.strip()}) for row in measured)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("exact", "toy", "grammar"), help="one part; by default all three")
    parser.add_argument(
        "--quick", action="store_true", help="a few estimates of each, to see that everything runs"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.only == "exact" or (options.only is None and not options.quick):
        gumbel_table()
        print()
        strategies_table()
        print()
    for name, table in (("toy", toy_table), ("grammar", grammar_table)):
        if options.only in (None, name):
            rows = table(options.quick)
            if not options.quick:
                write(rows)
            print()


if __name__ == "__main__":
    main()
