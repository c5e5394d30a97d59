"""The public names: all there, each where it says, and known to a type checker."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import textgan

PACKAGE = Path(textgan.__file__).parent

GOOD = """\
import textgan

class Mine(textgan.Strategy):
    def turn(self, situation: textgan.Situation) -> textgan.Turn:
        return super().turn(situation)

class Watch(textgan.Callback):
    pass

def rhyme(samples: textgan.Samples) -> dict[str, textgan.Score]:
    return {"rhyme": textgan.Score(float(len(samples.texts)), "rhyme")}

run = textgan.train("gumbel-short", corpus="my.txt", callbacks=[Watch()])
texts: list[str] = run.sample(3)
value: float = textgan.evaluate(texts, ["a"]).numbers["bleu-2"]
page = textgan.benchmark(["mle-short"], seeds=[1, 2]).page
name: str = page.name
"""
BAD = """\
import textgan

textgan.nonsense
count: int = textgan.load("runs/a").sample(3)
textgan.benchmark(["mle-short"], seeds="three")
textgan.train(3)
"""


def test_every_name_is_found_where_it_says() -> None:
    assert {*textgan.__all__} == {*textgan._HOME, "__version__", "benchmark"}
    assert len({*textgan.__all__}) == len(textgan.__all__) and {*textgan.__all__} <= {*dir(textgan)}
    of_own_parts = ("Strategy", "Situation", "Turn", "Sampler", "Choice", "Samples", "Score", "Moment")
    assert {*of_own_parts} <= {*textgan.__all__}
    for name in textgan.__all__:
        assert getattr(textgan, name) is not None
    with pytest.raises(AttributeError, match="module 'textgan' has no attribute 'nonsense'"):
        _ = textgan.nonsense  # type: ignore[attr-defined]


@pytest.mark.slow  # mypy reads torch
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_a_type_checker_knows_them(tmp_path: Path) -> None:
    assert (PACKAGE / "py.typed").is_file()
    (tmp_path / "good.py").write_text(GOOD)
    (tmp_path / "bad.py").write_text(BAD)
    words = ["--strict", "--follow-imports=silent", "--ignore-missing-imports", "good.py", "bad.py"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), *words],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(PACKAGE.parent)}, capture_output=True, text=True,
    )  # fmt: skip
    lines = [line.split(":")[:2] for line in done.stdout.splitlines() if ": error:" in line]
    assert lines == [["bad.py", "3"], ["bad.py", "4"], ["bad.py", "5"], ["bad.py", "6"]], done.stdout
