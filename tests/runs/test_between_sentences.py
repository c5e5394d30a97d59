"""Ways between sentences: their ends are the sentences, and an analogy of nothing changes nothing."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe
from textgan.cli import run as textgan
from textgan.errors import Mistake
from textgan.generators.recurrent import LSTM
from textgan.runs import latent
from textgan.runs.loaded import LoadedRun, load
from textgan.runs.train import train

A, B = "a dog barks .", "two small cats sleep all day ."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on six sentences, trained until it reconstructs them."""
    home = tmp_path_factory.mktemp("latent")
    lines = [A, B, "a cat sleeps .", "two dogs bark .", "one bird sings all day .", "a small dog sleeps ."]
    (home / "lines.txt").write_text("\n".join(lines * 20), encoding="utf-8")
    recipe = Recipe.load(
        "arae-short",
        [
            f"corpus.path={home / 'lines.txt'}", "corpus.validation=12", "corpus.test=12", "length=9",
            "generator.embedding=12", "generator.hidden=32", "generator.code=16", "discriminator.code=16",
            "train.mle={epochs: 25, batch: 8, patience: 0, optimizer: {lr: 0.01}}",
            "train.adversarial={steps: 3, d_steps: 1, batch: 8}",
            "evaluate={every: 10, samples: 20, final: 20}", "metrics=[distinct]", "threads=1",
        ],
    )  # fmt: skip
    return train(recipe, home / "run")


@pytest.fixture(scope="module")
def run(folder: Path) -> LoadedRun:
    return load(folder)


def test_the_ends_are_the_two_sentences(run: LoadedRun) -> None:
    way = latent.interpolate(run, A, B, steps=6)
    assert len(way) == 6 and (way[0], way[-1]) == (A, B)
    assert latent.interpolate(run, B, A, steps=6) == way[::-1]
    assert latent.interpolate(run, A, A, steps=3) == [A] * 3


def test_an_analogy_of_a_sentence_with_itself_changes_nothing(run: LoadedRun) -> None:
    assert latent.analogy(run, A, A, B) == B
    assert latent.analogy(run, B, A, A) == B


def test_the_verbs_write_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert textgan(["interpolate", str(folder), A, B, "--steps", "3"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 3 and (told[0], told[-1]) == (A, B)
    assert textgan(["analogy", str(folder), A, A, B]) == 0
    assert capsys.readouterr().out == B + "\n"
    assert textgan(["interpolate", str(folder), "a zebra .", B]) == 2
    assert "'a zebra .' has a word that is not in the run's vocabulary" in capsys.readouterr().err


def test_of_a_stopped_run_it_is_said(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(folder, tmp_path / "run"))
    manifest = run / "checkpoints" / "last" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "at": "mle step 7"}))
    for words in (["interpolate", str(run), A, B], ["analogy", str(run), A, A, B]):
        assert textgan(words) == 0
        told = capsys.readouterr()
        assert "was stopped in mle at step 7" in told.err and "stopped" not in told.out


@pytest.mark.parametrize(("sentence", "words"), [("", "no token"), ("a " * 12, "at most 8")])
def test_a_sentence_that_has_no_code_is_refused(run: LoadedRun, sentence: str, words: str) -> None:
    with pytest.raises(Mistake, match=words):
        latent.interpolate(run, A, sentence)
    with pytest.raises(Mistake, match="--steps"):
        latent.interpolate(run, A, B, steps=1)


def test_a_run_without_codes_is_refused(run: LoadedRun) -> None:
    other = replace(run, generator=LSTM(run.generator.vocabulary))
    with pytest.raises(Mistake, match="no latent codes"):
        latent.interpolate(other, A, B)
