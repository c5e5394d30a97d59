"""What is freed is used again: the page faults of a loop of allocations end; quotas are kept to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from textgan.machine.process import _SPINS, cores, free_memory, intel

LOOP = """
import resource, sys, torch
from textgan.machine.process import keep_freed_memory
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


HELD = """
import sys, torch
from pathlib import Path
from textgan.machine.process import give_back_freed_memory, keep_freed_memory
if not keep_freed_memory():
    print("unsupported")
    raise SystemExit
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
blocks = [torch.ones(2_500_000) for _ in range(20)]  # 10 MB each
last = blocks[-1]  # above the others in the heap, so that only a trim gives back what is below it
del blocks
before = resident()
assert give_back_freed_memory()
print(before - resident())
"""


def test_freed_memory_is_given_back_when_asked() -> None:
    told = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True).stdout
    if told.strip() == "unsupported":
        pytest.skip("not glibc")
    assert int(told) > 150_000_000  # of 190 MB


@pytest.mark.parametrize(
    ("told", "wanted"), [("max 100000", None), ("100000 100000", 1), ("10000 100000", 1), ("strange", None)]
)
def test_no_more_cores_than_the_quota(tmp_path: Path, told: str, wanted: int | None) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(told)
    everything = cores(tmp_path / "absent")
    assert cores(quota) == (wanted or everything)
    assert 1 <= everything <= (os.cpu_count() or 1)


def test_free_memory_is_the_least_of_what_the_system_and_the_container_leave(tmp_path: Path) -> None:
    system = tmp_path / "meminfo"
    assert free_memory(system, tmp_path) is None
    system.write_text("MemTotal:       4000 kB\nMemAvailable:   1000 kB\n")
    assert free_memory(system, tmp_path) == 1000 * 1024
    (tmp_path / "memory.max").write_text("900000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert free_memory(system, tmp_path) == 500_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(system, tmp_path) == 1000 * 1024


PROGRAM = """
from textgan import cli
try:
    cli.main(["--version"])
except SystemExit:
    import torch
"""


@pytest.mark.parametrize(
    ("own", "spins"), [({}, True), ({"GOMP_SPINCOUNT": "77"}, False), ({"OMP_WAIT_POLICY": "active"}, False)]
)
def test_the_program_has_threads_wait_briefly_unless_its_user_says_otherwise(
    own: dict[str, str], spins: bool
) -> None:
    """As torch's own OpenMP tells what it goes by, once it is loaded."""
    left_out = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}
    environment = {key: value for key, value in os.environ.items() if key not in left_out} | own
    environment["OMP_DISPLAY_ENV"] = "VERBOSE"
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
    ).stderr
    if "GOMP_SPINCOUNT" not in told:
        pytest.skip("this torch has another OpenMP")
    (count,) = re.findall(r"GOMP_SPINCOUNT = '(\d+)'", told)
    assert (count == str(_SPINS)) == spins
    assert own.get("GOMP_SPINCOUNT", count) == count


def test_an_intel_processor_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, other = tmp_path / "cpuinfo", tmp_path / "other"
    file.write_text("processor\t: 0\nvendor_id\t: GenuineIntel\n")
    other.write_text("processor\t: 0\nvendor_id\t: AuthenticAMD\n")
    assert intel(file) and not intel(other)
    monkeypatch.setattr("platform.processor", lambda: "Intel64 Family 6 Model 140, GenuineIntel")
    assert intel(tmp_path / "none")
