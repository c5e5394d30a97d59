"""`textgan benchmark`: train recipes with several seeds on equal terms, and test whether the GAN helped."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textgan.cli.shared import LARGEST, app, names_of, say

if TYPE_CHECKING:
    from textgan.benchmark.end_to_end import Benchmarked
    from textgan.training.progress import Display


@app.command(epilog="Example: textgan benchmark recipes/short/*.yaml --seeds 1 2 3 --budget smoke")
def benchmark(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE|KEY=VALUE", help="Recipes, and overrides that apply to all of them."),
    ],
    seeds: Annotated[
        list[str] | None,
        typer.Option("--seeds", "--seed", metavar="N...", help="Such as 1 2 3, or 1,2,3; by default 1."),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=A,B", help="Train every recipe with each value; repeatable."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="smoke, demo, ..., or minutes=5 or steps=200 of adversarial training; by default the recipe's."
        ),
    ] = None,
    temperatures: Annotated[
        str, typer.Option(help="Sampling temperatures of the fronts; `...` continues in equal steps.")
    ] = "0.5,0.6,...,1.2",
    samples: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=LARGEST,
            help="Sentences per temperature, at most the training split's size; by default `evaluate.final`.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=LARGEST, help="Runs trained at the same time.")] = 2,
    threads: Annotated[
        int | None, typer.Option(min=1, max=LARGEST, help="CPU threads per run; by default an even share.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="In addition to bleu, self-bleu and source.")] = "distinct,nll",
    out: Annotated[Path, typer.Option(help="Output folder; the same command continues there.")] = Path(
        "runs/benchmark"
    ),
    launcher: Annotated[
        str, typer.Option(metavar="local|submitit", help="Where runs are trained: here, or through SLURM.")
    ] = "local",
    launcher_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="For submitit, such as slurm_partition=gpu, timeout_min=240; repeatable.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Train recipes with several seeds, each seed from the same pretrained weights; say whether the GAN helped.

    Writes fronts by temperature, a verdict for each recipe, tables and an HTML page.
    """
    from textgan.benchmark.arguments import Budget, sort_words
    from textgan.runs.points import parse_temperatures

    asked = sort_words(words, seeds or [], grid or [])
    length = Budget.parse(budget)
    values = parse_temperatures(temperatures)
    names = names_of(metrics) or []
    from textgan.benchmark.crew import Stopped
    from textgan.benchmark.end_to_end import conduct
    from textgan.training.progress import Display

    display = Display()
    command = shlex.join(["textgan", *sys.argv[1:]])
    try:
        done = conduct(
            asked, length, out, temperatures=values, samples=samples, metrics=names, jobs=jobs, threads=threads,
            say=display.say, command=command, launcher=launcher, launcher_options=tuple(launcher_option or ()),
        )  # fmt: skip
    except (Stopped, KeyboardInterrupt):
        say("stopped; finished work is kept, and the same command continues")
        raise typer.Exit(130) from None
    _show(done, as_json, display)


def _show(done: Benchmarked, as_json: bool, display: Display) -> None:
    """Print the results; exit code 1 if a run failed."""
    from rich.console import Console

    from textgan.benchmark import tables

    if as_json:
        print(json.dumps({"budget": done.found.budget, "rows": done.rows}, indent=2))
    else:
        Console().print(tables.terminal(done.found))
    (display.say if as_json else print)(f"written: {', '.join(map(str, done.written))}")
    if done.failed:
        for key, why in done.failed.items():
            say(f"{key}: {why}")
        raise typer.Exit(1)
