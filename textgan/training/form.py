"""Check that a saved state fits this run, since files in a run folder may have been damaged or changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from textgan.errors import Mistake, out_of_memory

_LARGEST = 2**63 - 1


def mismatch(given: Any, own: Any, place: str = "state") -> str:
    """Where and how `given` differs in form from `own`; empty if it does not.

    Mappings must have the keys of `own`, numbers must be numbers, tensors must have the same shape and dtype. Where
    `own` is empty or None, as at the beginning of a run, anything fits.
    """
    if own is None or (isinstance(own, (list, tuple, Mapping)) and not own and isinstance(given, type(own))):
        return ""
    if isinstance(own, Mapping):
        if not isinstance(given, Mapping):
            return f"{place} is not a mapping"
        if missing := [str(key) for key in own if key not in given]:
            return f"{place} has no {', '.join(missing)}"
        return next(filter(None, (mismatch(given[key], own[key], f"{place}.{key}") for key in own)), "")
    if isinstance(own, Tensor):
        same = isinstance(given, Tensor) and given.shape == own.shape and given.dtype == own.dtype
    elif isinstance(own, bool) or not isinstance(own, (int, float)):
        same = isinstance(given, type(own))
    elif isinstance(own, int):
        same = isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= _LARGEST
    else:
        same = isinstance(given, (int, float)) and not isinstance(given, bool)
    return "" if same else f"{place} has another type or shape than in this run"


@contextmanager
def taking_over(file: Path) -> Iterator[None]:
    """Turns errors while a state is restored from the file into a Mistake that names the file.

    `mismatch` checks plain values and tensors; what it cannot check (random states, optimiser states) is rejected by
    the libraries, each with its own type of error.
    """
    try:
        yield
    except Mistake:
        raise
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RuntimeError,
    ) as error:
        if out_of_memory(error):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise Mistake(
            f"{file}: does not fit this run ({reason}); restore the file, or start the run again"
        ) from error


def take_over(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """`load_state_dict` for an optimiser; ValueError for a state that would make a later step fail."""
    own = optimizer.state_dict()
    if len(state["param_groups"]) != len(own["param_groups"]):
        raise ValueError("the optimiser has other parameter groups")
    for given, mine in zip(state["param_groups"], own["param_groups"], strict=True):
        if given.keys() != mine.keys() or any(type(given[key]) is not type(mine[key]) for key in mine):
            raise ValueError("the optimiser has other settings")
    optimizer.load_state_dict(dict(state))
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    kept = [optimizer.state[weight] for weight in weights if weight in optimizer.state]
    if kept and len({frozenset(each) for each in kept}) != 1:
        raise ValueError("the optimiser lacks the state of some weights")
    for weight in weights:
        for value in optimizer.state.get(weight, {}).values():
            if isinstance(value, Tensor) and value.dim() and value.shape != weight.shape:
                raise ValueError("the optimiser's state is for weights of another shape")
            if not (value is None or isinstance(value, Tensor)):
                raise ValueError("the optimiser's state is not a tensor")
