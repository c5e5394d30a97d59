"""Probabilistic grammars in a small text format, compiled to an automaton: text whose true probability is known.

The format, one rule after another:

    forms N: sg pl                         # a word written dog/dogs takes its form from the rule's variable N
    start: 3 <walk sg> | <walk pl>         # alternatives, by `|` or a new line; a number in front is the weight
    walk N: <dogs N> is/are walking slowly?0.2 .     # Capitals are variables; ?0.2 is there with probability 0.2
    dogs sg: a <colour> dog                # `a` becomes `an` where the next word asks for it
    dogs pl: two <colour> dogs | some dogs
    colour: red | orange | -               # `-` alone writes nothing

A rule applies when its head fits; all rules that fit add their alternatives. `start` begins. No rule may lead back to
itself, so the language is finite and the grammar is an acyclic automaton whose states are what is still to be written.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources

import numpy as np

from textgan.data.automaton import Automaton
from textgan.errors import Mistake, did_you_mean

_HEAD = re.compile(r"^([a-z_0-9]+(?: [A-Za-z_]+)*):(.*)$")
_ITEM = re.compile(r"(<[^<>]*>|[^\s?<>]+)(?:\?(0?\.\d+))?(?=\s|$)")
_TOKEN = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
_NO_SPACE_BEFORE = frozenset(".,;:!?")
_SOUNDS_LIKE_CONSONANT = ("uni", "use", "eu", "one", "ukulele")
_SOUNDS_LIKE_VOWEL = ("hour", "honest", "heir")

Instance = tuple[str, ...]  # a rule's name and the values of its arguments
Symbol = str | Instance  # a word, or a rule to expand


@dataclass(frozen=True)
class Item:
    """One word or reference of an alternative as written, and the chance that it is there."""

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


class Grammar:
    """A distribution over sentences (a `Source`). Text in the module's format; Mistake if it is ill-formed."""

    def __init__(self, text: str, name: str = "grammar") -> None:
        self.name = name
        self.automaton = Automaton(_Compiler(*_parse(text, name), name).automaton())
        self._pieces = [word if word in _NO_SPACE_BEFORE else " " + word for word in self.automaton.words] + [""]

    @property
    def vocabulary(self) -> list[str]:
        """All words and marks that the grammar can write, sorted."""
        return list(self.automaton.words)

    @property
    def min_length(self) -> int:
        """Tokens in the shortest sentence, marks included."""
        return self.automaton.min_length

    @property
    def max_length(self) -> int:
        """Tokens in the longest sentence, marks included."""
        return self.automaton.max_length

    def sample(self, count: int, seed: int | np.random.SeedSequence | np.random.Generator = 0) -> list[str]:
        """`count` independent sentences; the same seed gives the same sentences."""
        table = self.automaton.sample(count, np.random.default_rng(seed))
        pieces = self._pieces
        return ["".join([pieces[i] for i in row])[1:] for row in table.tolist()]

    def tokens(self, sentence: str) -> list[str]:
        """Words and marks: 'the children.' -> ['the', 'children', '.']; case and inner apostrophes are kept."""
        return _TOKEN.findall(sentence)

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, exact nats per sentence over its `tokens` and its end; -inf where underivable."""
        answer = np.empty(len(sentences))
        for begin in range(0, len(sentences), 4000):  # bounds the memory of the forward pass
            part = [self.tokens(sentence) for sentence in sentences[begin : begin + 4000]]
            answer[begin : begin + 4000] = self.automaton.log_prob(self.automaton.ids(part))
        return answer

    def log_prob_noise(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) nats under the noise of `log_prob_smoothed`: P(w_1 .. w_L) = s (1 - s)^L / (V + 1)^L.

        The length L >= 0 is geometric with the grammar's mean length m, s = 1 / (1 + m); every token is uniform over
        the V word types and one class `other` that stands for all unknown words. These sum to one over all sequences.
        """
        length = np.array([len(self.tokens(sentence)) for sentence in sentences], dtype=np.float64)
        stop = 1.0 / (1.0 + self.automaton.mean_length())
        return math.log(stop) + length * (math.log1p(-stop) - math.log(len(self.automaton.words) + 1))

    def log_prob_smoothed(self, sentences: Sequence[str], epsilon: float = 0.01) -> np.ndarray:
        """(N,) nats, finite: log((1 - epsilon) P_grammar + epsilon P_noise), for the noise see `log_prob_noise`."""
        if not 0 < epsilon < 1:
            raise ValueError(f"epsilon: {epsilon} is outside (0, 1)")
        exact = self.log_prob(sentences) + math.log1p(-epsilon)
        return np.logaddexp(exact, self.log_prob_noise(sentences) + math.log(epsilon))

    @cached_property
    def ambiguity(self) -> str | None:
        """A sentence that the automaton can write in two ways, or None: then path and sentence are one thing."""
        witness = self.automaton.ambiguity()
        return None if witness is None else " ".join(witness)

    def entropy(self) -> float:
        """Exact nats per sentence. ValueError if some sentence has two paths: the dynamic program counts paths."""
        if self.ambiguity is not None:
            raise ValueError(f"{self.name}: the entropy of an ambiguous grammar is unknown: {self.ambiguity!r}")
        return self.automaton.path_entropy()


@cache
def load(name: str) -> Grammar:
    """The grammar that the package holds under `name`: captions or stories."""
    file = resources.files("textgan.data") / "grammars" / f"{name}.grammar"
    return Grammar(file.read_text(encoding="utf-8"), name)


