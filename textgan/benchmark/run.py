"""Runs a plan: starts first, then the cells that continue from them, a few at a time."""

from __future__ import annotations

import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from textgan.assembly.recipe import Recipe
from textgan.benchmark.cluster import Cluster
from textgan.benchmark.crew import Crew, Done, Job
from textgan.benchmark.gather import Ledger, corpus_file, front_folder
from textgan.benchmark.gradient import is_missing
from textgan.benchmark.measure import Request, corpus_is_measured, is_measured, names_of
from textgan.benchmark.planned import Plan
from textgan.benchmark.unchanged import Corpora, check
from textgan.errors import Mistake, did_you_mean
from textgan.machine.process import cores
from textgan.training.progress import clock


@dataclass(frozen=True)
class Launcher:
    """Where jobs run: `local`, in processes on this machine, or `submitit`. options: of submitit's executor."""

    name: str = "local"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("local", "submitit")
        if self.name not in names:
            raise Mistake(f"--launcher: there is no {self.name!r}.{did_you_mean(self.name, names)}")
        if self.options and self.name == "local":
            raise Mistake("--launcher-option: 'local' takes none; they are for --launcher submitit")

    def crew(self, size: int, threads: int, logs: Path, keep: Sequence[int]) -> Crew | Cluster:
        if self.name == "local":
            return Crew(size, threads, logs, keep)
        return Cluster(size, threads, logs, self.options)


LOCAL = Launcher()


