"""Checks a part against its interface as soon as it is built."""

from __future__ import annotations

from typing import Any

from torch import nn

from textgan.data.tokenizers import Tokenizer
from textgan.errors import Mistake
from textgan.types import Discriminator, Generator, Strategy

CLASSES: dict[str, type] = {
    "generator": Generator,
    "discriminator": Discriminator,
    "strategy": Strategy,
    "tokenizer": Tokenizer,
}
HELD: dict[str, tuple[str, ...]] = {
    "corpus": ("name", "train", "validation", "test", "label_names", "source", "notes"),
    "objective": ("discriminator_loss", "generator_loss", "reward", "value"),
}
"""Kind of part without a base class -> the attributes it must have."""

SEE = "see docs/extending.md"


def check_interface(kind: str, built: Any) -> None:
    """Mistake if a part does not have its kind's interface."""
    name = type(built).__name__
    wanted = CLASSES.get(kind)
    if wanted is not None and not isinstance(built, wanted):
        raise Mistake(f"{kind}: {name} is not a {wanted.__module__}.{wanted.__name__}; {SEE}")
    if isinstance(built, nn.Module) and "_parameters" not in vars(built):
        raise Mistake(f"{kind}: {name} lacks super().__init__() as the first line of its __init__; {SEE}")
    lacking = [word for word in HELD.get(kind, ()) if not hasattr(built, word)]
    if lacking:
        raise Mistake(f"{kind}: {name} lacks {', '.join(lacking)}; {SEE}")
    if kind == "penalty" and not callable(built):
        raise Mistake(f"{kind}: {name} cannot be called; give it a method __call__, {SEE}")
    if kind == "corpus":
        for split in ("train", "validation", "test"):
            _check_split(split, getattr(built, split))


def _check_split(name: str, split: Any) -> None:
    lacking = [word for word in ("texts", "labels", "__len__") if not hasattr(split, word)]
    if lacking:
        raise Mistake(
            f"corpus.{name}: {type(split).__name__} lacks {', '.join(lacking)}; make it a "
            f"textgan.data.corpus.Split, {SEE}"
        )
    if isinstance(split.texts, list):
        wrong = next((text for text in split.texts if not isinstance(text, str)), None)
        if wrong is not None:
            raise Mistake(f"corpus.{name}: a sentence is {wrong!r:.60}; expected text, {SEE}")
