"""Recipes as nobody should write them, as YAML and as words of the command line, through `textgan train`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import yaml
from hypothesis import strategies as st

from fuzzing import small, values
from fuzzing.trial import Case

BOMB = "\n".join(
    [
        "a: &a [x]",
        *(f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]" for before, name in pairwise("abcdefgh")),
        "length: [*h, *h, *h, *h]",
    ]
)
"""Eight lines that stand for eight million values."""
SNIPPETS = [
    "!!python/object/apply:os.mkdir [../mark]", "!!python/name:os.system", "!!python/module:os",
    "!!binary aGVsbG8=", "!!binary é", "!!int abc", "!!float abc", "!!bool abc", "!!timestamp abc",
    "!!null x", "!!set {a, b}", "!!omap [a: 1]", "!!omap 1", "!!pairs [a: 1, a: 2]", "!!seq {a: 1}",
    "!!map [1]", "!!str {a: 1}", "!custom 1", "2001-02-30", "2001-01-01", "2001-12-14t21:59:43.10-25:00",
    "1:99:99", "0b12", "0o9", "09", "0x", "1__0", "-.inf", ".NaN", "<<", "=", "? {a: 1} : 2", "{? [1] : 2}",
    "&a [*a]", "&a {b: *a}", "*missing", "{<<: 1}", "{<<: [1]}", "{<<: {a: 1}, a: 2}", "&x {<<: *x}",
    "{1: 2}", "{null: 1}", "{true: 1}", "{1.5: 2}", "{.nan: 1, .nan: 2}", "{a: 1, a: 2}", "|\n  text\n",
    "'", '"', "[", "{", "}", "@", "`", "%", "\t", "- - - 1", "---\n1\n---\n2", "1" * 5000, "-" + "9" * 5000,
    "0x" + "f" * 6000, "[" * 2000, "{a: " * 1000, "- " * 3000 + "1",
    BOMB,
]  # fmt: skip
"""YAML that is odd, foreign, too large, or no YAML."""
KEYS = [
    "corpus", "tokenizer", "length", "generator", "discriminator", "objective", "penalty", "strategy",
    "train", "evaluate", "overlong", "metrics", "seed", "device", "precision", "threads", "start",
    "labelled", "callbacks", "report_to", "name", "budgets", "budget",
]  # fmt: skip
OUT = ("--out", "new")


@cache
def _known() -> dict[str, dict[str, Any]]:
    return small.recipes()


def places(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there is anything in a nest of mappings and lists, itself left out."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[tuple[Any, ...]] = []
    for key, item in inner:
        found += [(*before, key), *places(item, (*before, key))]
    return found


def put(value: Any, place: tuple[Any, ...], new: Any) -> None:
    for key in place[:-1]:
        value = value[key]
    value[place[-1]] = new


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for key in place:
        value = value[key]
    return value


def as_yaml(value: Any) -> bytes:
    """As YAML, with what YAML cannot hold as it is."""
    told: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=False, width=10**6)
    return told.encode("utf-8", "surrogatepass")


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


@st.composite
def mutated(draw: st.DrawFn) -> Case:
    """A shipped recipe with one or some values replaced, taken out, or added."""
    name = draw(st.sampled_from(sorted(_known())))
    recipe = copy.deepcopy(_known()[name])
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        known = places(recipe)
        what = draw(st.sampled_from(["value", "value", "value", "value", "add", "drop", "rename", "part"]))
        if what == "add" or not known:
            put(
                recipe,
                (draw(st.one_of(st.sampled_from(KEYS), st.text(max_size=6))),),
                draw(values.anything()),
            )
            continue
        place = draw(st.sampled_from(known))
        if what == "value":
            put(recipe, place, draw(values.like(_at(recipe, place))))
        elif what == "part":
            key = draw(st.sampled_from(KEYS[:8]))
            other = _known()[draw(st.sampled_from(sorted(_known())))]
            recipe[key] = copy.deepcopy(other.get(key))
        else:
            holder = recipe
            for key in place[:-1]:
                holder = holder[key]
            if isinstance(holder, dict):
                held = holder.pop(place[-1])
                if what == "rename":
                    holder[
                        draw(st.sampled_from([f"{place[-1]}s", str(place[-1])[1:], *values.WORDS[:8]]))
                    ] = held
    return Case(
        "recipes", ("train", "r.yaml", *OUT), {**small.FILES, "r.yaml": as_yaml(recipe)}, figures=False
    )


@st.composite
def arguments(draw: st.DrawFn) -> Case:
    """A shipped recipe, small, with arguments of its parts that it does not mention set to odd values."""
    from textgan.assembly.recipe import HANDED
    from textgan.parts.binding import find, parameters

    name = draw(st.sampled_from(sorted(_known())))
    recipe = copy.deepcopy(_known()[name])
    for _ in range(draw(st.sampled_from([1, 1, 2]))):
        kinds = [kind for kind in KEYS[:8] if isinstance(recipe.get(kind), dict) and kind != "length"]
        kind = draw(st.sampled_from([*kinds, "train", "evaluate"]))
        if kind == "train":
            phase = draw(st.sampled_from(sorted(recipe["train"])))
            holder, part = recipe["train"][phase], find("phase", phase, "train")
        elif kind == "evaluate":
            holder, part = recipe["evaluate"], find("evaluation", "evaluation", "evaluate")
        else:
            holder, part = recipe[kind], find(kind, recipe[kind].get("name", "word"), kind)
        wanted = sorted(set(parameters(part)) - HANDED.get(kind, frozenset()))
        if wanted:
            name = draw(st.sampled_from(wanted))
            default = parameters(part)[name].default
            holder[name] = draw(values.like(4 if default is None else default))
    return Case(
        "recipes", ("train", "r.yaml", *OUT), {**small.FILES, "r.yaml": as_yaml(recipe)}, figures=False
    )


@st.composite
def overrides(draw: st.DrawFn) -> Case:
    """A small recipe as it is, changed by words on the command line."""
    name = draw(st.sampled_from(sorted(_known())))
    recipe = _known()[name]
    known = [
        ".".join(map(str, place)) for place in places(recipe) if all(isinstance(key, str) for key in place)
    ]
    words = []
    for _ in range(draw(st.integers(1, 4))):
        place = draw(
            st.one_of(
                st.sampled_from(known), st.sampled_from(known), st.sampled_from(KEYS), st.text(max_size=12)
            )
        )
        text = draw(
            st.one_of(
                values.anything().map(lambda value: as_yaml([value]).decode("utf-8", "replace")[2:].strip()),
                st.sampled_from(SNIPPETS),
                st.sampled_from(values.WORDS),
                st.text(max_size=20),
            )
        )
        equals = draw(st.sampled_from(["=", "=", "=", "=", "=", "=", "", "==", "+=", ":", " = "]))
        words.append(f"{place}{equals}{text[:60_000]}".encode("utf-8", "replace").decode().replace("\0", ""))
    words = [word for word in words if not word.startswith("-")]
    seed = draw(
        st.sampled_from(
            [(), (), (), ("--seed", "-1"), ("--seed", "9" * 30), ("--seed", "x"), ("--resume",), ("--bogus",)]
        )
    )
    files = {**small.FILES, "r.yaml": as_yaml(recipe)}
    return Case("recipes", ("train", "r.yaml", *words, *seed, *OUT), files, figures=False)


@st.composite
def texts(draw: st.DrawFn) -> Case:
    """A file that may be YAML: of a small recipe with a snippet put into it, or of anything."""
    recipe = as_yaml(_known()[draw(st.sampled_from(sorted(_known())))])
    what = draw(
        st.sampled_from(
            ["snippet", "snippet", "snippet", "value", "cut", "flip", "bytes", "text", "anything"]
        )
    )
    if what == "snippet":
        key = draw(st.one_of(st.sampled_from(KEYS), st.text(max_size=5)))
        snippet = draw(st.sampled_from(SNIPPETS))
        alone = draw(st.booleans())
        content = snippet.encode() if alone else recipe + f"\n{key}: {snippet}\n".encode("utf-8", "replace")
    elif what == "value":
        lines = recipe.decode().splitlines()
        at = draw(st.integers(0, len(lines) - 1))
        lines[at] = lines[at].split(":")[0] + ": " + draw(st.sampled_from(SNIPPETS))
        content = "\n".join(lines).encode()
    elif what == "cut":
        content = recipe[: draw(st.integers(0, len(recipe)))]
    elif what == "flip":
        changed = bytearray(recipe)
        for _ in range(draw(st.integers(1, 4))):
            changed[draw(st.integers(0, len(changed) - 1))] ^= 1 << draw(st.integers(0, 7))
        content = bytes(changed)
    elif what == "bytes":
        content = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])) + draw(
            st.binary(max_size=200)
        )
    elif what == "text":
        content = draw(st.text(max_size=200)).encode("utf-8", "surrogatepass")
    else:
        content = as_yaml(draw(values.anything()))
    return Case("recipes", ("train", "r.yaml", *OUT), {**small.FILES, "r.yaml": content}, figures=False)


def cases(runs: Sequence[str]) -> st.SearchStrategy[Case]:
    return st.one_of(mutated(), mutated(), arguments(), arguments(), overrides(), texts())
