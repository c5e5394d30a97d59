"""`textgan sample`: sample sentences from a run."""

from __future__ import annotations

import json
import math
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textgan.cli.shared import LARGEST, TrustCode, app, check_run, tell_if_unfinished

if TYPE_CHECKING:
    from textgan.runs.asked import Drawn


class Format(str, Enum):
    """How `sample` writes sentences."""

    txt = "txt"
    jsonl = "jsonl"


class Checkpoint(str, Enum):
    """Which weights of a run."""

    last = "last"
    best = "best"
    pretrained = "pretrained"


@app.command(
    epilog="Example: textgan sample runs/gumbel -n 1000 --best-of 4 --unique --novel --jsonl > new.jsonl"
)
def sample(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    n: Annotated[int, typer.Option("-n", min=1, max=LARGEST, help="Number of sentences.")] = 10,
    temperature: Annotated[float, typer.Option(help="Below 1 safer, above 1 more varied.")] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(min=1, max=LARGEST, help="Sample from the K likeliest tokens only.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Nucleus sampling: from the likeliest tokens whose total is P.")
    ] = None,
    prefix: Annotated[str | None, typer.Option(help="Every sentence begins with this text.")] = None,
    label: Annotated[
        str | None, typer.Option(help="Sentences of this label only, for a run with labels.")
    ] = None,
    balance: Annotated[
        str | None,
        typer.Option(
            help="Shares of the labels: even (the default), train (as in the training text), or pos=3,neg=1."
        ),
    ] = None,
    best_of: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="Keep the sentence with the best score of K.")
    ] = 1,
    resample: Annotated[
        int, typer.Option(min=1, max=LARGEST, help="Keep one in K, drawn by the discriminator's odds.")
    ] = 1,
    sharpness: Annotated[
        float, typer.Option(help="With --resample: the exponent of the odds; above 1 selects more strictly.")
    ] = 1.0,
    reject: Annotated[
        str | None, typer.Option(help="Drop this share, by the lowest scores; or `odds`: rejection sampling.")
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Drop sentences with a lower score.")] = None,
    unique: Annotated[bool, typer.Option("--unique", help="Write no sentence twice.")] = False,
    novel: Annotated[bool, typer.Option("--novel", help="Write no sentence of the training text.")] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST, help="The same seed gives the same sentences.")
    ] = 0,
    form: Annotated[Format, typer.Option("--format", help="Plain lines, or JSON lines.")] = Format.txt,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="JSON lines: text, label, log-probability (nats), score.")
    ] = False,
    checkpoint: Annotated[
        Checkpoint, typer.Option(help="Which generator weights; the discriminator's are the last.")
    ] = Checkpoint.last,
    trust_code: TrustCode = False,
) -> None:
    """Write sentences from a run to standard output as they are drawn, one per line.

    Scores are those of the run's discriminator: higher is more real.
    """
    from textgan.runs.asked import Asked, balancing, rejecting
    from textgan.runs.choosing import DROPPED

    asked = Asked(
        temperature, top_k, top_p, prefix, label, balancing(balance, label), seed, best_of, resample, sharpness,
        rejecting(reject), min_score, unique, novel,
    )  # fmt: skip
    check_run(run)
    from collections import Counter

    from textgan.runs.loaded import load
    from textgan.training.progress import Waiting

    told = jsonl or form is Format.jsonl
    dropped: Counter[str] = Counter()
    drawn = load(run, checkpoint.value, trust_code=trust_code).draw(n, asked, told=told, dropped=dropped)
    tell_if_unfinished(run, checkpoint.value)
    watched = not sys.stdout.isatty()  # on a terminal the sentences themselves are the progress
    with Waiting() as waiting:
        for number, one in enumerate(drawn, 1):
            print(json.dumps(row(one), ensure_ascii=False) if told else one.text)
            if watched:
                waiting.tell(f"{number:,} of {n:,} sentences", number / n)
    if dropped := +dropped:
        why = ", ".join(f"{count:,} {DROPPED[name]}" for name, count in dropped.most_common())
        print(f"textgan: {n:,} of {n + dropped.total():,} sentences were kept; {why}", file=sys.stderr)


def row(one: Drawn) -> dict[str, object]:
    """A line of `--jsonl`; values that the run cannot give are left out.

    log_prob: of the sentence with its end, nats, under the generator at temperature 1; log_prob_per_token: over
    `tokens`, its tokens and its end. score: the discriminator's, higher is more real.
    """
    numbers: dict[str, float | None] = {"log_prob": one.log_prob, "score": one.score}
    if one.log_prob is not None:
        numbers["log_prob_per_token"] = one.log_prob / one.tokens
    kept = {name: value for name, value in numbers.items() if value is not None and math.isfinite(value)}
    label = {} if one.label is None else {"label": one.label}
    return {"text": one.text, **label, "tokens": one.tokens, **kept}
