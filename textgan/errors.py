"""The one exception that stands for a user's mistake, and the nearest right word for it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class Mistake(Exception):
    """A user's mistake, one line each: where, what, remedy. The command line prints it and exits with 2."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'rollouts'?`, or the known words where none is near; empty if there are none."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""
