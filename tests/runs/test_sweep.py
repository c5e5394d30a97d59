"""The sweep over temperatures: seeded, as `evaluate` at 1, resumed point by point, refused in words."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from textgan.assembly.recipe import Recipe
from textgan.cli import run as command
from textgan.errors import Mistake
from textgan.runs import tempered
from textgan.runs.evaluate import evaluate_run
from textgan.runs.loaded import load
from textgan.runs.points import Point, Sweep
from textgan.runs.sweep import sweep
from textgan.runs.tempered import Tempered
from textgan.runs.train import train
from textgan.sampling import Draw
from textgan.training.evaluation import write_sentences
from textgan.types import Prompt, Text

SUBJECTS = ["a dog", "the cat", "one small bird", "my friend", "a very old man"]
VERBS = ["sees", "likes", "follows", "forgets"]
OBJECTS = ["the red ball", "a house", "some fish , bread and wine", "it", "the other one", "a long road"]
SMALL = (
    "corpus.validation=20",
    "corpus.test=30",
    "length=16",
    "generator.embedding=8",
    "generator.hidden=32",
    "train.mle.optimizer.lr=0.02",
    "discriminator.embedding=8",
    "discriminator.filters=4",
    "train.mle.epochs=25",
    "train.mle.batch=16",
    "train.discriminator.steps=2",
    "train.discriminator.batch=8",
    "train.adversarial.batch=8",
    "train.adversarial.steps=2",
    "evaluate={every: 2, samples: 20, final: 60}",
    "metrics=[bleu, self-bleu, distinct, nll]",
    "threads=1",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the checkpoints pretrained and last."""
    folder = tmp_path_factory.mktemp("runs")
    lines = [f"{s} {v} {o} ." for s, v, o in itertools.product(SUBJECTS, VERBS, OBJECTS)]
    (folder / "small.txt").write_text("\n".join(lines), encoding="utf-8")
    recipe = Recipe.load("seqgan-short", [f"corpus.path={folder / 'small.txt'}", *SMALL])
    return train(recipe, folder / "run")


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """A copy of it, with nothing kept."""
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def values(found: Sweep) -> list[tuple[str, float | None, dict[str, float]]]:
    return [(p.state, p.temperature, {k: s.value for k, s in p.scores.items()}) for p in found.points]


def at(found: Sweep, temperature: float | None, state: str = "last") -> Point:
    (point,) = [p for p in found.points if (p.state, p.temperature) == (state, temperature)]
    return point


def test_temperature_1_is_what_evaluate_says_and_what_training_ended_with(run: Path) -> None:
    found = sweep(run, [1.0], checkpoint="all")
    assert at(found, 1.0).scores == evaluate_run(run)
    ended = json.loads((run / "evaluation.json").read_text())["rows"]
    for state, point in (("real", found.points[0]), ("before", found.points[1]), ("after", found.points[2])):
        assert {key: score.value for key, score in point.scores.items()} == {
            key: row["value"] for key, row in ended[state].items()
        }


def test_a_lower_temperature_is_safer_and_less_diverse(run: Path) -> None:
    found = sweep(run, [0.3, 1.0, 2.0])
    rows = {t: {k: s.value for k, s in at(found, t).scores.items()} for t in (0.3, 1.0, 2.0)}
    for key, rises in (("self-bleu-3", False), ("distinct-2", True), ("bleu-3", False)):
        in_order = [rows[t][key] for t in (0.3, 1.0, 2.0)]
        assert in_order == sorted(in_order, reverse=not rises) and abs(in_order[0] - in_order[2]) > 0.1
    assert len({row["nll"] for row in rows.values()}) == 3  # the likelihood is the tempered model's own


def test_the_same_seed_gives_the_same_numbers_and_another_does_not(run: Path) -> None:
    first = values(sweep(run, [0.7, 1.0], seed=4))
    (run / "sweep.jsonl").unlink()
    assert values(sweep(run, [1.0, 0.7], seed=4)) == first  # in any order
    assert values(sweep(run, [0.7, 1.0], seed=5)) != first


