"""`textgan export`: write a run as a transformers model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.sample import Checkpoint
from textgan.cli.shared import TrustCode, app, check_run, tell_if_unfinished


@app.command(epilog="Example: textgan export runs/a exported/a --checkpoint best")
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the model; a new folder.")],
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which weights.")] = Checkpoint.last,
    trust_code: TrustCode = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a folder that already has files.")
    ] = False,
    push: Annotated[
        str | None, typer.Option(metavar="NAME", help="Upload it to the Hugging Face hub as NAME.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="With --push: a private repository.")] = False,
) -> None:
    """Write a run's generator as a folder for transformers: config, weights, tokenizer, model card."""
    check_run(run)
    from textgan.errors import Mistake
    from textgan.export.folder import check_out, export_run
    from textgan.export.folder import push as upload

    if private and push is None:
        raise Mistake("--private: applies to --push NAME only; give both, or leave it out")
    check_out(folder, force)
    names = export_run(run, folder, checkpoint.value, force, trust_code)
    tell_if_unfinished(run, checkpoint.value)
    print(f"exported: {folder} ({', '.join(names)})")
    if push is not None:
        print(f"uploaded: {upload(folder, names, push, private)}")
