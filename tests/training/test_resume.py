"""A run that was stopped by Ctrl-C and resumed is, bit for bit, the run that was never stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.runs.train import Interrupted, train
from textgan.training.adversarial import Adversarial
from textgan.training.discriminator import Discriminate
from textgan.training.mle import Mle

CASES = [
    ("seqgan-short", Mle, 5, ["generator.dropout=0.3"]),
    ("seqgan-short", Discriminate, 2, []),
    ("seqgan-short", Adversarial, 1, ["strategy.baseline=ema", "strategy.kl=0.1", "strategy.anchor=0.1"]),
    ("seqgan-short", Adversarial, 3, ["train.adversarial.mle_every=1", "train.adversarial.d_pool=16"]),
    ("gumbel-short", Adversarial, 3, []),
    ("embedding-short", Adversarial, 2, []),
    ("gumbel-short", Discriminate, 2, ["train.discriminator.rate={start: 1, end: 0}"]),
    ("embedding-short", Mle, 5, []),
    ("maligan-short", Adversarial, 2, []),
    ("rankgan-short", Adversarial, 2, []),
    (
        "cot-short",
        Adversarial,
        2,
        [
            *("discriminator={name: mediator, embedding: 8, hidden: 8, dropout: 0.5}", "train.mle=null"),
            "train.discriminator=null",
        ],
    ),
    ("leakgan-short", Mle, 5, []),
    ("leakgan-short", Adversarial, 2, ["train.adversarial.mle_every=1", "train.adversarial.mle_steps=2"]),
    ("relgan-short", Adversarial, 2, []),
    ("wgan-gp-short", Adversarial, 3, ["train.adversarial.length={start: 3, end: 9}"]),
    ("arae-short", Mle, 5, ["discriminator={name: latent, code: 64, layers: [8]}"]),
    ("arae-short", Adversarial, 3, ["discriminator={name: latent, code: 64, layers: [8]}"]),
    ("wgan-gp-short", Adversarial, 3, ["train.adversarial.replay=0.5", "train.adversarial.replay_size=16"]),
    (
        "gumbel-short",
        Adversarial,
        3,
        [
            *("train.adversarial.average=0.9", "train.adversarial.instance_noise=0.3"),
            *("train.adversarial.replay=0.5", "train.adversarial.replay_size=20"),
        ],
    ),
    (
        "seqgan-short",
        Adversarial,
        2,
        [
            *("strategy=dense", "objective=per-token"),
            "discriminator={name: recurrent, hidden: 8, spectral_norm: true}",
        ],
    ),
    (
        "semi-short",
        Adversarial,
        3,
        ["corpus={name: reviews, size: 90, validation: 40, test: 40}", "labelled=20"],
    ),
]


def _content(run: Path) -> dict[str, Any]:
    """All that a run leaves behind but the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    evaluation = json.loads((run / "evaluation.json").read_text())
    evaluation.pop("minutes")
    return {
        "weights": {
            str(file.relative_to(run)): file.read_bytes()
            for file in sorted((run / "checkpoints").glob("[a-z]*/*.safetensors"))
        },
        "rows": [{key: value for key, value in row.items() if key != "seconds"} for row in rows],
        "evaluation": evaluation,
        "samples": {file.name: file.read_text() for file in sorted((run / "samples").iterdir())},
    }


def _press_ctrl_c_at(monkeypatch: pytest.MonkeyPatch, phase: type, step: int) -> None:
    original = phase.step

    def stepped(self: Any) -> Any:
        values = original(self)
        if self.step_count == step:
            signal.raise_signal(signal.SIGINT)
        return values

    monkeypatch.setattr(phase, "step", stepped)


@pytest.mark.parametrize(("name", "phase", "step", "overrides"), CASES)
def test_stopped_and_resumed_equals_never_stopped(
    name: str,
    phase: type,
    step: int,
    overrides: list[str],
    small_recipe: Callable[..., Recipe],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = small_recipe(name, *overrides)
    whole = train(recipe, tmp_path / "whole")
    with monkeypatch.context() as patch:
        _press_ctrl_c_at(patch, phase, step)
        with pytest.raises(Interrupted, match="--resume"):
            train(recipe, tmp_path / "stopped", command="textgan train x")
    assert not (tmp_path / "stopped" / "evaluation.json").exists()
    resumed = train(recipe, tmp_path / "stopped", resume=True)
    expected, found = _content(whole), _content(resumed)
    for key in expected:
        assert found[key] == expected[key], key


def test_a_part_of_one_s_own_may_draw_from_numpy_and_python(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.py").write_text(
        "import random\nimport numpy as np\nfrom textgan.strategies.gumbel import Gumbel\n"
        "from textgan.types import Turn\n"
        "class Shaky(Gumbel):\n"
        "    def turn(self, situation):\n"
        "        turn = super().turn(situation)\n"
        "        return Turn(turn.loss * (random.gauss(1, 0.5) + np.random.standard_normal()), turn.fake, turn.log)\n",
        encoding="utf-8",
    )
    recipe = small_recipe("gumbel-short", f"strategy={{name: '{tmp_path / 'mine.py'}:Shaky'}}")
    whole = train(recipe, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        _press_ctrl_c_at(patch, Adversarial, 3)
        train(recipe, tmp_path / "stopped")
    assert _content(train(recipe, tmp_path / "stopped", resume=True)) == _content(whole)


def test_what_was_written_after_the_checkpoint_is_written_once(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies without saving goes on from its last checkpoint, and no step stands twice in the log."""
    recipe = small_recipe("gumbel-short")
    whole = train(recipe, tmp_path / "whole")

    class Death(BaseException):
        pass

    original = Adversarial.step

    def dies(self: Adversarial) -> Any:
        if self.step_count == 3:
            raise Death
        return original(self)

    with monkeypatch.context() as patch, pytest.raises(Death):
        patch.setattr(Adversarial, "step", dies)
        train(recipe, tmp_path / "died")
    assert _content(train(recipe, tmp_path / "died", resume=True)) == _content(whole)


def test_a_seed_decides_everything_and_another_seed_differs(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = small_recipe("embedding-short")
    first, again = train(recipe, tmp_path / "a", seed=3), train(recipe, tmp_path / "b", seed=3)
    other = train(recipe, tmp_path / "c", seed=4)
    assert _content(first) == _content(again)
    assert _content(first)["weights"] != _content(other)["weights"]


def test_looking_more_often_changes_no_training(small_recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    rare = train(small_recipe("seqgan-short", "evaluate.every=100"), tmp_path / "rare")
    often = train(small_recipe("seqgan-short", "evaluate.every=1"), tmp_path / "often")
    last = "checkpoints/last/generator.safetensors"
    assert (rare / last).read_bytes() == (often / last).read_bytes()


def test_a_folder_that_exists_and_a_recipe_that_differs_are_refused(
    small_recipe: Callable[..., Recipe], tmp_path: Path
) -> None:
    recipe = small_recipe("gumbel-short")
    run = train(recipe, tmp_path / "run")
    with pytest.raises(Mistake, match="exists already.*--resume"):
        train(recipe, run)
    with pytest.raises(Mistake, match="another recipe.*strategy"):
        train(small_recipe("gumbel-short", "strategy.temperature=0.3"), run, resume=True)
    with pytest.raises(Mistake, match="holds no run"):
        train(recipe, tmp_path / "nothing", resume=True)
