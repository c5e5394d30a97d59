"""A text's scripts, by the Unicode names of its letters, and its languages, by function words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache

UNSPACED = frozenset(
    {"Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan", "Javanese"}
)
"""Scripts that put no spaces between words."""
_named = {"CJK": "Han", "IDEOGRAPHIC": "Han", "FULLWIDTH": "Latin", "KATAKANA-HIRAGANA": "Katakana"}

_function_words = {
    "English": "the and of to in is a that it was for with on his he",
    "German": "der die und das ist ein nicht mit den von zu auf sich es im",
    "French": "le les et des est une dans que qui pas pour du au sur il",
    "Spanish": "el los y las es una en que por con se del su no lo",
    "Italian": "il di che è una per non con del della sono gli nel si ha",
    "Portuguese": "o os e da do não uma com em para um se na no que",
    "Dutch": "het een van en de dat niet op te zijn met voor ik er aan",
    "Swedish": "och att det som en på är av för med den till inte jag har",
}
_of_language = {language: frozenset(words.split()) for language, words in _function_words.items()}
_word = re.compile(r"[^\W\d_]+")


@cache
def script(letter: str) -> str:
    """A letter's script (`Latin`, `Han`, `Arabic`, ...), by the first word of its Unicode name; "" for non-letters."""
    if not unicodedata.category(letter).startswith("L"):
        return ""
    first = unicodedata.name(letter, "OTHER").split()[0]
    return _named.get(first, first.title())


def shares(characters: Mapping[str, int]) -> dict[str, float]:
    """Share of the letters in each script, in [0, 1], the largest first. characters: occurrences of each."""
    counts: Counter[str] = Counter()
    for character, count in characters.items():
        if name := script(character):
            counts[name] += count
    total = counts.total()
    return {name: count / total for name, count in counts.most_common()}


def right_to_left(characters: Mapping[str, int]) -> float:
    """Share of the letters that are written from right to left."""
    letters = right = 0
    for character, count in characters.items():
        if script(character):
            letters += count
            right += count * (unicodedata.bidirectional(character) in ("R", "AL"))
    return right / letters if letters else 0.0


def combining(characters: Mapping[str, int]) -> int:
    """How many characters are combining marks (Unicode category M)."""
    return sum(count for each, count in characters.items() if unicodedata.category(each).startswith("M"))


def emoji(characters: Mapping[str, int]) -> int:
    """How many characters are pictographs; an emoji composed of several counts several times."""
    return sum(count for each, count in characters.items() if each >= "\u2600" and _pictograph(each))


def _pictograph(character: str) -> bool:
    return "\u2600" <= character <= "\u27bf" or "\U0001f000" <= character <= "\U0001faff"


def mixed(texts: Iterable[str]) -> float:
    """Share of the texts with at least two letters in each of two scripts; Japanese counts as one script."""
    count = several = 0
    for text in texts:
        count += 1
        if text.isascii():
            continue
        found = Counter(
            "Han" if name in ("Hiragana", "Katakana") else name for name in map(script, text) if name
        )
        several += sum(times >= 2 for times in found.values()) > 1
    return several / count if count else 0.0


def languages(texts: Iterable[str]) -> dict[str, float]:
    """Share of the texts in each language, among those whose language could be guessed.

    The guess is the language with the most different function words in the text, of eight languages in Latin script.
    A text without such words, or with a tie, is not counted. Only a coarse hint.
    """
    found: Counter[str] = Counter()
    for text in texts:
        words = set(_word.findall(text.lower()))
        scores = sorted(((len(words & known), name) for name, known in _of_language.items()), reverse=True)
        if scores[0][0] > scores[1][0]:
            found[scores[0][1]] += 1
    return {name: count / found.total() for name, count in found.most_common()}
