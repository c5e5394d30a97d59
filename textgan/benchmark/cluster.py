"""Runs the jobs of a benchmark on a cluster: submitit submits each to SLURM, or to local processes if there is none.

Jobs do the same work and write the same files as in `crew`. The nodes must share the file system and have the package.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textgan.benchmark.crew import Done, Job, Queue, Stopped, interruptible
from textgan.errors import Mistake

ASK_SECONDS = 2.0
"""Seconds between checks for finished jobs; submitit itself queries SLURM less often."""


@dataclass
class Task:
    """One job as sent to its node: its message, and the code that does it."""

    message: str

    def __call__(self) -> str | None:
        """The reason it failed, on one line; None if it succeeded."""
        from textgan.benchmark.worker import do

        return do(json.loads(self.message))

    def checkpoint(self) -> Any:
        """Called by submitit on timeout or preemption: requeues the job, whose run then resumes from its last
        checkpoint."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Cluster:
    """size: number of jobs submitted at a time. threads: of each job. options: for submitit's executor, such as
    slurm_partition or timeout_min. cluster: `slurm` or `local`; None lets submitit detect it.

    Raises Mistake if submitit is not installed, or does not know an option.
    """

    def __init__(
        self,
        size: int,
        threads: int,
        logs: Path,
        options: Mapping[str, Any] | None = None,
        cluster: str | None = None,
    ) -> None:
        self.size = size
        try:
            import submitit
        except ImportError as error:
            raise Mistake(
                "--launcher: submitit is not installed; pip install 'textgan[cluster]' (or: pip install submitit)"
            ) from error
        try:
            self.executor = submitit.AutoExecutor(folder=logs / "submitit", cluster=cluster)
            self.executor.update_parameters(
                **{"name": "textgan", "cpus_per_task": threads, **(options or {})}
            )
        except (NameError, ValueError, TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise Mistake(
                f"--launcher-option: {reason}; see submitit's AutoExecutor.update_parameters"
            ) from error

    def do(self, jobs: Sequence[Job], begun: Callable[[Job], None] = lambda _: None) -> Iterator[Done]:
        """Yields each job as it ends, like `Crew.do`. After Ctrl-C the jobs are asked to save and stop."""
        queue = Queue(jobs)
        running: list[tuple[Job, Any, float]] = []
        try:
            with interruptible():
                while queue.waiting or running:
                    yield from queue.without_hope()
                    for job in queue.take(self.size - len(running)):
                        running.append((job, self.executor.submit(Task(job.message)), time.monotonic()))
                        begun(job)
                    ended = [one for one in running if one[1].done()]
                    for one in ended:
                        running.remove(one)
                        job, submitted, since = one
                        yield queue.ended(Done(job, _outcome(submitted), time.monotonic() - since))
                    if running and not ended:
                        time.sleep(ASK_SECONDS)
        except KeyboardInterrupt:
            for _, submitted, _ in running:
                submitted.cancel(check=False)
            raise Stopped from None


def _outcome(submitted: Any) -> str | None:
    """The reason it failed, on one line; None if it succeeded."""
    trouble = submitted.exception()
    if trouble is None:
        found: str | None = submitted.result()
        return found
    last = [line.strip() for line in str(trouble).splitlines() if line.strip()][-1:]
    return f"its job ended ({submitted.state.lower()}): {' '.join(last)[:200]}"
