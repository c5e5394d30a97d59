"""Jobs on a few processes: order, what breaks with what, and a clean stop. The workers here are a few lines."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from textgan.benchmark.crew import Crew, Done, Job, Stopped

WORKER = """
import json, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    for line in sys.stdin:
        job = json.loads(line)
        if job["do"] == "die":
            open(job["log"], "w").write("textgan: out of memory\\nmore\\n")
            os.kill(os.getpid(), 9)
        if job["do"] == "wait":
            open(job["log"], "w").write("begun")
            os.kill(job["pid"], signal.SIGINT)
            time.sleep(60)
        print(json.dumps({"failed": "no good" if job["do"] == "fail" else None}), flush=True)
except KeyboardInterrupt:
    open(job["log"], "w").write("saved")
"""


def job(key: str, do: str, folder: Path, needs: str | None = None) -> Job:
    return Job(key, key, {"do": do, "pid": os.getpid()}, folder / f"{key}.txt", needs)


def crew(size: int, folder: Path) -> Crew:
    return Crew(size, 1, folder, program=(sys.executable, "-c", WORKER))


def test_what_is_needed_comes_first_and_what_breaks_takes_only_its_own_with_it(tmp_path: Path) -> None:
    jobs = [
        job("on good", "work", tmp_path, "good"),
        job("on bad", "work", tmp_path, "bad"),
        job("on that", "work", tmp_path, "on bad"),
        job("bad", "fail", tmp_path),
        job("dead", "die", tmp_path),
        job("good", "work", tmp_path),
        job("on what is there", "work", tmp_path, "finished before"),
    ]
    begun: list[str] = []
    done: dict[str, Done] = {}
    for one in crew(2, tmp_path).do(jobs, lambda job: begun.append(job.key)):
        done[one.job.key] = one
        assert one.job.needs not in begun or one.job.needs in done
    assert set(done) == {one.key for one in jobs}
    assert {key for key in done if done[key].failed is None} == {"good", "on good", "on what is there"}
    assert done["bad"].failed == "no good"
    assert (
        done["dead"].failed
        == "its process ended: killed by signal 9; last line of its log: textgan: out of memory"
    )
    assert done["on bad"].failed == "the run it depends on failed (bad)" and "on bad" not in begun
    assert (
        done["on that"].failed == "the run it depends on failed (on bad)" and done["on that"].seconds is None
    )
    assert begun.index("good") < begun.index("on good")


def test_one_after_another_with_one_worker(tmp_path: Path) -> None:
    jobs = [job(f"{n}", "work", tmp_path) for n in range(5)]
    assert [one.job.key for one in crew(1, tmp_path).do(jobs)] == ["0", "1", "2", "3", "4"]


def test_ctrl_c_lets_the_workers_save_and_begins_nothing_more(tmp_path: Path) -> None:
    assert threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    begun: list[str] = []
    jobs = [job("first", "wait", tmp_path), job("second", "work", tmp_path, "first")]
    with pytest.raises(Stopped):
        for _ in crew(2, tmp_path).do(jobs, lambda job: begun.append(job.key)):
            raise AssertionError("nothing ends here")
    assert begun == ["first"] and (tmp_path / "first.txt").read_text() == "saved"
    assert signal.getsignal(signal.SIGINT) is before
