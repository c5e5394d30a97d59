"""How many of something, in words."""

from __future__ import annotations


def amount(count: int, one: str, many: str = "") -> str:
    """`1 sentence`, `2,000 sentences`. many: where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
