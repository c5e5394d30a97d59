"""Stopping a run on Ctrl-C or a scheduler's SIGTERM: at which points, and after how long at most."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

GRACE = 6.0
"""Seconds that a step may still take after SIGTERM; schedulers kill some 10 to 30 s after it."""

AGAIN = 1.0
"""Seconds until the signal is raised again."""


class Stopped(BaseException):
    """The run was asked to stop. by: the signal's number. saved: False if a step was too long to be waited for.

    Like KeyboardInterrupt no Exception, so that nothing that is in the way takes it for a failure of its own.
    """

    def __init__(self, by: int, saved: bool = True) -> None:
        super().__init__(signal.Signals(by).name)
        self.by = by
        self.saved = saved


class Stop:
    """Listens for the signals. A step goes on to its end, for GRACE seconds after SIGTERM at most; a second Ctrl-C
    stops at once."""

    def __init__(self) -> None:
        self.by: int | None = None
        self.say: Callable[[str], None] = lambda _: None
        self._given_up = self._in_step = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {signal.SIGINT: self._asked, signal.SIGTERM: self._asked}
        if hasattr(signal, "SIGALRM"):
            handlers[signal.SIGALRM] = self._too_long
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Raises Stopped if a stop was asked for."""
        if self.by is not None:
            raise Stopped(self.by)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is done inside can be given up at any moment: Stopped is raised in the midst of it."""
        self._given_up = True
        try:
            self.check()
            yield
        finally:
            self._given_up = False

    @contextmanager
    def in_step(self) -> Iterator[None]:
        """What is done inside is given up only if it takes too long: Stopped, not saved."""
        self._in_step = True
        try:
            yield
        finally:
            self._in_step = False

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self.by is not None:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self.by = number
        if self._given_up:
            self._ring(AGAIN)
            raise Stopped(number)
        with suppress(RuntimeError):  # the signal may have come in the midst of writing to the same stream
            self.say("stopping after this step, to save ...")
        if number == signal.SIGTERM:
            self._ring(GRACE)

    @staticmethod
    def _ring(seconds: float) -> None:
        """An alarm, again and again: Stopped is lost where Python ignores what is raised, as in a finaliser."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)

    def _too_long(self, number: int, frame: FrameType | None) -> None:
        if self.by is not None and (self._in_step or self._given_up):
            raise Stopped(self.by, saved=not self._in_step)
