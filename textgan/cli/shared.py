"""The application that the commands register with, and the checks that several of them share."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from textgan.errors import Mistake


class Verbs(TyperGroup):
    """Typer treats Ctrl-C as a silent exit; raised as Abort, it is reported."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Abort() from None


app = typer.Typer(
    name="textgan",
    cls=Verbs,
    help="GANs for text: train, sample, evaluate, compare.",
    epilog="Example: textgan train seqgan-short strategy=gumbel --out runs/gumbel",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


TrustCode = Annotated[
    bool, typer.Option("--trust-code", help="Run the .py files that the run's recipe names.")
]


class TableFormat(str, Enum):
    """How a table is printed to be pasted."""

    md = "md"
    csv = "csv"
    latex = "latex"


PastedAs = Annotated[TableFormat | None, typer.Option("--format", help="Print a table to paste.")]


LARGEST = 10**12
"""The largest integer option: beyond it, sums overflow the 64-bit seeds of torch's and numpy's generators."""
_LONGEST = 1000


def say(lines: str) -> int:
    """Print to standard error, each line after the program's name; returns the exit code of a mistake."""
    for line in lines.splitlines():
        if len(line) > _LONGEST:  # it quotes very long input: its beginning and end are enough
            line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 4 :]}"
        print(f"textgan: {line}", file=sys.stderr)
    return 2


def names_of(metrics: str | None) -> list[str] | None:
    """`bleu, self-bleu` as a list; None where the option was not given."""
    names = None if metrics is None else [name.strip() for name in metrics.split(",") if name.strip()]
    if names == []:
        raise Mistake("--metrics: names no metric; expected comma-separated names, such as bleu,self-bleu")
    return names


def check_run(run: Path) -> None:
    """Mistake unless it is a folder that `textgan train` made."""
    if not run.is_dir():
        raise Mistake(f"run: there is no run folder {run}; `textgan train` creates one")
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"run: {run} is not a run folder; expected one that holds recipe.yaml")


def tell_if_unfinished(run: Path, checkpoint: str = "last") -> None:
    """A note on standard error if the weights are not yet those at the end of training."""
    from textgan.training.unfinished import stand

    where = stand(run)
    if where and checkpoint != "pretrained":  # further training does not change that one
        print(f"textgan: {run} {where}, or is still training; the text is from that point", file=sys.stderr)
