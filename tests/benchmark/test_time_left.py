"""What a benchmark says of the time that is left: as long as runs of the kind took that were begun and ended here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from textgan.benchmark.arguments import Budget, sort_words
from textgan.benchmark.crew import Done, Job
from textgan.benchmark.gather import Ledger
from textgan.benchmark.measure import Request
from textgan.benchmark.plan import plan
from textgan.benchmark.run import Launcher, run


class Clocked(Launcher):
    """Does nothing, in so many seconds each; games break at once."""

    def crew(self, *_: Any) -> Any:
        return self

    def do(self, jobs: Sequence[Job], begun: Callable[[Job], None]) -> Iterator[Done]:
        for job in jobs:
            begun(job)
            if job.key.startswith("seqgan"):
                yield Done(job, "no text", 1.0)
            else:
                yield Done(job, None, 5.0 if job.order["kind"] == "corpus" else 100.0)


@pytest.fixture(autouse=True)
def nothing_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "write", lambda ledger: None)


def told(out: Path) -> list[str]:
    lines: list[str] = []
    made = plan(sort_words(["mle-short", "seqgan-short"], ["1", "2", "3"], ()), Budget.parse("smoke"), out)
    run(made, Request((1.0,), 20, ("distinct",)), jobs=1, threads=1, say=lines.append, launcher=Clocked())
    return [line for line in lines if line.startswith(("finished", "FAILED"))]


def test_runs_of_a_kind_are_expected_to_take_as_long_as_those_that_ended(tmp_path: Path) -> None:
    real, *runs = told(tmp_path)
    assert real == "finished real text of captions in 5 s; 0 of 6 cells"
    assert [line.rpartition("about ")[2] for line in runs[:4]] == [
        "8 min 20 s left",
        "6 min 40 s left",
        "5 min 0 s left",
        "3 min 20 s left",  # what breaks at once says nothing of the others
    ]
    assert runs[0].startswith("finished mle-short") and runs[3].startswith("FAILED: seqgan-short")


def test_what_was_there_from_before_says_nothing_of_the_rest(tmp_path: Path) -> None:
    made = plan(sort_words(["mle-short"], ["1", "2", "3"], ()), Budget.parse("smoke"), tmp_path)
    next(iter(made.runs.values())).path.mkdir(parents=True)
    _, first, second, *_ = told(tmp_path)
    assert first.endswith("cells")
    assert second.endswith("about 6 min 40 s left")
