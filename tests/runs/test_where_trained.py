"""A run whose recipe names its corpus by a relative path, used from another folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from textgan.cli import run as textgan

TEXT = [f"{a} {b} {c} ." for a in ("a dog", "the cat") for b in "uvwxyz" for c in "klmn"]
TRAIN = [
    *("train", "mle-short", "corpus.path=my.txt", "corpus.validation=8", "corpus.test=8", "length=8"),
    *("generator.hidden=8", "generator.embedding=4", "train.mle.epochs=1", "threads=1", "metrics=[bleu]"),
    "evaluate={samples: 8, final: 8}",
]
COMMANDS = [
    ["evaluate", "../home/run"],
    ["sweep", "../home/run", "--temperatures", "1", "--samples", "8"],
    ["sample", "../home/run", "-n", "2", "--novel"],
    [*TRAIN, "--out", "../home/run", "--resume"],
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "home"
    folder.mkdir()
    (folder / "my.txt").write_text("\n".join(TEXT), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert textgan([*TRAIN, "--out", "run"]) == 0
    return folder


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_from_another_folder_it_says_where_to_run_the_command(
    words: list[str], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = home.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    monkeypatch.chdir(elsewhere)
    assert textgan(words) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "corpus.path: my.txt does not exist in the current folder, and the recipe of ../home/run" in line
    assert line.endswith("run the command from the folder that the run was trained from")
    monkeypatch.chdir(home)
    assert textgan([word.replace("../home/run", "run") for word in words]) == 0


@pytest.mark.slow  # it trains and scores one
def test_a_benchmark_continued_from_another_folder_says_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["benchmark", *TRAIN[1:], "--jobs", "1", "--temperatures", "1", "--samples", "8"]
    monkeypatch.chdir(home)
    assert textgan([*words, "--out", "bench"]) == 0
    (elsewhere := home.parent / "other").mkdir()
    monkeypatch.chdir(elsewhere)
    capsys.readouterr()
    assert textgan([*words, "--out", "../home/bench"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        "corpus.path: my.txt does not exist in the current folder, and the recipe of ../home/bench/" in line
    )
    assert line.endswith("run the command from the folder that the run was trained from")
    assert textgan([*words, "--out", "fresh"]) == 2  # no run was trained: it is a mistyped path
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("corpus.path: my.txt does not exist; relative paths start in the current folder")


def test_the_run_folder_does_not_hold_where_it_was_trained(home: Path) -> None:
    for file in [file for file in (home / "run").rglob("*") if file.is_file()]:
        assert str(home).encode() not in file.read_bytes(), file


def test_a_path_from_the_root_is_not_looked_for_elsewhere(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(home / "run", tmp_path / "run")
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("path: my.txt", f"path: {tmp_path}/gone/my.txt"))
    monkeypatch.chdir(home)
    assert textgan(["evaluate", str(run)]) == 2
    error = capsys.readouterr().err
    assert f"corpus.path: {tmp_path}/gone/my.txt does not exist" in error and "trained from" not in error
