"""What the log of a run that no person watches says of its phases."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.runs.train import train
from textgan.training.progress import Display

SMALL = (
    "corpus.validation=10",
    "corpus.test=10",
    "length=8",
    "generator.embedding=4",
    "generator.hidden=8",
    "train.mle.batch=16",
    "train.mle.epochs=30",
    "train.mle.patience=1",
    "train.mle.optimizer.lr=0.5",
    "train.discriminator={steps: 3, batch: 8}",
    "train.adversarial={steps: 2, batch: 8}",
    "evaluate={every: 2, samples: 10, final: 10}",
    "metrics=[]",
    "threads=1",
)


def test_every_phase_ends_with_a_line_and_an_early_stop_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [" ".join(words) for words in itertools.product(("a dog", "one cat"), "abcdef", "ghijkl")]
    (tmp_path / "small.txt").write_text("\n".join(lines))
    run = train(
        Recipe.load("gumbel-short", [f"corpus.path={tmp_path / 'small.txt'}", *SMALL]), tmp_path / "run"
    )
    said = capsys.readouterr().err
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    epochs = [(row["nll-validation"], row["step"]) for row in rows if "nll-validation" in row]
    (best, at), (_, last) = min(epochs), epochs[-1]
    assert at < last < 90
    told = rf"mle {last}/90  stopped early: validation NLL {best:.3f} was best at step {at}  loss [\d.]+  val-nll"
    assert re.search(told, said)
    assert re.search(r"discriminator 3/3  .*d-loss [\d.]+", said)
    assert re.search(r"adversarial 2/2  .*g-loss", said)


def test_in_a_live_terminal_the_numbers_stay_and_only_the_reason_is_added(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display()
    display.live = True
    display._phase, display._numbers = "mle", {"loss": 1.0}
    display.end(2, 9, "")
    display.end(2, 9, "stopped early")
    assert capsys.readouterr().err == "mle 2/9  stopped early\n"
