"""Tell whether an exception comes from the toolkit (a bug) or from a user's own file."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import FrameType

from textgan.errors import on_one_line
from textgan.parts.binding import OWN


def own_trouble(error: BaseException) -> str | None:
    """A one-line message for an error in a user's own part; None if the error is the toolkit's.

    The error is the part's if the innermost frame outside other libraries is in its file, or if the part does not
    implement a required method.
    """
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(OWN):
            file = frame.f_code.co_filename
            return f"{Path(file).name}: {_called(frame)}: {on_one_line(error, file)}"
        if module.partition(".")[0] == "textgan":
            return _left_out(error, frame)
    return None


def _left_out(error: BaseException, frame: FrameType) -> str | None:
    """The message for a required method that a user's part does not implement, else None."""
    part = type(frame.f_locals.get("self"))
    if not isinstance(error, NotImplementedError) or str(error) or not part.__module__.startswith(OWN):
        return None
    return f"{part.__name__} has no method {frame.f_code.co_name!r}; write it as docs/extending.md shows"


def _called(frame: FrameType) -> str:
    """`Bigram.step`, or the function's name."""
    owner, name = frame.f_locals.get("self"), frame.f_code.co_name
    return name if owner is None else f"{type(owner).__name__}.{name}"
