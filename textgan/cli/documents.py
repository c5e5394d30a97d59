"""`textgan documents`: document vectors from a run's discriminator, how well they retrieve, and a 2-D map."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import TrustCode, app, check_run
from textgan.errors import Mistake


class Map(str, Enum):
    """How vectors are projected to two dimensions."""

    pca = "pca"
    tsne = "t-sne"


@app.command(epilog="Example: textgan documents runs/adm runs/plain --out runs/adm/documents")
def documents(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Run folders, all trained on one labelled corpus.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder for the vectors, table and maps.")] = None,
    by: Annotated[
        Map, typer.Option("--map", help="Projection of the plot; t-sne needs scikit-learn.")
    ] = Map.pca,
    trust_code: TrustCode = False,
) -> None:
    """Retrieval with document vectors: test documents are the queries, training documents of their label the hits."""
    for run in runs:
        check_run(run)
    names = [run.resolve().name for run in runs]
    if len(set(names)) < len(names):
        raise Mistake(
            f"run: two of {', '.join(names)} have the same name, and so would their files; rename one"
        )
    from rich.console import Console
    from rich.table import Table
    from safetensors.numpy import save_file

    from textgan.report.plane import write
    from textgan.runs.documents import plane, read
    from textgan.training.folder import write_json

    kinds = [read(run, trust_code) for run in runs]
    first = kinds[0].tf_idf
    for run, kind in zip(runs[1:], kinds[1:], strict=True):
        if kind.tf_idf.test.shape != first.test.shape or (kind.tf_idf.test != first.test).any():
            raise Mistake(
                f"run: {run} has another corpus, tokenizer or length than {runs[0]}; give only runs that share them"
            )
    folder = out or runs[0] / "documents"
    if out is None and (links := [place for place in (folder, *folder.glob("*")) if place.is_symlink()]):
        raise Mistake(f"run: {links[0]} is a link, which may lead out of the run; name a folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    rows = [first, kinds[0].untrained, *(kind.trained for kind in kinds)]
    scores = {row.name: row.scores() for row in rows}
    amounts = (
        f"{len(first.test):,} test documents as queries, {len(first.train):,} training documents searched"
    )
    table = Table(title=f"Retrieval: {amounts}", caption="precision among the k nearest, and at recall R")
    table.add_column("vectors")
    for name in scores[first.name]:
        table.add_column(name.replace("p@recall-", "R ").replace("p@", "k "), justify="right")
    for name, values in scores.items():
        table.add_row(name, *(f"{value:.3f}" for value in values.values()))
    Console().print(table)
    for note in dict.fromkeys(note for kind in kinds for note in kind.notes):
        print(f"note: {note}")
    write_json(folder / "retrieval.json", scores)
    for kind in kinds:
        found = kind.trained
        save_file(
            {
                "train": found.train,
                "test": found.test,
                "train-labels": found.train_labels,
                "test-labels": found.test_labels,
            },
            folder / f"{found.name}.safetensors",
            {"labels": json.dumps(found.label_names)},
        )
        points, told = plane(found.test, by.value)
        title = f"{found.name}: test documents, {told}"
        for file in write(points, found.test_labels, found.label_names, title, folder / found.name):
            print(f"map: {file}")
    print(f"vectors, table: {folder}")
