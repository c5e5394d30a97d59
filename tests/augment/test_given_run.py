"""`textgan augment --run`: a run that has read the held-out text is found out before anything is measured."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.augment.labelled import read_labelled
from textgan.augment.request import Request, check_work, unread
from textgan.cli import run as textgan
from textgan.errors import Mistake
from textgan.runs.loaded import LoadedRun, load
from textgan.runs.train import train
from textgan.training import checkpoints

ROWS = [
    (f"the {'old' if i % 2 else 'new'} house {i} is {'red' if i % 3 else 'blue'} .", "ab"[i % 2])
    for i in range(200)
]


def table(path: Path, rows: Sequence[tuple[str, str]]) -> Path:
    path.write_text("text,kind\n" + "".join(f"{text},{kind}\n" for text, kind in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """read.csv, all of which but its test split the run in `run` has read; train.csv, which it has not."""
    home = tmp_path_factory.mktemp("given")
    corpus = table(home / "read.csv", ROWS[:100])
    table(home / "train.csv", ROWS[100:])
    own = [f"corpus={{path: {corpus}, label: kind}}", "metrics=[distinct]", "length=12"]
    train(Recipe.load("conditional-short", ["budget=smoke", "threads=1", *own]), home / "run")
    return home


@pytest.fixture
def run(home: Path) -> LoadedRun:
    return load(home / "run")


def test_a_run_that_has_read_the_held_out_text_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--label-column", "kind", "--run", str(home / "run"), "--out", str(home / "more.csv")]
    before = sorted(home.iterdir())
    for words in (["read.csv"], ["train.csv", "--test", str(home / "read.csv")]):
        assert textgan(["augment", str(home / words[0]), *words[1:], *given]) == 2
        told = capsys.readouterr().err.strip()
        assert told.startswith("textgan: --run: it has read ") and told.count("\n") == 0
        assert told.endswith("leave out --run to train a generator without them")
        assert sorted(home.iterdir()) == before  # nothing was begun
    assert (
        "it has read 90 of the 100 held-out sentences; give --test with text" in told
    )  # a tenth was its test


def test_few_that_it_has_read_are_left_out_of_the_test(home: Path, run: LoadedRun, tmp_path: Path) -> None:
    fresh = [(f"another {i}", kind) for i, (_, kind) in enumerate(ROWS[:38])]
    known = [(text.upper().replace(" .", "  ."), "a") for text in run.corpus().train.texts[:2]]
    test = table(tmp_path / "test.csv", fresh + known)
    found = unread(read_labelled(home / "train.csv", "text", "kind", test, 1), run)
    assert found.test.texts == [text for text, _ in fresh] and len(found.test.labels or []) == 38
    assert found.notes == ("left out of the held-out text, since the run has read them: 2 of 40 sentences",)
    whole = read_labelled(home / "train.csv", "text", "kind", None, 1)
    assert unread(whole, run) is whole


def test_where_the_text_of_the_run_is_gone_a_note_says_so(home: Path, run: LoadedRun) -> None:
    data = read_labelled(home / "train.csv", "text", "kind", table(home / "test.csv", ROWS[:20]), 1)
    corpus, kept = home / "read.csv", (home / "read.csv").read_bytes()
    try:
        table(corpus, ROWS[100:])
        *_, changed = unread(data, run).notes
        corpus.unlink()
        *_, gone = unread(data, run).notes
    finally:
        corpus.write_bytes(kept)
    told = "not checked whether the run has read the held-out text: its corpus "
    assert changed == told + "is not the text that it was trained on"
    assert gone.startswith(f"{told}cannot be read (corpus.path: {corpus} does not exist; ")


def test_a_run_that_was_replaced_is_another_request(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"
    shutil.copytree(home / "run", path)
    request = Request(home / "train.csv", "text", "kind", 9, tmp_path / "more.csv", path)
    data = read_labelled(request.train, "text", "kind", None, 1)
    check_work(request, data)
    check_work(request, data)  # the same goes on
    discriminator = load(path).judge()
    players = {"generator": load(path, "pretrained").generator, "discriminator": discriminator}
    checkpoints.save(path / "checkpoints" / "last", players, {"step": 9}, "adversarial step 9")
    with pytest.raises(Mistake, match=r"the work of another request \(different: run-checkpoint\); "):
        check_work(request, data)
