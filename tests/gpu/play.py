"""Train recipes on the pretended GPU, in a process of its own, and tell what it met.

    python play.py FOLDER < cases.json

cases.json: [[recipe, [override, ...], [command, ...]], ...]; a command is the words of one that is given the run, RUN.
For each case a line of JSON on standard output: `case`; `failed`, the error, or null; `waits`, by phase, how often a
step waited for the GPU at each place, in its mean; `steps` of all phases, and `lines`, how often the log waited; and
`doubles`, where float64 was computed there.
"""

from __future__ import annotations

import json
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from accelerate import PartialState
from pretended import DEVICE, LUCK, Pretended, There
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from textgan.assembly.recipe import Recipe
from textgan.cli import run
from textgan.machine.streams import random_state, seeded
from textgan.runs.train import train
from textgan.training.adversarial import Adversarial
from textgan.training.discriminator import Discriminate
from textgan.training.mle import Mle

LOG = (
    "machine/ranks.py:mean",
    "training/trainer.py:_play",
)  # where the numbers of a line of the log are fetched


class Steps:
    """What the steps of a phase waited for: counted by wrapping `step` of the phases."""

    def __init__(self, gpu: Pretended) -> None:
        self.gpu = gpu
        self.steps: Counter[str] = Counter()
        self.waits: dict[str, Counter[str]] = {}

    def wrapped(self, step: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counted(phase: Any) -> Any:
            before = Counter(self.gpu.waits)
            values = step(phase)
            self.steps[phase.name] += 1
            self.waits.setdefault(phase.name, Counter()).update(self.gpu.waits - before)
            return values

        return counted

    def told(self) -> dict[str, dict[str, float]]:
        return {
            phase: {where: count / self.steps[phase] for where, count in waits.items()}
            for phase, waits in self.waits.items()
        }


def fetched(value: Any) -> Any:
    """The value with its tensors on the CPU."""
    if isinstance(value, dict):
        return {name: fetched(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(fetched(one) for one in value)
    return value.held.clone() if isinstance(value, There) else value


def save_model(model: nn.Module, file: str) -> None:
    """As safetensors', which asks for addresses of memory that the shells do not have."""
    kept: dict[str, Tensor] = {}
    same: dict[str, str] = {}
    firsts: dict[int, str] = {}
    for name, held in fetched_state(model).items():
        first = same[name] = firsts.setdefault(held.data_ptr(), name)
        kept[first] = held.contiguous()
    save_file({name: one.clone() for name, one in kept.items()}, file, metadata=same)


def load_model(model: nn.Module, file: str, device: str) -> None:
    with safe_open(file, "pt") as opened:
        same = opened.metadata()
    saved = load_file(file)
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            weight.copy_(saved[same[name]])


def fetched_state(model: nn.Module) -> dict[str, Tensor]:
    return {name: one.held if isinstance(one, There) else one for name, one in model.state_dict().items()}


@contextmanager
def on_the_gpu() -> Iterator[tuple[Pretended, Steps]]:
    save = torch.save
    gpu = Pretended()
    steps = Steps(gpu)
    with ExitStack() as held:
        held.enter_context(patch.object(PartialState, "default_device", property(lambda _: DEVICE)))
        held.enter_context(patch("textgan.training.checkpoints.save_model", save_model))
        held.enter_context(patch("textgan.training.checkpoints.load_model", load_model))
        held.enter_context(patch("torch.save", lambda value, file: save(fetched(value), file)))
        for phase in (Mle, Discriminate, Adversarial):
            held.enter_context(patch.object(phase, "step", steps.wrapped(phase.step)))
        held.enter_context(gpu)
        yield gpu, steps


def play(recipe: str, overrides: list[str], commands: list[list[str]], folder: Path) -> dict[str, Any]:
    failed = None
    with on_the_gpu() as (gpu, steps):
        try:
            train(Recipe.load(recipe, overrides), folder)
            for command in commands:
                code = run([str(folder) if word == "RUN" else word for word in command])
                assert code == 0, f"{command}: exit code {code}"
        except Exception as error:  # whatever it is, the test shows it, and the next case is played
            traceback.print_exc()
            failed = f"{type(error).__name__}: {error}"
    return {
        "case": [recipe, overrides, commands],
        "failed": failed,
        "waits": steps.told(),
        "steps": steps.steps.total(),
        "lines": {where: gpu.waits[where] for where in gpu.waits if where.startswith(LOG)},
        "doubles": dict(gpu.doubles),
    }


def streams() -> dict[str, Any]:
    """Whether the GPU's random numbers are kept: after `seeded`, and in what a checkpoint has of them."""
    LUCK.state = 7
    with seeded(3):
        inside = LUCK.state
    return {"inside": inside, "after": LUCK.state, "kept": random_state()["gpu"].tolist()}


def main() -> None:
    said = sys.stdout
    folder = Path(sys.argv[1])
    print(json.dumps(streams()), file=said, flush=True)
    for number, (recipe, overrides, commands) in enumerate(json.load(sys.stdin)):
        with redirect_stdout(sys.stderr):
            told = play(recipe, overrides, commands, folder / str(number))
        shutil.rmtree(folder / str(number), ignore_errors=True)
        print(json.dumps(told), file=said, flush=True)


if __name__ == "__main__":
    main()
