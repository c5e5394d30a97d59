"""`textgan augment`: generate more labelled text, and measure whether it helps a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textgan.cli.shared import LARGEST, TrustCode, app, check_run, say

if TYPE_CHECKING:
    from textgan.augment.experiment import Outcome


@app.command(
    epilog="Example: textgan augment reviews.csv --text-column text --label-column sentiment -n 2000 --out more.csv"
)
def augment(
    train: Annotated[
        Path, typer.Argument(metavar="TRAIN", help="Labelled text: csv, tsv, jsonl or parquet.")
    ],
    label_column: Annotated[str, typer.Option(help="The column that holds the class.")],
    out: Annotated[Path, typer.Option(help="The table to write: csv, tsv or jsonl.")],
    text_column: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    n: Annotated[
        int, typer.Option("-n", min=1, max=LARGEST, help="Sentences to generate, over all labels.")
    ] = 1000,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Use this run's generator (not trained on the held-out text); by default one is trained."
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Held-out text to measure on; by default a tenth of TRAIN.")
    ] = None,
    budget: Annotated[str, typer.Option(help="usual, thorough, or smoke (under a minute).")] = "usual",
    with_real: Annotated[
        bool,
        typer.Option("--with-real", help="Write the real text to OUT too, first, without the held-out part."),
    ] = False,
    balance: Annotated[
        str, typer.Option(help="Shares of the labels: train, even, or pos=3,neg=1.")
    ] = "train",
    temperature: Annotated[
        float, typer.Option(help="Sampling temperature: below 1 safer, above 1 more varied.")
    ] = 1.0,
    reject: Annotated[float, typer.Option(help="Drop this share, by the lowest discriminator scores.")] = 0.5,
    seed: Annotated[
        int,
        typer.Option(min=0, max=LARGEST, help="Seed of the held-out split, the training and the sampling."),
    ] = 1,
    trust_code: TrustCode = False,
) -> None:
    """Generate labelled text, filter it, and measure on held-out text whether it helps a CNN and a linear classifier.

    The runs, report.json and report.html are kept beside OUT (in aug.work for aug.csv). If it is stopped, the same
    command continues it.
    """
    from textgan.runs.asked import balancing

    shares = balancing(balance)
    if run is not None:
        check_run(run)
    from textgan.augment.experiment import augment as work_through
    from textgan.augment.request import Request
    from textgan.runs.train import Interrupted
    from textgan.training.progress import Display

    request = Request(
        train,
        text_column,
        label_column,
        n,
        out,
        run,
        test,
        budget,
        with_real,
        shares,
        temperature,
        reject,
        seed,
        trust_code,
    )  # fmt: skip
    try:
        outcome = work_through(request, Display().say)
    except (Interrupted, KeyboardInterrupt) as stopped:
        say("stopped; finished work is kept, and the same command continues")
        raise typer.Exit(stopped.code if isinstance(stopped, Interrupted) else 130) from None
    _show(outcome)


def _show(outcome: Outcome) -> None:
    """Write the reports, and print what was found."""
    from rich.console import Console

    from textgan.augment import report
    from textgan.augment.verdict import headline, sentence

    reports, out = report.write(outcome), outcome.request.out
    Console().print(report.table(outcome))
    for note in outcome.notes:
        print(f"note: {note}")
    for each in outcome.comparisons:
        print(f"{sentence(each)}.")
    print(f"{headline(outcome.comparisons)}.")
    print(f"{out}: {report.filters(outcome.generated)}")
    if outcome.request.with_real:
        print(f"{out}: {report.real_text(outcome.data)}")
    print(f"report: {reports[-1]}")
