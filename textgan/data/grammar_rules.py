"""Parse a grammar's text and expand it into the states and arcs of an automaton; grammar.py describes the format."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from textgan.errors import Mistake, did_you_mean

_HEAD = re.compile(r"^([a-z_0-9]+(?: [A-Za-z_]+)*):(.*)$")
_ITEM = re.compile(r"(<[^<>]*>|[^\s?<>]+)(?:\?(0?\.\d+))?(?=\s|$)")
_SOUNDS_LIKE_CONSONANT = ("uni", "use", "eu", "one", "ukulele")
_SOUNDS_LIKE_VOWEL = ("hour", "honest", "heir")

Instance = tuple[str, ...]  # a rule's name and the values of its arguments
Symbol = str | Instance  # a word, or a rule to expand
State = tuple[
    int, bool | None
]  # a stack of symbols; whether the next word must (not) begin with a vowel sound, None if either may


@dataclass(frozen=True)
class Item:
    """One word or reference of an alternative as written, and the probability that it is present."""

    text: str
    chance: float


@dataclass(frozen=True)
class Rule:
    """One head (name and parameters; capitalised ones are variables) and its weighted alternatives."""

    name: str
    parameters: tuple[str, ...]
    alternatives: tuple[tuple[float, tuple[Item, ...]], ...]

    def bind(self, arguments: Sequence[str]) -> dict[str, str] | None:
        """The variables' values if the head fits the arguments, else None."""
        if len(arguments) != len(self.parameters):
            return None
        bound: dict[str, str] = {}
        for parameter, value in zip(self.parameters, arguments, strict=True):
            if parameter[0].isupper():
                bound[parameter] = value
            elif parameter != value:
                return None
        return bound


