"""A benchmark for real, with models of a few units: equal weights, equal updates, resumed, broken, locked, stopped."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from textgan.benchmark import gather
from textgan.benchmark.arguments import Budget, sort_words
from textgan.benchmark.crew import Stopped
from textgan.benchmark.measure import Request
from textgan.benchmark.plan import plan
from textgan.benchmark.results import Benchmark
from textgan.benchmark.run import run
from textgan.benchmark.verdict import verdicts
from textgan.cli import run as command

BREAKS = """
from textgan.strategies.gumbel import Gumbel

class Breaks(Gumbel):
    def turn(self, situation):
        if situation.prompt.size > 3:  # not yet when it is tried before training
            raise RuntimeError("no gradient\\nto be had")
        return super().turn(situation)
"""
WORDS = [
    "mle-short",
    "gumbel-short",
    "embedding-short",
    "wgan-gp-short",
    "corpus.test=100",
    "corpus.validation=50",
]
REQUEST = Request((0.7, 1.0), 60, ("distinct", "nll"))


def benchmark(out: Path, words: list[str], said: list[str] | None = None, **more: Any) -> Benchmark:
    planned = plan(sort_words(words, ["1"], []), Budget.parse("smoke"), out, samples=REQUEST.samples)
    say = (said if said is not None else []).append
    return run(planned, REQUEST, jobs=1, threads=1, say=say, **more).benchmark()


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that was run, with a strategy of one's own that breaks."""
    folder = tmp_path_factory.mktemp("benchmark")
    (folder / "breaks.py").write_text(BREAKS)
    own = folder / "broken.yaml"
    text = (Path(gather.__file__).parents[2] / "recipes/short/gumbel.yaml").read_text()
    own.write_text(text.replace("name: gumbel", "name: ./breaks.py:Breaks"))
    (folder / "idle.yaml").write_text(text.replace("generator: {lr: 5e-4}", "generator: {lr: 0.0}"))
    said: list[str] = []
    found = benchmark(folder / "out", [*WORDS, str(folder / "idle.yaml"), str(own)], said)
    (broken,) = [cell for cell in found.cells if cell.failed is not None]
    assert broken.label == "broken" and broken.failed is not None
    assert broken.failed.startswith(
        "breaks.py: Breaks.turn: RuntimeError: no gradient to be had (breaks.py, line 7)"
    )
    assert any("FAILED: broken, seed 1" in line and "no gradient" in line for line in said)
    assert said[-1].endswith("6 of 6 cells")
    return folder / "out"


def test_strategies_begin_with_the_same_bits_and_get_as_many_updates(out: Path) -> None:
    found = benchmark(out, WORDS)
    (start,) = (out / "starts").iterdir()
    weights = (start / "checkpoints/last/generator.safetensors").read_bytes()
    for label in ("gumbel-short", "embedding-short"):
        (cell,) = [cell for cell in found.cells if cell.label == label]
        pretrained = cell.run / "checkpoints/pretrained/generator.safetensors"
        assert pretrained.read_bytes() == weights
        assert (cell.run / "checkpoints/last/generator.safetensors").read_bytes() != weights
        assert (
            cell.updates == 2
            and cell.baseline == start.name
            and set(cell.minutes) >= {"mle", "discriminator", "adversarial"}
        )
        assert cell.scores["before"] == found.cells[0].scores["after"]  # of the same text, to the last digit
        assert cell.command.startswith(f"textgan train {label} ") and f"start={start}" in cell.command


def test_what_begins_with_one_discriminator_begins_with_the_same_bits_of_it(out: Path) -> None:
    found = benchmark(out, [*WORDS, str(out.parent / "idle.yaml")])
    (judge,) = (out / "judges").iterdir()  # of gumbel-short, idle and broken, whose fakes are plain draws
    took = {
        cell.label
        for cell in found.cells
        if f"judge: {judge}" in (cell.run / "recipe.yaml").read_text(encoding="utf-8")
    }
    assert took == {"gumbel-short", "idle"}
    (minutes,) = {cell.minutes["discriminator"] for cell in found.cells if cell.label in took}
    assert minutes == json.loads((judge / "evaluation.json").read_text())["minutes"]["discriminator"] > 0


