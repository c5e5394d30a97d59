"""A run folder: all results of a run, in files that people and other tools can read."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textgan.errors import Mistake

CLOSER = "closer.json"
"""The analysis by `textgan.training.closer`, for the report."""


class RunFolder:
    """Paths and rows of one run. Rows of `metrics.jsonl` are only ever appended, whole lines at a time.

    writes: False for a process that trains along with the one that writes; it then leaves everything as it is.
    """

    def __init__(self, path: Path, writes: bool = True) -> None:
        self.path = path
        self.writes = writes
        self.metrics = path / "metrics.jsonl"
        self.checkpoints = path / "checkpoints"
        self.samples = path / "samples"

    @contextmanager
    def creating(self) -> Iterator[Path]:
        """A folder to fill, which becomes the run folder when it is full: there is never half of one.

        Mistake if it cannot be made, or if another process was quicker.
        """
        fresh = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        try:
            (fresh / "samples").mkdir(parents=True)
            yield fresh
            if self.path.exists():
                raise FileExistsError(None, "another process has just made it")
            fresh.rename(self.path)
        except OSError as error:
            reason = error.strerror or error
            raise Mistake(f"--out: {self.path} cannot be made ({reason}); name another folder") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def check_links(self) -> None:
        """Mistake where something that a run writes to is a link, which may lead out of the folder."""
        for place in (self.metrics, self.checkpoints, self.samples, *self.checkpoints.glob("*")):
            if place.is_symlink():
                raise Mistake(f"--resume: {place} is a link; a run writes into its own folder only")

    def append(self, row: Mapping[str, Any]) -> None:
        """The row as one line; if there is no room for all of it (OSError), none of it."""
        if not self.writes:
            return
        line = (json.dumps(finite(row)) + "\n").encode()
        size = self.size
        with self.metrics.open("ab", buffering=0) as file:
            try:
                written = file.write(line)
                if written != len(line):
                    file.write(line[written:])  # says why there was no room
            except BaseException:
                with suppress(OSError):
                    file.truncate(size)
                raise

    @property
    def size(self) -> int:
        """Bytes of `metrics.jsonl`, which a checkpoint keeps so that a resumed run writes no step twice."""
        return self.metrics.stat().st_size if self.metrics.exists() else 0

    def flush(self) -> None:
        """The rows are on the disk, before a checkpoint says how many there are."""
        if self.writes and self.metrics.exists():
            flush(self.metrics)

    def cut(self, size: int) -> bool:
        """Forget the rows that were written after the checkpoint. False if there are fewer than it knows of."""
        if not self.writes:
            return True
        if self.size > size:
            os.truncate(self.metrics, size)
        return self.size == size

    def write_samples(self, name: str, sentences: list[str]) -> None:
        if self.writes:
            write_text(self.samples / f"{name}.txt", "".join(f"{sentence}\n" for sentence in sentences))


def write_text(path: Path, text: str) -> None:
    """All of it or nothing: written beside the target and then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.unlink(missing_ok=True)  # of a process that was killed, or a link that leads elsewhere
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
        flush(beside)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(finite(value), indent=2, ensure_ascii=False) + "\n")


def flush(file: Path) -> None:
    """Onto the disk, not only into the system's memory."""
    with file.open("r+b") as handle:
        os.fsync(handle.fileno())


def flush_folder(folder: Path) -> None:
    """The names in it; where a folder cannot be opened (Windows), the system is left to do it."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value
