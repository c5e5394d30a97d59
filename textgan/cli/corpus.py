"""`textgan corpus`: examine a text file, and propose a recipe that fits it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import app
from textgan.errors import Mistake


@app.command(epilog="Example: textgan corpus my.txt --write-recipe my.yaml && textgan train my.yaml")
def corpus(
    file: Annotated[Path, typer.Argument(help="Text, one sentence per line, or csv, tsv, jsonl, parquet.")],
    column: Annotated[str | None, typer.Option(help="The column that holds the text.")] = None,
    label: Annotated[str | None, typer.Option(help="The column that holds the label.")] = None,
    test: Annotated[
        Path | None, typer.Option(help="Test text, checked for overlap with FILE and shift.")
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="word, character or bpe; by default the one that fits the text.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(help="The file's encoding; by default that of its byte order mark, or UTF-8."),
    ] = None,
    write_recipe: Annotated[Path | None, typer.Option(help="Write a recipe for this text.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Examine a text file before training on it: lengths, vocabulary, repeats, odd lines; propose a recipe."""
    if write_recipe is not None:
        _check_target(write_recipe)
    from rich.console import Console

    from textgan.doctor.examine import examine
    from textgan.doctor.written_recipe import recipe
    from textgan.report import corpus as report
    from textgan.training.folder import write_text
    from textgan.training.progress import Waiting

    with Waiting() as waiting:
        found = examine(file, column, label, test, encoding, tokenizer, waiting.tell)
    if as_json:
        print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        console = Console()
        if console.is_terminal:
            console.print(report.terminal(found))
        else:
            print(report.plain(found), end="")
    if write_recipe is not None:
        write_text(write_recipe, recipe(found))
        typer.echo(f"recipe: {write_recipe}; try it: textgan train {write_recipe} budget=smoke", err=as_json)


def _check_target(path: Path) -> None:
    """Checked before the file is read. An existing recipe is never overwritten."""
    if path.suffix not in (".yaml", ".yml"):
        raise Mistake(f"--write-recipe: {path} does not end in .yaml; name it {path.stem or 'my'}.yaml")
    if path.exists():
        raise Mistake(f"--write-recipe: {path} exists already; name another file, or remove it")
    if not path.parent.is_dir():
        raise Mistake(f"--write-recipe: there is no folder {path.parent}; make it first")