def test_a_strategy_that_does_nothing_makes_no_difference_to_the_last_digit(out: Path) -> None:
    found = benchmark(out, [*WORDS, str(out.parent / "idle.yaml")])
    (verdict,) = [one for one in verdicts(found) if one.label == "idle"]
    assert verdict.word == "no difference"
    assert [gap.value for gap in verdict.gaps] == [0.0, 0.0]  # against real text, and by the known source
    assert verdict.gap is not None and (verdict.gap.low, verdict.gap.high) == (0.0, 0.0)


def test_a_nucleus_alone_is_the_control_and_its_game_that_does_nothing_adds_nothing(out: Path) -> None:
    own = out.parent / "nucleus.yaml"
    own.write_text((out.parent / "idle.yaml").read_text() + "\n")
    changed = own.read_text().replace("evaluate: {", "evaluate: {top_p: 0.6, ", 1)
    assert changed != own.read_text()
    own.write_text(changed)
    found = benchmark(out, [*WORDS, str(own)])
    (cell,) = [cell for cell in found.cells if cell.label == "nucleus"]
    assert cell.control is not None and cell.baseline is not None and cell.front is not None
    control, plain = found.baselines[cell.control].front, found.baselines[cell.baseline].front
    assert [p.scores for p in cell.front.points] == [p.scores for p in control.points]
    for cut, whole in zip(control.points, plain.points, strict=True):
        assert (
            cut.scores["self-bleu-5"].value > whole.scores["self-bleu-5"].value
        )  # fewer words, so more repeated
        assert "nll" in whole.scores and "nll" not in cut.scores
    (told,) = [one for one in verdicts(found) if one.label == "nucleus"]
    assert told.word == "no difference" and told.gap is not None
    assert (told.gap.value, told.gap.low, told.gap.high) == (0.0, 0.0, 0.0)
    beside = [gaps[0].value for gaps in told.beside.values()]
    assert beside[0] == beside[1]


def test_a_front_has_the_value_of_every_sentence(out: Path) -> None:
    found = benchmark(out, WORDS)
    by_label = {cell.label: cell for cell in found.cells}
    fronts = {label: cell.front for label, cell in by_label.items()}
    vectors = fronts["wgan-gp-short"]
    assert vectors is not None and [point.temperature for point in vectors.points] == [1.0]
    assert by_label["wgan-gp-short"].baseline == by_label["mle-short"].run.name
    baseline = found.baselines[by_label["mle-short"].run.name]
    assert baseline.front == fronts["mle-short"] and baseline.seed == 1
    for front in fronts.values():
        assert front is not None and len(front.samples) == 20
        for point in front.points:
            keys = {f"{name}-{n}" for name in ("bleu", "self-bleu") for n in (2, 3, 4, 5)}
            assert set(point.values) == keys | {"source-nll", "grammaticality"}
            for key, values in point.values.items():
                assert values.shape == (60,)
                assert np.isclose(values.mean(), point.scores[key].value, rtol=1e-5, atol=1e-7)
    gumbel = fronts["gumbel-short"]
    assert gumbel is not None and [point.temperature for point in gumbel.points] == [0.7, 1.0]
    assert "distinct-4" in gumbel.points[0].scores and "nll" in gumbel.points[0].scores
    captions = found.corpora["captions"]
    assert 0 < captions.real["bleu-5"].value < 1
    assert captions.shift is not None and 0.3 < captions.shift < 0.7  # both from one grammar, 100 of each


def test_the_rows_hold_every_cell_baseline_and_corpus(out: Path) -> None:
    found = benchmark(out, WORDS)
    told = rows(out)
    kinds = [row["kind"] for row in told]
    assert kinds == ["cell"] * 4 + ["baseline", "corpus"]
    for row, cell in zip(told, found.cells, strict=False):
        assert cell.front is not None
        assert (row["label"], row["seed"], row["updates"]) == (cell.label, cell.seed, cell.updates)
        scores = {key: score.value for key, score in cell.front.points[-1].scores.items()}
        assert row["front"][-1] == {"temperature": 1.0, "scores": scores}
        assert row["signatures"]["bleu-5"] == cell.front.points[0].scores["bleu-5"].signature


