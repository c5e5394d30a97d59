"""Lines that do not look like sentences, or that seem to have been decoded wrongly, with their line numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

TOLD = 5
"""Lines of each kind that are listed by number."""
LONG_WORD = 50
"""Characters; in text with spaces, a longer word is suspicious."""

_html = re.compile(r"</?[A-Za-z][^<>]*>|<!--")
_entity = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});")


def _as_cp1252(byte: int) -> str:
    raw = bytes([byte])
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _mojibake() -> re.Pattern[str]:
    """Matches UTF-8 text that was decoded as Windows-1252 or Latin-1.

    Only sequences that are hardly ever written on purpose: A with tilde or circumflex before one continuation byte;
    a with circumflex (punctuation), ã to é (East Asian) or ï before two; ð before three; and two successive pairs that
    start like Greek, Cyrillic or Arabic letters. A no-break space does not count as a continuation byte after an
    accented letter, since French puts one before punctuation.
    """
    every = {_as_cp1252(byte) for byte in range(0x80, 0xC0)} | {chr(byte) for byte in range(0x80, 0xC0)}
    held = f"[{re.escape(''.join(sorted(every)))}]"
    first = f"[{re.escape(''.join(sorted(every - {chr(0xA0)})))}]"
    return re.compile(f"[ÃÂ]{held}|[âã-éï]{first}{held}|(?:[ÎÏÐÑØÙ]{held}){{2}}|ð{first}{held}{held}")


_garbled = _mojibake()


@dataclass
class Suspects:
    """By kind, how many lines there are, and the line numbers of the first TOLD."""

    counts: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, kind: str, number: int) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        lines = self.lines.setdefault(kind, [])
        if len(lines) < TOLD:
            lines.append(number)

    def check(self, number: int, text: str) -> None:
        """Check one text with normalised spaces. Fast checks come first, since they clear nearly every line."""
        if "<" in text and _html.search(text):
            self.add("HTML tags", number)
        if "&" in text and _entity.search(text):
            self.add("HTML entities", number)
        if "://" in text:
            self.add("web addresses", number)
        if not text.isprintable() and any(unicodedata.category(each) == "Cc" for each in text):
            self.add("control characters", number)
        if not text.isascii():
            if "\ufffd" in text:
                self.add("replacement characters (U+FFFD)", number)
            if _garbled.search(text):
                self.add("mojibake (UTF-8 read as another encoding)", number)
        if len(text) > LONG_WORD and max(map(len, text.split())) > LONG_WORD:
            self.add("very long words", number)

    def without(self, kind: str) -> Suspects:
        """A copy without one kind."""
        return Suspects(
            {name: count for name, count in self.counts.items() if name != kind},
            {name: lines for name, lines in self.lines.items() if name != kind},
        )
