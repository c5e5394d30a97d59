"""`textgan sample`: sentences of a run."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.shared import TrustCode, above_zero, app, check_run
from textgan.errors import Mistake


class Format(str, Enum):
    """How `sample` writes sentences."""

    txt = "txt"
    jsonl = "jsonl"


class Checkpoint(str, Enum):
    """Which weights of a run."""

    last = "last"
    best = "best"
    pretrained = "pretrained"


@app.command(epilog="Example: textgan sample runs/gumbel -n 20 --temperature 0.8 --prefix 'a man'")
def sample(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    n: Annotated[int, typer.Option("-n", min=1, help="Sentences.")] = 10,
    temperature: Annotated[float, typer.Option(help="Below 1 safer, above 1 bolder.")] = 1.0,
    top_k: Annotated[int | None, typer.Option(min=1, help="Draw from the K likeliest tokens.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Draw from the likeliest tokens of total P.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Every sentence begins with this text.")] = None,
    label: Annotated[str | None, typer.Option(help="A label of the corpus, for a run with labels.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same sentences.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="Plain lines, or JSON objects.")] = Format.txt,
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which weights.")] = Checkpoint.last,
    trust_code: TrustCode = False,
) -> None:
    """Write sentences of a run to standard output, one a line."""
    above_zero("--temperature", temperature)
    if top_p is not None and not 0 < top_p <= 1:
        raise Mistake(f"--top-p: expected a value above 0 and up to 1, got {top_p:g}")
    check_run(run)
    from textgan.loaded import load

    loaded = load(run, checkpoint.value, trust_code=trust_code)
    texts = loaded.sample(
        n, temperature=temperature, top_k=top_k, top_p=top_p, prefix=prefix, label=label, seed=seed
    )
    for text in texts:
        if form is Format.jsonl:
            text = json.dumps(
                {"text": text} | ({} if label is None else {"label": label}), ensure_ascii=False
            )
        print(text)