def parse(text: str, place: str) -> tuple[dict[str, list[str]], dict[str, list[Rule]]]:
    """The declared forms {variable: values} and the rules {name: rules} of a grammar's text."""
    blocks: list[tuple[int, str, list[str]]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#")[0].rstrip()
        if not line:
            continue
        head = _HEAD.match(line)
        if head:
            blocks.append((number, head[1], [head[2]]))
        elif line[0].isspace() and blocks:
            blocks[-1][2].append(line)
        else:
            raise Mistake(f"{place}: line {number} is not a rule: {line!r}; write `name: alternatives`")
    forms: dict[str, list[str]] = {}
    rules: dict[str, list[Rule]] = {}
    for number, head_text, lines in blocks:
        name, *parameters = head_text.split(" ")
        if name == "forms":
            forms[parameters[0]] = " ".join(lines).split()
            continue
        pieces = [piece.strip() for line in lines for piece in line.split("|")]
        alternatives = tuple(_alternative(piece, f"{place}: line {number}") for piece in pieces if piece)
        if not alternatives:
            raise Mistake(
                f"{place}: line {number}: the rule {name!r} has no alternative; use `-` to write nothing"
            )
        rules.setdefault(name, []).append(Rule(name, tuple(parameters), alternatives))
    return forms, rules


def _alternative(piece: str, place: str) -> tuple[float, tuple[Item, ...]]:
    weight = re.match(r"\d+(?:\.\d+)?\s+", piece)
    body = piece[weight.end() :] if weight else piece
    if body == "-":
        return (float(weight[0]) if weight else 1.0), ()
    if _ITEM.sub("", body).strip():
        raise Mistake(
            f"{place}: {piece!r} is not a valid alternative; write words, <rule Argument>, word?0.5 or -"
        )
    items = tuple(Item(found[1], float(found[2]) if found[2] else 1.0) for found in _ITEM.finditer(body))
    return (float(weight[0]) if weight else 1.0), items


class Compiler:
    """Expands a grammar into an automaton. A state is the stack of symbols still to be written.

    Stacks are interned, so that equal continuations share a state. A state may also restrict the next
    word: after `an`, only words that begin with a vowel sound; after `a`, only the others.
    letters: every word is spelled out, one symbol per letter, and `a` is not treated as an article.
    """

    def __init__(
        self, forms: dict[str, list[str]], rules: dict[str, list[Rule]], place: str, letters: bool = False
    ) -> None:
        self.forms, self.rules, self.place, self.letters = forms, rules, place, letters
        self.stacks: list[tuple[Symbol, int] | None] = [None]  # stack 0 is the empty one
        self.stack_of: dict[tuple[Symbol, int], int] = {}
        self.expanded: dict[Instance, list[tuple[float, tuple[Symbol, ...]]]] = {}
        self.first: dict[int, dict[tuple[str | None, State], float]] = {}
        self.open: list[Instance] = []

    def automaton(self) -> dict[int, dict[tuple[str | None, int], float]]:
        """{state: {(word, next state): probability}}, every state reachable, state 0 the start."""
        start: State = (self.push(("start",), 0), None)
        numbers = {start: 0}
        waiting = [start]
        arcs: dict[int, dict[tuple[str | None, int], float]] = {}
        for state in waiting:  # grows during the loop
            stack, vowel = state
            out: dict[tuple[str | None, int], float] = {}
            for (word, target), probability in self.arcs(stack).items():
                if vowel is not None and word is not None and _vowel(word) != vowel:
                    continue
                if word is not None and target not in numbers:
                    numbers[target] = len(waiting)
                    waiting.append(target)
                out[word, numbers.get(target, 0)] = probability
            arcs[numbers[state]] = out
        return arcs

    def push(self, symbol: Symbol, rest: int) -> int:
        key = (symbol, rest)
        if key not in self.stack_of:
            self.stack_of[key] = len(self.stacks)
            self.stacks.append(key)
        return self.stack_of[key]

    def arcs(self, stack: int) -> dict[tuple[str | None, State], float]:
        """The next words of a stack with what remains after each, and their probabilities."""
        if stack in self.first:
            return self.first[stack]
        top = self.stacks[stack]
        out: dict[tuple[str | None, State], float] = {}
        if top is None:
            out[None, (0, None)] = 1.0
        elif self._is_article(top[0]):
            following = self.arcs(top[1])
            vowels = sum(p for (word, _), p in following.items() if word is not None and _vowel(word))
            consonants = sum(following.values()) - vowels
            for article, share, vowel in (("a", consonants, False), ("an", vowels, True)):
                if share > 1e-12:
                    out[article, (top[1], vowel)] = share
        elif isinstance(top[0], str):
            out[top[0], (top[1], None)] = 1.0
        else:
            for share, symbols in self.expand(top[0]):
                below = top[1]
                for symbol in reversed(symbols[1:]):
                    below = self.push(symbol, below)
                if symbols and isinstance(symbols[0], str) and not self._is_article(symbols[0]):
                    key: tuple[str | None, State] = (symbols[0], (below, None))
                    out[key] = out.get(key, 0.0) + share
                    continue
                for key, p in self.arcs(self.push(symbols[0], below) if symbols else below).items():
                    out[key] = out.get(key, 0.0) + share * p
        self.first[stack] = out
        return out

    def _is_article(self, symbol: Symbol) -> bool:
        return symbol == "a" and not self.letters

    def expand(self, instance: Instance) -> list[tuple[float, tuple[Symbol, ...]]]:
        """The alternatives of a rule with its arguments filled in: (probability, symbols)."""
        if instance in self.expanded:
            return self.expanded[instance]
        if instance in self.open:
            raise Mistake(
                f"{self.place}: the rule {instance[0]!r} is recursive; a rule must not lead back to itself"
            )
        self.open.append(instance)
        out: list[tuple[float, tuple[Symbol, ...]]] = []
        for rule in self.rules.get(instance[0], []):
            bound = rule.bind(instance[1:])
            for weight, items in rule.alternatives if bound is not None else ():
                symbols = [self.symbol(item.text, bound or {}, instance) for item in items]
                for there in itertools.product(*[(True,) if i.chance == 1 else (True, False) for i in items]):
                    chances = (i.chance if yes else 1 - i.chance for i, yes in zip(items, there, strict=True))
                    chosen = tuple(s for s, yes in zip(symbols, there, strict=True) if yes)
                    if self.letters:
                        chosen = tuple(part for s in chosen for part in (s if isinstance(s, str) else (s,)))
                    out.append((weight * math.prod(chances), chosen))
        if not out:
            near = did_you_mean(instance[0], self.rules)
            raise Mistake(f"{self.place}: no rule matches <{' '.join(instance)}>.{near}")
        for _, chosen in out:
            for symbol in chosen:
                if not isinstance(symbol, str):
                    self.expand(symbol)
        self.open.pop()
        total = sum(share for share, _ in out)
        self.expanded[instance] = [(share / total, chosen) for share, chosen in out]
        return self.expanded[instance]

    def symbol(self, text: str, bound: dict[str, str], instance: Instance) -> Symbol:
        """An item as written, with the rule's variables filled in."""
        place = f"{self.place}: {text} in <{' '.join(instance)}>"
        if text.startswith("<"):
            name, *arguments = text[1:-1].split()
            missing = [argument for argument in arguments if argument[0].isupper() and argument not in bound]
            if missing:
                raise Mistake(f"{place}: {missing[0]} is not in the rule's head; add it there")
            return (name, *(bound.get(argument, argument) for argument in arguments))
        if "/" not in text:
            return text
        parts = text.split("/")
        for variable, value in bound.items():
            values = self.forms.get(variable, [])
            if len(values) == len(parts) and value in values:
                return parts[values.index(value)]
        raise Mistake(f"{place}: no variable of the rule has {len(parts)} forms; see `forms`")


def _vowel(word: str) -> bool:
    """Whether the word begins with a vowel sound, as `an` wants it."""
    if word.startswith(_SOUNDS_LIKE_CONSONANT):
        return False
    return word[0] in "aeiou" or word.startswith(_SOUNDS_LIKE_VOWEL)
