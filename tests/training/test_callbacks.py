"""Callbacks: when they are called and with what, that they shift no random stream, end a run, and break in one line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.cli import run as command
from textgan.errors import Mistake
from textgan.metrics.samples import Score
from textgan.runs.train import train
from textgan.training.callbacks import Callback, Moment


class Witness(Callback):
    """Writes down every call, and draws random numbers from every stream that there is."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def _saw(self, event: str, moment: Moment, *more: Any) -> None:
        torch.rand(3), np.random.rand(3), random.random()
        moment.sample(2, seed=len(self.calls))
        self.calls.append((event, moment.phase, moment.step, moment.steps, *more))

    def on_train_begin(self, moment: Moment) -> None:
        self._saw("begin", moment, moment.resumed)

    def on_phase_begin(self, moment: Moment) -> None:
        self._saw("phase", moment)

    def on_step_end(self, moment: Moment, numbers: Mapping[str, float]) -> None:
        self._saw("step", moment, moment.total, dict(numbers))

    def on_evaluate(self, moment: Moment, scores: Mapping[str, Score], sentences: Sequence[str]) -> None:
        self._saw("look", moment, scores["nll"].value, list(sentences))

    def on_save(self, moment: Moment, checkpoint: Path) -> None:
        assert (checkpoint / "generator.safetensors").is_file()
        self._saw("save", moment)

    def on_train_end(self, moment: Moment, scores: Mapping[str, Mapping[str, Score]]) -> None:
        self._saw("end", moment, {state: row["bleu-2"].value for state, row in scores.items()})


def rows(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in lines]


def left(run: Path) -> dict[str, Any]:
    """All that a run leaves behind but the clock."""
    files = sorted([*run.glob("checkpoints/[a-z]*/*.safetensors"), *run.glob("samples/*")])
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation.pop("minutes")
    return {str(file.relative_to(run)): file.read_bytes() for file in files} | {
        "rows": rows(run),
        "evaluation": evaluation,
    }


