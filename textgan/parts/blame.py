"""Whose code an exception comes from: the toolkit's, which is a defect of ours, or a user's own file."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import FrameType

from textgan.errors import on_one_line
from textgan.parts.binding import OWN


def own_trouble(error: BaseException) -> str | None:
    """What to tell of an error that a user's own part made, on one line; None where it is of the toolkit.

    It is the part's where the innermost line that is no other library's stands in its file, or where the line says
    that a method has to be written which the part left out.
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
    """A method of an interface that a part of a user's own does not have."""
    part = type(frame.f_locals.get("self"))
    if not isinstance(error, NotImplementedError) or str(error) or not part.__module__.startswith(OWN):
        return None
    return f"{part.__name__} has no method {frame.f_code.co_name!r}; write it as docs/extending.md shows"


def _called(frame: FrameType) -> str:
    """`Bigram.step`, or the function's name."""
    owner, name = frame.f_locals.get("self"), frame.f_code.co_name
    return name if owner is None else f"{type(owner).__name__}.{name}"
