"""A run folder is read for what it is: whole, under way, half-written, or damaged."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from textgan.errors import Mistake
from textgan.report.reading import read


def test_a_finished_run(make_run):
    run = read(make_run())
    assert run.finished and (run.strategy, run.corpus, run.seed) == ("reinforce", "captions", "1")
    assert run.rows["before"]["bleu-4"].value == 0.412
    assert run.rows["before"]["bleu-4"].signature == "bleu-4|hyps:2000|v:0.1"
    assert "nll" not in run.rows["real"]
    loss = run.curves["loss"]
    assert (loss.steps[0], loss.seconds[-1], set(loss.phases)) == (1, 90.0, {"mle"})
    assert run.phase_starts == (("mle", 0.0), ("discriminator", 90.0), ("adversarial", 120.0))
    assert [(e.phase, e.step) for e in run.evaluations][-1] == ("adversarial", 40)
    assert [(shot.phase, shot.step) for shot in run.over_time] == [("mle", 20), ("adversarial", 40)]
    assert len(run.after) == 20 and run.problems == ()


def test_a_run_under_way_is_unfinished_and_has_its_warnings_from_the_log(make_run):
    run = read(make_run(finished=False))
    assert not run.finished and run.rows == {} and run.strategy == "reinforce" and run.corpus == "captions"
    assert run.warnings == ("adversarial step 31: entropy falls",)


def test_a_run_without_an_adversarial_phase_is_mle(make_run):
    run = read(make_run(strategy="reinforce", rows={"real": {"bleu-4": 0.4}, "after": {"bleu-4": 0.3}}))
    assert run.strategy == "MLE"


def test_a_half_written_last_line_is_left_out_and_said(make_run):
    folder = make_run()
    whole = read(folder)
    with (folder / "metrics.jsonl").open("a") as log:
        log.write('{"kind": "train", "phase": "adversarial", "st')
    run = read(folder)
    assert run.curves == whole.curves
    assert run.problems == ("metrics.jsonl was read without its last line, half-written.",)


@pytest.mark.parametrize("scores", ['{"bleu-4": 0.3}', '{"bleu-4": {"value": 0.3}}', "null"])
def test_damaged_scores_of_a_look_are_left_out_and_said(make_run, scores):
    folder = make_run()
    whole = read(folder)
    with (folder / "metrics.jsonl").open("a") as log:
        log.write(
            f'{{"kind": "evaluate", "phase": "adversarial", "step": 999, "seconds": 1e6, "scores": {scores}}}\n'
        )
    run = read(folder)
    assert run.evaluations == whole.evaluations
    assert run.problems == ("metrics.jsonl was read without the damaged scores of adversarial step 999.",)


def test_a_resumed_run_has_one_clock_and_each_step_once(make_run):
    folder = make_run()
    lines = [
        {"kind": "train", "phase": "mle", "step": 1, "seconds": 5.0, "loss": 9.0},
        {"kind": "train", "phase": "mle", "step": 2, "seconds": 6.0, "loss": 8.0},
        {
            "kind": "train",
            "phase": "mle",
            "step": 2,
            "seconds": 1.0,
            "loss": 7.0,
        },  # step 2 again
        {"kind": "train", "phase": "mle", "step": 3, "seconds": 2.0, "loss": None},
    ]
    (folder / "metrics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    loss = read(folder).curves["loss"]
    assert loss.steps == (1, 2, 3) and loss.seconds == (5.0, 6.0, 7.0)
    assert loss.values[:2] == (9.0, 7.0) and math.isnan(loss.values[2])


def test_the_exact_entropy_is_taken_where_the_evaluation_holds_it(make_run):
    assert read(make_run("with", entropy=1.85)).entropy == 1.85
    assert read(make_run("without")).entropy is None


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("evaluation.json", '{"rows": {', "run.evaluation: "),
        ("evaluation.json", '{"rows": [1]}', "run.evaluation: "),
        ("evaluation.json", "[]", "run.evaluation: "),
        ("environment.json", "{", "run.environment: "),
        ("recipe.yaml", "a: [", "run.recipe: "),
        ("recipe.yaml", "only words", "run.recipe: "),
        ("metrics.jsonl", "no line\nof json\n", "run.metrics: "),
    ],
)
def test_a_damaged_file_is_one_line_with_place_and_remedy(make_run, file, content, place):
    folder = make_run()
    (folder / file).write_text(content)
    with pytest.raises(Mistake) as caught:
        read(folder)
    told = str(caught.value)
    assert told.startswith(place) and file in told and "; " in told and "\n" not in told


def test_a_recipe_that_is_no_yaml_is_told_on_one_line_with_its_place(make_run):
    folder = make_run()
    (folder / "recipe.yaml").write_text("length: 20\nhello: [\n")
    with pytest.raises(Mistake) as caught:
        read(folder)
    assert "not readable YAML (line 3, " in str(caught.value) and "<unicode string>" not in str(caught.value)


def test_bytes_that_are_no_text(make_run):
    folder = make_run()
    (folder / "evaluation.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Mistake, match=r"run\.evaluation: .*damaged"):
        read(folder)


def test_no_folder_and_no_run_folder(tmp_path: Path):
    with pytest.raises(Mistake, match="does not exist; give a folder"):
        read(tmp_path / "nowhere")
    with pytest.raises(Mistake, match="is not a run folder"):
        read(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(Mistake, match="is not a run folder"):
        read(tmp_path / "file")


@pytest.mark.parametrize(
    ("recipe", "label"),
    [
        ("train: {mle: {}, adversarial: {}}", "MLE (before)"),
        ("train: {adversarial: {}}\nstart: runs/mle", "MLE (before)"),
        ("train: {adversarial: {}}", "untrained (before)"),
    ],
)
def test_the_start_is_called_what_it_was(make_run, recipe, label):
    folder = make_run()
    (folder / "recipe.yaml").write_text(recipe)
    assert read(folder).start == label
    assert read(folder).begun == label.removesuffix(" (before)")
