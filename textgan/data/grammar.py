"""Probabilistic grammars in a small text format, compiled to automata: text with known probability.

The format is a list of rules:

    forms N: sg pl                       # for a word written dog/dogs, the variable N selects the form
    start: 3 <walk sg> | <walk pl>       # alternatives, separated by `|` or a new line; a leading number is the weight
    walk N: <dogs N> is/are walking slowly?0.2 .   # capitals are variables; ?0.2: present with probability 0.2
    dogs sg: a <colour> dog              # `a` becomes `an` where the next word requires it
    dogs pl: two <colour> dogs | some dogs
    colour: red | orange | -             # `-` alone writes nothing

A rule applies if its head matches; all matching rules contribute their alternatives. `start` is the start symbol. No
rule may be recursive, so the language is finite and the grammar is an acyclic automaton. A state is the sequence of
symbols still to be written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cache, cached_property
from importlib import resources

import numpy as np

from textgan.data.automaton import Automaton
from textgan.data.grammar_rules import Compiler, parse

_TOKEN = re.compile(r"\w+(?:['\u2019]\w+)*|[^\w\s]")
_NO_SPACE_BEFORE = frozenset(".,;:!?")


class Grammar:
    """A distribution over sentences (a `Source`) from text in the module's format; Mistake if it is malformed.

    letters: words are spelled out letter by letter without spaces, and `a` is an ordinary letter.
    """

    def __init__(self, text: str, name: str = "grammar", *, letters: bool = False) -> None:
        self.name, self.letters = name, letters
        self.automaton = Automaton(Compiler(*parse(text, name), name, letters).automaton())
        words = self.automaton.words
        close = words if letters else _NO_SPACE_BEFORE
        self._pieces = [word if word in close else " " + word for word in words] + [""]  # by word id

    @property
    def vocabulary(self) -> list[str]:
        """All words and punctuation marks that the grammar can generate, sorted."""
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
        return ["".join([pieces[i] for i in row]).removeprefix(" ") for row in table.tolist()]

    def tokens(self, sentence: str) -> list[str]:
        """Words and marks: 'the children.' -> ['the', 'children', '.']; case and apostrophes are kept.

        With `letters`, the characters.
        """
        return list(sentence) if self.letters else _TOKEN.findall(sentence)

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, exact nats per sentence over its `tokens` and its end; -inf if it cannot be derived."""
        answer = np.empty(len(sentences))
        for begin in range(0, len(sentences), 4000):  # bounds the memory of the forward pass
            part = [self.tokens(sentence) for sentence in sentences[begin : begin + 4000]]
            answer[begin : begin + 4000] = self.automaton.log_prob(self.automaton.ids(part))
        return answer

    def log_prob_noise(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) nats under the noise of `log_prob_smoothed`: P(w_1 .. w_L) = s (1 - s)^L / (V + 1)^L.

        The length L >= 0 is geometric with the grammar's mean length m, s = 1 / (1 + m); every token is
        uniform over the V word types and one class `other` for all unknown words. Over all
        sequences of these V + 1 classes the probabilities sum to one.
        """
        length = np.array([len(self.tokens(sentence)) for sentence in sentences], dtype=np.float64)
        stop = 1.0 / (1.0 + self.automaton.mean_length())
        return math.log(stop) + length * (math.log1p(-stop) - math.log(len(self.automaton.words) + 1))

    def log_prob_smoothed(self, sentences: Sequence[str], epsilon: float = 0.01) -> np.ndarray:
        """(N,) nats, finite: log((1 - epsilon) P_grammar + epsilon P_noise); noise: `log_prob_noise`."""
        if not 0 < epsilon < 1:
            raise ValueError(f"epsilon: {epsilon} is outside (0, 1)")
        exact = self.log_prob(sentences) + math.log1p(-epsilon)
        return np.logaddexp(exact, self.log_prob_noise(sentences) + math.log(epsilon))

    @cached_property
    def ambiguity(self) -> str | None:
        """A sentence that the automaton can generate in two ways; None if every sentence has exactly one path."""
        witness = self.automaton.ambiguity()
        return None if witness is None else " ".join(witness)

    def entropy(self) -> float:
        """Exact nats per sentence; ValueError if a sentence has two paths, because the sum is over paths."""
        if self.ambiguity is not None:
            raise ValueError(
                f"{self.name}: the grammar is ambiguous, so its entropy is unknown: {self.ambiguity!r}"
            )
        return self.automaton.path_entropy()


@cache
def load(name: str, start: str | None = None, letters: bool = False) -> Grammar:
    """Load the packaged grammar called `name`, such as captions.

    start: the start alternatives, such as `<review pos>`, for a grammar with several entry points and no `start` rule.
    letters: as in `Grammar`.
    """
    file = resources.files("textgan.data") / "grammars" / f"{name}.grammar"
    head = f"start: {start}\n" if start else ""
    return Grammar(head + file.read_text(encoding="utf-8"), name, letters=letters)
