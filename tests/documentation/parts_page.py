"""Writes the page of all parts from their signatures and docstrings, to standard output; see `HOW`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from typing import Any, Literal, get_args, get_origin

import yaml

from textgan.assembly.recipe import HANDED
from textgan.assembly.settings import Settings
from textgan.parts import binding as parts
from textgan.parts.names import DEFAULT_NAMES, PARTS

PAGE = "docs/parts.md"
HOW = f"python tests/documentation/parts_page.py > {PAGE}"
HEAD = f"""# The parts, and what each can be told

What a recipe can name, by kind, with the options of each and their defaults; "needed" has none. In a recipe:
`generator: {{name: gru, hidden: 256}}`; on the command line: `generator.hidden=256`. What only the run knows (the
vocabulary, the length, the number of classes) is handed in, and not listed. The first sentence of a part's docstring
stands here; the rest, with what differs from the paper, in its module. Parts of your own: [extending.md](extending.md).

Made by `{HOW}`; a test holds it to the code.
"""
SECTIONS = {
    "phase": "The keys of `train`, in the order in which they are run.",
    "callback": "The list `callbacks`; `report_to: NAME` is `tracking` to that name.",
    "evaluation": "The key `evaluate`, which needs no name.",
}
"""Kind -> where it stands in a recipe, if that is not the key of its name."""
PLAIN = {
    "length": "tokens that a sentence may have, its end included",
    "overlong": "what is done with longer ones: they are left out, or cut",
    "metrics": "what is measured: [evaluation.md](evaluation.md#the-metrics)",
    "seed": "of all random numbers of the run",
    "device": "`auto`, `cpu`, `cuda` or `mps`; `auto` takes the GPU that is there",
    "precision": "`bf16` computes in bfloat16 where that is safe",
    "threads": "of the CPU; without it, as many as there are cores",
    "start": "a run whose pretrained weights and tokenizer are taken over, in place of the phase `mle`",
    "judge": "a run whose trained discriminator is taken over, in place of the phase `discriminator`",
    "labelled": "how many training sentences keep their label; without it, all",
    "judge_share": "share of the training sentences that the discriminator alone learns from, the generator never",
    "callbacks": "called while it trains: [extending.md](extending.md#a-callback)",
    "report_to": "trackers that get the numbers: [extending.md](extending.md#a-tracker)",
}
"""The plain keys of a recipe: what each is."""


def page() -> str:
    found: dict[str, type] = {}
    tables = "\n".join(_section(kind, found) for kind in PARTS)
    rows = [_row(name, _said(record), _options(record, (), found)) for name, record in sorted(found.items())]
    told = "Where an option's default is one of these, in braces, or its note names one: a mapping of these keys."
    return (
        "\n".join([HEAD, tables, _plain_keys(), "## Mappings\n", f"{told}\n", *_header("mapping"), *rows])
        + "\n"
    )


def _section(kind: str, found: dict[str, type]) -> str:
    told = SECTIONS.get(kind) or f"The key `{kind}`."
    if kind in DEFAULT_NAMES and kind not in SECTIONS:
        told += f" Without a name: `{DEFAULT_NAMES[kind]}`."
    rows = []
    for name in PARTS[kind]:
        part = parts.find(kind, name, kind)
        rows.append(_row(name, _said(part), _options(part, HANDED.get(kind, ()), found)))
    return "\n".join([f"## {kind}\n", f"{told}\n", *_header(kind), *rows, ""])


def _plain_keys() -> str:
    """The keys at the top of a recipe that name no part; a KeyError for one that `PLAIN` does not tell of."""
    usual, rows = Settings(length=2), []
    for key, parameter in parts.parameters(Settings).items():
        words = [word for word in _words(parts._annotation(Settings, parameter)) if word != parameter.default]
        needed = parameter.default is parameter.empty
        value = "needed" if needed else f"`{key}: {_yaml(getattr(usual, key))}`"
        others = f" (or {', '.join(f'`{word}`' for word in words)})" if words else ""
        rows.append(_row(key, PLAIN[key], value + others))
    head = (
        "## The plain keys\n\nAt the top of a recipe, beside its parts. On the command line: `device=cuda`.\n"
    )
    return "\n".join([head, "| key | what it is | default |", "|---|---|---|", *rows, ""])


def _header(kind: str) -> list[str]:
    return [f"| {kind} | what it is | options |", "|---|---|---|"]


def _row(name: str, told: str, options: str) -> str:
    cells = f"`{name}`", _without_tags(told), options or "–"
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _said(part: Callable[..., Any]) -> str:
    """The first sentence (`et al.`, `eq.` and `..` end none) of the docstring, or of the module's.

    The module's where there is none, or where it begins with the options at once.
    """
    text = inspect.cleandoc(part.__doc__ or "")
    if not text or re.match(r"\w+: ", text) and text.partition(":")[0] in parts.parameters(part):
        text = sys.modules[part.__module__].__doc__ or ""
    first = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.?!])(?<!\bal\.)(?<!\beq\.)(?<!\.\.) ", first)[0]


def _without_tags(text: str) -> str:
    """`<unk>` is text and no tag of HTML, but within backquotes it is text already."""
    pieces = text.split("`")
    return "`".join(piece.replace("<", "&lt;") if not n % 2 else piece for n, piece in enumerate(pieces))


def _options(part: Callable[..., Any], handed: Any, found: dict[str, type]) -> str:
    told = []
    for name, parameter in parts.parameters(part).items():
        if name in handed:
            continue
        annotation = parts._annotation(part, parameter)
        notes = []
        for option in _within(annotation):
            if is_dataclass(option) and isinstance(option, type):
                found.setdefault(option.__name__, option)
                notes += [] if is_dataclass(parameter.default) else [option.__name__]
            if get_origin(option) is Callable:
                notes.append("./FILE.py:FUNCTION")
        if parameter.default is parameter.empty:
            told.append(f"`{name}` ({', '.join(['needed', *notes])})")
            continue
        notes += [f"`{_yaml(word)}`" for word in _words(annotation) if word != parameter.default]
        others = f" (or {', '.join(notes)})" if notes else ""
        told.append(f"`{name}: {_yaml(parameter.default)}`{others}")
    return ", ".join(told)


def _within(annotation: Any) -> Iterator[Any]:
    """The annotation and, of a union, its options."""
    yield annotation
    if get_origin(annotation) is not Literal:
        for option in get_args(annotation):
            yield from _within(option)


def _words(annotation: Any) -> list[Any]:
    return [word for one in _within(annotation) if get_origin(one) is Literal for word in get_args(one)]


def _yaml(value: Any) -> str:
    """As it stands in a recipe, on one line."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    plain = list(value) if isinstance(value, tuple) else value
    if isinstance(plain, dict):
        return f"{{{', '.join(f'{key}: {_yaml(one)}' for key, one in plain.items())}}}"
    told: str = yaml.safe_dump(plain, default_flow_style=True, width=10**6)
    return told.removesuffix("...\n").strip()


if __name__ == "__main__":
    sys.stdout.write(page())
