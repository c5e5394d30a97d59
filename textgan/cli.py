"""The command line: train, sample, evaluate, sweep, recipes, report. A verb imports what is heavy when it is called.

A user's mistake is one line on standard error, `textgan: where: what; remedy`, and exit code 2.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from textgan.errors import Mistake

app = typer.Typer(
    name="textgan",
    help="GANs for text: train, sample, evaluate, compare.",
    epilog="Example: textgan train seqgan-short strategy=gumbel --out runs/gumbel",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_UsageError: Any = typer.BadParameter.__base__  # typer brings its own click in some versions, not in others
_ClickException: Any = _UsageError.__base__


class Format(str, Enum):
    """How `sample` writes sentences."""

    txt = "txt"
    jsonl = "jsonl"


class TableFormat(str, Enum):
    """How `evaluate` writes a table."""

    md = "md"
    csv = "csv"
    latex = "latex"


class Checkpoint(str, Enum):
    """Which weights of a run."""

    last = "last"
    best = "best"
    pretrained = "pretrained"


class Swept(str, Enum):
    """Which weights of a run `sweep` draws from."""

    last = "last"
    best = "best"
    pretrained = "pretrained"
    all = "all"


@app.command(
    epilog="Example: textgan train seqgan-short corpus.path=my.txt strategy.rollouts=8 --out runs/mine"
)
def train(
    recipe: Annotated[str, typer.Argument(help="A name that `textgan recipes` lists, or a YAML file.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY.PATH=VALUE", help="Changes: strategy=gumbel, budget=smoke, ..."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default a new one under runs/.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="In place of the recipe's seed.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
) -> None:
    """Train a recipe; write checkpoints, samples, scores and a report into a run folder."""
    from textgan.recipe import Recipe

    loaded = Recipe.load(recipe, overrides or [])
    loaded.check()

    from rich.console import Console

    from textgan.report import page, reading, table
    from textgan.run import Interrupted
    from textgan.run import train as run_training

    try:
        folder = run_training(loaded, out, seed, resume, _command())
    except Interrupted as interrupted:
        _say(str(interrupted))
        raise typer.Exit(130) from None
    written = page.write([folder], None)
    Console().print(table.terminal([reading.read(folder)]))
    print(f"report: {written}")


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
) -> None:
    """Write sentences of a run to standard output, one a line."""
    _above_zero("--temperature", temperature)
    if top_p is not None and not 0 < top_p <= 1:
        raise Mistake(f"--top-p: expected a value above 0 and up to 1, got {top_p:g}")
    _run_folder(run)
    from textgan.loaded import load

    loaded = load(run, checkpoint.value)
    texts = loaded.sample(
        n, temperature=temperature, top_k=top_k, top_p=top_p, prefix=prefix, label=label, seed=seed
    )
    for text in texts:
        if form is Format.jsonl:
            text = json.dumps(
                {"text": text} | ({} if label is None else {"label": label}), ensure_ascii=False
            )
        print(text)


@app.command(
    epilog="Example: textgan evaluate mle.txt gan.txt --references test.txt --metrics bleu,self-bleu --ci"
)
def evaluate(
    samples: Annotated[
        list[Path], typer.Argument(help="Files with a sentence a line, from any program; or one run folder.")
    ],
    references: Annotated[Path | None, typer.Option(help="Real held-out sentences, one a line.")] = None,
    train: Annotated[Path | None, typer.Option(help="The sentences that the generator learnt from.")] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Names with commas between, such as bleu,self-bleu; or all.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="As others did: texygen-paper, texygen, relgan, textgan-pytorch, falling-short."),
    ] = None,
    ci: Annotated[bool, typer.Option("--ci", help="With 95% bootstrap intervals over sentences.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    form: Annotated[TableFormat | None, typer.Option("--format", help="Print a table to paste.")] = None,
) -> None:
    """Score files of sentences side by side, or a run, beside real text; every score has its signature."""
    if as_json and form:
        raise Mistake("--format: does not go with --json; give one of them")
    names = _names(metrics)
    from textgan.scoring import evaluate_files, evaluate_folder

    if any(path.is_dir() for path in samples):
        run = _only_run(samples, {"--train": train, "--preset": preset, "--ci": ci})
        found = evaluate_folder(run, references, names)
    else:
        found = evaluate_files(samples, references, train, names, preset, ci)
    for warning in found.warnings:
        print(f"textgan: warning: {warning}", file=sys.stderr)
    from textgan.report import side_by_side

    if as_json:
        print(json.dumps(side_by_side.as_json(found.files), indent=2))
    elif form:
        print(side_by_side.FORMATS[form.value](found.files), end="")
    elif len(found.files) == 1:
        print(side_by_side.listing(found.files[0]))
    else:
        from rich.console import Console

        console = Console()
        console.print(side_by_side.terminal(found.files, console.width))


@app.command(epilog="Example: textgan sweep runs/gumbel --checkpoint all --temperatures 0.5,0.6,...,1.2")
def sweep(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    temperatures: Annotated[
        str, typer.Option(help="Numbers with commas between; `...` goes on in equal steps.")
    ] = "0.5,0.6,...,1.2",
    samples: Annotated[
        int | None, typer.Option(min=2, help="Sentences at each; by default the run's `evaluate.final`.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="Beside bleu, self-bleu and source; by default the run's own.")
    ] = None,
    references: Annotated[Path | None, typer.Option(help="In place of the run's test split.")] = None,
    checkpoint: Annotated[
        Swept, typer.Option(help="Which weights; all: pretrained (plain MLE) and last, side by side.")
    ] = Swept.last,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the run's seed.")] = None,
    out: Annotated[Path | None, typer.Option(help="The HTML file, in place of RUN/front.html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Quality against diversity over sampling temperatures, with real text: a table and a page with the plot."""
    from textgan.points import parse_temperatures

    values = parse_temperatures(temperatures)
    names = _names(metrics)
    _run_folder(run)
    from rich.console import Console

    from textgan.report import front

    front.place(run, out)
    from textgan.sweep import sweep as run_sweep
    from textgan.training.progress import Display

    display = Display()
    found = run_sweep(
        run, values, samples=samples, metrics=names, references=references,
        checkpoint=checkpoint.value, seed=seed, say=display.say,
    )  # fmt: skip
    written = front.write(found, out)
    if as_json:
        print(json.dumps(found.as_json(), indent=2))
        display.say(f"front: {written}")
        return
    Console().print(front.terminal(found))
    print(f"front: {written}")


