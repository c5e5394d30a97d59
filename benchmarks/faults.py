"""What a run loses to each fault: real kills, signals, resource limits and NaN.

    python benchmarks/faults.py [--kills 30] [--trials 3] [--only FAULT ...] [--seed 1]

Small runs of several strategies on the built-in captions. Each fault happens to a process of its own (a fork of this
one, so that torch need not be imported again). What can be resumed is then resumed, and everything that the run leaves
is compared with the same run undisturbed: the weights of every checkpoint, the samples and the scores bit for bit,
metrics.jsonl in all but its times. A row of the table: fault, trials, how the runs ended, what was lost. Exits with 1
if anything was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import Interrupted, train
from textgan.training import checkpoints, trainer
from textgan.training.adversarial import Adversarial
from textgan.training.progress import Display
from textgan.types import Text, Verdict

SMALL = [
    *("corpus={name: captions, size: 200, validation: 40, test: 60}", "length=22", "threads=1"),
    *("generator.embedding=8", "generator.hidden=12", "metrics=[bleu, self-bleu, nll]"),
    *("train.mle.epochs=4", "train.mle.batch=16", "train.adversarial.steps=8", "train.adversarial.batch=8"),
    *("train.adversarial.d_steps=2", "evaluate={every: 2, samples: 30, final: 40}"),
]
JUDGE = ["discriminator.embedding=8", "discriminator.filters=4", "train.discriminator={steps: 20, batch: 8}"]
RECIPES = {
    "reinforce": ["seqgan-short", *SMALL, *JUDGE, "strategy.baseline=ema"],
    "gumbel": [
        "gumbel-short",
        *SMALL,
        *JUDGE,
        "train.adversarial.replay=0.5",
        "train.adversarial.average=0.9",
    ],
    "embedding": ["embedding-short", *SMALL, *JUDGE],
}
LINES = [f"the {a} {b} sees a {c} {d} ." for a in "pqr" for b in "stu" for c in "vwx" for d in "yzab"]
Outcome = tuple[str, str]
"""What the process ended with, and what was lost: empty for nothing."""


def recipe(strategy: str, *overrides: str) -> Recipe:
    """With the overrides in place of what the small recipe says of the same key."""
    name, *words = RECIPES[strategy]
    changed = [word.partition("=")[0] for word in overrides]
    return Recipe.load(name, [*(word for word in words if word.partition("=")[0] not in changed), *overrides])


def content(run: Path) -> dict[str, Any]:
    """All that a run leaves but the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation.pop("minutes")
    weights = {
        str(file.relative_to(run)): file.read_bytes()
        for file in sorted((run / "checkpoints").glob("[a-z]*/*.safetensors"))
    }
    samples = {file.name: file.read_text() for file in sorted((run / "samples").glob("*.txt"))}
    rows = [{key: value for key, value in row.items() if key != "seconds"} for row in rows]
    return {"weights": weights, "metrics.jsonl": rows, "scores": evaluation, "samples": samples}


def process(work: Callable[[], object], fault: int = 0, after: float = 0.0) -> tuple[int, str, float]:
    """(exit code, the error's lines, seconds from the signal to the end) of `work` in a process of its own."""
    reading, writing = os.pipe()
    number = os.fork()
    if not number:
        code = 70
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            trainer.SAVE_SECONDS = 0.0  # a checkpoint after every logged step: the more of them are cut off
            work()
            code = 0
        except Interrupted as interrupted:
            code = interrupted.code
        except Mistake as mistake:
            code = 2
            os.write(writing, str(mistake).encode())
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(code)
    os.close(writing)
    if fault:
        time.sleep(after)
        with suppress(ProcessLookupError):
            os.kill(number, fault)
    began = time.monotonic()
    code = os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])
    with os.fdopen(reading, encoding="utf-8") as told:
        return code, told.read(), time.monotonic() - began


def go_on(plan: Recipe, run: Path) -> None:
    train(plan, run, resume=(run / "recipe.yaml").exists())


