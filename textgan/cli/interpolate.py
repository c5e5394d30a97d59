"""`textgan interpolate` and `textgan analogy`: arithmetic on sentences in a run's latent space."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from textgan.cli.sample import Checkpoint
from textgan.cli.shared import LARGEST, TrustCode, app, check_run, tell_if_unfinished

_Run = Annotated[
    Path, typer.Argument(help="A run folder whose generator has latent codes, such as arae-short's.")
]


@app.command(epilog="Example: textgan interpolate runs/arae 'a man is tired .' 'two dogs play .' --steps 7")
def interpolate(
    run: _Run,
    first: Annotated[str, typer.Argument(help="The sentence to start from.")],
    last: Annotated[str, typer.Argument(help="The sentence to end at.")],
    steps: Annotated[
        int, typer.Option(min=2, max=LARGEST, help="Number of sentences, both ends included.")
    ] = 5,
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which weights.")] = Checkpoint.last,
    trust_code: TrustCode = False,
) -> None:
    """Write the sentences on the way from one sentence to another, one per line."""
    check_run(run)
    tell_if_unfinished(run, checkpoint.value)
    from textgan.runs import latent
    from textgan.runs.loaded import load

    for text in latent.interpolate(load(run, checkpoint.value, trust_code=trust_code), first, last, steps):
        print(text)


@app.command(epilog="Example: textgan analogy runs/arae 'two men walk .' 'a man walks .' 'a dog sleeps .'")
def analogy(
    run: _Run,
    like: Annotated[str, typer.Argument(help="The sentence whose code is added.")],
    unlike: Annotated[str, typer.Argument(help="The sentence whose code is subtracted.")],
    text: Annotated[str, typer.Argument(help="The sentence to change.")],
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which weights.")] = Checkpoint.last,
    trust_code: TrustCode = False,
) -> None:
    """Change a sentence by the difference between two others: LIKE - UNLIKE + TEXT."""
    check_run(run)
    tell_if_unfinished(run, checkpoint.value)
    from textgan.runs import latent
    from textgan.runs.loaded import load

    print(latent.analogy(load(run, checkpoint.value, trust_code=trust_code), like, unlike, text))
