"""`textgan evaluate`: score text files from any source, or a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import PastedAs, TrustCode, app, check_run, names_of, tell_if_unfinished
from textgan.errors import Mistake


@app.command(
    epilog="Example: textgan evaluate mle.txt gan.txt --references test.txt --metrics bleu,self-bleu --ci"
)
def evaluate(
    samples: Annotated[
        list[Path],
        typer.Argument(help="Text files from any program, one sentence per line; or one run folder."),
    ],
    references: Annotated[Path | None, typer.Option(help="Real held-out sentences, one per line.")] = None,
    train: Annotated[Path | None, typer.Option(help="The sentences the generator was trained on.")] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            help="all, or comma-separated: bleu, self-bleu, backward-bleu, corpus-bleu, ms-jaccard, distinct, entropy, "
            "duplicates, novelty, memorisation, length, length-distance, source, class-accuracy, nll, lm, frechet, "
            "mauve, pretrained-lm:MODEL, ./mine.py:FUNCTION."
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Measure as others did: texygen-paper, texygen, relgan, textgan-pytorch, falling-short."
        ),
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="A column of the files; each of its values is also scored on its own.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="The column that holds the text of csv, tsv, jsonl or parquet.")
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="For frechet and mauve: lm, or a folder or hub name for transformers."),
    ] = None,
    trust_code: TrustCode = False,
    ci: Annotated[bool, typer.Option("--ci", help="Add 95% bootstrap intervals over sentences.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    form: PastedAs = None,
) -> None:
    """Score text files side by side, or a run, next to real text; every score carries its signature."""
    if as_json and form:
        raise Mistake("--format: cannot be combined with --json; give one of them")
    names = names_of(metrics)
    from textgan.scoring import evaluate_files, evaluate_folder

    if any(path.is_dir() for path in samples):
        run = _only_run(
            samples,
            {
                "--train": train,
                "--preset": preset,
                "--encoder": encoder,
                "--label": label,
                "--column": column,
                "--ci": ci,
            },
        )
        found = evaluate_folder(run, references, names, trust_code)
        tell_if_unfinished(run)
    else:
        found = evaluate_files(samples, references, train, names, preset, ci, encoder, label, column)
    for warning in found.warnings:
        print(f"textgan: warning: {warning}", file=sys.stderr)
    from textgan.report import by_label, side_by_side

    if as_json:
        print(json.dumps(by_label.as_json(found.files), indent=2))
    elif form:
        print(by_label.written(found.files, form.value), end="")
    elif len(found.files) == 1:
        print(by_label.told(found.files, lambda files: side_by_side.listing(files[0]) + "\n"), end="")
    else:
        from rich.console import Console

        console = Console()
        for title, files in by_label.parts(found.files):
            console.print(
                f"\n{title}" if title else "", end="\n" if title else "", markup=False, highlight=False
            )
            console.print(side_by_side.terminal(files, console.width))


def _only_run(samples: Sequence[Path], for_files: Mapping[str, object]) -> Path:
    """The one run folder; Mistake if anything else is given, or an option that applies to files only."""
    run, *others = samples
    if others:
        raise Mistake("samples: a run folder is scored on its own; give one run folder, or files only")
    check_run(run)
    if given := [option for option, value in for_files.items() if value]:
        remedy = f"textgan sample {run} -n 2000 > samples.txt"
        raise Mistake(f"{given[0]}: applies to text files, not to a run folder; write a file first: {remedy}")
    return run
