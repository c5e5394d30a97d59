"""Each optimiser by its own rule, with all that a recipe gave it; the step as long as the clip allows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from textgan.assembly.build import build
from textgan.assembly.recipe import Recipe
from textgan.errors import Mistake
from textgan.machine.ranks import Ranks
from textgan.training.optimizers import Optimizer, descend


def _moved(plan: Optimizer, *slopes: float) -> float:
    """How far one weight went down in as many steps, where the loss has these slopes."""
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = plan.build([weight])
    for slope in slopes:
        weight.grad = torch.tensor([slope])
        optimizer.step()
    return 1 - float(weight.detach())


@pytest.mark.parametrize(("clip", "length"), [(0.5, 0.5), (5.0, 5.0), (1000.0, 50.0), (0.0, 50.0)])
def test_no_step_is_longer_than_the_clip(clip: float, length: float) -> None:
    model = nn.Linear(2, 1, bias=False)
    before = model.weight.detach().clone()
    loss = model(torch.tensor([[30.0, 40.0]])).sum()  # a gradient of length 50
    plan = Optimizer(lr=1.0, name="sgd", clip=clip)
    engine = Accelerator(cpu=True)
    norm = descend(loss, model, plan.build(model.parameters()), plan.clip, engine, Ranks())
    assert float(norm) == pytest.approx(50)  # as it was before
    assert float((model.weight.detach() - before).norm()) == pytest.approx(length, rel=1e-4)


def test_adam_has_the_betas_and_the_weight_decay_it_was_given() -> None:
    weight = [nn.Parameter(torch.ones(1))]
    (group,) = Optimizer(lr=0.3, betas=(0.5, 0.9), weight_decay=0.01).build(weight).param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (0.3, (0.5, 0.9), 0.01)
    (group,) = Optimizer().build(weight).param_groups
    assert (group["lr"], group["betas"], group["weight_decay"]) == (1e-3, (0.9, 0.999), 0.0)
    # By hand, two slopes of 1 and -1: the means of both, the first with 0.5, the second with 0.9.
    assert _moved(Optimizer(lr=1.0, betas=(0.5, 0.9)), 1.0, -1.0) == pytest.approx(1 - 0.25 / 0.75, rel=1e-4)


def test_sgd_and_rmsprop_go_by_their_own_rules() -> None:
    """By hand; rmsprop's first mean square is a hundredth of the first square."""
    assert _moved(Optimizer(lr=0.1, name="sgd"), 2.0, 2.0) == pytest.approx(0.4)
    assert _moved(Optimizer(lr=0.1, name="sgd", momentum=0.5), 2.0, 2.0) == pytest.approx(0.5)
    assert _moved(Optimizer(lr=0.1, name="sgd", weight_decay=3.0), 2.0) == pytest.approx(0.5)
    assert _moved(Optimizer(lr=0.1, name="rmsprop"), 2.0) == pytest.approx(1.0, rel=1e-4)
    second = 0.1 / (0.01 * 0.99 + 0.01) ** 0.5
    plain, pushed = (Optimizer(lr=0.1, name="rmsprop", momentum=push) for push in (0.0, 0.5))
    assert _moved(plain, 2.0, 2.0) == pytest.approx(1 + second, rel=1e-4)
    assert _moved(pushed, 2.0, 2.0) == pytest.approx(1 + second + 0.5, rel=1e-4)
    assert _moved(Optimizer(lr=0.1, name="rmsprop", weight_decay=3.0), -3.0) == 0.0


def test_what_an_optimiser_does_not_have_is_refused(small_recipe: Callable[..., Recipe]) -> None:
    for name in ("sgd", "rmsprop"):
        with pytest.raises(ValueError, match=f"betas: .*{name}"):
            Optimizer(name=name, betas=(0.9, 0.999))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"momentum: 0\.9; adam"):
        Optimizer(momentum=0.9)
    for given, said in (("{name: sgd, betas: [0.5, 0.9]}", "betas"), ("{momentum: 0.9}", "momentum")):
        with pytest.raises(Mistake, match=rf"^train\.mle\.optimizer\.{said}: [^\n]*$"):
            build(small_recipe("mle-short", f"train.mle.optimizer={given}"))
    built = build(
        small_recipe("mle-short", "train.mle.optimizer={name: sgd}")
    )  # the phase's own lr, and no betas
    assert built.phases[0].plan == Optimizer(lr=2e-3, name="sgd")  # type: ignore[attr-defined]
