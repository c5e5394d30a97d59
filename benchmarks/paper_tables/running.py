"""What a table is made of (tables, cells, runs), and how a cell is run: each `textgan` command in its own process."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from paper_tables.judging import Row

Values = dict[str, float]
BENCHMARKS = Path(__file__).parents[1]


class Failed(Exception):
    """A cell that came to no end, and why."""


@dataclass(frozen=True)
class Run:
    """One `textgan train`. after: the run whose pretrained weights it starts from.

    smoke: arguments with --smoke, in place of those of the same keys.
    """

    name: str
    arguments: tuple[str, ...]
    after: Run | None = None
    smoke: tuple[str, ...] = ("budget=smoke",)

    @property
    def chain(self) -> list[Run]:
        """What is trained, in order; the last is this one."""
        return [*(self.after.chain if self.after else []), self]


@dataclass(frozen=True)
class Setting:
    """Where and how a cell is run. `locks`: two cells that share a run wait for each other."""

    out: Path
    seed: int = 1
    smoke: bool = False
    say: Callable[[str], None] = lambda _: None
    locks: defaultdict[str, Lock] = field(default_factory=lambda: defaultdict(Lock))

    def folder(self, run: Run) -> Path:
        return self.out / f"{run.name}-seed{self.seed}"

    def arguments(self, run: Run) -> list[str]:
        """Of `textgan train`, all of them."""
        start = [f"start={self.folder(run.after)}"] if run.after else []
        smoke = run.smoke if self.smoke else ()
        smaller = {word.partition("=")[0] for word in smoke}  # a key may be given once
        kept = [word for word in run.arguments if word.partition("=")[0] not in smaller]
        place = ["--out", str(self.folder(run))]
        return [*kept, *smoke, *start, f"seed={self.seed}", "threads=1", *place]


@dataclass(frozen=True)
class Cell:
    """What is measured of one run (or of files, where there is no run) with one seed.

    measure: from the finished run's folder (the output folder where there is no run) to named values. once: with
    seed 1 alone. commands: beside the training, for the reader.
    """

    name: str
    measure: Callable[[Path, Setting], Values]
    run: Run | None = None
    once: bool = False
    commands: Callable[[Path], Sequence[str]] = lambda _: ()


class Found:
    """The values of a table's finished cells: cell -> seed -> name -> value."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.values: dict[str, dict[int, Values]] = {}
        for row in rows:
            self.values.setdefault(row["cell"], {})[row["seed"]] = row["values"]

    def each(self, tell: Callable[..., float], *cells: str) -> tuple[float, ...]:
        """`tell` of the cells' values for each seed that all of them have; seeds it has no value for are left out."""
        per_cell = [self.values.get(cell, {}) for cell in cells]
        told = []
        for seed in sorted(set.intersection(*(set(found) for found in per_cell))):
            try:
                told.append(float(tell(*(found[seed] for found in per_cell))))
            except KeyError:  # a value of that name was not measured
                continue
        return tuple(told)

    def of(self, cell: str, key: str) -> tuple[float, ...]:
        return self.each(lambda values: values[key], cell)


@dataclass(frozen=True)
class Table:
    """One published table. seeds: how many a verdict needs; protocol: how ours departs; split: is test like train?"""

    number: int
    title: str
    source: str
    protocol: str
    split: str
    cells: tuple[Cell, ...]
    rows: Callable[[Found], list[Row]]
    seeds: int = 1


def work(table: Table, cell: Cell, setting: Setting) -> dict[str, Any]:
    """The cell's row: trained (or resumed, or left alone) and measured. Raises Failed."""
    began = time.monotonic()
    chain = cell.run.chain if cell.run else []
    for run in chain:
        with setting.locks[run.name + str(setting.seed)]:
            train(run, setting)
    folder = setting.folder(chain[-1]) if chain else setting.out
    values = cell.measure(folder, setting)
    environments = [_json(setting.folder(run) / "environment.json") for run in chain]
    evaluations = [_json(setting.folder(run) / "evaluation.json") for run in chain]
    trained = sum(sum(found["minutes"].values()) for found in evaluations)
    return {
        **identity(table, cell, setting),
        "values": values,
        "commands": [*(found["command"] for found in environments), *cell.commands(folder)],
        "commit": environments[-1]["commit"] if environments else commit(),
        "minutes": round(trained or (time.monotonic() - began) / 60, 2),
        "samples": evaluations[-1]["samples"] if evaluations else None,
        "signature": _signatures(evaluations[-1]) if evaluations else {},
        "warnings": evaluations[-1]["warnings"] if evaluations else [],
    }


def identity(table: Table, cell: Cell, setting: Setting) -> dict[str, Any]:
    """What tells a row from others: one that is kept under the same identity is not measured again."""
    recipes = [list(run.arguments) for run in (cell.run.chain if cell.run else [])]
    return {"table": table.number, "cell": cell.name, "seed": setting.seed, "recipes": recipes}


def train(run: Run, setting: Setting) -> None:
    """One run to its end; resumed if it was stopped, left alone if it is done. Raises Failed."""
    folder, arguments = setting.folder(run), setting.arguments(run)
    if (folder / "environment.json").exists():
        told = shlex.split(_json(folder / "environment.json")["command"])
        if [word for word in told[2:] if word != "--resume"] != arguments:
            raise Failed(f"{folder} was made by another command; remove it, or give another --out")
    if (folder / "evaluation.json").exists():
        return
    log = folder.with_name(f"{folder.name}.log")
    setting.say(f"{folder.name}: textgan train {shlex.join(arguments)}; what it says goes to {log}")
    resume = ["--resume"] if (folder / "recipe.yaml").exists() else []
    call(["-m", "textgan", "train", *arguments, *resume], log)


def call(words: Sequence[str], log: Path) -> None:
    """Python with these arguments in a process of its own, one thread. Raises Failed with the last word of the log."""
    quiet = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    with log.open("a") as lines:
        code = subprocess.call(
            [sys.executable, *words], stdout=lines, stderr=lines, env={**os.environ, **quiet}
        )
    if code:
        told = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("textgan: ")]
        raise Failed(told[-1].removeprefix("textgan: ") if told else f"exit code {code}; see {log}")


def commit() -> str:
    """Of the checkout that the benchmark runs from; empty where it is none."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        return subprocess.run(words, cwd=BENCHMARKS, capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def _signatures(evaluation: Mapping[str, Any]) -> dict[str, str]:
    after = evaluation["rows"]["after"]
    wanted = ("bleu-5", "self-bleu-5", "nll", "source-nll")
    return {key: after[key]["signature"] for key in wanted if key in after}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