def run(
    plan: Plan,
    request: Request,
    *,
    jobs: int,
    threads: int,
    say: Callable[[str], None] = lambda _: None,
    command: str = "",
    launcher: Launcher = LOCAL,
) -> Ledger:
    """Do all missing runs and fronts; `OUT/results.jsonl` is rewritten after each.

    jobs: how many at a time. threads: of each. say: called with progress messages. A job that fails is recorded in
    `Ledger.failed`, and the others go on. Raises Mistake, or `crew.Stopped` after Ctrl-C once work in progress is
    saved; repeating the call resumes it.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    with _locked(plan.out) as lock:
        logs = plan.out / "logs"
        logs.mkdir(exist_ok=True)
        work, drawn = _work(plan, request, logs, say)
        ledger = Ledger(plan, request, _facts(plan, request, drawn, jobs, threads, command), drawn)
        ledger.pending = {job.key for job in work}
        progress = _Progress(plan, ledger, work, jobs, say)
        ledger.write()
        size = min(jobs, max(1, len(work)))
        for done in launcher.crew(size, threads, logs, [lock]).do(work, progress.begun):
            ledger.pending.discard(done.job.key)
            if done.failed is not None:
                ledger.failed[done.job.key] = done.failed
            ledger.write()
            progress.done(done)
        return ledger


@contextmanager
def _locked(out: Path) -> Iterator[int]:
    """Allow one benchmark per folder at a time. Workers inherit the lock, so it lasts until the last of them exits."""
    descriptor = os.open(out / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Mistake(
                f"--out: another benchmark is running in {out}; wait until it ends, or give another folder"
            ) from None
        yield descriptor
    finally:
        os.close(descriptor)


def _work(
    plan: Plan, request: Request, logs: Path, say: Callable[[str], None]
) -> tuple[list[Job], dict[str, int]]:
    """The missing or outdated work, and the number of sentences in each front by corpus.

    The corpora read for this are released afterwards.
    """
    corpora = Corpora()
    check(plan, corpora)
    drawn = {name: corpora.bench(recipe, request).count for name, recipe in plan.corpora.items()}
    for name, count in drawn.items():
        if count < request.samples:
            say(f"{name}: {count:,} sentences at each temperature, as many as its training split holds")
    return [*_corpora(plan, request, corpora, logs), *_runs(plan, request, corpora, logs)], drawn


def _corpora(plan: Plan, request: Request, corpora: Corpora, logs: Path) -> list[Job]:
    """Jobs that score real text, for each corpus not measured yet."""
    found = []
    for name, recipe in plan.corpora.items():
        file = corpus_file(plan, name)
        if not corpus_is_measured(corpora.bench(recipe, request), file, request):
            order = {"kind": "corpus", "file": str(file), "request": request.as_json(), **_told(recipe)}
            found.append(
                Job(f"corpus {name}", f"real text of {name}", order, logs / f"corpus-{file.stem}.txt")
            )
    return found


def _runs(plan: Plan, request: Request, corpora: Corpora, logs: Path) -> list[Job]:
    """Jobs for runs that are not finished, or whose fronts are not measured."""
    found = []
    for key, one in plan.runs.items():
        folders = {state: front_folder(plan, front) for state, front in one.fronts.items()}
        finished, unmeasured = (one.path / "evaluation.json").is_file(), list(folders)
        if finished:
            bench = corpora.bench(one.recipe, request)
            unmeasured = [
                state for state in folders if not is_measured(one.path, state, folders[state], bench, request)
            ]
        no_gradient = "last" in folders and is_missing(one.recipe, folders["last"])
        if finished and not unmeasured and not no_gradient:
            continue
        order = {
            "kind": "run",
            "path": str(one.path),
            "command": one.command,
            "fronts": {state: str(folder) for state, folder in folders.items()},
            "unmeasured": unmeasured,
            "request": request.as_json(),
            **_told(one.recipe),
        }
        found.append(Job(key, one.label, order, logs / f"{key}.txt", one.needs))
    return found


def _told(recipe: Recipe) -> dict[str, Any]:
    return {"name": recipe.name, "folder": str(recipe.folder), "values": recipe.values}


class _Progress:
    """Prints a line for each run that starts or ends, with an estimate of the remaining time."""

    def __init__(
        self, plan: Plan, ledger: Ledger, work: Sequence[Job], jobs: int, say: Callable[[str], None]
    ) -> None:
        self.plan, self.ledger, self.work, self.jobs, self.say = plan, ledger, work, jobs, say
        self.waiting = {job.key: self._kind(job) for job in work}
        self.seconds: dict[str, list[float]] = {}
        self.gone_on: set[str] = set()
        cells, runs = len(plan.cells), len(plan.runs)
        there = sum(ledger.over(cell) for cell in plan.cells)
        kept = f"; {there} of them already done" if there else ""
        say(f"{cells} cells in {runs} runs, {jobs} at a time{kept}; logs: {plan.out / 'logs'}")

    def begun(self, job: Job) -> None:
        again = job.key in self.plan.runs and self.plan.runs[job.key].path.exists()
        if again:
            self.gone_on.add(job.key)
        self.say(f"{'continuing' if again else 'started'} {job.label}")

    def done(self, done: Done) -> None:
        kind = self.waiting.pop(done.job.key)
        took = f" in {clock(done.seconds)}" if done.seconds is not None else ""
        if done.seconds is not None and done.failed is None and done.job.key not in self.gone_on:
            self.seconds.setdefault(kind, []).append(done.seconds)
        how = f"finished {done.job.label}{took}"
        if done.failed is not None:
            how = f"FAILED: {done.job.label}{took}: {done.failed}"
        there = sum(self.ledger.over(cell) for cell in self.plan.cells)
        self.say(f"{how}; {there} of {len(self.plan.cells)} cells{self._left()}")

    def _left(self) -> str:
        """Estimated from jobs of the same kind, or of other kinds if none of it has ended yet.

        Resumed runs do not count, since part of them was done before, nor do failed ones.
        """
        known = {kind: sum(took) / len(took) for kind, took in self.seconds.items() if kind != "corpus"}
        if not self.waiting or not known:
            return ""
        usual = sum(known.values()) / len(known)
        seconds = sum(known.get(kind, usual) for kind in self.waiting.values() if kind != "corpus")
        return f", about {clock(seconds / self.jobs)} left"

    def _kind(self, job: Job) -> str:
        return self.plan.runs[job.key].kind if job.key in self.plan.runs else "corpus"


def _facts(
    plan: Plan, request: Request, drawn: Mapping[str, int], jobs: int, threads: int, command: str
) -> dict[str, Any]:
    """Facts for the page about how the benchmark was made."""
    counts = {f"{count:,}" for count in drawn.values()}
    by_corpus = ", ".join(f"{count:,} on {name}" for name, count in drawn.items())
    return {
        "command": command,
        "budget": plan.budget,
        "sentences of each front": by_corpus if len(counts) > 1 else counts.pop(),
        "temperatures": ", ".join(f"{value:g}" for value in request.temperatures),
        "metrics": ", ".join(names_of(request)),
        "at a time": f"{jobs} runs of {threads} {'thread' if threads == 1 else 'threads'}",
        "machine": f"{cores()} cores, {platform.machine()}, {platform.system()}",
        "python": platform.python_version(),
        "finished": time.strftime("%Y-%m-%d"),
    }
