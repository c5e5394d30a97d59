"""Whether what a method of an objective, a penalty or a strategy returned has the form that types.py asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from textgan.assembly.rehearsal import SEE
from textgan.errors import Mistake
from textgan.types import Verdict

CLOSE = 1e-3
"""How far two ways to the same reward may lie apart, as a share of the span that the rewards cover."""


def form(found: object) -> str:
    """What came back, in words."""
    if not isinstance(found, Tensor):
        return "None" if found is None else f"a {type(found).__name__}"
    return f"a tensor of shape {tuple(found.shape)} and type {str(found.dtype).removeprefix('torch.')}"


def check_loss(what: str, found: object, verb: str = "gives") -> None:
    if not isinstance(found, Tensor) or found.shape or not found.is_floating_point():
        remedy = " (take .mean())" if isinstance(found, Tensor) and found.shape else ""
        raise Mistake(
            f"{what} {verb} {form(found)}; expected one number for the batch, a float tensor of shape (){remedy}, {SEE}"
        )
    if not found.isfinite():
        raise Mistake(f"{what} {verb} {found.item()}; expected a finite number, {SEE}")


def check_numbers(what: str, found: object, verb: str = "gives") -> None:
    """Numbers for the log."""
    if not isinstance(found, dict):
        raise Mistake(f"{what} {verb} {form(found)}; expected a dict of names and numbers (tensors), {SEE}")
    for name, number in found.items():
        if not isinstance(name, str) or not isinstance(number, Tensor) or number.shape:
            raise Mistake(
                f"{what} {verb} a dict whose {name!r} is {form(number)}; expected a tensor of shape (), {SEE}"
            )
        if not number.isfinite():
            raise Mistake(
                f"{what} {verb} a dict whose {name!r} is {number.item()}; expected a finite number, {SEE}"
            )


def check_graph(what: str, loss: Tensor, reached: str, verb: str = "gives") -> None:
    if not loss.requires_grad:
        raise Mistake(
            f"{what} {verb} a number without a gradient to {reached}; compute it without detach, item or no_grad, {SEE}"
        )


def check_gradient(
    what: str, loss: Tensor, weights: list[nn.Parameter], player: str, verb: str = "gives"
) -> None:
    """Mistake where the loss reaches none of the player's weights, or has no number for a gradient there."""
    reached = f"the {player}'s weights"
    check_graph(what, loss, reached, verb)
    gradients = torch.autograd.grad(loss, weights, allow_unused=True) if weights else ()
    found = [one for one in gradients if one is not None]
    if not found:
        check_graph(what, loss.detach(), reached, verb)
    if not all(one.isfinite().all() for one in found):
        raise Mistake(f"{what} {verb} a number whose gradient to {reached} is not finite, {SEE}")


def check_reward(what: str, found: object, method: Callable[..., Any], real: Verdict, fake: Verdict) -> None:
    """Mistake where it is not a number for each written sentence, in their order."""
    size = len(fake.score)
    if not isinstance(found, Tensor) or found.shape != (size,) or not found.is_floating_point():
        raise Mistake(
            f"{what} gives {form(found)}; expected a float tensor of shape ({size},), a number for each written "
            f"sentence, {SEE}"
        )
    if not found.isfinite().all():
        raise Mistake(f"{what} gives rewards that are no finite numbers (NaN or infinity), {SEE}")
    if size < 2 or len(real.score) != size:
        return  # completions of prefixes; the sentences themselves were looked at before
    order = torch.tensor([1, 0, *range(2, size)], device=found.device)
    with torch.no_grad():
        again, other, both = (
            method(real, fake),
            method(real, _rows(fake, order)),
            method(_rows(real, order), _rows(fake, order)),
        )
    found = found.detach()
    if not _same(found, again, found):
        return  # it draws random numbers, or keeps count
    if _same(other, found[order], found):
        return
    if _same(other, found, found):
        raise Mistake(
            f"{what} stays as it is when two written sentences change places; give each of `fake` its own, in their "
            f"order, {SEE}"
        )
    if not _same(both, found[order], found):  # of pairs of a real and a written one, say
        raise Mistake(f"{what} gives sentences each other's rewards; keep the order of `fake`, {SEE}")


def _rows(verdict: Verdict, rows: Tensor) -> Verdict:
    held = {one.name: getattr(verdict, one.name) for one in fields(verdict)}
    return replace(verdict, **{name: value[rows] for name, value in held.items() if value is not None})


def _same(one: Tensor, other: Tensor, of: Tensor) -> bool:
    return bool(((one - other).abs() <= CLOSE * (of.max() - of.min()) + 1e-6 * of.abs().max()).all())
