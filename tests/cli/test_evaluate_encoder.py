"""`textgan evaluate --encoder`: handed to the metrics that take one, refused where none does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.cli import run
from textgan.data.grammar import load
from textgan.metrics import Samples, evaluate
from textgan.metrics.encoders import encode_pair
from textgan.metrics.frechet import frechet_distance
from textgan.metrics.mauve import mauve_of_features
from textgan.runs.sweep import sweep
from textgan.runs.train import train

CI = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import BertConfig, BertModel, BertTokenizerFast

    monkeypatch.chdir(tmp_path)
    grammar = load("captions")
    texts = {name: grammar.sample(120, seed) for seed, name in enumerate(("a.txt", "real.txt"))}
    for name, lines in texts.items():
        Path(name).write_text("\n".join(lines) + "\n")
    words = sorted({word for lines in texts.values() for line in lines for word in line.split()})
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    Path("bert").mkdir()
    Path("bert/vocab.txt").write_text("\n".join(known))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        size = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
        BertModel(BertConfig(vocab_size=len(known), **size)).save_pretrained("bert")
    BertTokenizerFast("bert/vocab.txt").save_pretrained("bert")


def test_a_folder_is_handed_to_those_that_take_an_encoder(capsys: CI) -> None:
    words = "evaluate a.txt --references real.txt --metrics bleu,frechet,mauve --encoder bert --json"
    assert run(words.split()) == 0
    found = json.loads(capsys.readouterr().out)
    texts, real = (Path(name).read_text().splitlines() for name in ("a.txt", "real.txt"))
    pair = encode_pair(texts, real, "bert")
    assert found["frechet"]["value"] == pytest.approx(frechet_distance(pair.samples, pair.references))
    assert found["mauve"]["value"] == pytest.approx(mauve_of_features(pair.samples, pair.references))
    assert "|hyps:120|refs:120|encoder:bert|" in found["mauve"]["signature"]
    assert "encoder" not in found["bleu-2"]["signature"]


def test_in_python_the_default_is_the_metrics_own() -> None:
    samples = Samples(*(Path(name).read_text().splitlines() for name in ("a.txt", "real.txt")))
    samples = Samples(samples.texts, samples.references * 2)
    assert "encoder:lm(" in evaluate(samples, ["frechet"])["frechet"].signature
    assert evaluate(samples, ["frechet"]) == evaluate(samples, ["frechet"], encoder="lm")
    assert "encoder:bert" in evaluate(samples, ["frechet"], encoder="bert")["frechet"].signature


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--encoder bert", "--encoder: none of bleu, self-bleu, distinct, duplicates takes one; add"),
        ("--encoder bert --metrics bleu", "--encoder: none of bleu takes one; add --metrics frechet,mauve"),
        ("--encoder gone/model --metrics frechet", "encoder: no model at 'gone/model'"),
    ],
)
def test_a_mistake_is_one_line(words: str, line: str, capsys: CI) -> None:
    assert run(["evaluate", "a.txt", "--references", "real.txt", *words.split()]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and line in printed.err


def test_a_recipe_hands_its_encoder_on_and_a_sweep_too(tmp_path: Path) -> None:
    recipe = Recipe.load(
        "mle-short", ["budget=smoke", "metrics=[frechet]", "evaluate.encoder=bert", "threads=1"]
    )
    run = train(recipe, tmp_path / "run")
    rows = json.loads((run / "evaluation.json").read_text())["rows"]
    assert "|encoder:bert|" in rows["after"]["frechet"]["signature"]
    (point,) = [point for point in sweep(run, [1.0]).points if point.temperature == 1]
    assert point.scores["frechet"].value == pytest.approx(rows["after"]["frechet"]["value"], abs=1e-6)
    assert "|encoder:bert|" in point.scores["frechet"].signature
