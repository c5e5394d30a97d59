"""What a person sees while a run goes on: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_SHOWN = (
    "loss", "nll-validation", "g-loss", "reward", "d-loss", "value", "jsd", "wasserstein", "score-gap",
    "d-accuracy-train", "d-accuracy-heldout", "entropy", "distinct",
)  # fmt: skip
_SHORT = {
    "nll-validation": "val-nll", "d-accuracy-train": "D-acc", "d-accuracy-heldout": "D-held-out",
    "value": "V(D,G)", "jsd": "JSD",
}  # fmt: skip


class Display:
    """To standard error, so that standard output stays free for text. `every`: seconds between plain lines."""

    def __init__(self, every: float = 5.0) -> None:
        self.console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self.every = every
        self.live = self.console.is_terminal
        self._progress: Progress | None = None
        self._numbers: dict[str, float] = {}

    def say(self, text: str) -> None:
        self.console.print(escape(text))

    def warn(self, text: str) -> None:
        self.console.print(f"[yellow]warning:[/yellow] {escape(text)}")

    def sample(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self.console.print(f"[dim]  » {escape(sentence)}[/dim]")

    def begin(self, phase: str, step: int, total: int, at_most: bool) -> None:
        """at_most: the phase may stop early, and the time to its end is an upper bound."""
        self._phase, self._total, self._at_most = phase, total, at_most
        self._first_step, self._began, self._told = step, time.monotonic(), 0.0
        self._numbers = {}
        if self.live:
            self._progress = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}  {task.fields[numbers]}"),
                console=self.console,
                transient=False,
            )
            self._task = self._progress.add_task(phase, total=total, completed=step, left="", numbers="")
            self._progress.start()
        else:
            self.say(f"{phase}: {total - step:,} steps{' at most' if at_most else ''}")

    def step(self, step: int, values: Mapping[str, float]) -> None:
        self._numbers.update(values)
        numbers = "  ".join(
            f"{_SHORT.get(name, name)} {self._numbers[name]:.3f}" for name in _SHOWN if name in self._numbers
        )
        now = time.monotonic()
        if self._progress is not None:
            self._progress.update(self._task, completed=step, left=self._left(step, now), numbers=numbers)
        elif now - self._told >= self.every or step == self._total:
            self._told = now
            self.say(f"{self._phase} {step:,}/{self._total:,}  {self._left(step, now)}  {numbers}")

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _left(self, step: int, now: float) -> str:
        done = step - self._first_step
        if done < 2:
            return ""
        seconds = (now - self._began) / done * (self._total - step)
        return f"{'≤ ' if self._at_most else ''}{clock(seconds)} left"


def clock(seconds: float) -> str:
    """`4 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
