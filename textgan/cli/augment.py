"""`textgan augment`: more labelled text, and whether it helps a classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import LARGEST, TrustCode, app, check_run, say


@app.command(
    epilog="Example: textgan augment reviews.csv --text-column text --label-column sentiment -n 2000 --out more.csv"
)
def augment(
    train: Annotated[Path, typer.Argument(metavar="TRAIN", help="Labelled text: csv, tsv, jsonl, parquet.")],
    label_column: Annotated[str, typer.Option(help="The column that holds the class.")],
    out: Annotated[Path, typer.Option(help="The table to write: csv, tsv or jsonl.")],
    text_column: Annotated[str, typer.Option(help="The column that holds the text.")] = "text",
    n: Annotated[
        int, typer.Option("-n", min=1, max=LARGEST, help="Sentences to generate, of all labels together.")
    ] = 1000,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Take this run's generator, which may not have read held-out text; else one is trained."
        ),
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Held-out text to measure on; else a tenth of TRAIN is.")
    ] = None,
    budget: Annotated[str, typer.Option(help="usual, thorough, or smoke (a few seconds).")] = "usual",
    with_real: Annotated[
        bool, typer.Option("--with-real", help="Write the real text first, too, without what is held out.")
    ] = False,
    balance: Annotated[str, typer.Option(help="Of the labels: train, even, or pos=3,neg=1.")] = "train",
    temperature: Annotated[float, typer.Option(help="Below 1 safer, above 1 bolder.")] = 1.0,
    reject: Annotated[float, typer.Option(help="Drop this share of the judge's lowest scores.")] = 0.5,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST, help="Of the held-out tenth, the generator and the draws.")
    ] = 1,
    trust_code: TrustCode = False,
) -> None:
    """Generate labelled text, filter it, and measure on held-out text whether it helps a CNN and a linear classifier.

    The work is kept beside OUT (aug.work of aug.csv), with the runs, report.json and report.html; the same command goes
    on with what was stopped.
    """
    from textgan.runs.asked import balancing

    shares = balancing(balance)
    if run is not None:
        check_run(run)
    from rich.console import Console

    from textgan.augment import told
    from textgan.augment.experiment import augment as work_through
    from textgan.augment.request import Request
    from textgan.augment.verdict import headline, sentence
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
        say("stopped; what was done is kept, and the same command goes on")
        raise typer.Exit(stopped.code if isinstance(stopped, Interrupted) else 130) from None
    reports = told.write(outcome)
    Console().print(told.table(outcome))
    for note in outcome.notes:
        print(f"note: {note}")
    for each in outcome.comparisons:
        print(f"{sentence(each)}.")
    print(f"{headline(outcome.comparisons)}.")
    print(f"{out}: {told.filters(outcome.generated)}")
    if with_real:
        print(f"{out}: {told.real_text(outcome.data)}")
    print(f"report: {reports[-1]}")
