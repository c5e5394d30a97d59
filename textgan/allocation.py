"""Freed memory stays with the process, so that big tensors are not paid for again at every step."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_MEGABYTE = 1024 * 1024


def keep_freed_memory() -> bool:
    """Ask glibc to hand out tensors up to 32 MB from its heap, and to give none of that heap back; True if it does.

    By default it asks the system for every block of some size anew, and each of its pages costs a fault: more than
    to compute what is written there. A step that repeats itself needs no more memory for it. Elsewhere than on
    Linux with glibc, nothing is changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is None:
        return False
    # 32 MB is the highest that glibc takes; the trim threshold is set too, as setting either stops its own tuning.
    return bool(tune(_MMAP_THRESHOLD, 32 * _MEGABYTE)) and bool(tune(_TRIM_THRESHOLD, 1024 * _MEGABYTE))