def _parse(text: str, place: str) -> tuple[dict[str, list[str]], dict[str, list[Rule]]]:
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
            raise Mistake(f"{place}: line {number} is no rule: {line!r}; write `name: alternatives`")
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
            raise Mistake(f"{place}: line {number}: the rule {name!r} has no alternative; `-` writes nothing")
        rules.setdefault(name, []).append(Rule(name, tuple(parameters), alternatives))
    return forms, rules


def _alternative(piece: str, place: str) -> tuple[float, tuple[Item, ...]]:
    weight = re.match(r"\d+(?:\.\d+)?\s+", piece)
    body = piece[weight.end() :] if weight else piece
    if body == "-":
        return (float(weight[0]) if weight else 1.0), ()
    if _ITEM.sub("", body).strip():
        raise Mistake(f"{place}: {piece!r} is no alternative; write words, <rule Argument>, word?0.5 or -")
    items = tuple(Item(found[1], float(found[2]) if found[2] else 1.0) for found in _ITEM.finditer(body))
    return (float(weight[0]) if weight else 1.0), items


class _Compiler:
    """Expands a grammar into an automaton. A state is the stack of symbols still to be written.

    Stacks are interned, so that equal continuations are one state. Besides the stack a state may carry which words
    it allows: after `an` only those that begin with a vowel sound, after `a` only the others.
    """

    def __init__(self, forms: dict[str, list[str]], rules: dict[str, list[Rule]], place: str) -> None:
        self.forms, self.rules, self.place = forms, rules, place
        self.stacks: list[tuple[Symbol, int] | None] = [None]  # stack 0 is the empty one
        self.stack_of: dict[tuple[Symbol, int], int] = {}
        self.expanded: dict[Instance, list[tuple[float, tuple[Symbol, ...]]]] = {}
        self.first: dict[int, dict[tuple[str | None, tuple[int, bool | None]], float]] = {}
        self.open: list[Instance] = []

    def automaton(self) -> dict[int, dict[tuple[str | None, int], float]]:
        """{state: {(word, next state): probability}}, every state reachable, state 0 the start."""
        start: tuple[int, bool | None] = (self.push(("start",), 0), None)
        numbers = {start: 0}
        waiting = [start]
        arcs: dict[int, dict[tuple[str | None, int], float]] = {}
        for state in waiting:  # grows while it is read
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

    def arcs(self, stack: int) -> dict[tuple[str | None, tuple[int, bool | None]], float]:
        """The next words of a stack with what remains after each, and their probabilities."""
        if stack in self.first:
            return self.first[stack]
        top = self.stacks[stack]
        out: dict[tuple[str | None, tuple[int, bool | None]], float] = {}
        if top is None:
            out[None, (0, None)] = 1.0
        elif top[0] == "a":
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
                if symbols and isinstance(symbols[0], str) and symbols[0] != "a":
                    key: tuple[str | None, tuple[int, bool | None]] = (symbols[0], (below, None))
                    out[key] = out.get(key, 0.0) + share
                    continue
                for key, p in self.arcs(self.push(symbols[0], below) if symbols else below).items():
                    out[key] = out.get(key, 0.0) + share * p
        self.first[stack] = out
        return out

    def expand(self, instance: Instance) -> list[tuple[float, tuple[Symbol, ...]]]:
        """The alternatives of a rule with its arguments filled in: (probability, symbols)."""
        if instance in self.expanded:
            return self.expanded[instance]
        if instance in self.open:
            raise Mistake(f"{self.place}: the rule {instance[0]!r} leads back to itself; rules must not be recursive")
        self.open.append(instance)
        out: list[tuple[float, tuple[Symbol, ...]]] = []
        for rule in self.rules.get(instance[0], []):
            bound = rule.bind(instance[1:])
            for weight, items in rule.alternatives if bound is not None else ():
                symbols = [self.symbol(item.text, bound or {}, instance) for item in items]
                for there in itertools.product(*[(True,) if i.chance == 1 else (True, False) for i in items]):
                    share = weight * math.prod(
                        item.chance if yes else 1 - item.chance for item, yes in zip(items, there, strict=True)
                    )
                    out.append((share, tuple(s for s, yes in zip(symbols, there, strict=True) if yes)))
        if not out:
            raise Mistake(f"{self.place}: no rule fits <{' '.join(instance)}>{did_you_mean(instance[0], self.rules)}")
        for _, chosen in out:
            for symbol in chosen:
                if not isinstance(symbol, str):
                    self.expand(symbol)
        self.open.pop()
        total = sum(share for share, _ in out)
        self.expanded[instance] = [(share / total, chosen) for share, chosen in out]
        return self.expanded[instance]

    def symbol(self, text: str, bound: dict[str, str], instance: Instance) -> Symbol:
        if text.startswith("<"):
            name, *arguments = text[1:-1].split()
            missing = [argument for argument in arguments if argument[0].isupper() and argument not in bound]
            if missing:
                raise Mistake(f"{self.place}: {text} in <{' '.join(instance)}>: {missing[0]} is not in the rule's head")
            return (name, *(bound.get(argument, argument) for argument in arguments))
        if "/" not in text:
            return text
        parts = text.split("/")
        for variable, value in bound.items():
            values = self.forms.get(variable, [])
            if len(values) == len(parts) and value in values:
                return parts[values.index(value)]
        raise Mistake(f"{self.place}: {text} in <{' '.join(instance)}>: no variable with {len(parts)} forms is bound")


def _vowel(word: str) -> bool:
    """Whether the word begins with a vowel sound, as `an` wants it."""
    if word.startswith(_SOUNDS_LIKE_CONSONANT):
        return False
    return word[0] in "aeiou" or word.startswith(_SOUNDS_LIKE_VOWEL)
