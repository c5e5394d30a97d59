"""Replay of old fakes: the discriminator's batches contain earlier generated text too (Shrivastava et al. 2017)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from textgan.errors import Unfit
from textgan.types import Text


class Replay:
    """A buffer of the last `size` fakes, (N,T), from which a share of each batch of fakes is drawn.

    Departure: the newest fakes replace the oldest, not a random half, so that `size` says how far back it reaches. No
    old fakes are used until the buffer holds a batch. Sentences are kept as ids, or as vectors if the generator writes
    vectors; relaxed tokens take V numbers each and are not supported.
    """

    def __init__(self, share: float, size: int, length: int, device: torch.device) -> None:
        self.share = share
        self.size = size
        self.length = length
        self.device = device
        self.seen = 0
        self.kept: dict[str, Tensor] = {}

    def mix(self, fake: Text) -> Text:
        """The batch with its last rows replaced by old fakes; the whole batch then enters the buffer."""
        if fake.choices is not None:
            raise Unfit(
                "train.adversarial.replay: this strategy writes relaxed tokens, which need too much memory; set it to 0"
            )
        held = min(self.seen, self.size)
        count = int(self.share * len(fake))
        fresh = self._widened(fake)
        mixed = fresh
        if count and held >= len(fake):
            rows = torch.randint(held, (count,), device=self.device)
            mixed = {
                name: torch.cat([value[: len(fake) - count], self.kept[name][rows]])
                for name, value in fresh.items()
            }
        self._keep(fresh)
        text = replace(fake, **mixed)  # type: ignore[arg-type]  # (choices are never among them)
        if text.ids.device.type == "cpu":  # a GPU would have to be waited for
            text = text.narrowed(int(text.mask.sum(1).max()))
        return text

    def _widened(self, fake: Text) -> dict[str, Tensor]:
        """Its tensors, those over time as wide as the longest sentence may be."""
        missing = self.length - fake.ids.shape[1]
        found = {"ids": pad(fake.ids, (0, missing)), "mask": pad(fake.mask, (0, missing))}
        if fake.labels is not None:
            found["labels"] = fake.labels
        if fake.vectors is not None:
            found["vectors"] = pad(fake.vectors, (0, 0, 0, missing))
        return found

    def _keep(self, fresh: dict[str, Tensor]) -> None:
        count = len(fresh["ids"])
        places = (self.seen + torch.arange(count, device=self.device)) % self.size
        if count > self.size:  # only the last of them stay
            places, fresh = places[-self.size :], {k: v[-self.size :] for k, v in fresh.items()}
        for name, value in fresh.items():
            if name not in self.kept:
                self.kept[name] = value.new_zeros(self.size, *value.shape[1:])
            self.kept[name][places] = value.detach()
        self.seen += count

    def state_dict(self) -> dict[str, Any]:
        return {"seen": self.seen, "kept": {name: value.clone() for name, value in self.kept.items()}}

    def share_out(self, states: list[dict[str, Any]], rank: int, count: int) -> None:
        """Go on with this rank's part of what the ranks kept before: its own where they are as many, else every
        `count`-th sentence of all, the newest of them."""
        if len(states) == count > 1:
            self.load_state_dict(states[rank])
            return
        buffers = []
        for state in states:
            size = (
                min(state["seen"], *(len(value) for value in state["kept"].values())) if state["kept"] else 0
            )
            oldest = state["seen"] % size if size else 0
            order = (torch.arange(size) + oldest) % max(1, size)  # the oldest first
            buffers.append({name: value[order.to(value.device)] for name, value in state["kept"].items()})
        self.seen, self.kept = 0, {}
        held = [buffer for buffer in buffers if buffer]
        if held:
            rows = {name: torch.cat([buffer[name] for buffer in held]).to(self.device) for name in held[0]}
            self._keep({name: value[rank::count] for name, value in rows.items()})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What was kept by a buffer of another size, as of another number of ranks, is put into this one's order."""
        sizes = {len(value) for value in state["kept"].values()}
        if len(sizes) > 1 or bool(state["seen"]) != bool(sizes):
            raise ValueError("the old fakes are not as many as the buffer holds")
        if sizes - {self.size}:
            self.share_out([state], 0, 1)
            return
        self.seen = state["seen"]
        self.kept = {name: value.to(self.device) for name, value in state["kept"].items()}
