"""Two real processes (gloo) are one: gradients, evaluation, resumption, one writer."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.machine.ranks import ALONE, Ranks
from textgan.runs.train import Interrupted, train
from textgan.training.adversarial import Adversarial
from textgan.training.replay import Replay
from textgan.types import Text

SUBJECTS = ["a dog", "the cat", "one small bird", "my friend", "a very old man"]
OBJECTS = ["the red ball", "a house", "some fish , bread and wine", "it", "the other one", "a long road"]


def overrides(corpus: Path) -> list[str]:
    return [
        *(f"corpus.path={corpus}", "corpus.validation=20", "corpus.test=20", "length=12", "threads=1"),
        *("generator.embedding=6", "generator.hidden=8", "generator.dropout=0"),
        *("discriminator.embedding=6", "discriminator.filters=3", "discriminator.dropout=0"),
        *("train.mle.epochs=1", "train.mle.batch=16", "train.discriminator=null"),
        *("train.adversarial.steps=3", "train.adversarial.d_steps=1", "train.adversarial.batch=8"),
        *("train.adversarial.replay=0.5", "train.adversarial.replay_size=16"),
        *("strategy.rollouts=1", "strategy.baseline=ema", "metrics=[bleu, nll]", "device=cpu"),
        "evaluate={every: 2, samples: 9, final: 9}",
    ]


def launch(folder: Path) -> list[subprocess.Popen[str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(Path(__file__).with_name("two_ranks.py"))
    about = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    about |= {"OMP_NUM_THREADS": "1", "TEXTGAN_RANK_TIMEOUT": "60"}
    return [
        subprocess.Popen(
            [sys.executable, script, str(folder)],
            env={**os.environ, **about, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        for rank in "01"
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, and `of-one`: a run that one process began and that was stopped after its second adversarial step."""
    path = tmp_path_factory.mktemp("ranks")
    corpus = path / "small.txt"
    lines = [
        f"{s} {v} {o} ." for s, v, o in itertools.product(SUBJECTS, ("sees", "likes", "forgets"), OBJECTS)
    ]
    corpus.write_text("\n".join(lines))
    (path / "recipe.json").write_text(json.dumps(overrides(corpus)))
    original = Adversarial.step

    def with_signal(self: Adversarial) -> Any:
        if self.step_count + 1 == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return original(self)

    Adversarial.step = with_signal  # type: ignore[method-assign]
    try:
        with pytest.raises(Interrupted):
            train(Recipe.load("seqgan-short", overrides(corpus)), path / "of-one")
    finally:
        Adversarial.step = original  # type: ignore[method-assign]
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> Iterator[dict[str, Any]]:
    """What the two processes measured, and what each of them printed."""
    processes = launch(folder)
    told = [process.communicate(timeout=120)[0] for process in processes]
    assert (folder / "found.json").exists(), "\n\n".join(told)
    yield {**json.loads((folder / "found.json").read_text()), "told": told}


def rows(run: Path) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in found]


def test_two_gradients_are_that_of_the_joint_batch(found: dict[str, Any]) -> None:
    gradients = found["gradients"]
    assert len(gradients) == 13
    for name, (together, share) in gradients.items():
        assert together < 1e-6, name
        assert share > 1e-3, name  # the shares alone would have told the difference


def test_evaluation_is_gathered_exactly(found: dict[str, Any]) -> None:
    assert found["evaluation"] == {"sentences": True, "likelihood": True}


def test_a_run_of_two_is_stopped_and_resumed_bit_for_bit(found: dict[str, Any], folder: Path) -> None:
    whole, stopped = folder / "whole", folder / "stopped"
    assert rows(stopped) == rows(whole)
    steps = [(row["phase"], row["step"]) for row in rows(whole) if row["kind"] == "train"]
    assert steps == [("mle", 3), ("adversarial", 1), ("adversarial", 2), ("adversarial", 3)]
    for name in ("generator", "discriminator"):
        one, other = (
            load_file(run / "checkpoints" / "last" / f"{name}.safetensors") for run in (whole, stopped)
        )
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    texts = [(run / "samples" / "after.txt").read_text() for run in (whole, stopped)]
    assert texts[0] == texts[1]


def test_one_process_goes_on_with_a_run_of_two_and_the_other_way_round(
    found: dict[str, Any], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe.load("seqgan-short", json.loads((folder / "recipe.json").read_text()))
    train(recipe, folder / "for-one", resume=True)
    assert "saved by 2 processes, resumed by 1" in " ".join(capfd.readouterr().err.split())
    assert "saved by 1 process, resumed by 2" in " ".join(found["told"][0].split())
    for run in (folder / "for-one", folder / "of-one"):
        assert (run / "evaluation.json").exists()
        before, now = rows(folder / "whole"), rows(run)
        assert [(row["kind"], row["phase"], row["step"]) for row in now] == [
            (row["kind"], row["phase"], row["step"]) for row in before
        ]


def test_the_loss_is_that_of_one_process(found: dict[str, Any], folder: Path) -> None:
    one, two = ([row for row in rows(folder / run) if row["phase"] == "mle"] for run in ("of-one", "whole"))
    assert two[1]["loss"] == pytest.approx(one[1]["loss"], abs=1e-6)
    assert two[1]["nll-validation"] == pytest.approx(one[1]["nll-validation"], abs=1e-6)


def test_one_writes_and_speaks(found: dict[str, Any], folder: Path) -> None:
    assert found["told"][1] == ""
    assert "mle: " in found["told"][0]
    for run in ("whole", "stopped"):
        assert len(rows(folder / run)) == len({json.dumps(row, sort_keys=True) for row in rows(folder / run)})
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == [
        *("for-one", "of-one", "stopped", "whole")
    ]


def test_a_mistake_ends_all_and_is_said_once(found: dict[str, Any]) -> None:
    assert found["runs"]["ends"] == ["Mistake", "SaidElsewhere"]


def test_a_rank_that_is_gone_is_not_waited_for(found: dict[str, Any]) -> None:
    assert "process 0 of 2 waits for the others in vain" in found["lost"]


def test_a_batch_must_be_shared_evenly() -> None:
    assert Ranks(1, 4).share(12) == 3
    with pytest.raises(Mistake, match="train.mle.batch: 10 sentences cannot be shared evenly by 4 processes"):
        Ranks(1, 4).share(10, "train.mle.batch")
    assert [Ranks(rank, 3).span(10) for rank in range(3)] == [(0, 3), (3, 6), (6, 10)]
    assert ALONE.share(7) == 7


def test_old_fakes_are_shared_out_anew() -> None:
    """Two ranks kept sentences 0 2 4 6 and 1 3 5 7, a third of them the newest; one rank gets all, three get parts."""

    def text(first: int) -> Text:
        ids = torch.arange(first, first + 8, 2).unsqueeze(1)
        return Text(ids, torch.ones_like(ids, dtype=torch.bool))

    states = []
    for first in (0, 1):
        replay = Replay(0.5, 4, 1, torch.device("cpu"))
        replay.mix(text(first - 8))  # older ones, which the next push out
        replay.mix(text(first))
        states.append(replay.state_dict())
    one = Replay(0.5, 8, 1, torch.device("cpu"))
    one.share_out(states, 0, 1)
    assert sorted(one.kept["ids"].flatten().tolist()) == list(range(8))
    parts = [Replay(0.5, 3, 1, torch.device("cpu")) for _ in range(3)]
    for rank, part in enumerate(parts):
        part.share_out(states, rank, 3)
    shared = [part.kept["ids"].flatten().tolist()[: part.seen] for part in parts]
    assert sorted(itertools.chain(*shared)) == list(range(8))
