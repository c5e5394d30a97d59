"""A benchmark whose text, own strategy or own metric changed on disk: measured anew, or refused by name."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from textgan.cli import run as command

STRATEGY = """
from textgan.strategies.gumbel import Gumbel

class Mine(Gumbel):
    pass
"""
METRIC = """
from textgan.metrics import Score

def openings(samples):
    return {"openings": Score(%s, "openings")}
"""
RECIPE = Path(__file__).parents[2] / "recipes/short/gumbel.yaml"


def benchmark(folder: Path, *more: str) -> int:
    words = ["benchmark", "mine.yaml", "--budget", "smoke", "--temperatures", "0.8,1", "--samples", "100"]
    return command([*words, "--jobs", "1", "--threads", "1", "--out", "out", *more])


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "out/results.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of two runs, finished, in a folder with all that is the user's own."""
    folder = tmp_path_factory.mktemp("own")
    names, verbs = ("a man", "a dog", "two cats", "the child"), ("sees", "holds", "paints", "likes", "finds")
    things = ("a red ball", "the door", "some bread", "a small tree", "the moon")
    lines = [f"{name} {verb} {thing} ." for name in names for verb in verbs for thing in things]
    (folder / "text.txt").write_text("\n".join(lines) + "\n")
    (folder / "mine.py").write_text(STRATEGY)
    (folder / "openings.py").write_text(METRIC % 0.25)
    recipe = RECIPE.read_text().replace("name: gumbel", "name: ./mine.py:Mine").splitlines()
    kept, skipping = list[str](), False
    for line in recipe:
        skipping = line.startswith(("corpus:", "metrics:")) or (skipping and line.startswith((" ", "\t")))
        kept += [] if skipping else [line]
    kept += [f"corpus: {{name: file, path: {folder}/text.txt, validation: 15, test: 25}}"]
    kept += ["metrics: [bleu, nll, ./openings.py:openings]"]
    (folder / "mine.yaml").write_text("\n".join(kept) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert benchmark(folder) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The finished one; what a test changes is put back after it."""
    kept = tmp_path / "kept"
    shutil.copytree(made, kept)
    monkeypatch.chdir(made)
    yield made
    shutil.rmtree(made)
    shutil.copytree(kept, made)


def test_the_sentences_told_are_those_that_were_drawn(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """100 are asked for."""
    assert benchmark(folder) == 0
    printed = capfd.readouterr()
    assert "file: 60 sentences at each temperature, as many as its training split holds" in printed.err
    for told in (printed.out, *((folder / "out" / name).read_text() for name in ("table.md", "table.tex"))):
        assert "60 sentences" in told and "100 sentences" not in told
    page = (folder / "out/benchmark.html").read_text()
    assert "on 60 sentences at each temperature" in page
    assert "hyps:60" in rows(folder, "cell")[0]["signatures"]["bleu-5"]


def test_mle_has_the_scores_that_its_games_have(folder: Path) -> None:
    """--metrics without nll, which the recipe measures at the end of a run."""
    assert benchmark(folder, "--metrics", "distinct") == 0
    with (folder / "out/table.csv").open(encoding="utf-8") as file:
        by_name = {row["row"]: row for row in csv.DictReader(file)}
    start = json.loads(next((folder / "out/starts").glob("*/evaluation.json")).read_text())
    assert float(by_name["MLE"]["nll"]) == pytest.approx(start["rows"]["after"]["nll"]["value"])
    ended = json.loads((folder / "out/runs/mine-seed1/evaluation.json").read_text())
    assert float(by_name["mine"]["nll"]) == pytest.approx(ended["rows"]["after"]["nll"]["value"])


def test_nothing_changed_and_nothing_is_done(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert benchmark(folder) == 0
    assert "started" not in capfd.readouterr().err


def test_another_text_is_refused_before_any_work(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "text.txt").write_text((folder / "text.txt").read_text().replace("the moon", "the sun"))
    before = sorted((folder / "out").rglob("*"))
    assert benchmark(folder, "--seeds", "1", "2") == 2
    (told,) = capfd.readouterr().err.splitlines()
    assert "text.txt (train, validation, test) has changed since" in told and "was trained" in told
    assert "mine" in told and "give another folder" in told
    assert [path for path in before if path.name != ".lock"] == [
        path for path in sorted((folder / "out").rglob("*")) if path.name != ".lock"
    ]


def test_another_own_strategy_is_refused_by_name(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.py").write_text(STRATEGY.replace("pass", "rate = 2"))
    assert benchmark(folder, "--seeds", "1", "2") == 2
    (told,) = capfd.readouterr().err.splitlines()
    assert f"--out: {folder}/mine.py has changed since" in told and "restore it" in told
    (folder / "mine.py").write_text(STRATEGY)
    assert benchmark(folder) == 0


def test_a_run_that_was_stopped_goes_on_with_the_mended_strategy(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "out/runs/mine-seed1/evaluation.json").unlink()
    (folder / "mine.py").write_text(STRATEGY.replace("pass", "rate = 2"))
    assert benchmark(folder) == 0
    assert benchmark(folder) == 0  # what it ended with is what is there now
    assert "the run continues with the current file" in (folder / "out/logs/mine-seed1.txt").read_text()


def test_another_own_metric_is_measured_anew_in_every_row(folder: Path) -> None:
    (folder / "openings.py").write_text(METRIC % 0.75)
    checkpoints = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    assert benchmark(folder) == 0
    for kind in ("cell", "baseline"):
        for row in rows(folder, kind):
            assert [point["scores"]["openings"] for point in row["front"]] == [0.75, 0.75]
    assert rows(folder, "corpus")[0]["real"]["openings"] == 0.75
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == checkpoints


def test_scores_of_another_version_or_other_weights_are_measured_anew(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for file in (folder / "out/fronts").rglob("points.jsonl"):
        file.write_text(file.read_text().replace('"version": "', '"version": "0.'))
    shutil.rmtree(folder / "out/corpora")
    assert benchmark(folder) == 0
    told = capfd.readouterr().err
    assert told.count("continuing ") == 2 and "real text of" in told
    before = rows(folder, "cell")[0]["front"]
    front = folder / "out/fronts/mine-seed1"
    for file in (front / "points.jsonl", front / "front.json"):
        weights = json.loads((front / "front.json").read_text())["weights"]
        file.write_text(file.read_text().replace(weights, "0" * 16))
    capfd.readouterr()
    assert benchmark(folder) == 0
    assert capfd.readouterr().err.count("continuing ") == 1 and rows(folder, "cell")[0]["front"] == before


def test_a_metric_of_the_working_directory_is_measured_and_a_missing_one_told_at_once(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "here.py").write_text((METRIC % 0.5).replace('"openings":', '"here":'))
    assert benchmark(folder, "--metrics", "./here.py:openings") == 0
    assert [point["scores"]["here"] for point in rows(folder, "cell")[0]["front"]] == [0.5, 0.5]
    run = ["out/runs/mine-seed1", "--metrics", "./here.py:openings", "--temperatures", "1", "--trust-code"]
    assert command(["sweep", *run]) == 0
    capfd.readouterr()
    (folder / "here.py").unlink()
    assert benchmark(folder, "--metrics", "./here.py:openings") == 2
    assert "there is no file" in capfd.readouterr().err
    assert command(["sweep", *run]) == 2
