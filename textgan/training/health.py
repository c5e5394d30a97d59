"""Detects a run that goes wrong: NaN, a collapsing generator, a discriminator that always wins."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from textgan.errors import Mistake

WINDOW = 10


class Diverged(Mistake):
    """A loss, gradient or weight became NaN or infinite, so training cannot continue."""


class Health:
    """Watches the logged numbers of a phase; each kind of problem is reported once per phase."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}
        self._recent: dict[str, deque[float]] = {}
        self._said: set[str] = set()

    def check(
        self,
        phase: str,
        step: int,
        values: Mapping[str, float],
        kept: Callable[[], str] = lambda: "the last checkpoint is from before",
    ) -> list[str]:
        """New warnings from this step's values. Raises Diverged on NaN or infinity.

        kept: says in words which checkpoint can be resumed from.
        """
        for name, value in values.items():
            if not math.isfinite(value):
                raise Diverged(
                    f"train.{phase}: at step {step} {name} became {value}; {kept()}; "
                    f"resume with --resume, or start again with a lower {_rate(phase, name)} or a smaller clip"
                )
            self._recent.setdefault(name, deque(maxlen=WINDOW)).append(value)
        found = [self._collapse(name) for name in ("distinct", "entropy")] + [self._outright_win()]
        return [text for text in found if text]

    def state_dict(self) -> dict[str, Any]:
        """Plain values, so that a resumed run warns exactly as the uninterrupted one would have."""
        recent = {name: list(values) for name, values in self._recent.items()}
        return {"first": dict(self._first), "recent": recent, "said": sorted(self._said)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._first = {name: float(value) for name, value in state["first"].items()}
        self._recent = {
            name: deque(map(float, values), maxlen=WINDOW) for name, values in state["recent"].items()
        }
        self._said = set(state["said"])

    def _mean(self, name: str) -> float | None:
        """The mean of the last WINDOW values, None until there are that many. The first such mean is remembered."""
        recent = self._recent.get(name, deque())
        if len(recent) < WINDOW:
            return None
        mean = sum(recent) / WINDOW
        self._first.setdefault(name, mean)
        return mean

    def _collapse(self, name: str) -> str:
        mean = self._mean(name)
        if mean is None or name in self._said or mean > self._first[name] / 2:
            return ""
        self._said.add(name)
        first = self._first[name]
        if name == "distinct":
            return f"the generator is collapsing: {mean:.0%} of a batch's sentences differ; at first {first:.0%} did"
        return f"the generator is collapsing: its entropy is {mean:.2f} nats per token; at first it was {first:.2f}"

    def _outright_win(self) -> str:
        mean = self._mean("d-accuracy-train")
        # A Wasserstein critic estimates a distance: high accuracy is expected there.
        if mean is None or mean < 0.99 or "judge" in self._said or "wasserstein" in self._recent:
            return ""
        self._said.add("judge")
        return (
            f"the discriminator tells real from generated text {mean:.0%} of the time, and the generator learns little "
            "from a discriminator that is always certain (fewer d_steps or a smaller discriminator may help)"
        )


def _rate(phase: str, name: str) -> str:
    """The recipe key of the learning rate that affects a logged number."""
    if phase != "adversarial":
        return f"train.{phase}.optimizer.lr"
    return f"train.adversarial.{'discriminator' if name.startswith('d-') else 'generator'}.lr"
