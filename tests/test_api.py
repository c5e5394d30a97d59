"""From Python: the very runs and scores that the command line makes, and changes told as keywords."""

from __future__ import annotations

import json
import random
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import textgan
import textgan.benchmark.plan  # the folder and the function of one name do not hide each other
from textgan.assembly.overrides import as_words, parse
from textgan.assembly.recipe import Recipe
from textgan.benchmark import end_to_end
from textgan.cli import run as command
from textgan.errors import Mistake

SMALL: dict[str, Any] = {
    "length": 12,
    "generator": {"embedding": 8, "hidden": 8},
    "discriminator": {"embedding": 8, "filters": 4},
    "train": {
        "mle": {"epochs": 1, "batch": 16},
        "discriminator.steps": 1,
        "adversarial": {"steps": 2, "batch": 8, "d_steps": 1},
    },
    "evaluate": {"every": 2, "samples": 10, "final": 20},
    "metrics": ["bleu", "self-bleu", "nll"],
    "threads": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api")
    draw = random.Random(1)
    words = [
        ["a", "the"],
        ["dog", "cat", "<b>"],
        ["sees", "likes"],
        ["it", "you", "me"],
        ["now", "then", "."],
    ]
    lines = {" ".join(draw.choice(options) for options in words) for _ in range(150)}
    (path / "my.txt").write_text("\n".join(sorted(lines)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def run(folder: Path) -> Iterator[textgan.Run]:
    corpus = {"path": folder / "my.txt", "validation": 15, "test": 20}
    yield textgan.train("gumbel-short", corpus=corpus, out=folder / "python", **SMALL)


def test_it_is_the_run_that_the_command_line_makes(run: textgan.Run, folder: Path) -> None:
    told = json.loads((run.path / "environment.json").read_text())["command"]
    program, verb, *words = shlex.split(told)
    assert (program, verb, words[0], words[-2:]) == (
        "textgan",
        "train",
        "gumbel-short",
        ["--out", str(run.path)],
    )
    assert f"corpus.path={folder / 'my.txt'}" in words and "train.adversarial.steps=2" in words
    assert command(["train", *words[:-1], str(folder / "shell")]) == 0
    for name in ("recipe.yaml", "samples/after.txt", "checkpoints/last/generator.safetensors"):
        assert (folder / "shell" / name).read_bytes() == (run.path / name).read_bytes(), name
    assert (run.path / "report.html").is_file()


def test_what_a_run_can_do(run: textgan.Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = run.sample(5, seed=3, temperature=0.7)
    capsys.readouterr()
    assert command(["sample", str(run.path), "-n", "5", "--seed", "3", "--temperature", "0.7"]) == 0
    assert capsys.readouterr().out.splitlines() == texts

    final = json.loads((run.path / "evaluation.json").read_text())["rows"]
    told = {state: {key: row["value"] for key, row in rows.items()} for state, rows in final.items()}
    assert {state: scores.numbers for state, scores in run.scores.items()} == told
    found = run.evaluate()
    assert found.numbers == told["after"] and found.real == run.scores["real"]
    assert list(run.evaluate(metrics="bleu")) == list(run.evaluate(metrics=["bleu"]))
    assert list(run.evaluate(metrics=["bleu"])) == ["bleu-2", "bleu-3", "bleu-4", "bleu-5"]

    lines = (run.path / "metrics.jsonl").read_text().splitlines()
    assert run.metrics == [json.loads(line) for line in lines]
    swept = run.sweep([0.5, 1.0], samples=10)
    assert [point.temperature for point in swept.points] == [None, 0.5, 1.0]
    assert (run.path / "front.html").is_file()
    lines = (folder / "my.txt").read_text().splitlines()
    (folder / "real.txt").write_text("\n".join(lines[:30]), encoding="utf-8")
    against = run.sweep([1.0], samples=10, references=str(folder / "real.txt"), metrics="distinct")
    assert against.against == "real.txt" and "distinct-1" in against.points[0].scores
    page = run.report(run, out=folder / "both.html")
    assert page == folder / "both.html" and page.is_file()
    exported = run.export(folder / "exported")
    assert (exported / "model.safetensors").is_file()


def test_a_run_stays_where_it_is_when_the_program_goes_elsewhere(
    run: textgan.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.path.parent)
    opened = textgan.load(run.path.name)
    monkeypatch.chdir(tmp_path)
    assert opened.path == run.path and opened.sample(2) == run.sample(2)
    assert opened.report() == run.path / "report.html"
    assert opened.report(run) == Path("report.html") and (tmp_path / "report.html").is_file()


def test_a_notebook_shows_it(run: textgan.Run) -> None:
    shown = run._repr_html_()
    value = run.scores["after"]["nll"].value
    assert f"{value:.3f}" in shown and "held-out NLL" in shown
    (run.path / "samples" / "after.txt").write_text("a <b> & c\n", encoding="utf-8")
    assert "a &lt;b&gt; &amp; c" in run._repr_html_() and "<b> &" not in run._repr_html_()
    scores = textgan.load(run.path).scores["after"]._repr_html_()
    assert scores.count("<tr>") == 1 + len(run.scores["after"]) and "real text" in scores


def test_a_folder_that_is_no_run_and_code_that_is_not_trusted(run: textgan.Run, folder: Path) -> None:
    with pytest.raises(Mistake, match="not a run folder; give one that `textgan train` wrote"):
        textgan.load(folder)
    with pytest.raises(Mistake, match="exists already"):
        textgan.train("gumbel-short", out=run.path)
    with pytest.raises(Mistake, match=r"^corpus\.siz: .*Did you mean 'size'"):
        textgan.train("gumbel-short", corpus={"siz": 3})
    stranger = folder / "stranger"
    stranger.mkdir()
    recipe = yaml.safe_load((run.path / "recipe.yaml").read_text())
    (stranger / "recipe.yaml").write_text(yaml.safe_dump(recipe | {"metrics": ["./mine.py:rhyme"]}))
    with pytest.raises(Mistake, match="--trust-code"):
        textgan.load(stranger).sample(1)


def test_scores_of_sentences_are_those_of_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = (folder / "my.txt").read_text().splitlines()
    texts = [line.replace("dog", "cat") for line in real[:40]]
    (folder / "texts.txt").write_text("\n".join([*texts, "", ""]), encoding="utf-8")
    (folder / "real.txt").write_text("\n".join(real[40:]), encoding="utf-8")
    found = textgan.evaluate(texts, real[40:], ci=True)
    assert found == textgan.evaluate(folder / "texts.txt", str(folder / "real.txt"), ci=True)
    capsys.readouterr()
    names = [
        "evaluate",
        str(folder / "texts.txt"),
        "--references",
        str(folder / "real.txt"),
        "--ci",
        "--json",
    ]
    assert command(names) == 0
    told = json.loads(capsys.readouterr().out)
    assert {key: told[key]["value"] for key in found} == found.numbers
    assert set(found.real) <= set(found) and found.real["bleu-2"].value > 0
    with pytest.warns(UserWarning, match="BLEU is 1 by construction"):
        textgan.evaluate(real[40:60], real[40:])
    for given, words in (
        ([], "contains no sentences"),
        (["a", 3], "3 is no sentence"),
        ("no.txt", "no file"),
    ):
        with pytest.raises(Mistake, match=f"^samples: .*{words}"):
            textgan.evaluate(given, real)  # type: ignore[arg-type]


def test_an_empty_sample_counts_as_in_a_file_and_empty_real_text_does_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = (folder / "my.txt").read_text().splitlines()
    texts = [line.replace("dog", "cat") if row % 2 else " " for row, line in enumerate(real[:40])]
    (folder / "gaps.txt").write_text("\n".join(texts), encoding="utf-8")
    (folder / "rest.txt").write_text("\n\n".join(real[40:]), encoding="utf-8")
    with pytest.warns(UserWarning, match="20 of 40 lines are empty"):
        found = textgan.evaluate(texts, ["", *real[40:]])
    with pytest.warns(UserWarning, match="20 of 40 lines are empty"):
        assert found == textgan.evaluate(folder / "gaps.txt", folder / "rest.txt")
    capsys.readouterr()
    assert command(["evaluate", f"{folder}/gaps.txt", "--references", f"{folder}/rest.txt", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {key: told[key]["value"] for key in found} == found.numbers
    with pytest.raises(Mistake, match="^samples: contains no sentences"):
        textgan.evaluate(["", " "], real)


def test_any_iterable_of_sentences_is_scored_and_a_table_is_refused(folder: Path) -> None:
    real = (folder / "my.txt").read_text().splitlines()
    texts = [line.replace("dog", "cat") for line in real[:40]]
    assert textgan.evaluate(iter(texts), (line for line in real[40:])) == textgan.evaluate(texts, real[40:])

    class Frame(list[str]):
        columns = ("text",)

    for table in (Frame(["text"]), {"text": texts}):
        with pytest.raises(Mistake, match=r"^samples: a \w+ has columns; .* samples=df\['text'\]$"):
            textgan.evaluate(table, real)
    with pytest.raises(Mistake, match="^references: 3 is no sentences"):
        textgan.evaluate(texts, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corpus": "captions"}, ["corpus=captions"]),
        ({"corpus": "poems.txt"}, ["corpus.path=poems.txt"]),
        ({"corpus": Path("poems")}, ["corpus.path=poems"]),
        ({"corpus": "./mine.py:Poems"}, ["corpus=./mine.py:Poems"]),
        ({"penalty": None, "seed": 3}, ["penalty=null", "seed=3"]),
        (
            {"train": {"mle": {"epochs": 3}, "adversarial": None}},
            ["train.mle.epochs=3", "train.adversarial=null"],
        ),
        ({"train": {"mle.optimizer": {"lr": 0.001}}}, ["train.mle.optimizer={lr: 0.001}"]),
        ({"train": {"mle.optimizer.lr": 1e-5}}, ["train.mle.optimizer.lr=1.0e-05"]),
        ({"strategy": {"name": "gumbel", "hard": True}}, ["strategy.name=gumbel", "strategy.hard=true"]),
        ({"generator": {"hidden": np.int64(8)}}, ["generator.hidden=8"]),
        ({"metrics": ("bleu", "null")}, ["metrics=[bleu, 'null']"]),
    ],
)
def test_keywords_are_the_words_of_the_command_line(changes: dict[str, Any], words: list[str]) -> None:
    assert as_words(changes) == words
    assert not parse(words)[1]


def test_what_no_recipe_could_keep_is_refused() -> None:
    with pytest.raises(Mistake, match=r"^strategy: a recipe cannot hold <class.*'\./mine\.py:Mine'$"):
        as_words({"strategy": Recipe})
    with pytest.raises(Mistake, match=r"^strategy\.x: a recipe cannot hold .*; give a plain value$"):
        as_words({"strategy": {"x": object()}})
    with pytest.raises(Mistake, match="^budget: the recipe has none called 'smok'. Did you mean 'smoke'"):
        textgan.train("gumbel-short", budget="smok")
    with pytest.raises(Mistake, match="^seed: change a Recipe when it is loaded"):
        textgan.train(Recipe.load("gumbel-short"), seed=3)


def test_the_caller_s_random_numbers_and_threads_stay(run: textgan.Run, tmp_path: Path) -> None:
    def draws() -> list[object]:
        drawn = torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()
        return [*drawn, torch.get_num_threads()]

    def put() -> None:
        torch.manual_seed(5)
        np.random.seed(5)
        random.seed(5)
        torch.set_num_threads(2)

    put()
    expected = draws()
    corpus = {"path": run.path.parent / "my.txt", "validation": 15, "test": 20}
    todo = {
        "train": lambda: textgan.train("gumbel-short", corpus=corpus, out=tmp_path / "run", **SMALL),
        "opened": lambda: textgan.load(run.path).opened(),
        "sample": lambda: textgan.load(run.path).sample(2, best_of=2),
        "evaluate": lambda: run.evaluate(),
        "sweep": lambda: run.sweep([0.7], samples=10),
        "export": lambda: run.export(tmp_path / "exported"),
        "sentences": lambda: textgan.evaluate(["a dog .", "a cat ."] * 9, ["a bird ."]),
    }
    try:
        for name, do in todo.items():
            put()
            do()
            assert draws() == expected, name
    finally:
        torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"top_k": 0}, "--top-k: expected 1 or more, got 0"),
        ({"seed": -1}, "--seed: expected 0 or more, got -1"),
        ({"n": -1}, "-n: expected 0 or more, got -1"),
    ],
)
def test_what_cannot_be_sampled_is_a_mistake(run: textgan.Run, how: dict[str, int], words: str) -> None:
    with pytest.raises(Mistake, match=f"^{words}$"):
        run.sample(**how)
    assert run.sample(0) == []


def test_one_word_and_one_callback_are_lists_of_one(folder: Path, tmp_path: Path) -> None:
    real = (folder / "my.txt").read_text().splitlines()
    assert textgan.evaluate(real[:9], metrics="distinct") == textgan.evaluate(real[:9], metrics=["distinct"])
    with pytest.raises(Mistake, match="^sed: a recipe has no key"):
        textgan.train("gumbel-short", overrides="sed=3")
    with pytest.raises(Mistake, match="sed: a recipe has no key"):
        textgan.benchmark(["mle-short"], overrides="sed=3", out=tmp_path / "none")

    class Told(textgan.Callback):
        begun = 0

        def on_train_begin(self, moment: textgan.Moment) -> None:
            self.begun += 1

    corpus = {"path": folder / "my.txt", "validation": 15, "test": 20}
    told = Told()
    textgan.train("gumbel-short", corpus=corpus, out=tmp_path / "told", callbacks=told, **SMALL)
    assert told.begun == 1
    with pytest.raises(Mistake, match=r"^callbacks: .* is not a callback; give Told\(\)"):
        textgan.train("gumbel-short", out=tmp_path / "run", callbacks=Told)  # type: ignore[arg-type]


@pytest.mark.parametrize("corpus", [["a dog ."] * 20_000, np.array(["a dog ."] * 9), object()])
def test_sentences_are_no_corpus(corpus: object) -> None:
    with pytest.raises(Mistake, match="^corpus: .*corpus='my.txt'$") as told:
        textgan.train("gumbel-short", corpus=corpus)
    assert len(str(told.value)) < 250 and "\n" not in str(told.value)
    with pytest.raises(Mistake, match="^generator: expected a name") as told:
        textgan.train("gumbel-short", generator=[9] * 20_000)
    assert len(str(told.value)) < 250


def test_a_benchmark_is_that_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[Any, dict[str, Any]]] = []

    def conduct(*given: Any, **named: Any) -> None:
        asked.append((given, {key: value for key, value in named.items() if key not in ("say", "command")}))
        raise Mistake("enough")

    monkeypatch.setattr(end_to_end, "conduct", conduct)
    shell = "benchmark mle-short gumbel-short length=9 corpus.path=my.txt --seeds 1 2 --budget steps=5 "
    assert command([*shell.split(), "--grid", "strategy.hard=true,false", "--temperatures", "0.5,1"]) == 2
    assert sys.modules["textgan.benchmark"] is textgan.benchmark
    with pytest.raises(Mistake, match="enough"):
        textgan.benchmark(
            ["mle-short", "gumbel-short"], length=9, corpus="my.txt", seeds=[1, 2], budget="steps=5",
            grid={"strategy.hard": [True, False]}, temperatures=[0.5, 1],
        )  # fmt: skip
    assert asked[0] == asked[1]
    for mistake, words in (({"seed": 3}, "seeds="), ({"recipes": []}, "recipe: none given")):
        with pytest.raises(Mistake, match=words):
            textgan.benchmark(**{"recipes": ["mle-short"], **mistake})
