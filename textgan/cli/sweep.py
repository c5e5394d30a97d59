"""`textgan sweep`: a run's quality-diversity front over sampling temperatures."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import LARGEST, TrustCode, app, check_run, names_of, tell_if_unfinished


class Swept(str, Enum):
    """Which weights of a run `sweep` draws from."""

    last = "last"
    best = "best"
    pretrained = "pretrained"
    all = "all"


@app.command(epilog="Example: textgan sweep runs/gumbel --checkpoint all --temperatures 0.5,0.6,...,1.2")
def sweep(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    temperatures: Annotated[
        str, typer.Option(help="Comma-separated numbers; `...` continues in equal steps.")
    ] = "0.5,0.6,...,1.2",
    samples: Annotated[
        int | None,
        typer.Option(min=2, max=LARGEST, help="Sentences per temperature; by default `evaluate.final`."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="In addition to bleu, self-bleu and source; by default the recipe's.")
    ] = None,
    references: Annotated[
        Path | None, typer.Option(help="Real sentences, one per line; by default the run's test split.")
    ] = None,
    checkpoint: Annotated[
        Swept, typer.Option(help="Which weights; all: pretrained (plain MLE) and last, side by side.")
    ] = Swept.last,
    resample: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            help="Keep one in K, by the discriminator's odds; by default `evaluate.resample`.",
        ),
    ] = None,
    sharpness: Annotated[
        float | None,
        typer.Option(help="The exponent of the discriminator's odds; by default `evaluate.sharpness`."),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(help="Nucleus: the likeliest tokens whose total is P; by default `evaluate.top_p`."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST, help="By default the run's seed.")] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file; by default RUN/front.html.")] = None,
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure quality against diversity over sampling temperatures, next to real text: a table and an HTML plot."""
    from textgan.runs.points import parse_temperatures

    values = parse_temperatures(temperatures)
    names = names_of(metrics)
    check_run(run)
    from rich.console import Console

    from textgan.report import front

    front.place(run, out)
    from textgan.runs.sweep import sweep as run_sweep
    from textgan.training.progress import Display

    display = Display()
    found = run_sweep(
        run, values, samples=samples, metrics=names, references=references,
        checkpoint=checkpoint.value, resample=resample, sharpness=sharpness, top_p=top_p, seed=seed,
        trust_code=trust_code, say=display.say,
    )  # fmt: skip
    tell_if_unfinished(run, checkpoint.value)
    written = front.write(found, out)
    if as_json:
        print(json.dumps(found.as_json(), indent=2))
        display.say(f"front: {written}")
        return
    Console().print(front.terminal(found))
    print(f"front: {written}")
