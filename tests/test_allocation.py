"""What is freed is used again: the page faults of a loop of allocations end."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOOP = """
import resource, sys, torch
from textgan.allocation import keep_freed_memory
if sys.argv[1] == "keep" and not keep_freed_memory():
    print("unsupported")
    raise SystemExit
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        one = torch.ones(2_500_000)
        two = one.exp2()
        del one, two
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def test_freed_memory_is_used_again() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LOOP, "keep"], capture_output=True, text=True, check=True
    ).stdout
    if told.strip() == "unsupported":
        pytest.skip("not glibc")
    assert int(told) < 100  # of 2 * 50 * 2,441 pages