def test_each_game_says_what_its_gradient_is_worth(out: Path) -> None:
    by_label = {row["label"]: row for row in rows(out) if row["kind"] == "cell" and "failed" not in row}
    assert "gradient" in by_label["mle-short"] and not by_label["mle-short"]["gradient"]
    for label in ("gumbel-short", "embedding-short"):
        found = by_label[label]["gradient"]
        assert found["seconds an estimate"] > 0
        assert found["signal per second"] * found["seconds an estimate"] * found["noise / signal"] ** 2 == (
            pytest.approx(1)
        )


def test_what_is_there_is_not_done_again_and_what_is_missing_is(out: Path) -> None:
    front, gumbel = out / "fronts" / "embedding-short-seed1", out / "runs" / "gumbel-short-seed1"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    whole = rows(out)[:4]
    values = (front / "1.0.npz").read_bytes()
    (front / "1.0.npz").unlink()
    (gumbel / "evaluation.json").unlink()
    never_saved = out / "runs" / "wgan-gp-short-seed1"
    for name in ("checkpoints", "tokenizer"):
        shutil.rmtree(never_saved / name)
    (never_saved / "evaluation.json").unlink()
    said: list[str] = []
    benchmark(out, WORDS, said)
    begun = [line for line in said if line.startswith(("started", "continuing"))]
    labels = ("gumbel-short", "embedding-short", "wgan-gp-short")
    assert begun == [f"continuing {label}, seed 1" for label in labels]
    assert "1 of them already done" in said[0]
    assert np.load(front / "1.0.npz")["bleu-5"].shape == (60,) and (front / "1.0.npz").read_bytes() == values
    again = rows(out)[:4]
    for row in (*whole, *again):
        row.pop("minutes")
    assert again == whole
    for path, moment in before.items():
        if not {gumbel, never_saved} & {*path.parents}:
            assert path.stat().st_mtime_ns == moment
    said.clear()
    benchmark(out, WORDS, said)
    assert len(said) == 1 and "4 of them already done" in said[0]  # nothing was begun


def test_two_in_one_folder_are_refused(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    held = os.open(out / ".lock", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        words = ["benchmark", *WORDS, "--budget", "smoke", "--out", str(out)]
        assert command(words) == 2
    finally:
        os.close(held)
    told = capsys.readouterr()
    assert len(told.err.splitlines()) == 1 and "another benchmark is running in" in told.err


def test_the_verb(out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    options = [
        "--temperatures",
        "0.7,1",
        "--samples",
        "60",
        "--jobs",
        "1",
        "--threads",
        "1",
        "--out",
        str(out),
    ]
    words = [
        "benchmark",
        "mle-short",
        "gumbel-short",
        *WORDS[4:],
        "--seeds",
        "1",
        "--budget",
        "smoke",
        *options,
    ]
    assert command(words) == 0
    printed = capsys.readouterr().out
    for name in ("results.jsonl", "table.md", "table.csv", "table.tex", "benchmark.html"):
        assert (out / name).is_file() and name in printed.replace("\n", "")
    assert command([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in told["rows"]] == [
        "cell",
        "cell",
        "baseline",
        "corpus",
        "verdict",
        "verdict",
    ]

    def one_broke(*given: Any, **named: Any) -> gather.Ledger:
        ledger = run(*given, **named)
        ledger.failed["gumbel-short-seed1"] = "RuntimeError: no gradient"
        return ledger

    monkeypatch.setattr("textgan.benchmark.run.run", one_broke)
    assert command(words) == 1
    assert "textgan: gumbel-short-seed1: RuntimeError: no gradient" in capsys.readouterr().err

    def stopped(*given: object, **named: object) -> None:
        raise Stopped

    monkeypatch.setattr("textgan.benchmark.run.run", stopped)
    assert command(words) == 130
    assert "the same command continues" in capsys.readouterr().err
    assert command(["benchmark", "mle-short", "--out", str(out / "results.jsonl")]) == 2
