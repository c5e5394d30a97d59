"""Every recipe file there is trains in its smoke budget and leaves a whole run folder; files of one's own too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from textgan.assembly.library import root
from textgan.assembly.recipe import Recipe
from textgan.cli import run

RECIPES = sorted(root().rglob("*.yaml"))
IDS = [str(path.relative_to(root())) for path in RECIPES]


def test_there_are_recipes() -> None:
    assert {"short/seqgan.yaml", "short/wgan-gp.yaml", "long/mle.yaml"} <= set(IDS)


@pytest.mark.parametrize("path", RECIPES, ids=IDS)
def test_a_recipe_is_short_and_says_how_to_run_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 32
    assert lines[0] == f"# textgan train {path.stem}-{path.parent.name}"


@pytest.mark.parametrize("path", RECIPES, ids=IDS)
def test_its_smoke_budget_runs(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert run(["train", str(path), "budget=smoke", "threads=1", "--out", str(folder)]) == 0
    resolved = yaml.safe_load((folder / "recipe.yaml").read_text())
    evaluation = json.loads((folder / "evaluation.json").read_text())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [row["step"] for row in rows if row["kind"] == "train" and row["phase"] == "adversarial"]
    if "adversarial" in resolved["train"]:
        assert steps == [1, 2]
        assert {"real", "before", "after"} == set(evaluation["rows"])
    without = ("continuous", "noise-lstm", "deconvolution", "latent", "bag")
    has_likelihood = resolved["generator"]["name"] not in without
    alone = resolved["evaluate"].get("resample", 1) == 1  # what two players write has no likelihood to be had
    assert ("nll" in evaluation["rows"]["after"]) == (has_likelihood and alone)
    scores = evaluation["rows"]["after"]
    assert 0 <= scores["grammaticality"]["value"] <= 1
    assert evaluation["rows"]["real"]["grammaticality"]["value"] == 1
    assert scores["source-nll"]["value"] > evaluation["rows"]["real"]["source-nll"]["value"]
    written = (folder / "samples" / "after.txt").read_text().splitlines()
    assert len(written) == evaluation["samples"]
    page = (folder / "report.html").read_text()
    assert "<svg" in page and "http://" not in page.replace("http://www.w3.org", "")
    assert Recipe.load(folder / "recipe.yaml").resolved() == resolved  # what is kept loads as it was


def test_the_oracle_writes_sentences_of_forty_words_too(tmp_path: Path) -> None:
    longer = ["corpus.length=40", "length=40", "budget=smoke", "threads=1", "--out", str(tmp_path / "run")]
    assert run(["train", "mle-oracle", *longer]) == 0
    rows = json.loads((tmp_path / "run" / "evaluation.json").read_text())["rows"]
    assert "|tokens:2560|" in rows["after"]["nll"]["signature"]  # 64 of test
    assert "|tokens:8000|" in rows["real"]["source-nll"]["signature"]  # 200 of the oracle's own
    written = (tmp_path / "run" / "samples" / "after.txt").read_text().splitlines()
    assert max(len(line.split()) for line in written) == 40


def test_a_word_in_the_command_swaps_the_strategy_and_nothing_else() -> None:
    base = Recipe.load("seqgan-short").resolved()
    swapped = Recipe.load("seqgan-short", ["strategy=gumbel"]).resolved()
    assert swapped.pop("strategy") == {"name": "gumbel"}
    base.pop("strategy")
    assert swapped == base


def _sentences(count: int = 60) -> list[str]:
    return [
        f"the {'old' if i % 2 else 'new'} house number {i % 7} is {'red' if i % 3 else 'blue'} ."
        for i in range(count)
    ]


SMALL = ["budget=smoke", "threads=1", "generator.hidden=8"]


def test_a_text_file_of_ones_own_trains_with_no_other_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "mine.txt"
    corpus.write_text("\n".join(_sentences()), encoding="utf-8")
    folder = tmp_path / "run"
    assert run(["train", "gumbel-short", f"corpus.path={corpus}", *SMALL, "--out", str(folder)]) == 0
    capsys.readouterr()
    assert run(["sample", str(folder), "-n", "5", "--seed", "3", "--prefix", "the old"]) == 0
    first = capsys.readouterr().out
    assert run(["sample", str(folder), "-n", "5", "--seed", "3", "--prefix", "the old"]) == 0
    assert capsys.readouterr().out == first
    assert len(first.splitlines()) == 5 and all(line.startswith("the old") for line in first.splitlines())


def test_a_csv_with_labels_trains_and_writes_by_label(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "mine.csv"
    rows = [f'"{text}",{"warm" if "red" in text else "cold"}' for text in _sentences()]
    corpus.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    folder = tmp_path / "run"
    arguments = [f"corpus.path={corpus}", "corpus.label=label", *SMALL, "--out", str(folder)]
    assert run(["train", "seqgan-short", *arguments]) == 0
    capsys.readouterr()
    assert run(["sample", str(folder), "-n", "4", "--label", "warm", "--format", "jsonl"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["label"] for row in told] == ["warm"] * 4
    assert run(["sample", str(folder), "--label", "wram"]) == 2
    assert "Did you mean 'warm'?" in capsys.readouterr().err
    assert run(["evaluate", str(folder), "--json", "--metrics", "bleu,nll"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["nll"]["value"] > 0 and "unknown" in scores["nll"]["signature"]


@pytest.mark.parametrize(
    ("content", "overrides", "words"),
    [
        (None, [], ["corpus.path", "does not exist"]),
        (b"", [], ["corpus.path", "contains no sentences"]),
        (b"\x00\x01\xff\xfe\x00 binary", [], ["corpus.path", "binary"]),
        (b"caf\xe9 au lait\nand more", [], ["corpus.path", "line 1", "corpus.encoding=latin-1"]),
        (b"text,label\nhello there,a\n", ["corpus.column=txet"], ["corpus.column", "'text'"]),
        (b"text\n" + b"same same\n" * 60, [], ["tokenizer", "vocabulary of 1 word"]),
        (b"text\n" + b"a b c d e f g h\n" * 60, ["length=5"], ["length 5", "raise length to 9"]),
        (b"text\n" + b"a b c\n" * 60, ["strategy.rollout=3", "lenght=5"], ["'rollouts'", "'length'"]),
        (b"text\n" + b"a b c\n" * 60, ["generator.hidden=wide"], ["generator.hidden", "expected int"]),
        (b"text\n" + b"a b c\n" * 60, ["start=nowhere"], ["start: nowhere is not a run folder"]),
        (b"text\n" + b"a b c\n" * 60, ["device=gpu"], ["device", "'gpu' is not a device"]),
    ],
)
def test_a_mistake_is_one_clear_line_and_nothing_is_half_written(
    content: bytes | None,
    overrides: list[str],
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus = tmp_path / "mine.csv"
    if content is not None:
        corpus.write_bytes(content)
    folder = tmp_path / "run"
    code = run(
        ["train", "seqgan-short", "budget=smoke", f"corpus.path={corpus}", *overrides, "--out", str(folder)]
    )
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("textgan: ")]
    assert code == 2
    assert len(told) == len([word for word in overrides if word.startswith(("strategy", "lenght"))] or [1])
    for word in words:
        assert word in "\n".join(told)
    assert not folder.exists()


def test_a_run_folder_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "precious").write_text("mine")
    assert run(["train", "mle-short", "budget=smoke", "--out", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "exists already and holds no run; name another folder" in told and "--resume" not in told
    assert [file.name for file in folder.iterdir()] == ["precious"]
