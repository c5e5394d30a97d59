"""`textgan train` and `textgan recipes`: train a recipe, and list the recipes there are."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import LARGEST, app, say
from textgan.errors import Mistake


@app.command(
    epilog="Example: textgan train seqgan-short corpus.path=my.txt strategy.rollouts=8 --out runs/mine"
)
def train(
    recipe: Annotated[str, typer.Argument(help="A name from `textgan recipes`, or a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY.PATH=VALUE", help="Overrides: strategy=gumbel, budget=smoke, ..."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default a new one under runs/.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST, help="By default the recipe's seed.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
) -> None:
    """Train a recipe; write checkpoints, samples, scores and a report to a run folder."""
    if seed is not None and any(word.startswith("seed=") for word in overrides or []):
        raise Mistake("--seed: also given as seed=...; keep one of the two")
    from textgan.assembly.recipe import Recipe

    loaded = Recipe.load(recipe, overrides or [])
    loaded.check()

    from textgan.machine.ranks import speaks
    from textgan.report import page, printed, reading
    from textgan.report.verdict import next_commands
    from textgan.runs.train import Interrupted
    from textgan.runs.train import train as run_training

    try:
        folder = run_training(loaded, out, seed, resume, _command())
    except Interrupted as interrupted:
        if speaks():
            say(str(interrupted))
        raise typer.Exit(interrupted.code) from None
    if not speaks():  # one of several processes; the first has the run folder
        return
    written = page.write([folder], None)
    record = reading.read(folder)
    printed.show([record])
    print(f"report: {written}")
    print(f"next: {' or '.join(next_commands(record))}")


@app.command(epilog="Example: textgan recipes")
def recipes() -> None:
    """List the recipes: name, strategy, minutes at full size (the recipe's head says on what machine), summary."""
    from textgan.assembly.library import Listed
    from textgan.assembly.library import recipes as known

    rows = [Listed("recipe", "strategy", "minutes", "what it is (paper)"), *known()]
    first, second = (max(map(len, column)) for column in list(zip(*rows, strict=True))[:2])
    for name, strategy, minutes, summary in rows:
        print(f"{name:{first}}  {strategy:{second}}  {minutes or '–':>7}  {summary}")


def _command() -> str:
    return shlex.join(["textgan", *sys.argv[1:]])