@app.command(epilog="Example: textgan recipes")
def recipes() -> None:
    """List the recipes, one a line."""
    from textgan.library import recipes as known

    rows = known()
    width = max((len(name) for name, _ in rows), default=0)
    for name, summary in rows:
        print(f"{name:{width}}  {summary}")


@app.command(epilog="Example: textgan report runs/mle runs/gumbel --out comparison.html")
def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN", help="Run folders.")],
    out: Annotated[Path | None, typer.Option(help="The HTML file.")] = None,
) -> None:
    """Compare runs: a table here, and one self-contained HTML file."""
    for run in runs:
        _run_folder(run)
    from rich.console import Console

    from textgan.report import page, reading, table

    written = page.write(runs, out)
    records = [reading.read(run) for run in runs]
    Console().print(table.terminal(records))
    for record in records:
        for sentence in record.after[:2]:
            print(f"{record.strategy:>10} » {sentence}")
    print(f"report: {written}")


def main(words: Sequence[str] | None = None) -> None:
    """The console script: run the verb and leave with its exit code."""
    sys.exit(run(sys.argv[1:] if words is None else list(words)))


def run(words: Sequence[str]) -> int:
    """Run one command; returns its exit code: 0, 2 for a user's mistake, 130 for an interruption."""
    try:
        code = app(args=list(words), prog_name="textgan", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except Mistake as mistake:
        return _say(str(mistake))
    except _UsageError as error:
        context = error.ctx
        helping = f"; see: {context.command_path} --help" if context else ""
        message = error.format_message()
        return _say(f"{' '.join(message.split()).rstrip('.')}{helping}") if message else 2
    except _ClickException as error:
        return _say(error.format_message())
    except (KeyboardInterrupt, typer.Abort):
        print("textgan: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `| head` has read enough; what is left in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as error:
        if isinstance(
            error.__context__, BrokenPipeError
        ):  # how typer takes it when it is the first to see it
            return 0
        raise


def _say(lines: str) -> int:
    for line in lines.splitlines():
        print(f"textgan: {line}", file=sys.stderr)
    return 2


def _command() -> str:
    return shlex.join(["textgan", *sys.argv[1:]])


def _names(metrics: str | None) -> list[str] | None:
    names = None if metrics is None else [name.strip() for name in metrics.split(",") if name.strip()]
    if names == []:
        raise Mistake("--metrics: names none; expected names with commas between, such as bleu,self-bleu")
    return names


def _above_zero(option: str, value: float) -> None:
    if not value > 0:
        raise Mistake(f"{option}: expected a value above 0, got {value:g}")


def _run_folder(run: Path) -> None:
    if not run.is_dir():
        raise Mistake(f"run: there is no run folder {run}; `textgan train` makes one")
    if not (run / "recipe.yaml").is_file():
        raise Mistake(f"run: {run} is not a run folder; expected one that holds recipe.yaml")


def _only_run(samples: Sequence[Path], for_files: Mapping[str, object]) -> Path:
    """The one run folder; Mistake where there is more beside it, or an option that it knows nothing of."""
    run, *others = samples
    if others:
        raise Mistake("samples: a run folder is scored alone; give one run folder, or files only")
    _run_folder(run)
    if given := [option for option, value in for_files.items() if value]:
        told = f"textgan sample {run} -n 2000 > samples.txt"
        raise Mistake(f"{given[0]}: is for files of sentences, not for a run folder; write one first: {told}")
    return run
