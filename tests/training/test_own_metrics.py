"""Metrics of one's own within a run: they change nothing of it, and break in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.cli import run as textgan
from textgan.metrics import own_files
from textgan.runs.train import train

MINE = """
import random
import numpy as np
import torch
from textgan.metrics.samples import Score

def draws(samples):
    torch.rand(5), np.random.rand(3), random.random()
    samples.texts.sort()
    return {"draws": Score(0.5, "draws")}

def seeds(samples):
    torch.manual_seed(0), np.random.seed(0), random.seed(0)
    return {"seeds": Score(0.5, "seeds")}
"""


def left(run: Path) -> dict[str, bytes]:
    """The weights and the sentences of a run."""
    files = [*run.glob("checkpoints/[a-z]*/*.safetensors"), *run.glob("samples/*")]
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def test_training_is_the_same_whatever_a_metric_draws(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    plain = train(small_recipe("gumbel-short"), tmp_path / "plain")
    own = ", ".join(f"{tmp_path}/mine.py:{name}" for name in ("draws", "seeds"))
    recipe = small_recipe("gumbel-short", f"metrics=[bleu, self-bleu, nll, {own}]")
    assert left(train(recipe, tmp_path / "measured")) == left(plain)


def test_a_metric_whose_file_changed_since_the_scores_is_told_of(
    small_recipe: Callable[..., Recipe], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(MINE)
    run = train(small_recipe("mle-short", f"metrics=[bleu, {mine}:draws]"), tmp_path / "run")
    commands = ["report", str(run)], ["evaluate", str(run), "--trust-code"]
    for words in commands:
        assert textgan(words) == 0
        assert "has changed since" not in capsys.readouterr().err
    assert "has changed since" not in (run / "report.html").read_text()
    mine.write_text(MINE.replace("0.5", "0.25"))
    for words in commands:
        assert textgan(words) == 0
        assert "textgan: warning: mine.py: this metric's file has changed since" in capsys.readouterr().err
    assert "this metric&#39;s file has changed since" in (run / "report.html").read_text()
    assert textgan(["evaluate", str(run), "--trust-code", "--metrics", "bleu"]) == 0  # it is not measured
    assert "has changed since" not in capsys.readouterr().err
    mine.unlink()
    assert textgan(["report", str(run)]) == 0


def test_a_metric_file_that_is_gone_has_no_digest_and_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def rhyme(samples): return {}")
    names = ["bleu", "./mine.py:rhyme"]
    known = own_files.digests(names, tmp_path)
    assert len(known) == 1 and own_files.changed(names, tmp_path, known) == []
    assert own_files.changed(names, tmp_path, []) == ["mine.py"]
    (tmp_path / "mine.py").unlink()
    assert own_files.digests(names, tmp_path) == [] == own_files.changed(names, tmp_path, known)
