"""Checks what the methods of an objective, a penalty or a strategy return against the interfaces in types.py."""

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
"""Tolerance between two computations of the same reward, as a share of the rewards' range."""


def form(found: object) -> str:
    """The type of a returned value, in words."""
    if not isinstance(found, Tensor):
        return "None" if found is None else f"a {type(found).__name__}"
    return f"a tensor of shape {tuple(found.shape)} and type {str(found.dtype).removeprefix('torch.')}"


def check_loss(what: str, found: object, verb: str = "gives") -> None:
    """Mistake unless it is a finite float scalar."""
    if not isinstance(found, Tensor) or found.shape or not found.is_floating_point():
        remedy = " (take .mean())" if isinstance(found, Tensor) and found.shape else ""
        raise Mistake(
            f"{what} {verb} {form(found)}; expected one number for the batch, a float tensor of shape (){remedy}, {SEE}"
        )
    if not found.isfinite():
        raise Mistake(f"{what} {verb} {found.item()}; expected a finite number, {SEE}")


def check_numbers(what: str, found: object, verb: str = "gives") -> None:
    """Mistake unless it is a dict of finite scalars by name, for the log."""
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
    """Mistake if the loss has no gradient. reached: what it should have a gradient to, in words."""
    if not loss.requires_grad:
        raise Mistake(
            f"{what} {verb} a number without a gradient to {reached}; compute it without detach, item or no_grad, {SEE}"
        )


def check_gradient(
    what: str, loss: Tensor, weights: list[nn.Parameter], player: str, verb: str = "gives"
) -> None:
    """Mistake if the loss reaches none of the player's weights, or its gradient there is not finite."""
    reached = f"the {player}'s weights"
    check_graph(what, loss, reached, verb)
    gradients = torch.autograd.grad(loss, weights, allow_unused=True) if weights else ()
    found = [one for one in gradients if one is not None]
    if not found:
        check_graph(what, loss.detach(), reached, verb)
    if not all(one.isfinite().all() for one in found):
        raise Mistake(f"{what} {verb} a number whose gradient to {reached} is not finite, {SEE}")


def check_reward(what: str, found: object, method: Callable[..., Any], real: Verdict, fake: Verdict) -> None:
    """Mistake unless it is one finite number per written sentence, in their order. method: called again to check."""
    size = len(fake.score)
    if not isinstance(found, Tensor) or found.shape != (size,) or not found.is_floating_point():
        raise Mistake(
            f"{what} gives {form(found)}; expected a float tensor of shape ({size},), one number per written "
            f"sentence, {SEE}"
        )
    if not found.isfinite().all():
        raise Mistake(f"{what} gives rewards that are not finite (NaN or infinity), {SEE}")
    if size < 2 or len(real.score) != size:
        return  # completions of prefixes; whole sentences have been checked before
    order = torch.tensor([1, 0, *range(2, size)], device=found.device)
    with torch.no_grad():
        again, other, both = (
            method(real, fake),
            method(real, _rows(fake, order)),
            method(_rows(real, order), _rows(fake, order)),
        )
    found = found.detach()
    if not _same(found, again, found):
        return  # not a function of its arguments: it draws random numbers, or keeps a running average
    if _same(other, found[order], found):
        return
    if _same(other, found, found):
        raise Mistake(
            f"{what} does not change when two written sentences are swapped; give each sentence of `fake` its own "
            f"reward, in their order, {SEE}"
        )
    if not _same(both, found[order], found):  # a reward of pairs of a real and a written sentence is allowed
        raise Mistake(f"{what} gives sentences each other's rewards; keep the order of `fake`, {SEE}")


def _rows(verdict: Verdict, rows: Tensor) -> Verdict:
    held = {one.name: getattr(verdict, one.name) for one in fields(verdict)}
    return replace(verdict, **{name: value[rows] for name, value in held.items() if value is not None})


def _same(one: Tensor, other: Tensor, of: Tensor) -> bool:
    return bool(((one - other).abs() <= CLOSE * (of.max() - of.min()) + 1e-6 * of.abs().max()).all())
