"""`textgan report`: compare runs side by side."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import PastedAs, TableFormat, app, check_run


@app.command(epilog="Example: textgan report runs/mle runs/gumbel --out comparison.html")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
    form: PastedAs = None,
) -> None:
    """Compare runs: a table in the terminal, and one self-contained HTML file."""
    for run in runs:
        check_run(run)
    from textgan.report import captions, page, printed, reading

    written = page.write(runs, out)
    records = [reading.read(run) for run in runs]
    for warning in [warning for record in records for warning in record.outdated]:
        print(f"textgan: warning: {warning}", file=sys.stderr)
    if form:
        print(printed.FORMATS[form.value](records), end="")
        # csv has no place for a sentence
        unscored = captions.unscored(records) if form is TableFormat.csv else []
        print(*unscored, f"report: {written}", sep="\n", file=sys.stderr)
        return
    printed.show(records)
    for record in records:
        for sentence in record.after[:2]:
            print(f"{record.strategy:>10} » {sentence}")
    print(f"report: {written}")
