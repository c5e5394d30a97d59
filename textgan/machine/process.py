"""The machine as a process should use it: memory that it has freed, and the cores that it may have."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from functools import cache
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_MEGABYTE = 1024 * 1024
_SPINS = 1_000  # what OpenMP itself takes where there are more threads than cores


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


def keep_prepared_products() -> None:
    """Let oneDNN keep the code that it makes for each shape of a product: batches shrink as sentences end, so that a
    run has more shapes than the 1,024 it keeps by default, and would make some anew in every step, in ever other
    places of the heap. Read when the first product is prepared; what the user has set stands."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192")


def wait_briefly() -> None:
    """Have threads that wait for each other sleep soon. To be called before torch is imported, by a program.

    The OpenMP of torch's Linux builds has them spin for some milliseconds at the end of every product, and where
    anything else wants the cores, that is its time: two threads are then slower than one (benchmarks/RESULTS.md,
    section 6). What the user has set stands.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(_SPINS))


def give_back_freed_memory() -> bool:
    """Ask glibc to give the system what is free in its heap; True if it does.

    Tensors of changing sizes leave holes that the next ones do not fit into, so that the heap of a long run would
    creep up. What the next step needs is asked for anew, once.
    """
    if not sys.platform.startswith("linux"):
        return False
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and bool(trim(0))


def free_memory(system: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes that this process could still have without the system swapping; None where that cannot be known.

    system, group: where Linux says what is available, and what a container's control group may have and has.
    """
    try:
        lines = dict(line.split(":", 1) for line in system.read_text(encoding="ascii").splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):  # not on Linux
        return None
    try:
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such control group, or `max`
        return free
    return max(0, min(free, limit - used))


def cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may use: no more than its affinity and its container's quota allow.

    torch looks at the affinity alone; in a container with a quota of 2 on a machine of 64 it would start 64 threads.
    quota: the file of the control group, `<microseconds> <period>` or `max <period>`.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        share, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):  # no such control group: nothing is limited
        return allowed
    return allowed if share == "max" else max(1, min(allowed, round(int(share) / int(period))))


@cache
def intel(system: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor is one of Intel's, for which the library behind torch's matrix products is made.

    system: where Linux names its maker; elsewhere, what Python knows of the processor.
    """
    try:
        return "GenuineIntel" in system.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not on Linux
        return "GenuineIntel" in platform.processor()