def test_they_are_told_what_happens_and_change_nothing(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = small_recipe("seqgan-short", "train.mle.epochs=1")
    plain, witness = train(recipe, tmp_path / "plain"), Witness()
    watched = train(recipe, tmp_path / "watched", callbacks=[witness])
    assert left(plain) == left(watched)

    calls = witness.calls
    assert calls[0] == ("begin", "", 0, 0, False)
    steps = [call for call in calls if call[0] == "step"]
    mle = sum(call[1] == "mle" for call in steps)
    assert mle == 4  # 70 sentences in batches of 16, an epoch of whole ones
    assert [call[1:4] for call in steps] == [
        *(("mle", n, n) for n in range(1, mle + 1)),
        *(("discriminator", n, mle + n) for n in range(1, 4)),
        *(("adversarial", n, mle + 3 + n) for n in range(1, 5)),
    ]
    logged = {(row["phase"], row["step"]): row for row in rows(watched) if row["kind"] == "train"}
    assert {(call[1], call[2]) for call in steps if call[5]} == set(logged)
    for _, phase, step, _, _, numbers in [call for call in steps if call[5]]:
        assert logged[phase, step] == {"kind": "train", "phase": phase, "step": step, **numbers}
    order = [call[:3] for call in calls if call[0] not in ("step", "begin")]
    assert order == [
        ("phase", "mle", 0),
        *(("phase", "discriminator", 0), ("save", "discriminator", 0)),
        *(("phase", "adversarial", 0), ("save", "adversarial", 0), ("look", "adversarial", 0)),
        *(("look", "adversarial", 2), ("save", "adversarial", 2)),
        *(("look", "adversarial", 4), ("save", "adversarial", 4)),
        *(("save", "adversarial", 4), ("end", "adversarial", 4)),
    ]
    looks = [row for row in rows(watched) if row["kind"] == "evaluate"]
    assert [call[4] for call in calls if call[0] == "look"] == [r["scores"]["nll"]["value"] for r in looks]
    final = json.loads((watched / "evaluation.json").read_text())["rows"]
    assert calls[-1][4] == {state: row["bleu-2"]["value"] for state, row in final.items()}
    assert set(calls[-1][4]) == {"real", "before", "after"}


class Ends(Callback):
    def __init__(self, phase: str, step: int, all_of_it: bool = False) -> None:
        self.phase, self.step, self.all_of_it = phase, step, all_of_it

    def on_step_end(self, moment: Moment, numbers: Mapping[str, float]) -> None:
        if (moment.phase, moment.step) == (self.phase, self.step):
            moment.end_training() if self.all_of_it else moment.end_phase()


def test_one_may_end_a_phase_or_the_training(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    recipe, witness = small_recipe("gumbel-short"), Witness()
    run = train(recipe, tmp_path / "run", callbacks=[Ends("mle", 3), Ends("adversarial", 1, True), witness])
    steps = [call[1:3] for call in witness.calls if call[0] == "step"]
    assert steps == [
        *(("mle", n) for n in range(1, 4)),
        *(("discriminator", n) for n in range(1, 4)),
        ("adversarial", 1),
    ]
    assert [call[:3] for call in witness.calls][-4:] == [
        ("look", "adversarial", 1), ("save", "adversarial", 1), ("save", "adversarial", 1), ("end", "adversarial", 1),
    ]  # fmt: skip
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert set(evaluation["rows"]) == {"real", "before", "after"}
    assert evaluation["warnings"][:2] == [
        "mle step 3: the callback Ends ended the phase here",
        "adversarial step 1: the callback Ends ended the training here",
    ]
    before = left(run)
    again = Witness()
    train(
        recipe, run, resume=True, callbacks=[again]
    )  # it is over: nothing is trained, the scores are the same
    assert left(run) == before
    assert [call[0] for call in again.calls] == ["begin", "save", "end"] and again.calls[0][-1] is True


class Breaks(Callback):
    def on_evaluate(self, moment: Moment, scores: Mapping[str, Score], sentences: Sequence[str]) -> None:
        if moment.step == 2:
            raise ZeroDivisionError("division\nby zero")


def test_one_that_breaks_is_named_and_nothing_is_lost(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe, witness = small_recipe("gumbel-short"), Witness()
    with pytest.raises(Mistake) as caught:
        train(recipe, tmp_path / "run", callbacks=[Breaks(), witness])
    told = str(caught.value)
    assert told.startswith(
        "callbacks.Breaks.on_evaluate: ZeroDivisionError: division by zero (test_callbacks.py, line"
    )
    assert "the last good checkpoint is" in told and "--resume" in told and "\n" not in told
    assert witness.calls[-1][0] == "end" and witness.calls[-1][-1] == {}
    assert not (tmp_path / "run" / "evaluation.json").exists()
    whole = train(recipe, tmp_path / "whole")
    assert left(train(recipe, tmp_path / "run", resume=True)) == left(whole)


def test_a_recipe_names_them_with_their_arguments(
    small_recipe: Callable[..., Recipe], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(
        "import textgan\n"
        "class Notes(textgan.Callback):\n"
        "    def __init__(self, file: str, every: int = 1) -> None:\n"
        "        self.file, self.every = file, every\n"
        "    def on_step_end(self, moment, numbers):\n"
        "        if moment.step % self.every == 0:\n"
        "            print(moment.phase, moment.step, file=open(self.file, 'a'))\n"
        "def broken():\n"
        "    return 3\n",
        encoding="utf-8",
    )
    mine = f"{tmp_path}/mine.py"
    told = tmp_path / "notes.txt"
    recipe = small_recipe("mle-short", f"callbacks=[{{name: '{mine}:Notes', file: '{told}', every: 4}}]")
    run = train(recipe, tmp_path / "run")
    assert told.read_text().splitlines() == ["mle 4", "mle 8"]
    kept = Recipe.load(run / "recipe.yaml").values["callbacks"]
    assert kept == [{"name": f"{mine}:Notes", "file": str(told), "every": 4}]
    capsys.readouterr()
    assert (
        command(["sample", str(run), "-n", "1"]) == 0
    )  # which runs none of it, so there is nothing to trust
    assert command(["train", "mle-short", f"callbacks=[{mine}:Note]", "--out", str(tmp_path / "no")]) == 2
    assert "callbacks.0.name: mine.py holds no 'Note'. Did you mean 'Notes'?" in capsys.readouterr().err
    with pytest.raises(Mistake, match="3 is not a callback"):
        train(small_recipe("mle-short", f"callbacks={mine}:broken"), tmp_path / "no")
    with pytest.raises(Mistake, match=r"Witness'> is not a callback; give Witness\(\)"):
        train(small_recipe("mle-short"), tmp_path / "no", callbacks=[Witness])  # type: ignore[list-item]
    assert not (tmp_path / "no").exists()
