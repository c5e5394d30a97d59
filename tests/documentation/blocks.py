"""The code blocks of the README and the docs, cut out of their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*(\w*)\s*$")


@dataclass(frozen=True)
class Block:
    """file: from the root. section: the last heading of the second level before it. language: "" where none is told."""

    file: str
    line: int
    section: str
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def documents() -> list[Path]:
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(file: Path) -> list[Block]:
    """Fenced blocks, and those that are indented by four spaces behind an empty line."""
    return list(cut(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix()))


def cut(text: str, file: str) -> Iterator[Block]:
    section, lines, number = "", text.splitlines(), 0
    while number < len(lines):
        line = lines[number]
        if fence := FENCE.match(line):
            indent, mark, language = fence.groups()
            begin = number = number + 1
            while number < len(lines) and not re.fullmatch(f" *{mark}`*~* *", lines[number]):
                number += 1
            assert number < len(lines), f"{file}:{begin}: the block is never closed"
            inner = [row.removeprefix(indent) for row in lines[begin:number]]
            yield Block(file, begin + 1, section, language, "\n".join(inner))
        elif line.startswith("    ") and line.strip() and not (number and lines[number - 1].strip()):
            begin = number
            while number < len(lines) and (lines[number].startswith("    ") or not lines[number].strip()):
                number += 1
            inner = [row.removeprefix("    ") for row in lines[begin:number]]
            yield Block(file, begin + 1, section, "", "\n".join(inner).rstrip())
            continue
        elif line.startswith("## "):
            section = line.removeprefix("## ").strip()
        number += 1
