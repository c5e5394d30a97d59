"""A GPU that is not there: its tensors are held by the CPU, and are refused wherever a GPU would refuse them.

Inside `Pretended()` a tensor of the device `DEVICE` is a shell around one of the CPU's. Every operation is done by the
CPU on what the shells hold, after a look at where its tensors are: one of the GPU does not mix with one of the CPU's
(of more than no dimension), and `.numpy()` is refused. What would have the host wait for the GPU is counted by the line
of the toolkit that asked for it (`Pretended.waits`), and so is what is computed there in float64, which not every GPU
has (`Pretended.doubles`). In bfloat16, autocast works as it does there (`autocast.py`). Its memory, its order of work
and its own kernels are not pretended: of speed, and of rounding, nothing is learned here.

The device is for a whole process, and torch then takes it for the machine's accelerator: so it is for a process of its
own (`play.py`).
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import autocast
import torch
from cells import FUSED
from torch import Tensor
from torch.utils import backend_registration
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

import textgan

NAME = "pretended"
ROOT = Path(textgan.__file__).parent
WAITS = {
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "unique_dim",
    "_unique2",
    "unique_consecutive",
    "equal",
}
COPIES = {"copy_", "_to_copy"}
INSTEAD = {**FUSED, "_efficientzerotensor": torch.zeros}  # zeros without memory, which the CPU would read
INDEXES = {"index", "index_put", "index_put_", "_index_put_impl_"}


def leaves(value: Any) -> list[Any]:
    """What an operation is given or gives, without its lists and mappings: torch's own way takes longer than the CPU's
    work on models this small."""
    if isinstance(value, list | tuple):
        return [leaf for one in value for leaf in leaves(one)]
    return [leaf for one in value.values() for leaf in leaves(one)] if isinstance(value, dict) else [value]


def each_of(kind: type, change: Callable[[Any], Any], value: Any) -> Any:
    """The value with every leaf of this kind changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, list | tuple):
        return type(value)([each_of(kind, change, one) for one in value])
    if isinstance(value, dict):
        return {name: each_of(kind, change, one) for name, one in value.items()}
    return value


class Misplaced(RuntimeError):
    """What a GPU would have refused."""


class Luck(backend_registration._DummyBackendModule):  # type: ignore[name-defined]
    """The device's module of torch, `torch.pretended`. Its random numbers are the CPU's; the state is its own."""

    state = 0

    def get_rng_state(self, device: int = 0) -> Tensor:
        return torch.tensor([self.state], dtype=torch.uint8)

    def set_rng_state(self, state: Tensor, device: int = 0) -> None:
        self.state = int(state)

    def manual_seed_all(self, seed: int) -> None:
        self.state = seed % 256

    def _is_in_bad_fork(self) -> bool:
        return False

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


LUCK = Luck()
backend_registration._setup_privateuseone_for_python_backend(NAME, backend_module=LUCK)  # type: ignore[attr-defined]
DEVICE = torch.device(NAME, 0)


class There(Tensor):
    """A tensor of the GPU."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> There:
        made: There = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return Pretended.now.run(func, args, kwargs or {})

    def tolist(self) -> Any:
        Pretended.now.waits[place()] += 1
        return self.held.tolist()

    def numpy(self, **_: Any) -> Any:
        raise Misplaced(f"{place()}: numpy cannot read what is on the GPU")

    def __array__(self, *_: Any) -> Any:
        return self.numpy()


class Pretended(TorchDispatchMode):
    """The device is there while this lasts."""

    now: Pretended

    def __init__(self) -> None:
        super().__init__()
        self.waits: Counter[str] = Counter()
        self.doubles: Counter[str] = Counter()
        Pretended.now = self

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.run(func, args, kwargs or {})

    def run(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        name = func._schema.name.partition("::")[2]
        tensors = [one for one in leaves((args, kwargs)) if isinstance(one, Tensor)]
        there = [one for one in tensors if isinstance(one, There)]
        asked = kwargs.get("device")
        goes = bool(there) if asked is None else torch.device(asked).type == NAME
        if name == "copy_":
            goes = isinstance(args[0], There)
        if not there and not goes:
            return func(*args, **kwargs)
        if there:
            self._look(func, name, args, tensors)
            if name in WAITS or name in COPIES and not goes or self._by_mask(name, args):
                self.waits[place()] += 1
            if name in COPIES and not goes and kwargs.get("dtype") == torch.float64:
                self.doubles[place()] += 1  # changed there, and then sent
            goes = goes and name != "_local_scalar_dense"
        if goes and asked is not None:
            kwargs = {**kwargs, "device": torch.device("cpu")}
        call: Callable[..., Any] = INSTEAD.get(name, func)
        held_args, held_kwargs = each_of(There, lambda one: one.held, (args, kwargs))
        found = call(*held_args, **held_kwargs)
        if goes and any(one.dtype == torch.float64 for one in leaves(found) if isinstance(one, Tensor)):
            self.doubles[place()] += 1
        if there and torch.Tag.inplace_view in func.tags:
            with no_dispatch():  # the shell takes the new shape too
                func(*args, **kwargs)
        if not goes:
            return found
        shells = {id(one.held): one for one in there}  # what was changed in place stays in its shell
        return each_of(Tensor, lambda one: shells[id(one)] if id(one) in shells else There(one), found)

    def _look(self, func: Any, name: str, args: Any, tensors: list[Tensor]) -> None:
        """Misplaced, if a GPU would refuse these tensors together."""
        here = [one for one in tensors if not isinstance(one, There)]
        first = [one for one in leaves(args[:1]) if isinstance(one, Tensor)]
        written = func._schema.arguments[0].is_write and not all(isinstance(one, There) for one in first)
        if name in COPIES:
            return
        refused = written or any(one.dim() for one in here)
        if name in INDEXES:  # an index of the CPU's is fetched by the GPU
            refused = not isinstance(args[0], There)
        if refused:
            shapes = ", ".join(
                f"{tuple(one.shape)} on the {'GPU' if isinstance(one, There) else 'CPU'}" for one in tensors
            )
            raise Misplaced(f"{place()}: {name} of {shapes}")

    @staticmethod
    def _by_mask(name: str, args: Any) -> bool:
        """To index by a mask is to wait for how many places it has."""
        return name in INDEXES and any(isinstance(one, Tensor) and one.dtype == torch.bool for one in args[1])


def place() -> str:
    """`strategies/rollouts.py:roll_out`: the function of the toolkit that is at work."""
    frame = inspect.currentframe()
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            return f"{path.relative_to(ROOT)}:{frame.f_code.co_name}"
        frame = frame.f_back
    return "nowhere in the toolkit"


# torch.tensor(..., device=...), and the threads of autograd, go past the mode.
_LIBRARY = torch.library.Library("aten", "IMPL")


def _empty_strided(size: Any, stride: Any, dtype: Any = None, **_: Any) -> There:
    return There(torch.empty_strided(size, stride, dtype=dtype))


def _empty(size: Any, dtype: Any = None, **_: Any) -> There:
    return There(torch.empty(size, dtype=dtype))


def _copy_from(source: Tensor, into: Tensor, non_blocking: bool = False) -> Tensor:
    held = [one.held if isinstance(one, There) else one for one in (source, into)]
    held[1].copy_(held[0])
    return into


_LIBRARY.impl("empty_strided", _empty_strided, "PrivateUse1")
_LIBRARY.impl("empty.memory_format", _empty, "PrivateUse1")
_LIBRARY.impl("_copy_from", _copy_from, "PrivateUse1")
_AUTOCAST = autocast.install()
