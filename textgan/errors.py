"""The exception for a user's mistake, and suggestions for misspelled names."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class Mistake(Exception):
    """A user's mistake, one line each: where, what, remedy. The command line prints it and exits with 2."""


class Unfit(Mistake, ValueError):
    """Parts that do not go together, or not with this text or batch; a ValueError too, for whoever joins them."""


class NoSuchFile(Mistake):
    """A file that a recipe or command names does not exist. place: the key or option that names it."""

    def __init__(self, place: str, file: Path, remedy: str) -> None:
        super().__init__(f"{place}: {file} does not exist{remedy}")
        self.place, self.file = place, file


class SaidElsewhere(Mistake):
    """A mistake reported by another process of the run; the command line prints nothing and exits with 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'rollouts'?`, or the known words where none is near; empty if there are none."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""


def on_one_line(error: BaseException, within: str | Path | None = None) -> str:
    """`ZeroDivisionError: division by zero (mine.py, line 12)`: the innermost line, or that of the file `within`."""
    if isinstance(error, SyntaxError):  # says itself where it is
        return f"{type(error).__name__}: {error}"
    what = " ".join("".join(traceback.format_exception_only(error)).split())
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if within is not None and frame.filename == str(within)]
    last = (inside or frames)[-1:]
    return what + "".join(f" ({Path(frame.filename).name}, line {frame.lineno})" for frame in last)


def out_of_memory(error: BaseException) -> bool:
    """Whether the error means out of memory, in any form used by Python, numpy or torch (CPU or GPU)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(sign in text for sign in _NO_MEMORY)


_NO_MEMORY = (
    "can't allocate memory",
    "out of memory",
    "bad_alloc",
    "Cannot allocate memory",
    "Storage size calculation overflowed",  # more than any machine could address
    "numel: integer multiplication overflow",
)


def shown(value: object) -> str:
    """A value in an error: on one line, and at most 60 characters of it."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
