"""A stop that was asked for comes, even where the first word of it is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress

import pytest

from textgan.training import stopping
from textgan.training.stopping import Stop, Stopped


def _work() -> None:
    """Far longer than it takes to be stopped."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        time.sleep(0.001)


@pytest.mark.parametrize(("inside", "saved"), [(Stop.in_step, False), (Stop.at_once, True)])
def test_a_stop_that_was_swallowed_is_raised_again(
    inside: Callable[[Stop], AbstractContextManager[None]], saved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "GRACE", 0.02)
    monkeypatch.setattr(stopping, "AGAIN", 0.02)
    stop = Stop()
    with stop.listening(), inside(stop):
        with suppress(Stopped):  # as where it is raised in a finaliser
            os.kill(os.getpid(), signal.SIGTERM)
            _work()
        with pytest.raises(Stopped) as raised:
            _work()
    assert raised.value.by == signal.SIGTERM and raised.value.saved is saved


def test_no_alarm_rings_after_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "AGAIN", 0.01)
    stop = Stop()
    with stop.listening(), pytest.raises(Stopped), stop.at_once():
        os.kill(os.getpid(), signal.SIGTERM)
        _work()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
