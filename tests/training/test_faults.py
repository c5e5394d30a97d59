"""Faults that really happen to a run: kills, a full disk, no memory, NaN, text that changes, a scheduler's signal.

A child process is a fork of this one, so that it need not import torch anew; what is done to it is real. A folder that
cannot be written is a file in its place, and a file system that turns read-only a refusal of the rename that every
file of a run ends with: the tests may run as root, whom no permission stops.
"""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from textgan.assembly.recipe import Recipe
from textgan.cli import run as command
from textgan.errors import Mistake
from textgan.objectives.adversarial import NonSaturating
from textgan.runs.train import Interrupted, train
from textgan.training import checkpoints, looks, stopping, trainer
from textgan.training.adversarial import Adversarial
from textgan.training.health import Diverged
from textgan.training.mle import Mle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and resource limits")
Make = Callable[..., Recipe]


def content(run: Path) -> dict[str, Any]:
    """All that a run leaves behind but the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation.pop("minutes")
    names = ("last", "best", "pretrained")
    files = [file for name in names for file in sorted((run / "checkpoints" / name).glob("*.safetensors"))]
    return {
        "weights": {str(file.relative_to(run)): file.read_bytes() for file in files},
        "rows": [{key: value for key, value in row.items() if key != "seconds"} for row in rows],
        "evaluation": evaluation,
        "samples": {file.name: file.read_text() for file in sorted((run / "samples").glob("*.txt"))},
    }


_known: dict[str, dict[str, Any]] = {}


def whole_of(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Of the run that nothing happened to, which is trained once for all tests here."""
    if recipe.name not in _known:
        _known[recipe.name] = content(train(recipe, folder / "whole"))
    return _known[recipe.name]


def child(work: Callable[[], object], kill: int = 0, after: float = 0.0) -> int:
    """Run `work` in a process of its own; its exit code, negative for a signal. kill: sent after so many seconds."""
    number = os.fork()
    if not number:
        code = 70
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            work()
            code = 0
        except Interrupted as interrupted:
            code = interrupted.code
        except Mistake:
            code = 2
        finally:
            os._exit(code)
    if kill:
        time.sleep(after)  # the moment of the fault, not a wait for something
        with suppress(ProcessLookupError):
            os.kill(number, kill)
    return os.waitstatus_to_exitcode(os.waitpid(number, 0)[1])


def _go_on(recipe: Recipe, run: Path) -> None:
    train(recipe, run, resume=(run / "recipe.yaml").exists())


def _killed(recipe: Recipe, run: Path, share: float, seconds: float) -> int:
    def work() -> None:
        trainer.SAVE_SECONDS = 0.0  # a checkpoint after every logged step, so that many are cut off
        _go_on(recipe, run)

    return child(work, signal.SIGKILL, share * seconds)


@pytest.mark.parametrize("name", ["seqgan-short", pytest.param("gumbel-short", marks=pytest.mark.slow)])
def test_killed_at_any_moment_and_resumed_equals_never_killed(
    name: str, small_recipe: Make, tmp_path: Path
) -> None:
    recipe = small_recipe(name)
    whole = whole_of(recipe, tmp_path)
    began = time.monotonic()
    assert child(lambda: train(recipe, tmp_path / "again")) == 0
    seconds = time.monotonic() - began
    moments = random.Random(1)
    killed = [_killed(recipe, tmp_path / "run", moments.uniform(0.2, 0.9), seconds) for _ in range(2)]
    assert -signal.SIGKILL in killed
    _go_on(recipe, tmp_path / "run")
    found = content(tmp_path / "run")
    for key in whole:
        assert found[key] == whole[key], key
    assert not [place for place in (tmp_path / "run").rglob("*.new")]


@pytest.mark.parametrize("phase", [Mle, Adversarial])
def test_a_scheduler_s_signal_saves_and_exits_0(
    phase: type, small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    whole = whole_of(recipe, tmp_path)
    original = phase.step

    def stepped(self: Any) -> Any:
        values = original(self)
        if (
            self.step_count == 2
        ):  # a look is due after it in the adversarial phase: it is left to the resumed run
            signal.raise_signal(signal.SIGTERM)
        return values

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="stopped and saved") as stopped:
        patch.setattr(phase, "step", stepped)
        train(recipe, tmp_path / "run")
    assert stopped.value.code == 0
    assert content(train(recipe, tmp_path / "run", resume=True)) == whole


