"""The gradient of a finished run is measured with what its strategy kept, and not with that of a game begun anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from textgan.assembly.recipe import Recipe
from textgan.benchmark import gradient
from textgan.errors import Mistake
from textgan.runs.train import train
from textgan.strategies.gradients import Estimates, estimate
from textgan.strategies.reinforce import Reinforce
from textgan.training import checkpoints
from textgan.types import Situation

OVERRIDES = [
    "strategy={name: reinforce, rollouts: 1, rollout_lag: 0.8, baseline: ema, anchor: 1}",
    "train.adversarial.steps=3",
    "train.adversarial.generator={lr: 0.05}",
    "metrics=[bleu]",
]


def test_it_is_that_of_the_strategy_as_the_run_left_it(
    small_recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train(small_recipe("seqgan-short", *OVERRIDES), tmp_path / "run")
    saved = torch.load(run / "checkpoints/last/state.pt", weights_only=True)["strategy"]
    start = load_file(run / "checkpoints/pretrained/generator.safetensors")
    final = load_file(run / "checkpoints/last/generator.safetensors")
    seen: list[Reinforce] = []

    def watched(strategy: Reinforce, situation: Situation, *args: int, **named: int) -> Estimates:
        held = {name: value.clone() for name, value in strategy.state_dict().items()}
        assert held.keys() == saved.keys() and all(torch.equal(held[name], saved[name]) for name in held)
        for name, weight in start.items():  # the anchor is the generator that the game began with
            assert torch.equal(held[f"anchor.{name}"], weight)
        assert any(not torch.equal(held[f"anchor.{name}"], final[name]) for name in final)
        assert any(not torch.equal(held[f"rollout_policy.{name}"], final[name]) for name in final)
        seen.append(strategy)
        found = estimate(strategy, situation, *args, **named)  # type: ignore[arg-type]
        after = strategy.state_dict()
        moved = {name for name in held if not torch.equal(after[name], held[name])}
        assert moved == {"baseline.mean", "baseline.seen"}  # it goes on, and was not begun anew
        return found

    monkeypatch.setattr(gradient, "estimate", watched)
    gradient.measure_gradient(run, tmp_path)
    assert len(seen) == 1 and gradient.read_gradient(tmp_path)["seconds an estimate"] > 0

    missing = {name: value for name, value in saved.items() if not name.startswith("anchor.")}
    monkeypatch.setattr(checkpoints, "load_state", lambda folder: {"strategy": missing})
    with pytest.raises(Mistake, match=r"state.pt: does not fit this run .*anchor"):
        gradient.measure_gradient(run, tmp_path)