def test_what_is_finished_is_not_done_again(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[float] = []

    def counted(*given: object) -> list[str]:
        assert isinstance(given[4], Draw)
        if given[4].temperature == 1.1 and 1.1 not in written:
            written.append(1.1)
            raise KeyboardInterrupt
        written.append(given[4].temperature)
        return write_sentences(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(tempered, "write_sentences", counted)
    with pytest.raises(KeyboardInterrupt):
        sweep(run, [0.8, 0.9, 1.1])
    kept = [json.loads(line) for line in (run / "sweep.jsonl").read_text().splitlines()]
    assert [(row.get("state"), row.get("temperature")) for row in kept] == [
        (None, None), ("real", None), ("last", 0.8), ("last", 0.9),
    ]  # fmt: skip
    said: list[str] = []
    whole = values(sweep(run, [0.8, 0.9, 1.1], say=said.append))
    assert written == [0.8, 0.9, 1.1, 1.1]
    assert ["kept" in line for line in said] == [True, True, False]
    sweep(run, [0.9])  # fewer temperatures forget nothing
    assert values(sweep(run, [0.8, 0.9, 1.1])) == whole and len(written) == 4
    (run / "sweep.jsonl").unlink()
    assert values(sweep(run, [0.8, 0.9, 1.1])) == whole


@pytest.mark.parametrize("change", [{"samples": 30}, {"seed": 9}, {"metrics": ["length"]}])
def test_other_settings_start_anew(run: Path, change: dict[str, int]) -> None:
    sweep(run, [1.0])
    changed = sweep(run, [0.5], **change)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in (run / "sweep.jsonl").read_text().splitlines()]
    assert [line.get("temperature") for line in lines[1:]] == [None, 0.5] and len(changed.points) == 2


def test_other_weights_other_references_and_a_damaged_file_start_anew(run: Path, tmp_path: Path) -> None:
    first = sweep(run, [1.0])
    weights = run / "checkpoints"
    shutil.copytree(weights / "pretrained", weights / "last", dirs_exist_ok=True)
    again = sweep(run, [1.0])
    assert values(again) != values(first) and at(again, 1.0).scores == evaluate_run(run)
    assert len((run / "sweep.jsonl").read_text().splitlines()) == 3  # the old weights' point is gone
    other = tmp_path / "other.txt"
    other.write_text("a dog sees it .\nthe cat likes a house .\n")
    against = sweep(run, [1.0], references=other)
    assert at(against, 1.0).scores == evaluate_run(run, other) and against.against == "other.txt"
    other.write_text("the cat likes a house .\nmy friend forgets it .\n")  # the same name, another text
    assert at(sweep(run, [1.0], references=other), 1.0).scores == evaluate_run(run, other)
    (run / "sweep.jsonl").write_text('{"kind": "settings"\n')
    assert values(sweep(run, [1.0])) == values(again)


def test_the_tempered_likelihood_is_that_of_what_is_drawn(run: Path) -> None:
    loaded = load(run)
    with torch.no_grad():
        ids = torch.tensor([[5, 6, 7, loaded.generator.vocabulary.eos]])
        text = Text(ids, torch.ones_like(ids, dtype=torch.bool))
        state, token, steps = loaded.generator.start(Prompt(1)), loaded.generator.vocabulary.bos, []
        for wanted in ids[0].tolist():
            logits, state = loaded.generator.step(torch.tensor([token]), state)
            steps.append((logits / 0.6).log_softmax(-1)[0, wanted])
            token = wanted
        assert torch.allclose(
            Tempered(loaded.generator, 0.6).log_prob(text)[0], torch.stack(steps), atol=1e-5
        )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--temperatures 0", "--temperatures: expected values from 0.01 to 100, got 0"),
        ("--temperatures 1,-0.5", "--temperatures: expected values from 0.01 to 100, got -0.5"),
        ("--temperatures nan", "--temperatures: expected values from 0.01 to 100, got nan"),
        ("--temperatures inf", "--temperatures: expected values from 0.01 to 100, got inf"),
        ("--temperatures warm", "--temperatures: 'warm' is not a number"),
        ("--temperatures ,", "--temperatures: expected 1 to 100 values, got 0"),
        ("--temperatures ...,1", "`...` needs numbers around it"),
        ("--temperatures 1,...,2", "`...` needs numbers around it"),
        ("--temperatures 1,2,...", "`...` needs numbers around it"),
        ("--temperatures 1,2,...,...,3", "'...' is not a number"),
        ("--temperatures 1,2,...,inf", "gives more than 100 values"),
        ("--temperatures 1,1,...,2", "has no equal steps"),
        ("--temperatures 0.5,0.7,...,1.2", "has no equal steps"),
        ("--temperatures 1,1.00001,...,2", "gives more than 100 values"),
        ("--samples 1", "'--samples'"),
        ("--samples 71", "--samples: expected 2 to 70"),
        ("--metrics blue", "metrics: there is no metric 'blue'. Did you mean 'bleu'?"),
        ("--metrics ,", "--metrics: names no metric"),
        ("--references gone.txt", "--references: "),
        ("--checkpoint first", "'first'"),
        ("--out no/where.html", "--out: no is not a folder; create it first"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: str, line: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(["sweep", str(run), *words.split()]) == 2
    printed = capsys.readouterr()
    assert line in printed.err and len(printed.err.splitlines()) == 1 and printed.out == ""
    assert not (run / "sweep.jsonl").exists() and not (run / "front.html").exists()


def test_all_needs_an_adversarial_phase_and_points_a_place(run: Path) -> None:
    shutil.rmtree(run / "checkpoints" / "pretrained")
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    del recipe["train"]["adversarial"]
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    with pytest.raises(Mistake, match="--checkpoint: .*no adversarial phase; leave --checkpoint out"):
        sweep(run, [1.0], checkpoint="all")
    (run / "sweep.jsonl").mkdir()
    with pytest.raises(Mistake, match="run: .*sweep.jsonl cannot be written"):
        sweep(run, [1.0])


def test_a_generator_of_vectors_is_refused(trained: Path, tmp_path: Path) -> None:
    kept = [one for one in SMALL if not one.startswith(("train.mle", "train.discriminator"))]
    corpus = f"corpus.path={trained.parent / 'small.txt'}"
    run = train(Recipe.load("wgan-gp-short", [corpus, *kept]), tmp_path / "vectors")
    with pytest.raises(Mistake, match="outputs vectors, which have no temperature; sweep a run"):
        sweep(run, [1.0])
    assert not (run / "sweep.jsonl").exists()


def test_labels_are_asked_for_as_evaluate_does(tmp_path: Path) -> None:
    rows = itertools.product(SUBJECTS, VERBS, OBJECTS)
    lines = [f"{s} {v} {o} .\t{('neg', 'pos')[v == 'likes']}" for s, v, o in rows]
    (tmp_path / "small.tsv").write_text("text\tlabel\n" + "\n".join(lines), encoding="utf-8")
    corpus = [f"corpus.path={tmp_path / 'small.tsv'}", "corpus.label=label"]
    few = [one for one in SMALL if not one.startswith(("discriminator", "train.disc", "train.adv"))]
    run = train(Recipe.load("mle-short", [*corpus, *few]), tmp_path / "run")
    assert load(run).label_names == ("neg", "pos")
    assert at(sweep(run, [1.0]), 1.0).scores == evaluate_run(run)


def test_the_verb_prints_a_table_or_json_and_writes_the_page(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sweep", str(run), "--temperatures", "0.5,1", "--checkpoint", "all", "--metrics", "duplicates"]
    assert command(words) == 0
    printed = capsys.readouterr()
    for told in ("real text", "MLE at 0.5", "reinforce at 1", "front: "):
        assert told in printed.out
    assert [line.split(":")[0] for line in printed.err.splitlines()] == [
        "pretrained at 0.5", "pretrained at 1", "last at 0.5", "last at 1",
    ]  # fmt: skip
    page = (run / "front.html").read_bytes()
    assert command([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["state"], row["temperature"]) for row in rows[:2]] == [("real", None), ("pretrained", 0.5)]
    cell = rows[1]["scores"]["self-bleu-5"]
    assert 0 < cell["value"] <= 1 and "hyps:60" in cell["signature"]
    assert "duplicates" in rows[1]["scores"] and "nll" not in rows[1]["scores"]
    assert (run / "front.html").read_bytes() == page


@pytest.mark.parametrize(
    ("at", "label", "by"),
    [
        (
            "mle step 7",
            "MLE (step 7)",
            "`maximum likelihood` (unfinished: the run was stopped in mle at step 7)",
        ),
        (
            "discriminator step 1",
            "MLE",
            "`maximum likelihood` (unfinished: the run was stopped in discriminator",
        ),
        (
            "adversarial step 1",
            "reinforce (step 1)",
            "and then the strategy `reinforce` (unfinished: the run was",
        ),
    ],
)
def test_a_stopped_run_is_called_what_its_weights_are(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], at: str, label: str, by: str
) -> None:
    stop(run, at)
    phase, _, step = at.split()
    note = f"textgan: {run} was stopped in {phase} at step {step}, or is still training; the text is from that point"
    for words in (
        ["sweep", str(run), "--temperatures", "1"],
        ["sample", str(run), "-n", "1"],
        ["evaluate", str(run)],
        ["export", str(run), str(tmp_path / "out")],
    ):
        assert command(words) == 0
        printed = capsys.readouterr()
        assert printed.err.splitlines().count(note) == 1 and note not in printed.out
        assert words[0] != "sweep" or f"{label} at 1" in printed.out
    assert (
        by.replace("`maximum likelihood`", "maximum likelihood")
        in (tmp_path / "out" / "README.md").read_text()
    )
    assert command(["sample", str(run), "-n", "1", "--checkpoint", "pretrained"]) == 0
    assert capsys.readouterr().err == ""  # these weights are what they will be


def test_what_a_stopped_run_has_not_come_to_is_said_with_the_remedy(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop(run, "mle step 7")
    for name in ("pretrained", "best"):
        shutil.rmtree(run / "checkpoints" / name)
    why = "yet, since it was stopped in mle at step 7; go on with: textgan train ... --out"
    for words in (["sweep", str(run), "--checkpoint", "all"], ["sample", str(run), "--checkpoint", "best"]):
        assert command(words) == 2
        assert f"{why} {run} --resume" in capsys.readouterr().err


def stop(run: Path, at: str) -> None:
    """As it would have been had it been stopped there, but for the weights."""
    (run / "evaluation.json").unlink()
    manifest = run / "checkpoints" / "last" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "at": at}))


@pytest.mark.parametrize(
    "words",
    [["evaluate"], ["sweep", "--temperatures", "1"], ["sample", "--novel"]],
    ids=lambda words: words[0],
)
def test_a_corpus_that_changed_since_is_refused(
    run: Path, trained: Path, tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "small.txt"  # moved, as the run was, and what it was
    shutil.copy(trained.parent / "small.txt", text)
    recipe = yaml.safe_load((run / "recipe.yaml").read_text())
    recipe["corpus"]["path"] = str(text)
    (run / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    assert command([words[0], str(run), *words[1:]]) == 0
    with text.open("a") as file:
        file.write("\na dog has grown .\n")
    capsys.readouterr()
    assert command([words[0], str(run), *words[1:]]) == 2
    (told,) = capsys.readouterr().err.strip().splitlines()
    assert "its corpus (train" in told and told.endswith("restore the old text, or train a new run")
