"""Progress of a run: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.text import Text

from textgan.amounts import amount

_SHOWN = (
    "loss", "nll-validation", "g-loss", "reward", "d-loss", "value", "jsd", "wasserstein", "score-gap",
    "d-accuracy-train", "d-accuracy-heldout", "entropy", "distinct",
)  # fmt: skip
_SHORT = {
    "nll-validation": "val-nll", "d-accuracy-train": "D-acc", "d-accuracy-heldout": "D-held-out",
    "value": "V(D,G)", "jsd": "JSD",
}  # fmt: skip


class Display:
    """To standard error, so that standard output stays free for text. `every`: seconds between plain lines.

    quiet: says nothing, as one of several processes of a run.
    """

    def __init__(self, every: float = 5.0, quiet: bool = False) -> None:
        self.console = Console(file=sys.stderr, highlight=False, quiet=quiet)
        self.every = every
        self.live = self.console.is_terminal and not quiet
        self._bar: Progress | None = None
        self._screen: Live | None = None
        self._numbers: dict[str, float] = {}

    def say(self, text: str) -> None:
        self.console.print(escape(text), soft_wrap=True)

    def warn(self, text: str) -> None:
        self.console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)

    def sample(self, sentences: list[str]) -> None:
        for sentence in sentences:
            self.console.print(f"[dim]  » {escape(sentence)}[/dim]", soft_wrap=True)

    def begin(self, phase: str, step: int, total: int, at_most: bool) -> None:
        """at_most: the phase may stop early, and the time to its end is an upper bound."""
        self._phase, self._total, self._at_most = phase, total, at_most
        self._first_step, self._began, self._told = step, time.monotonic(), 0.0
        self._numbers = {}
        if self.live:
            self._bar = Progress(
                TextColumn("[bold]{task.description:13}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
            )
            self._task = self._bar.add_task(phase, total=total, completed=step, left="")
            self._screen = Live(self._bar, console=self.console, refresh_per_second=4)
            self._screen.start()
        else:
            self.say(f"{phase}: {amount(total - step, 'step')}{' at most' if at_most else ''}")

    def step(self, step: int, values: Mapping[str, float], total: int | None = None) -> None:
        """total: of a phase whose number of steps is an estimate, which moves."""
        self._total = self._total if total is None else total
        self._numbers.update(values)
        now = time.monotonic()
        if self._bar is not None and self._screen is not None:
            self._bar.update(self._task, completed=step, total=self._total, left=self._left(step, now))
            self._screen.update(Group(self._bar, Text(f"  {self._shown}", style="dim")))
        elif now - self._told >= self.every and step < self._total:  # of the last, `end` tells
            self._told = now
            self.say(f"{self._phase} {step:,}/{self._total:,}  {self._left(step, now)}  {self._shown}")

    def stop(self) -> None:
        """The live display goes; what it last showed stays."""
        if self._screen is not None:
            self._screen.stop()
            self._bar = self._screen = None

    def end(self, step: int, total: int, why: str) -> None:
        """The last line of a phase that came to its end. why: what the phase says of that; may be empty."""
        told = [why, "" if self.live else self._shown]  # the live display left its numbers there
        if any(told):
            self.say("  ".join([f"{self._phase} {step:,}/{total:,}", *filter(None, told)]))

    @property
    def _shown(self) -> str:
        """The latest numbers, in a row."""
        return "  ".join(
            f"{_SHORT.get(name, name)} {self._numbers[name]:.3f}" for name in _SHOWN if name in self._numbers
        )

    def _left(self, step: int, now: float) -> str:
        done = step - self._first_step
        if done < 2:
            return ""
        seconds = (now - self._began) / done * (self._total - step)
        return f"{'≤ ' if self._at_most else ''}{clock(seconds)} left"


class Waiting:
    """For work of unknown steps: silent for two seconds, then a line that stays in place on a terminal.

    Elsewhere a line every `every` seconds. Use it in a `with`; to standard error.
    """

    def __init__(self, every: float = 5.0, patience: float = 2.0) -> None:
        self.console = Console(file=sys.stderr, highlight=False)
        self.every, self._next = every, time.monotonic() + patience
        self._status: Status | None = None

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *error: object) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, what: str, share: float) -> None:
        """What is being done, and how much of it is done, in [0, 1]; 0: not known."""
        now = time.monotonic()
        if now < self._next:
            return
        stage = escape(f"{what} ({share:.0%})" if 0 < share < 1 else what)
        if self.console.is_terminal:
            self._next = now + 0.2
            if self._status is None:
                self._status = self.console.status(stage)
                self._status.start()
            self._status.update(stage)
        else:
            self._next = now + self.every
            self.console.print(stage, soft_wrap=True)


def clock(seconds: float) -> str:
    """`4 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
