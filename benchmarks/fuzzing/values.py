"""Values that nobody should give, for any place, and what YAML and JSON make of the like."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

NUMBERS = [
    math.nan, math.inf, -math.inf, -1, 0, 1, 2, 3, -0.5, 0.5, 1.5, -2, 10**6, 2**31, 2**31 - 1, 2**63 - 1,
    2**63, 10**9, 10**30, -(10**30), 1e-300, 1e300, 1e39, -1e300, 10**400, 5e-324, 1e9, 0.0, -0.0,
]  # fmt: skip
"""Odd ones, and the legal ones beside them."""
WHOLE = [number for number in NUMBERS if isinstance(number, int)]
FLOATS = [number for number in NUMBERS if isinstance(number, float)]
WORDS = [
    "", " ", "x", "name", "none", "null", "nan", "-1", "1e400", "0x10", "1_000", "true", "../../x",
    "/etc/passwd", "..", ".", "~", "~nobody/x", "../outside/precious", "../outside/evil.py:Evil",
    "./evil.py:Evil", "c.txt", "c.csv", "run", "\0", "a\0b", "\n", "a\nb", "\u202e", "é", "🙂", "\ud800",
    "a" * 300, "a" * 20_000, "%s%n", "{}", "{0}", "$HOME", "file", "lstm", "cnn", "mle", "word", "corpus",
    "linear", "[bold]", "[/]", "0", "label", "text", "utf-16", "rot13", "zlib", "idna", "undefined",
    "unicode_escape", "bleu", "all", "auto", "cuda", "mps", "own",
]  # fmt: skip


def scalar() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(NUMBERS),
        st.sampled_from(NUMBERS),
        st.sampled_from(WORDS),
        st.sampled_from([None, True, False]),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(max_size=20),
    )


def anything() -> st.SearchStrategy[Any]:
    """A scalar as a rule, else lists and mappings of them, some deep."""
    nested = st.recursive(
        scalar(),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(st.one_of(st.text(max_size=8), st.sampled_from(WORDS)), inner, max_size=4),
        ),
        max_leaves=8,
    )
    deep = st.integers(1, 400).map(lambda depth: _nested(depth))
    empty: st.SearchStrategy[Any] = st.sampled_from(
        [[], {}, [[]], [{}], {"": None}, {"name": None}, {"name": []}, {"name": {}}]
    )
    return st.one_of(scalar(), scalar(), scalar(), empty, nested, deep)


def like(old: Any) -> st.SearchStrategy[Any]:
    """As a rule a value of the same type, and an odd one: what its type alone does not refuse."""
    if isinstance(old, bool) or old is None:
        return anything()
    if isinstance(old, int):
        odd: st.SearchStrategy[Any] = st.one_of(st.sampled_from(WHOLE), st.integers(-3, 40))
    elif isinstance(old, float):
        odd = st.one_of(
            st.sampled_from(FLOATS), st.floats(0, 1), st.floats(allow_nan=False, allow_infinity=False)
        )
    elif isinstance(old, str):
        odd = st.sampled_from(WORDS)
    elif isinstance(old, list):
        odd = st.lists(like(old[0]) if old else scalar(), max_size=4)
    else:
        odd = anything()
    return st.one_of(odd, odd, odd, anything())


def _nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value
