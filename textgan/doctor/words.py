"""Splits text as the word tokenizer does, without using it: it would be too slow for a million lines."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_plain = re.compile(r"[\w']+|[^\w\s']").findall


def words(text: str) -> list[str]:
    """Words and marks. Combining and format characters stay with their word or mark, as in `tokenizers.word`."""
    return _plain(text) if text.isascii() else _any()(text)


@lru_cache(maxsize=1)
def _any() -> Callable[[str], list[str]]:
    """A splitter for any script. Built only once: listing combining and format characters takes a quarter second."""
    kinds = ("Mn", "Mc", "Me", "Cf")
    inside = [point for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)) in kinds]
    ranges: list[list[int]] = []
    for point in inside:
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    held = "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)
    follows = f"(?:\u200d[^\\w\\s']|[\U0001f3fb-\U0001f3ff{held}])*"  # skin tones, and joined emoji
    return re.compile(f"[\\w'{held}]+|[\U0001f1e6-\U0001f1ff]{{2}}|[^\\w\\s'{held}]{follows}").findall


class _Fold(dict[int, str | None]):
    """Table for `str.translate` that drops spaces, marks and symbols, and maps every digit to 0."""

    def __missing__(self, point: int) -> str | None:
        kind = unicodedata.category(chr(point))
        value = None if kind[0] in "PSZC" else "0" if kind == "Nd" else chr(point)
        self[point] = value
        return value


_fold = _Fold()


def folded(text: str) -> str:
    """The text without case, spaces and marks, and with all digits 0: near duplicates fold to the same text."""
    return text.lower().translate(_fold)
