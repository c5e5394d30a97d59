"""The README's way from labelled text to more of it, but for the budget; then again, from what was kept of it."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections import Counter
from pathlib import Path

import pytest

from textgan.augment import experiment
from textgan.cli import run
from textgan.data.embedded import Reviews

README = Path(__file__).parents[2] / "README.md"


def commands() -> list[list[str]]:
    section = README.read_text(encoding="utf-8").split("## More labelled text")[1].split("\n## ")[0]
    (block,) = re.findall(r"^```sh\n(.*?)^```", section, re.M | re.S)
    return [shlex.split(line, comments=True) for line in block.splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_more_labelled_text_in_three_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    reviews = Reviews(size=240)
    with Path("reviews.csv").open("w", encoding="utf-8", newline="") as file:
        labels = [reviews.label_names[label] for label in reviews.train.labels or []]
        csv.writer(file).writerows([("text", "sentiment"), *zip(reviews.train.texts, labels, strict=True)])
    wanted = commands()
    assert [words[:2] for words in wanted] == [["textgan", verb] for verb in ("corpus", "augment", "sample")]
    _, augment, _ = wanted
    augment[augment.index("-n") + 1] = "40"
    augment += ["--budget", "smoke"]
    for _, *words in wanted:
        capsys.readouterr()
        assert run(words) == 0, words
        if words[0] == "augment":
            printed = capsys.readouterr().out
    out, work = Path("more.csv"), Path("more.work")
    found = rows(out)
    counts = Counter(row["sentiment"] for row in found)
    assert (
        counts.total() == 40 and abs(counts["neg"] - counts["pos"]) <= 4
    )  # in the shares of the training text
    assert not {row["text"] for row in found} & {*reviews.train.texts}
    assert "±" in printed and "…" not in printed  # no figure of the table is cut off at 80 columns
    assert "Generated text " in printed and "more.csv: of " in printed
    report = json.loads((work / "report.json").read_text())
    assert report["verdict"] in printed.replace("\n", " ")
    assert {(row["labels"], row["classifier"]) for row in report["comparisons"]} == {
        (labels, classifier)
        for labels in (20, report["train"]["sentences"])
        for classifier in ("cnn", "linear")
    }
    assert sum(report["generated"]["dropped"].values()) + 40 <= report["generated"]["drawn"]
    page = (work / "report.html").read_text()
    assert report["verdict"] in page and "What the filters dropped" in page

    # what is there already is not written over; without it the rest is not done again, and comes out the same
    assert run(augment[1:]) == 2
    assert "--out: more.csv already exists" in capsys.readouterr().err
    first, told = out.read_bytes(), (work / "report.json").read_bytes()
    out.unlink()
    answers = work / "cells.jsonl"
    answers.write_text(answers.read_text()[:-700])  # stopped in the middle of a line
    monkeypatch.setattr(experiment, "train_generator", None)
    assert run(augment[1:]) == 0
    assert (out.read_bytes(), (work / "report.json").read_bytes()) == (first, told)
    # the work of another request is not mixed with it
    out.unlink()
    assert run([*augment[1:], "--temperature", "0.5"]) == 2
    assert "more.work holds the work of another request (different: temperature)" in capsys.readouterr().err
    # and a run that is there already writes the same sentences
    beside = [*augment[1:], "--run", "more.work/runs/all", "--out", "other.csv", "--with-real"]
    assert run(beside) == 0
    printed = capsys.readouterr().out
    assert "note: the run was trained on more labels" in printed
    assert (
        f"other.csv: {report['train']['sentences']} real sentences come first, without the 24 held out"
        in printed
    )
    real = len(rows(Path("other.csv"))) - 40
    assert real == report["train"]["sentences"] and rows(Path("other.csv"))[real:] == found


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--out more.txt", "--out: more.txt must end in one of .csv, .tsv, .jsonl; call it more.csv"),
        ("--out gone/more.csv", "--out: there is no folder gone; create it first"),
        ("--out more.csv --budget smok", "--budget: no budget is called 'smok'. Did you mean 'smoke'?"),
        ("--out more.csv --reject 1", "--reject: 1 is not a share; give 0 or more and less than 1"),
        ("--out more.csv --balance pso=1", "--balance: no label is called 'pso'. Did you mean 'pos'?"),
        ("--out more.csv --run nowhere", "run: there is no run folder nowhere; `textgan train` creates one"),
        (
            "--out more.csv --text-column txet",
            "--text-column: r.csv has no column 'txet'; it has 'text', 'kind'",
        ),
        (
            "--out more.csv --test r.json",
            "--test: r.json is JSON, which is not supported; save it as .jsonl, one object per",
        ),
        (
            "--out more.csv --test r.txt",
            "--test: r.txt is plain text and has no columns; give .jsonl, .csv, .tsv, .parq",
        ),
        (
            "--out more.csv --test r.csv",
            "--test: r.csv is TRAIN itself; give another file, or leave out --test",
        ),
    ],
)
def test_mistakes_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.csv").write_text(
        "text,kind\n" + "".join(f"text {i},{('pos', 'neg')[i % 2]}\n" for i in range(40))
    )
    for name in ("r.json", "r.txt"):
        Path(name).write_text('[{"text": "text 1", "kind": "pos"}]')
    assert run(["augment", "r.csv", "--label-column", "kind", *words.split()]) == 2
    assert f"textgan: {line}" in capsys.readouterr().err
    assert {file.name for file in tmp_path.iterdir()} == {"r.csv", "r.json", "r.txt"}
