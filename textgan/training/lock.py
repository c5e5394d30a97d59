"""Only one process at a time trains in a run folder. The system releases the lock when the process ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textgan.errors import Mistake

_HELD = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder/.lock`, which says whose it is; Mistake if another process holds it.

    By flock, and by msvcrt where there is none. A file system that has no locks (some network ones) is used without.
    """
    file = folder / ".lock"
    if file.is_symlink():  # the lock is written to, and the folder may come from a stranger
        raise Mistake(f"--resume: {file} is a link; a run writes into its own folder only")
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    try:
        try:
            _take(handle)
        except OSError as error:
            if error.errno in _HELD:
                raise Mistake(_refusal(folder)) from None
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0) if hasattr(os, "pwrite") else None
        yield
    finally:
        os.close(handle)


def _take(handle: int) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt

        getattr(msvcrt, "locking")(handle, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009 (not there on other systems)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _refusal(folder: Path) -> str:
    try:
        owner = int((folder / ".lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        owner = None
    who = f"another process ({owner})" if owner else "another process"
    return f"--out: {who} is training in {folder}; wait for it to end, or name another folder"
