"""Whether the files of custom metrics have changed since a run's scores were computed.

`evaluation.json` keeps a digest of each file, and no path. Modules that such a file imports are not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from textgan.parts.binding import is_own_file, own_file

KEY = "metric_code"
"""The key of `evaluation.json` that holds the digests."""


def digests(names: Iterable[Any], beside: Path) -> list[str]:
    """SHA-256 of each custom metric file among these metric names. beside: as for `textgan.metrics.evaluate`."""
    return sorted({_digest(file) for file in _files(names, beside)})


def changed(names: Iterable[Any], beside: Path, known: Any) -> list[str]:
    """The names of the custom metric files whose content is not among the digests `known`.

    Files that no longer exist are left out, as they cannot be run. If `known` is not a list, since the run
    was never scored, the result is empty.
    """
    if not isinstance(known, list):
        return []
    return [file.name for file in _files(names, beside) if _digest(file) not in known]


def _files(names: Iterable[Any], beside: Path) -> list[Path]:
    """Those that exist: the metrics of a run that has just ended are in memory, and their file may be gone."""
    files = {own_file(name, (beside,))[0] for name in names if is_own_file(name)}
    return sorted(file for file in files if file.is_file())


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
