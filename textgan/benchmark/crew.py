"""A pool of worker processes. A worker that crashes fails only its own job."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

SAVING_SECONDS = 120.0
PROGRAM = (sys.executable, "-m", "textgan.benchmark.worker")


@dataclass(frozen=True)
class Job:
    """needs: key of a job that must succeed before this one. order: what is to be done, for JSON. log: its log file."""

    key: str
    label: str
    order: Mapping[str, Any]
    log: Path
    needs: str | None = None

    @property
    def message(self) -> str:
        """What `worker.do` is to do, as JSON."""
        return json.dumps({**self.order, "log": str(self.log)})


@dataclass(frozen=True)
class Done:
    """A finished job. failed: the reason, on one line; None if it succeeded. seconds: None if it was not started."""

    job: Job
    failed: str | None
    seconds: float | None


class Queue:
    """Jobs that have not begun. One whose `needs` is among them waits until that has ended."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.waiting = list(jobs)
        self._known = {job.key for job in jobs}
        self._failed: dict[str, bool] = {}  # by key, of those that have ended

    def ended(self, done: Done) -> Done:
        self._failed[done.job.key] = done.failed is not None
        return done

    def without_hope(self) -> Iterator[Done]:
        """Takes out the jobs that need one that failed."""
        for job in list(self.waiting):
            if job.needs is not None and self._failed.get(job.needs):
                self.waiting.remove(job)
                yield self.ended(Done(job, f"the run it depends on failed ({job.needs})", None))

    def take(self, most: int) -> list[Job]:
        """Takes out at most so many of the jobs that can begin, in their order."""
        free = [
            job
            for job in self.waiting
            if job.needs not in self._known or self._failed.get(job.needs) is False
        ][:most]
        for job in free:
            self.waiting.remove(job)
        return free


class Stopped(Exception):
    """Raised after Ctrl-C or SIGTERM, once the workers have saved their work and exited."""


class _Worker:
    def __init__(self, program: Sequence[str], threads: int, errors: Path, keep: Sequence[int]) -> None:
        # Otherwise numpy and torch would use as many threads as there are cores, in every worker.
        limits = {
            name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        }
        environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ, **limits}
        with errors.open("ab") as file:
            self.process = subprocess.Popen(
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file,
                env=environment, pass_fds=keep, start_new_session=True,
            )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.job: Job | None = None
        self.began = 0.0

    def begin(self, job: Job) -> None:
        self.job, self.began = job, time.monotonic()
        try:
            self.stdin.write(job.message.encode() + b"\n")
            self.stdin.flush()
        except BrokenPipeError:  # it died after its last job; `end` reports it
            pass

    def end(self) -> Done:
        """The result of its job; call when an answer, or the end of the process, can be read."""
        assert self.job is not None
        line = self.stdout.readline()
        failed: str | None
        if line.endswith(b"\n"):
            failed = json.loads(line)["failed"]
        else:
            code = self.process.wait()
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            failed = f"its process ended: {how}{_last_words(self.job.log)}"
        done = Done(self.job, failed, time.monotonic() - self.began)
        self.job = None
        return done

    @property
    def alive(self) -> bool:
        return self.process.poll() is None


class Crew:
    """size: number of workers. threads: of each. keep: file descriptors that they inherit, such as that of a lock.

    program: command line of a worker, which follows the protocol of worker.py.
    """

    def __init__(
        self,
        size: int,
        threads: int,
        logs: Path,
        keep: Sequence[int] = (),
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self.size, self.threads, self.logs, self.keep, self.program = size, threads, logs, keep, program
        self.workers: list[_Worker] = []

    def do(self, jobs: Sequence[Job], begun: Callable[[Job], None] = lambda _: None) -> Iterator[Done]:
        """Yields each job as it ends, failed or not; a job whose `needs` failed is not started. Raises Stopped."""
        queue = Queue(jobs)
        try:
            with interruptible(), selectors.DefaultSelector() as answers:
                while queue.waiting or any(worker.job for worker in self.workers):
                    yield from queue.without_hope()
                    for job in queue.take(self.size - sum(worker.job is not None for worker in self.workers)):
                        worker = self._idle()
                        answers.register(worker.stdout, selectors.EVENT_READ, worker)
                        worker.begin(job)
                        begun(job)
                    for key, _ in answers.select() if answers.get_map() else ():
                        answers.unregister(key.fileobj)
                        yield queue.ended(key.data.end())
        except KeyboardInterrupt:
            self._stop()
            raise Stopped from None
        finally:
            self._close()

    def _idle(self) -> _Worker:
        self.workers = [worker for worker in self.workers if worker.job is not None or worker.alive]
        idle = next((worker for worker in self.workers if worker.job is None), None)
        if idle is None:
            idle = _Worker(self.program, self.threads, self.logs / "workers.txt", self.keep)
            self.workers.append(idle)
        return idle

    def _stop(self) -> None:
        """Ask the workers to save and exit; kill them after a second Ctrl-C, or if they take too long."""
        for worker in self.workers:
            if worker.alive:
                worker.process.send_signal(signal.SIGINT)
        try:
            until = time.monotonic() + SAVING_SECONDS
            for worker in self.workers:
                worker.process.wait(max(0.0, until - time.monotonic()))
        except (KeyboardInterrupt, subprocess.TimeoutExpired):
            for worker in self.workers:
                worker.process.kill()

    def _close(self) -> None:
        """End the workers: each exits when its standard input is closed."""
        for worker in self.workers:
            if worker.job is not None and worker.alive:  # only if the loop itself failed
                worker.process.send_signal(signal.SIGINT)
            worker.stdin.close()
            worker.process.wait()
            worker.stdout.close()
        self.workers = []


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    nonempty = [line.strip() for line in lines if line.strip()]
    ours = [line for line in nonempty if line.startswith("textgan:")]
    return f"; last line of its log: {(ours or nonempty)[-1][:200]}" if nonempty else ""


@contextmanager
def interruptible() -> Iterator[None]:
    """Handle SIGTERM like Ctrl-C, and SIGINT too even if the shell started the process with it ignored."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
