"""The application that the verbs join, and what several of them check."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from textgan.errors import Mistake


class Verbs(TyperGroup):
    """Typer takes Ctrl-C for an exit like any other, which says nothing; as an abortion it is told of."""

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
"""Of a whole number in an option: beyond it sums run out of the 64 bits of torch's and numpy's generators."""
_LONGEST = 1000


def say(lines: str) -> int:
    """On standard error, each line under the program's name; returns the exit code of a mistake."""
    for line in lines.splitlines():
        if len(line) > _LONGEST:  # it repeats what it was given: both its ends say more than all of it
            line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 4 :]}"
        print(f"textgan: {line}", file=sys.stderr)
    return 2


def names_of(metrics: str | None) -> list[str] | None:
    """`bleu, self-bleu` as a list; None where the option was not given."""
    names = None if metrics is None else [name.strip() for name in metrics.split(",") if name.strip()]
    if names == []:
        raise Mistake("--metrics: names none; expected names with commas between, such as bleu,self-bleu")
    return names


def check_run(run: Path) -> None:
    """Mistake unless it is a folder that `textgan train` made."""
    if not run.is_dir():
        raise Mistake(f"run: there is no run folder {run}; `textgan train` makes one")
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"run: {run} is not a run folder; expected one that holds recipe.yaml")


def tell_if_unfinished(run: Path, checkpoint: str = "last") -> None:
    """A note on standard error where the weights are not yet what the recipe asks for."""
    from textgan.training.unfinished import stand

    where = stand(run)
    if where and checkpoint != "pretrained":  # which is what it will be
        print(f"textgan: {run} {where}, or is still under way; its text is of then", file=sys.stderr)
