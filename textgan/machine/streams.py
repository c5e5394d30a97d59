"""The streams of random numbers that a run draws from: seeded, kept, and put back.

They are torch's of the CPU, torch's of the GPU (the one that this process is on: to ask the others is to start them),
and numpy's and Python's for parts of the user's own.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


def seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def random_state() -> dict[str, Any]:
    """Of every stream, as tensors and plain values."""
    kind, words, *rest = np.random.get_state()
    numpy = [str(kind), np.asarray(words).tolist(), *rest]
    return {"cpu": torch.get_rng_state(), "gpu": _of_gpu(), "numpy": numpy, "python": random.getstate()}


def set_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    _set_gpu(state.get("gpu"))
    kind, words, *rest = state["numpy"]
    np.random.set_state((kind, np.array(words, np.uint32), *rest))
    version, inner, gauss = state["python"]
    random.setstate((version, tuple(inner), gauss))


@contextmanager
def kept() -> Iterator[None]:
    """Every stream afterwards as it was before, whatever is drawn or seeded inside."""
    state = random_state()
    try:
        yield
    finally:
        set_random_state(state)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's random numbers from `seed` inside, the outer streams as they were: a look changes no training."""
    cpu, gpu = torch.get_rng_state(), _of_gpu()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(cpu)
        _set_gpu(gpu)


@contextmanager
def untouched() -> Iterator[None]:
    """As `kept`, and torch's threads of the CPU too: both are the caller's."""
    threads = torch.get_num_threads()
    with kept():
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _gpu() -> Any:
    """torch's module of the GPU in use, `torch.cuda` or another; None where there is none or it was not used yet."""
    if not torch.accelerator.is_available():
        return None
    module = torch.get_device_module()
    started = getattr(module, "is_initialized", None)  # torch.mps has none, and is always
    return module if started is None or started() else None


def _of_gpu() -> Tensor | None:
    module = _gpu()
    return None if module is None else module.get_rng_state()


def _set_gpu(state: Tensor | None) -> None:
    module = _gpu()
    if state is not None and module is not None:
        module.set_rng_state(state)
