"""Models and tokenizers that somebody else trained, as transformers loads them: by folder, or by name on the hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from textgan.errors import Mistake

Found = TypeVar("Found")


def fetch(
    name: str,
    read: Callable[[str, bool], Found],
    place: str,
    instead: str = "a folder that transformers can load, or a name on the hub (which needs a network)",
) -> Found:
    """What `read(where, here)` loads; `here`: nothing may be asked of the hub.

    place: where the name stands, for the Mistake that is raised where there is no such model; instead: what to give.
    """
    from huggingface_hub import model_info

    folder = Path(name).expanduser()
    where = str(folder) if folder.is_dir() else name
    try:
        try:
            return read(where, True)
        except Exception:  # neither a folder nor in the cache of what was downloaded
            if folder.is_dir():
                raise
            model_info(name, timeout=10)  # one question; without a network, loading asks for minutes
            return read(where, False)
    except Exception as error:  # transformers and the hub's client raise a dozen kinds; all mean the same
        told = (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(".")
        raise Mistake(f"{place}: no model at {name!r} ({told}); give {instead}") from error
