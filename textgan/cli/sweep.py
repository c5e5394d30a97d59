"""`textgan sweep`: the quality-diversity front of a run by temperature."""

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
        str, typer.Option(help="Numbers with commas between; `...` goes on in equal steps.")
    ] = "0.5,0.6,...,1.2",
    samples: Annotated[
        int | None,
        typer.Option(min=2, max=LARGEST, help="Sentences at each; by default the run's `evaluate.final`."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Beside bleu, self-bleu and source; by default the run's own.")
    ] = None,
    references: Annotated[Path | None, typer.Option(help="In place of the run's test split.")] = None,
    checkpoint: Annotated[
        Swept, typer.Option(help="Which weights; all: pretrained (plain MLE) and last, side by side.")
    ] = Swept.last,
    resample: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="Keep one in K, by the judge's odds; else `evaluate.resample`."),
    ] = None,
    sharpness: Annotated[
        float | None, typer.Option(help="The power of the judge's odds; else `evaluate.sharpness`.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw from the likeliest tokens of total P; else `evaluate.top_p`.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST, help="In place of the run's seed.")] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file, in place of RUN/front.html.")] = None,
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Quality against diversity over sampling temperatures, with real text: a table and a page with the plot."""
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