class Bench:
    """The untouched run of each strategy, how long it takes, and the trials against it."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.whole: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, float] = {}
        self.phases: set[str] = set()
        train(recipe("gumbel"), folder / "first")  # all is imported now, and no child does it anew
        for strategy in RECIPES:
            run, began = folder / strategy, time.monotonic()
            code, told, _ = process(partial(train, recipe(strategy), run))
            if code:
                raise SystemExit(f"{strategy}: the untouched run failed: {told}")
            self.whole[strategy], self.seconds[strategy] = content(run), time.monotonic() - began

    def strategies(self, trials: int) -> Iterator[tuple[int, str, Path]]:
        for trial in range(trials):
            run = self.folder / "trial"
            shutil.rmtree(run, ignore_errors=True)
            yield trial, list(RECIPES)[trial % len(RECIPES)], run

    def lost(self, strategy: str, run: Path) -> str:
        """After resuming: in which files the run differs from the untouched one; empty for none."""
        code, told, _ = process(lambda: go_on(recipe(strategy), run))
        if code:
            return f"could not be resumed: {told}"
        found, wanted = content(run), self.whole[strategy]
        return ", ".join(key for key in wanted if found[key] != wanted[key])

    def kill(self, trials: int) -> Iterator[Outcome]:
        """At moments spread over the whole run, each drawn from its own part of it."""
        for trial, strategy, run in self.strategies(trials):
            moment = (trial + self.chance.random()) / trials * self.seconds[strategy]
            code, _, _ = process(partial(go_on, recipe(strategy), run), signal.SIGKILL, moment)
            self.phases.add(_phase(run))
            yield f"exit {code}", self.lost(strategy, run)

    def kill_again(self, trials: int) -> Iterator[Outcome]:
        """Killed, resumed, killed again, five times over."""
        for _, strategy, run in self.strategies(trials):
            for _ in range(5):
                moment = self.chance.random() * self.seconds[strategy] / 2
                process(partial(go_on, recipe(strategy), run), signal.SIGKILL, moment)
            yield "exit -9", self.lost(strategy, run)

    def term(self, trials: int) -> Iterator[Outcome]:
        for trial, strategy, run in self.strategies(trials):
            moment = self.seconds[strategy] * (trial + 0.5 + self.chance.random() / 2) / (trials + 1)
            code, _, took = process(partial(go_on, recipe(strategy), run), signal.SIGTERM, moment)
            begun = (
                run.exists()
            )  # before that there is nothing to save, and the signal ends the process as it always does
            wrong = [f"exit {code}"] if code != (0 if begun else -signal.SIGTERM) else []
            wrong += [f"took {took:.1f} s"] if took > 10 else []
            yield f"exit {code}", ", ".join([*wrong, self.lost(strategy, run)]).strip(", ")

    def limited(self, trials: int, limit: int, sizes: Callable[[str], int]) -> Iterator[Outcome]:
        """A resource limit in force from the start; the run ends in one line, and goes on without it."""
        for _, strategy, run in self.strategies(trials):

            def work(strategy: str = strategy, run: Path = run) -> None:
                resource.setrlimit(limit, (sizes(strategy),) * 2)
                go_on(recipe(strategy), run)

            code, told, _ = process(work)
            yield f"exit {code}", _one_line(code, told) or self.lost(strategy, run)

    def full(self, trials: int) -> Iterator[Outcome]:
        def size(strategy: str) -> int:
            biggest = max(map(len, self.whole[strategy]["weights"].values()))
            return self.chance.randrange(biggest // 4, biggest)

        return self.limited(trials, resource.RLIMIT_FSIZE, size)

    def memory(self, trials: int) -> Iterator[Outcome]:
        for _, strategy, run in self.strategies(trials):

            def work(strategy: str = strategy, run: Path = run) -> None:
                used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
                room = self.chance.randrange(200, 400) * 2**20
                resource.setrlimit(resource.RLIMIT_AS, (used + room,) * 2)
                train(recipe(strategy, "train.adversarial.batch=300000"), run)

            code, told, _ = process(work)
            kept = checkpoints.damage(run / "checkpoints" / "last") if run.exists() else ""
            yield f"exit {code}", _one_line(code, told) or kept

    def place_taken(self, trials: int) -> Iterator[Outcome]:
        """A file where the folder should be: root, too, cannot make one there."""
        taken = self.folder / "file"
        for _, strategy, run in self.strategies(trials):
            taken.write_text("precious")
            code, told, _ = process(partial(train, recipe(strategy), taken / "run"))
            wrong = "" if taken.read_text() == "precious" else "the file"
            yield f"exit {code}", _one_line(code, told) or wrong or self.lost(strategy, run)

    def read_only(self, trials: int) -> Iterator[Outcome]:
        """From some write on, the rename that ends it is refused as a read-only file system refuses it."""
        for _, strategy, run in self.strategies(trials):
            left = self.chance.randrange(4, 12)

            def work(strategy: str = strategy, run: Path = run, left: int = left) -> None:
                original, count = os.replace, iter(range(left))

                def replace(source: Any, target: Any, **named: Any) -> None:
                    if next(count, None) is None:
                        raise OSError(30, os.strerror(30), str(target))
                    original(source, target, **named)

                os.replace = replace  # type: ignore[assignment]
                go_on(recipe(strategy), run)

            code, told, _ = process(work)
            yield f"exit {code}", _one_line(code, told) or self.lost(strategy, run)

    def nan(self, trials: int, player: str) -> Iterator[Outcome]:
        for trial, strategy, run in self.strategies(trials):

            def work(strategy: str = strategy, run: Path = run, at: int = 1 + trial % 7) -> None:
                original = Adversarial.step

                def step(self: Adversarial) -> Any:
                    if self.step_count == at:
                        _poison(self, player)
                    return original(self)

                Adversarial.step = step  # type: ignore[method-assign]
                go_on(recipe(strategy), run)

            code, told, _ = process(work)
            named = "" if "the last good checkpoint is" in told else "the checkpoint is not named"
            yield f"exit {code}", _one_line(code, told) or named or self.lost(strategy, run)

    def damaged(self, trials: int) -> Iterator[Outcome]:
        """A file of the last checkpoint cut short, or a byte of it changed."""
        for _, strategy, run in self.strategies(trials):
            shutil.copytree(self.folder / strategy, run)
            file = self.chance.choice(sorted((run / "checkpoints" / "last").iterdir()))
            held = bytearray(file.read_bytes())
            if self.chance.random() < 0.5:
                held = held[: self.chance.randrange(len(held))]
            else:
                held[self.chance.randrange(len(held))] ^= 1 << self.chance.randrange(8)
            file.write_bytes(held)
            yield file.name, self.lost(strategy, run)

    def text(self, trials: int, gone: bool) -> Iterator[Outcome]:
        """A file of text, changed by one word or taken away while the run stands still; then put back."""
        for _, strategy, run in self.strategies(trials):
            file, text = self.folder / "captions.txt", "\n".join(LINES)
            file.write_text(text)
            plan = recipe(strategy, f"corpus={{path: {file}, validation: 10, test: 20}}")
            run.mkdir()
            whole, stopped = run / "whole", run / "stopped"
            process(partial(train, plan, whole))
            process(partial(train, plan, stopped), signal.SIGTERM, self.seconds[strategy] / 2)
            if gone:
                file.unlink()
            else:
                file.write_text(text.replace(self.chance.choice(LINES), "the p s sees another one ."))
            code, told, _ = process(partial(train, plan, stopped, resume=True))
            file.write_text(text)
            process(partial(go_on, plan, stopped))
            same = content(whole) == content(stopped)
            yield f"exit {code}", _one_line(code, told) or ("" if same else "not the untouched run")

    def second(self, trials: int) -> Iterator[Outcome]:
        """Another process begins to resume the run while it is being trained."""
        for _, strategy, run in self.strategies(trials):

            def work(strategy: str = strategy, run: Path = run) -> None:
                original = Adversarial.step

                def step(self: Adversarial) -> Any:
                    if self.step_count == 3:
                        code, told, _ = process(lambda: train(recipe(strategy), run, resume=True))
                        if code != 2 or "is training in" not in told:
                            raise AssertionError(f"not refused: {code} {told}")
                    return original(self)

                Adversarial.step = step  # type: ignore[method-assign]
                go_on(recipe(strategy), run)

            code, told, _ = process(work)
            yield "exit 2", told if code else self.lost(strategy, run)


def _poison(phase: Adversarial, what: str) -> None:
    if what == "data":  # the word vectors that real text is read with
        table = phase.game.discriminator
        original = table.judge_both

        def judge_both(real: Text, fake: Text) -> tuple[Verdict, Verdict]:
            of_real, of_fake = original(real, fake)
            nan = float("nan")
            return replace(of_real, score=of_real.score * nan), replace(of_fake, score=of_fake.score * nan)

        table.judge_both = judge_both  # type: ignore[method-assign]
    elif what == "reward":
        objective: Any = phase.game.objective
        reward, loss = objective.reward, objective.generator_loss
        objective.reward = lambda real, fake: reward(real, fake) * float("nan")
        objective.generator_loss = lambda real, fake: loss(real, fake) * float("nan")
    else:
        with torch.no_grad():
            next(weight for weight in getattr(phase.game, what).parameters() if weight.requires_grad).fill_(
                float("nan")
            )


def _one_line(code: int, told: str) -> str:
    return "" if code == 2 and len(told.splitlines()) == 1 else f"no single line: exit {code}, {told[:200]!r}"


def _phase(run: Path) -> str:
    """The phase of the last row that was written."""
    with suppress(OSError, IndexError, ValueError):
        return str(json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])["phase"])
    return "before the first row"


def faults(bench: Bench, kills: int, trials: int) -> dict[str, tuple[str, Callable[[], Iterator[Outcome]]]]:
    return {
        "kill": ("SIGKILL at a random moment", lambda: bench.kill(kills)),
        "kill-again": ("SIGKILL five times in a row", lambda: bench.kill_again(trials)),
        "term": ("SIGTERM at a random moment (exit 0 within 10 s)", lambda: bench.term(trials)),
        "full": ("disk full (RLIMIT_FSIZE below the size of a checkpoint)", lambda: bench.full(trials)),
        "memory": ("memory limit (RLIMIT_AS)", lambda: bench.memory(trials)),
        "place": ("a file in the run folder's place", lambda: bench.place_taken(trials)),
        "read-only": (
            "file system read-only from some write on (simulated)",
            lambda: bench.read_only(trials),
        ),
        "nan-g": ("NaN in the generator", lambda: bench.nan(trials, "generator")),
        "nan-d": ("NaN in the discriminator", lambda: bench.nan(trials, "discriminator")),
        "nan-reward": ("NaN in the reward or loss", lambda: bench.nan(trials, "reward")),
        "nan-data": (
            "NaN in what the discriminator reads of real and written text",
            lambda: bench.nan(trials, "data"),
        ),
        "damaged": (
            "a file of the last checkpoint cut or a bit of it flipped",
            lambda: bench.damaged(trials),
        ),
        "text": ("the corpus changed by one line before the resumption", lambda: bench.text(trials, False)),
        "gone": ("the corpus gone before the resumption", lambda: bench.text(trials, True)),
        "second": ("a second process on the run folder", lambda: bench.second(trials)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=30, help="trials of SIGKILL at a random moment")
    parser.add_argument("--trials", type=int, default=3, help="trials of every other fault")
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="these faults alone, by name")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    display = Display()
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        display.say(f"the untouched runs: {', '.join(RECIPES)}")
        bench = Bench(Path(folder), asked.seed)
        for key, (title, play) in faults(bench, asked.kills, asked.trials).items():
            if asked.only and key not in asked.only:
                continue
            ends, losses = [], []
            for end, lost in play():
                ends.append(end)
                losses += [lost] if lost else []
                display.say(f"{title}: trial {len(ends)}: {end}, lost: {lost or 'nothing'}")
            failed |= bool(losses)
            ended = ", ".join(f"{end} ({ends.count(end)})" for end in dict.fromkeys(ends))
            rows.append(
                f"| {title} | {len(ends)} | {ended} | {'; '.join(dict.fromkeys(losses)) or 'nothing'} |"
            )
    if bench.phases:
        display.say(f"killed in: {', '.join(sorted(bench.phases))}")
    print("| fault | trials | ended with | lost |\n|---|---|---|---|")
    print("\n".join(rows))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
