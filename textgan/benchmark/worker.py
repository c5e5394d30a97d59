"""A process that does jobs one after another, so that torch is loaded once instead of for every cell.

It reads one job per line from standard input and answers each with a line on standard output, both JSON. If a job
fails, the answer gives the reason and the worker continues with the next one. The output of each job goes to its own
log file. After Ctrl-C the current run is saved and the process exits.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

STOPPED = 130


def main() -> None:
    """Do jobs until standard input ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keeps output printed by libraries out of the answers
    try:
        while line := sys.stdin.readline():
            _answer(answers, do(json.loads(line)))
    except KeyboardInterrupt:
        os._exit(STOPPED)  # immediately, since everything is saved


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _answer(answers: TextIO, failed: str | None) -> None:
    answers.write(json.dumps({"failed": failed}) + "\n")
    answers.flush()


def do(job: dict[str, Any]) -> str | None:
    """Do a job; returns the reason it failed, on one line, or None if it succeeded."""
    from textgan.errors import Mistake
    from textgan.runs.train import Interrupted

    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    try:
        if job["kind"] == "corpus":
            _corpus(job)
        else:
            _run(job)
        return None
    except Interrupted:
        raise KeyboardInterrupt from None
    except Mistake as mistake:
        print(f"textgan: {mistake}", file=sys.stderr)
        return " ".join(str(mistake).split())
    except Exception as error:  # a cell must never bring down the others
        traceback.print_exc()
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        gc.collect()


def _corpus(job: dict[str, Any]) -> None:
    from textgan.benchmark import measure

    measure.measure_corpus(_recipe(job), Path(job["file"]), _request(job))


def _run(job: dict[str, Any]) -> None:
    from textgan.benchmark import gradient, measure
    from textgan.runs.train import train
    from textgan.training import checkpoints

    path = Path(job["path"])
    if not (path / "evaluation.json").is_file():
        if not path.exists() and "last" in job["fronts"]:
            (Path(job["fronts"]["last"]) / gradient.FILE).unlink(missing_ok=True)  # of a removed run
        if path.exists() and not checkpoints.exists(path / "checkpoints" / "last"):
            shutil.rmtree(path)  # it was stopped before its first checkpoint
        path.parent.mkdir(parents=True, exist_ok=True)
        train(_recipe(job), path, resume=path.exists(), command=job["command"])
    request = _request(job)
    for checkpoint, folder in job["fronts"].items():
        if checkpoint in job["unmeasured"]:
            measure.measure(path, checkpoint, Path(folder), request, say=print)
        if checkpoint == "last" and gradient.is_missing(_recipe(job), Path(folder)):
            gradient.measure_gradient(path, Path(folder))


def _recipe(job: dict[str, Any]) -> Any:
    from textgan.assembly.recipe import Recipe

    return Recipe(job["name"], Path(job["folder"]), job["values"])


def _request(job: dict[str, Any]) -> Any:
    from textgan.benchmark.measure import Request

    asked = job["request"]
    return Request(tuple(asked["temperatures"]), asked["samples"], tuple(asked["metrics"]))


if __name__ == "__main__":
    main()
