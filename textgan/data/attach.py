"""Reattach punctuation: learn from the training text which marks are written without a space.

A word tokenizer that makes every mark a separate token loses the spaces around it. The majority usage in the training
text decides how to restore them: captions write `a man, smiling.`, tokenised news corpora write `a man , smiling
.`, film reviews do both (`beer-soaked , slow .`). The answer is one regular expression over the tokens
joined by single spaces, so it is saved inside tokenizer.json and every loader decodes in the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_one = r"[^\p{L}\p{N}\p{M}\p{Cf}_\s']"
MARK = (
    r"[\x{1F1E6}-\x{1F1FF}]{2}|"
    rf"{_one}(?:\x{{200D}}{_one}|[\x{{1F3FB}}-\x{{1F3FF}}\p{{M}}\p{{Cf}}&&[^\x{{200D}}]])*"
)
"""One mark, as a regular expression of the `tokenizers` library: the characters of Python's `[^\\w\\s']`, with joiners.

Accents and vowel signs that combine, and format characters such as the joiners of Persian and Indic scripts, stay with
their word or mark: Python counts them as marks, but without them `कि` would be a different word.
An emoji made of several code points is one mark.
"""

_mark = re.compile(r"[^\w\s']")
_between_digits = re.compile(r"(?<=\d)( ?)([^\w\s'])( ?)(?=\d)")
_word = ""  # stands for any word as the neighbour of a mark
_most = 20_000  # approximate number of texts examined
_quote = '"'  # the same character opens and closes: whether it comes first or second in its pair decides
_after_opening = r'(?<=") (?=[^"]*"(?:[^"]*"[^"]*")*[^"]*$)'
_before_closing = r' (?="(?:[^"]*"[^"]*")*[^"]*$)'


@dataclass(frozen=True)
class Attachment:
    """gaps: pairs (left, right) with no space between them, each a mark or "" for a word, not both "".

    digits: marks with no space around them between two digits. quotes: whether `"` hugs what it quotes.
    """

    gaps: frozenset[tuple[str, str]] = frozenset()
    digits: str = ""
    quotes: bool = False

    def pattern(self) -> str | None:
        """A regular expression that matches each space to remove from space-joined tokens; None if there is none."""
        rights: dict[str, set[str]] = defaultdict(set)
        for left, right in self.gaps:
            rights[left].add(right)
        alike: dict[frozenset[str], set[str]] = defaultdict(set)
        for left, held in rights.items():
            alike[frozenset(held)].add(left)
        parts = sorted(f"(?<={_any_of(lefts)}) (?={_any_of(held)})" for held, lefts in alike.items())
        if self.digits:
            parts += [rf"(?<=\d) (?={_any_of(self.digits)} \d)", rf"(?<=\d {_any_of(self.digits)}) (?=\d)"]
        if self.quotes:
            parts += [_after_opening, _before_closing]
        return "|".join(parts) or None


def conventional() -> Attachment:
    """The conventions of printed English."""
    before, after = set(".,;:!?%)]}\u2026\u2019\u201d-/"), set("([{$#\u00a3\u20ac\u201c\u2018-/")
    kinds = {_word} | before | after
    gaps = {(left, right) for left in kinds for right in kinds if right in before or left in after}
    return Attachment(frozenset(gaps | {(_quote, mark) for mark in ".,;:!?"}), ".,:", quotes=True)


def detect(texts: Sequence[str]) -> Attachment:
    """The majority usage of each mark in `texts` (about `_most` of them, evenly spaced)."""
    gaps: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    digits: dict[str, Counter[bool]] = defaultdict(Counter)
    quotes = Counter[bool]()
    marks: set[str] = set()
    for text in texts[:: max(1, len(texts) // _most)]:
        text = _without_joined(" ".join(text.split()))
        for found in _between_digits.finditer(text):
            digits[found[2]][not found[1] and not found[3]] += 1
        text = _between_digits.sub(" ", text)
        for found in _mark.finditer(text):
            mark, left, right = found[0], text[: found.start()][-2:], text[found.end() :][:2]
            if mark == _quote:
                quotes[left[-1:] not in ("", " ") or right[:1] not in ("", " ")] += 1
                continue
            marks.add(mark)
            if left.strip():
                gaps[_kind(left.strip()[-1]), mark][left[-1] != " "] += 1
            if right.strip() and not _mark.match(right.strip()[0]):  # else counted as that mark's left
                gaps[mark, _word][right[0] != " "] += 1
    seen = {gap: counts[True] > counts[False] for gap, counts in gaps.items()}
    # Two marks never seen side by side: attach them if either would be attached to a word there.
    for left in marks:
        for right in marks:
            seen.setdefault((left, right), seen.get((_word, right), False) or seen.get((left, _word), False))
    near = "".join(sorted(mark for mark, counts in digits.items() if counts[True] > counts[False]))
    return Attachment(
        frozenset(gap for gap, attached in seen.items() if attached), near, quotes[True] > quotes[False]
    )


class _Joined(dict[int, int | None]):
    """For `str.translate`: removes characters that combine with the one before."""

    def __missing__(self, point: int) -> int | None:
        joined = unicodedata.category(chr(point)) in ("Mn", "Mc", "Me", "Cf") or 0x1F3FB <= point <= 0x1F3FF
        self[point] = None if joined else point
        return self[point]


_joined = _Joined()


def _without_joined(text: str) -> str:
    return text if text.isascii() else text.translate(_joined)


def _kind(character: str) -> str:
    return character if _mark.match(character) else _word


def _any_of(kinds: Iterable[str]) -> str:
    # Written as code points, so that no mark has a special meaning inside the brackets.
    signs = sorted(rf"\x{{{ord(kind):04X}}}" if kind else r"\p{L}\p{N}\p{M}\p{Cf}_'" for kind in kinds)
    return "[" + "".join(signs) + "]"
