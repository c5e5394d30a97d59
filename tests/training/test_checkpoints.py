"""A checkpoint is whole or is not used; a run folder has one process at a time; rows are whole lines."""

from __future__ import annotations

import json
import math
import os
import random
import resource
import signal
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from textgan.errors import Mistake
from textgan.machine import streams
from textgan.training import checkpoints
from textgan.training.folder import RunFolder, write_text
from textgan.training.lock import locked


def _saved(folder: Path, *values: float) -> Path:
    """`folder` saved once for each value, which the weights then have."""
    for step, value in enumerate(values, start=1):
        player = nn.Linear(3, 2)
        nn.init.constant_(player.weight, value)
        nn.init.zeros_(player.bias)
        checkpoints.save(folder, {"generator": player}, {"step": step}, f"mle step {step}", keep=True)
    return folder


def _weight(folder: Path) -> float:
    player = nn.Linear(3, 2)
    checkpoints.load_player(folder, "generator", player)
    return player.weight.mean().item()


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        *(
            (name, harm)
            for name in ("generator.safetensors", "state.pt")
            for harm in (_cut, _flip, Path.unlink)
        ),
        *(("manifest.json", harm) for harm in (_cut, _flip)),
    ],
)
def test_of_a_damaged_checkpoint_the_one_before_is_used_with_a_word(
    name: str, harm: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    last = _saved(tmp_path / "last", 1.0, 2.0)
    assert _weight(last) == 2.0 and capsys.readouterr().err == ""
    harm(last / name)
    assert _weight(last) == 1.0 and checkpoints.load_state(last)["step"] == 1
    told = capsys.readouterr().err.splitlines()
    assert name in told[0] and "the checkpoint before it is used (mle step 1)" in told[0]
    checkpoints.settle(last, print)
    assert _weight(last) == 1.0 and checkpoints.damage(last) == ""


def test_a_checkpoint_of_an_earlier_version_has_no_manifest_and_is_taken_as_it_is(tmp_path: Path) -> None:
    last = _saved(tmp_path / "last", 1.0, 2.0)
    (last / "manifest.json").unlink()
    assert _weight(last) == 2.0 and checkpoints.when_saved(last) == ""


def test_the_digest_is_of_the_checkpoint_that_is_used(tmp_path: Path) -> None:
    one, two = _saved(tmp_path / "one", 1.0), _saved(tmp_path / "two", 1.0, 2.0)
    first, second = checkpoints.digest(one), checkpoints.digest(two)
    assert first != second
    _flip(two / "state.pt")
    assert checkpoints.digest(two) == first
    (one / "manifest.json").unlink()  # as an earlier version saved it
    before = checkpoints.digest(one)
    _flip(one / "generator.safetensors")
    assert checkpoints.digest(one) != before


def test_a_checkpoint_without_a_state_has_weights_and_cannot_be_resumed(tmp_path: Path) -> None:
    checkpoints.save(tmp_path / "best", {"generator": nn.Linear(3, 2)})
    assert checkpoints.exists(tmp_path / "best") and math.isfinite(_weight(tmp_path / "best"))
    with pytest.raises(Mistake, match=r"state\.pt: missing; this checkpoint cannot be resumed from"):
        checkpoints.load_state(tmp_path / "best")
    (tmp_path / "best").rename(checkpoints.beside(tmp_path / "best", "old"))
    assert checkpoints.exists(tmp_path / "best") and not checkpoints.exists(tmp_path / "last")


def test_without_a_whole_one_it_is_said(tmp_path: Path) -> None:
    last = _saved(tmp_path / "last", 1.0)
    _flip(last / "generator.safetensors")
    with pytest.raises(Mistake, match="checksum.*no earlier checkpoint is intact"):
        checkpoints.find(last)
    with pytest.raises(Mistake, match="no such checkpoint"):
        checkpoints.find(tmp_path / "best")


@pytest.mark.parametrize("dies_at", range(7))
def test_whenever_a_save_dies_one_whole_checkpoint_is_there(
    dies_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power fails before the n-th change of the folder's entries; what is found is the old state or the new one."""
    last = _saved(tmp_path / "last", 1.0, 2.0)
    changes = 0

    class Death(BaseException):
        pass

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def change(*arguments: object, **named: object) -> object:
            nonlocal changes
            if changes >= dies_at:
                raise Death
            changes += 1
            return original(*arguments, **named)

        return change

    with monkeypatch.context() as patch:
        for place, name in (
            (checkpoints.shutil, "rmtree"), (checkpoints, "save_model"), (checkpoints.torch, "save"),
            (Path, "rename"), (Path, "mkdir"),
        ):  # fmt: skip
            patch.setattr(place, name, dying(getattr(place, name)))
        with pytest.raises(Death) if dies_at < 6 else nullcontext():
            _saved(last, 3.0)
    found = _weight(last)
    assert found == (2.0 if dies_at < 6 else 3.0)
    checkpoints.settle(last)
    assert _weight(_saved(last, 4.0)) == 4.0


def test_a_full_disk_leaves_the_last_checkpoint_and_no_half_one(tmp_path: Path) -> None:
    last = _saved(tmp_path / "last", 1.0)
    big = nn.Linear(100, 100)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            checkpoints.save(last, {"generator": big}, {"step": 2})
        with pytest.raises(OSError, match="too short|too large"):
            checkpoints.save(last, {"generator": nn.Linear(3, 2)}, {"step": torch.zeros(10_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _weight(last) == 1.0
    assert [place.name for place in tmp_path.iterdir()] == ["last"]


def test_every_random_stream_goes_on_where_it_was() -> None:
    streams.seed_all(5)
    state = streams.random_state()
    drawn = [torch.rand(3).tolist(), np.random.standard_normal(3).tolist(), random.gauss(0, 1)]
    streams.set_random_state(state)
    again = [torch.rand(3).tolist(), np.random.standard_normal(3).tolist(), random.gauss(0, 1)]
    assert drawn == again


def test_a_row_that_finds_no_room_leaves_no_half_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append({"kind": "train", "step": 1})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (folder.size + 20, before[1]))
    try:
        with pytest.raises(OSError):
            folder.append({"kind": "train", "step": 2, "text": "x" * 100})
        with pytest.raises(OSError):
            write_text(tmp_path / "page.txt", "y" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [json.loads(line)["step"] for line in folder.metrics.read_text().splitlines()] == [1]
    assert [place.name for place in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_the_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    ready, tell = os.pipe()
    child = os.fork()
    if not child:
        with locked(tmp_path):
            os.write(tell, b"x")
            signal.pause()
        os._exit(0)
    os.read(ready, 1)
    try:
        with pytest.raises(Mistake, match=rf"another process \({child}\) is training in"), locked(tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with locked(tmp_path):
        assert (tmp_path / ".lock").read_text() == f"{os.getpid()}\n"


def test_links_out_of_a_run_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    run = tmp_path / "run"
    run.mkdir()
    RunFolder(run).check_links()
    (run / "samples").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Mistake, match="samples is a link"):
        RunFolder(run).check_links()
