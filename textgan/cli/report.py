"""`textgan report`: runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import app, check_run


@app.command(epilog="Example: textgan report runs/mle runs/gumbel --out comparison.html")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
) -> None:
    """Compare runs: a table here, and one self-contained HTML file."""
    for run in runs:
        check_run(run)
    from rich.console import Console

    from textgan.report import page, reading, table

    written = page.write(runs, out)
    records = [reading.read(run) for run in runs]
    Console().print(table.terminal(records))
    for record in records:
        for sentence in record.after[:2]:
            print(f"{record.strategy:>10} » {sentence}")
    print(f"report: {written}")
