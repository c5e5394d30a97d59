"""`textgan benchmark`: recipes by seeds on equal terms, and whether the game helped."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import LARGEST, app, names_of, say


@app.command(epilog="Example: textgan benchmark recipes/short/*.yaml --seeds 1 2 3 --budget smoke")
def benchmark(
    words: Annotated[
        list[str],
        typer.Argument(metavar="RECIPE|KEY=VALUE", help="Recipes, and changes made to all of them."),
    ],
    seeds: Annotated[
        list[str] | None,
        typer.Option("--seeds", "--seed", metavar="N...", help="1 2 3, or 1,2,3; by default 1."),
    ] = None,
    grid: Annotated[
        list[str] | None, typer.Option(metavar="KEY=A,B", help="Every recipe with each of these; repeatable.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="smoke, demo, ..., minutes=5 or steps=200 of the game; by default the recipe's."),
    ] = None,
    temperatures: Annotated[
        str, typer.Option(help="Of the fronts; `...` goes on in equal steps.")
    ] = "0.5,0.6,...,1.2",
    samples: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=LARGEST,
            help="Sentences at each temperature, at most the training split; by default `evaluate.final`.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=LARGEST, help="Runs at a time.")] = 2,
    threads: Annotated[
        int | None, typer.Option(min=1, max=LARGEST, help="Of each run; by default the cores, shared evenly.")
    ] = None,
    metrics: Annotated[str, typer.Option(help="Beside bleu, self-bleu and source.")] = "distinct,nll",
    out: Annotated[Path, typer.Option(help="The folder; the same command goes on there.")] = Path(
        "runs/benchmark"
    ),
    launcher: Annotated[
        str, typer.Option(metavar="local|submitit", help="Where the runs are done: here, or by SLURM.")
    ] = "local",
    launcher_option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="Of submitit: slurm_partition=gpu, timeout_min=240; repeatable."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as one JSON object.")] = False,
) -> None:
    """Recipes by seeds from the same weights; fronts by temperature, a verdict on each, tables and a page."""
    from textgan.benchmark.asked import Budget, sort_words
    from textgan.runs.points import parse_temperatures

    asked = sort_words(words, seeds or [], grid or [])
    length = Budget.parse(budget)
    values = parse_temperatures(temperatures)
    names = names_of(metrics) or []
    from rich.console import Console

    from textgan.benchmark import tables
    from textgan.benchmark.crew import Stopped
    from textgan.benchmark.whole import conduct
    from textgan.training.progress import Display

    display = Display()
    command = shlex.join(["textgan", *sys.argv[1:]])
    try:
        done = conduct(
            asked, length, out, temperatures=values, samples=samples, metrics=names, jobs=jobs, threads=threads,
            say=display.say, command=command, launcher=launcher, launcher_options=tuple(launcher_option or ()),
        )  # fmt: skip
    except Stopped:
        say("stopped and saved; the same command goes on")
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps({"budget": done.found.budget, "rows": done.rows}, indent=2))
    else:
        Console().print(tables.terminal(done.found))
    (display.say if as_json else print)(f"written: {', '.join(map(str, done.written))}")
    if done.failed:
        for key, why in done.failed.items():
            say(f"{key}: {why}")
        raise typer.Exit(1)
