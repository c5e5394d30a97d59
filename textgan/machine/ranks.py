"""The processes that train one run together, each on its share of every batch: what they must tell each other.

Alone (`Ranks()`) every method gives back what it was given, and `torch.distributed` is not imported.

The rule by which all losses are written: **the mean over the ranks of their gradients is the joint batch's gradient.**
A plain mean over as many sentences on every rank obeys it. Two tools serve what is no such mean: `mean_count`, in place
of a count of tokens, and `join`, by which every rank computes a loss of the joint batch, with a gradient through its
own rows. There is no DistributedDataParallel: its hooks do not see a generator that is driven through `step` and
`write`. The gradients are averaged once, in one buffer, after `backward` and before clipping.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from textgan.errors import Mistake, SaidElsewhere, out_of_memory

HOUR = 3600
"""Seconds that a rank waits for the others, which rank 0's scoring must not exceed; or TEXTGAN_RANK_TIMEOUT."""
_APART = 1_000_003  # between the ranks' seeds: a prime, so that the seeds of runs side by side do not meet
_found = TypeVar("_found")


@dataclass(frozen=True)
class Ranks:
    """This process, number `rank` of `count`. device: where what is sent has to be.

    told: bytes that this rank put into collectives, by what for, and the number of calls as `... calls`.
    """

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")
    told: Counter[str] = field(default_factory=Counter, compare=False)

    @classmethod
    def launched(cls, device: str = "auto") -> Ranks:
        """As torchrun, accelerate or a scheduler started this process; alone where WORLD_SIZE is not above 1.

        Meets the other processes: gloo between CPUs, nccl between GPUs.
        """
        if int(os.environ.get("WORLD_SIZE") or 1) < 2:
            return cls()
        from accelerate import PartialState

        # In its absence accelerate counts cores itself, and says so once a process.
        os.environ.setdefault("OMP_NUM_THREADS", str(torch.get_num_threads()))
        seconds = float(os.environ.get("TEXTGAN_RANK_TIMEOUT") or HOUR)
        try:
            state = PartialState(cpu=on_cpu(device), timeout=timedelta(seconds=seconds))
        except (RuntimeError, ValueError) as error:
            raise Mistake(f"ranks: the processes do not find each other: {_one_line(error)}") from error
        return cls(state.process_index, state.num_processes, state.device)

    @property
    def alone(self) -> bool:
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes the run folder and speaks to the user."""
        return self.rank == 0

    @property
    def program(self) -> str:
        """What to call to go on with as many processes, in words where they are on several machines."""
        if self.alone:
            return "textgan"
        if neighbours() != self.count:
            return "(with the launcher of before) textgan"
        return f"torchrun --nproc-per-node {self.count} -m textgan"

    def seed(self, seed: int) -> int:
        """A seed of this rank's own; rank 0's is the run's."""
        return seed + _APART * self.rank

    def share(self, size: int, place: str = "batch") -> int:
        """This rank's part of `size` sentences; Mistake where they cannot be shared evenly."""
        if size % self.count or size < self.count:
            raise Mistake(
                f"{place}: {size} sentences cannot be shared evenly by {self.count} processes; "
                f"expected a multiple of {self.count}"
            )
        return size // self.count

    def span(self, total: int) -> tuple[int, int]:
        """(begin, end) of this rank's part of `total` things, as even as can be."""
        return self.rank * total // self.count, (self.rank + 1) * total // self.count

    def own(self, joint: Tensor) -> Tensor:
        """This rank's rows of what `join` put together."""
        return joint if self.alone else joint.unflatten(0, (self.count, -1))[self.rank]

    def join(self, rows: Tensor) -> Tensor:
        """All ranks' rows (B,...) in their order, (count * B,...); of one shape everywhere.

        The gradient of a loss that every rank computes alike from them passes to the own rows, times `count`.
        """
        if self.alone:
            return rows
        found: Tensor = _Join.apply(rows, self)
        return found

    def join_wide(self, rows: Tensor, fill: int = 0) -> Tensor:
        """`join` of (B,T,...) whose T may differ: `fill` follows the narrower ones."""
        if self.alone or rows.dim() < 2:
            return self.join(rows)
        missing = int(self.highest(rows.shape[1])) - rows.shape[1]
        sides = (0, 0) * (rows.dim() - 2) + (0, missing)
        return self.join(pad(rows, sides, value=fill) if missing else rows)

    def mean_count(self, count: Tensor) -> Tensor:
        """The mean over the ranks of a count (): what a sum over tokens is divided by, to be a mean over all ranks'."""
        if self.alone:
            return count
        total = count.detach().to(torch.float32 if self.device.type == "mps" else torch.float64).clone()
        self._reduce(total, "counts")
        return (total / self.count).to(torch.get_default_dtype())

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, float]:
        """The mean over the ranks of each number of a log; a GPU is waited for once, and not once a number."""
        if not values:
            return {}
        gpus = [value.device for value in values.values() if value.device.type != "cpu"]
        place = gpus[0] if gpus else self.device
        found = torch.stack([value.detach().to(place) for value in values.values()])
        if not self.alone:
            total = found.to(self.device, torch.float64)
            self._reduce(total, "log")
            found = total / self.count
        return dict(zip(values, map(float, found.tolist()), strict=True))

    def total(self, values: Tensor) -> Tensor:
        """The sum over the ranks, float64; exact where all but one of them have 0."""
        if self.alone:
            return values
        total = values.detach().to(self.device, torch.float64)
        self._reduce(total, "evaluation")
        return total

    def highest(self, value: float) -> float:
        """The highest over the ranks."""
        if self.alone:
            return value
        from torch import distributed

        found = torch.tensor(float(value), dtype=torch.float64, device=self.device)
        self._call("flags", found, lambda: distributed.all_reduce(found, distributed.ReduceOp.MAX))
        return float(found)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Each gradient becomes the ranks' mean, by one sum of one flat buffer.

        A parameter that has none on some ranks counts as 0 there; one that has none on any keeps none, since an
        optimiser steps by a gradient of 0 too.
        """
        if self.alone:
            return
        held = [parameter for parameter in parameters if parameter.requires_grad]
        if not held:
            return
        has = [torch.full((1,), float(one.grad is not None), device=one.device) for one in held]
        flat = [torch.zeros_like(one) if one.grad is None else one.grad for one in held]
        buffer = torch.cat([*(one.flatten() for one in flat), *(one.to(held[0].dtype) for one in has)])
        self._reduce(buffer, "gradients")
        *means, there = buffer.div_(self.count).split([*(one.numel() for one in held), len(held)])
        for parameter, mean, some in zip(held, means, there.tolist(), strict=True):
            if some:
                parameter.grad = mean.view_as(parameter).to(parameter.dtype)

    @torch.no_grad()
    def broadcast(self, *players: nn.Module) -> None:
        """Rank 0's weights and buffers for all."""
        if self.alone:
            return
        from torch import distributed

        for player in players:
            for tensor in (*player.parameters(), *player.buffers()):
                sent = tensor.detach().contiguous()
                self._call("weights", sent, partial(distributed.broadcast, sent, 0))
                tensor.copy_(sent)

    def gather(self, data: bytes) -> list[bytes]:
        """Every rank's bytes, in order, on every rank."""
        if self.alone:
            return [data]
        sizes = self.join(torch.tensor([len(data)], device=self.device)).tolist()
        sent = torch.zeros(max(1, *sizes), dtype=torch.uint8, device=self.device)
        sent[: len(data)] = torch.frombuffer(bytearray(data or b"\0"), dtype=torch.uint8)[: len(data)]
        rows = self.join(sent.unsqueeze(0)).cpu()
        return [bytes(row[:size].numpy()) for row, size in zip(rows, sizes, strict=True)]

    def from_first(self, data: bytes) -> bytes:
        """Rank 0's bytes."""
        return self.gather(data if self.first else b"")[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """What one rank cannot do ends all of them: a Mistake of one is raised by every one. Rank 0 says it."""
        if self.alone:
            yield
            return
        mistake: Mistake | None = None
        try:
            yield
        except Mistake as raised:
            mistake = raised
        messages = [one.decode() for one in self.gather(str(mistake or "").encode())]
        first = next((rank for rank, text in enumerate(messages) if text), None)
        if first is None:
            return
        if not self.first:
            raise SaidElsewhere(messages[first]) from mistake
        raise mistake or Mistake(
            "\n".join(f"process {first}: {line}" for line in messages[first].splitlines())
        )

    def _reduce(self, tensor: Tensor, what: str) -> None:
        from torch import distributed

        self._call(what, tensor, lambda: distributed.all_reduce(tensor))

    def _call(self, what: str, sent: Tensor, collective: Callable[[], _found]) -> _found:
        """Count it, and say in one line if the others are gone."""
        self.told[what] += sent.numel() * sent.element_size()
        self.told[f"{what} calls"] += 1
        try:
            return collective()
        except RuntimeError as error:
            if out_of_memory(error):
                raise
            raise Mistake(
                f"ranks: process {self.rank} of {self.count} waits for the others in vain; what they said last tells "
                f"why ({_one_line(error)}); continue with --resume"
            ) from error


ALONE = Ranks()


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, ranks: Ranks) -> Tensor:
        from torch import distributed

        ctx.ranks = ranks
        sent = rows.detach().contiguous()
        kind = sent.dtype
        if kind == torch.bool:
            sent = sent.to(torch.uint8)
        elif kind in (torch.bfloat16, torch.float16):
            sent = sent.float()  # gloo knows neither; nothing is lost
        found = sent.new_empty(ranks.count * len(sent), *sent.shape[1:])
        # The name that torch before 2.13 knows it by, and later ones warn of.
        gather: Any = getattr(distributed, "all_gather_single", None) or distributed.all_gather_into_tensor
        ranks._call("rows", sent, lambda: gather(found, sent))
        return found.to(kind)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.ranks.own(gradient) * ctx.ranks.count, None


def on_cpu(device: str) -> bool:
    """Whether a run with this setting is on the CPU, which accelerate has to be told if several processes are."""
    return device == "cpu" or (
        device == "auto"
        and int(os.environ.get("WORLD_SIZE") or 1) > 1
        and not torch.accelerator.is_available()
    )


def neighbours() -> int:
    """Processes of this run on this machine, which share its cores."""
    return max(1, int(os.environ.get("LOCAL_WORLD_SIZE") or 1))


def speaks() -> bool:
    """Whether this process is the one of its run that prints: known before it has met the others."""
    return int(os.environ.get("RANK") or 0) == 0


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