def test_a_step_that_is_too_long_to_wait_for_is_given_up(
    small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    whole = whole_of(recipe, tmp_path)
    original = Adversarial.step

    def endless(self: Adversarial) -> Any:
        if self.step_count == 3:
            signal.raise_signal(signal.SIGTERM)
            while True:
                signal.pause()
        return original(self)

    with monkeypatch.context() as patch, pytest.raises(Interrupted, match="adversarial step 2") as stopped:
        patch.setattr(Adversarial, "step", endless)
        patch.setattr(stopping, "GRACE", 0.1)
        train(recipe, tmp_path / "run")
    assert stopped.value.code == 0
    assert content(train(recipe, tmp_path / "run", resume=True)) == whole


def test_a_signal_during_a_look_or_the_final_scores_is_followed_at_once(
    small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    whole = whole_of(recipe, tmp_path)
    original = looks.Looks.write
    for call in (1, 5):  # the look at the phase's start, and the final scores
        calls = 0

        def signalled(self: Any, count: int, seed: int, call: int = call, **more: Any) -> list[str]:
            nonlocal calls
            calls += 1
            sentences = original(self, count, seed, **more)
            if calls == call:
                signal.raise_signal(signal.SIGTERM)
                raise AssertionError("went on after the signal")
            return sentences

        run = tmp_path / f"run-{call}"
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            patch.setattr(looks.Looks, "write", signalled)
            train(recipe, run)
        assert content(train(recipe, run, resume=True)) == whole


def _poison(target: str, patch: pytest.MonkeyPatch) -> None:
    nan = float("nan")
    if target in ("generator", "discriminator"):
        original = Adversarial.step

        def step(self: Adversarial) -> Any:
            if self.step_count == 3:
                with torch.no_grad():
                    next(p for p in getattr(self.game, target).parameters() if p.requires_grad).fill_(nan)
            return original(self)

        patch.setattr(Adversarial, "step", step)
        return
    calls = 0
    reward = NonSaturating.reward

    def poisoned(self: Any, real: Any, fake: Any) -> Any:
        nonlocal calls
        calls += 1
        return reward(self, real, fake) * (nan if calls > 20 else 1)

    patch.setattr(NonSaturating, "reward", poisoned)


@pytest.mark.parametrize("target", ["generator", "discriminator", "reward"])
def test_nan_ends_in_one_line_that_names_the_checkpoint_which_stays(
    target: str, small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("seqgan-short")
    whole = whole_of(recipe, tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Diverged) as told:
        _poison(target, patch)
        train(recipe, tmp_path / "run")
    assert "\n" not in str(told.value)
    assert f"the last good checkpoint is {tmp_path / 'run' / 'checkpoints' / 'last'} (adver" in str(
        told.value
    )
    assert content(train(recipe, tmp_path / "run", resume=True)) == whole


def test_nan_between_two_logged_steps_is_not_saved_when_the_run_is_stopped(
    small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Mle.step

    def step(self: Mle) -> Any:
        values = original(self)
        if self.step_count == 2:
            with torch.no_grad():
                next(self.game.generator.parameters()).fill_(float("nan"))
            signal.raise_signal(signal.SIGINT)
        return values

    monkeypatch.setattr(Mle, "step", step)
    with pytest.raises(
        Diverged, match="mle step 2 the generator has NaN or infinite weights.*no checkpoint was written yet"
    ):
        train(small_recipe("gumbel-short"), tmp_path / "run")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_number_for_text_is_a_mistake_at_its_line(small_recipe: Make, tmp_path: Path) -> None:
    file = tmp_path / "number.jsonl"
    file.write_text('{"text": "a dog sees it ."}\n{"text": Infinity}\n')
    with pytest.raises(Mistake, match="number.jsonl, line 2: text contains float, not text"):
        train(small_recipe("gumbel-short", f"corpus.path={file}"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_full_disk_ends_in_one_line_and_the_run_goes_on_when_there_is_room(
    small_recipe: Make, tmp_path: Path
) -> None:
    recipe = small_recipe("gumbel-short")
    whole = whole_of(recipe, tmp_path)
    biggest = max(len(weights) for weights in whole["weights"].values())
    told = tmp_path / "told"

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (biggest - 1, biggest - 1))
        try:
            train(recipe, tmp_path / "run", command="textgan train x")
        except Mistake as mistake:
            told.write_text(str(mistake))
            raise

    assert child(work) == 2
    (line,) = told.read_text().splitlines()
    assert "go on with: textgan train x --out" in line and line.endswith("--resume")
    assert content(train(recipe, tmp_path / "run", resume=True)) == whole


def test_a_folder_that_cannot_be_made_or_written(
    small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    (tmp_path / "file").write_text("precious")
    with pytest.raises(Mistake, match="--out: .*cannot be made"):
        train(recipe, tmp_path / "file" / "run")
    assert (tmp_path / "file").read_text() == "precious"
    whole = whole_of(recipe, tmp_path)
    original = os.replace

    def refused(source: Any, target: Any) -> None:
        if Path(target).name == "adversarial-000002.txt":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(target))
        original(source, target)

    with (
        monkeypatch.context() as patch,
        pytest.raises(Mistake, match="Read-only file system; .*adversarial step 0"),
    ):
        patch.setattr(os, "replace", refused)
        train(recipe, tmp_path / "run")
    assert content(train(recipe, tmp_path / "run", resume=True)) == whole


def test_too_little_memory_ends_in_one_line(
    small_recipe: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told"

    def work() -> None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
        try:
            train(small_recipe("gumbel-short", "generator.hidden=20000"), tmp_path / "run")
        except Mistake as mistake:
            told.write_text(str(mistake))
            raise

    assert child(work) == 2
    (line,) = told.read_text().splitlines()
    assert "there is not enough memory; nothing was written" in line
    assert not (tmp_path / "run").exists()


def test_text_that_is_not_what_the_run_began_with_is_refused(
    small_recipe: Make, corpus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    whole, run = whole_of(recipe, tmp_path), tmp_path / "run"
    text = corpus_file.read_text(encoding="utf-8")
    original = Mle.step
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Mle, "step", lambda self: (signal.raise_signal(signal.SIGINT), original(self))[1])
        train(recipe, run)
    lines = text.split("\n")
    for other in (["the cat sees one .", *lines[1:]], lines[::-1]):
        corpus_file.write_text("\n".join(other), encoding="utf-8")
        with pytest.raises(Mistake, match="is not the text that .* was started with"):
            train(recipe, run, resume=True)
    corpus_file.unlink()
    with pytest.raises(Mistake, match="does not exist"):
        train(recipe, run, resume=True)
    corpus_file.write_text(text, encoding="utf-8")
    assert content(train(recipe, run, resume=True)) == whole


def test_a_second_process_on_a_run_folder_is_refused(
    small_recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe("gumbel-short")
    original = Adversarial.step
    codes = []

    def step(self: Adversarial) -> Any:
        if self.step_count == 1:
            codes.append(child(lambda: train(recipe, tmp_path / "run", resume=True)))
        return original(self)

    monkeypatch.setattr(Adversarial, "step", step)
    train(recipe, tmp_path / "run")
    assert codes == [2]


def test_a_damaged_checkpoint_costs_steps_and_nothing_else(
    small_recipe: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = small_recipe("gumbel-short")
    whole, run = whole_of(recipe, tmp_path), train(recipe, tmp_path / "run")
    file = run / "checkpoints" / "last" / "generator.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    capsys.readouterr()
    assert command(["sample", str(run), "-n", "2"]) == 0
    assert "the checkpoint before it is used (adversarial step 4)" in capsys.readouterr().err
    assert content(train(recipe, run, resume=True)) == whole
    assert checkpoints.damage(run / "checkpoints" / "last") == ""
