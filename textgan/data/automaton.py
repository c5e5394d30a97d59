"""A weighted finite automaton without epsilon arcs: exact sampling, probability, entropy, ambiguity.

Everything is stored in a few flat arrays, one entry per arc, sorted by (state, word), so that every operation
works on all sentences (or all states) at once. Stopping is an arc too: its word is `end` and it leads to the
state `final`. The automaton is acyclic, hence every sentence is finite and every dynamic program ends after
`max_length + 1` rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

Arcs = Mapping[int, Mapping[tuple[str | None, int], float]]


class Level(NamedTuple):
    """Pairs of states found in one round of the product automaton, and how each was reached."""

    word: np.ndarray  # (P,) the last word read
    parent: (
        np.ndarray
    )  # (P,) index of the preceding pair in the previous round; in the first round, the state left


class Automaton:
    """Built from {state: {(word, next state): probability}}; state 0 is the start, the word None stops.

    Probabilities of a state's arcs are normalised here. Every state must lead to an end, as a grammar's do.
    """

    def __init__(self, arcs: Arcs) -> None:
        self.words = sorted({word for out in arcs.values() for word, _ in out if word is not None})
        self.end = len(self.words)  # the word id for stopping
        self.unknown = self.end + 1  # the word id for any word that the automaton cannot write
        self.final = max(arcs) + 1
        ids: dict[str | None, int] = {word: i for i, word in enumerate(self.words)}
        ids[None] = self.end
        rows = [
            (state, ids[word], self.final if word is None else target, probability)
            for state, out in arcs.items()
            for (word, target), probability in out.items()
            if probability > 0
        ]
        source, word, target = (np.array([row[i] for row in rows], dtype=np.int64) for i in range(3))
        weight = np.array([row[3] for row in rows], dtype=np.float64)
        order = np.lexsort((target, word, source))
        self.source, self.word, self.target = source[order], word[order], target[order]  # (A,), (A,), (A,)
        self.states = self.final + 1
        total = np.bincount(self.source, weight[order], self.states)
        self.probability = weight[order] / total[self.source]  # (A,)
        self._key = self.source * (self.unknown + 1) + self.word  # (A,), sorted
        self._first = np.searchsorted(self.source, np.arange(self.states))  # (S,) a state's first arc
        self._last = np.searchsorted(self.source, np.arange(self.states), side="right") - 1  # (S,)
        running = np.cumsum(self.probability)
        before = (running - self.probability)[self._first[self.source]]
        self._cumulative = self.source + np.minimum(running - before, 1.0)  # (A,) rises by one per state
        self.max_length = int(self._longest(1)) - 1
        self.min_length = int(-self._longest(-1)) - 1

    def _longest(self, sign: int) -> float:
        """The longest (sign 1) or minus the shortest (sign -1) number of arcs from the start to the end."""
        value = np.full(self.states, -np.inf)
        value[self.final] = 0.0
        while True:
            new = np.full(self.states, -np.inf)
            new[self.final] = 0.0
            np.maximum.at(new, self.source, value[self.target] + sign)
            if np.array_equal(new, value):
                return float(value[0])
            value = new

    def ids(self, sentences: Sequence[Sequence[str]]) -> np.ndarray:
        """Sentences (lists of tokens) as (N, T + 1) word ids, each followed by at least one `end`."""
        known = {word: i for i, word in enumerate(self.words)}
        width = max((len(sentence) for sentence in sentences), default=0) + 1
        table = np.full((len(sentences), width), self.end, dtype=np.int64)
        for row, sentence in enumerate(sentences):
            table[row, : len(sentence)] = [known.get(word, self.unknown) for word in sentence]
        return table

    def sample(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """`count` independent sentences as (count, max_length + 1) word ids, padded with `end`.

        Inverse transform sampling of all sentences together: a state's arcs cover the interval
        [state, state + 1) of one increasing array, so one binary search draws every sentence's next arc.
        """
        out = np.full((count, self.max_length + 1), self.end, dtype=np.int64)
        alive, state = np.arange(count), np.zeros(count, dtype=np.int64)
        for position in range(self.max_length + 1):
            arc = np.searchsorted(self._cumulative, state + rng.random(len(state)), side="right")
            arc = np.clip(arc, self._first[state], self._last[state])  # rounding must not leave the state
            out[alive, position] = self.word[arc]
            going = self.word[arc] != self.end
            alive, state = alive[going], self.target[arc[going]]
        return out

    def log_prob(self, ids: np.ndarray) -> np.ndarray:
        """Exact log-probability of each row of `ids` (N, T + 1): (N,) float64 nats, -inf where underivable.

        The forward algorithm: the sum over all paths, rescaled at every position so that nothing underflows.
        """
        sentences = len(ids)
        answer, scale = np.full(sentences, -np.inf), np.zeros(sentences)
        row: np.ndarray = np.arange(sentences)
        state: np.ndarray = np.zeros(sentences, dtype=np.int64)
        weight: np.ndarray = np.ones(sentences)
        for word in ids.T:
            owner, arc = self._arcs(state, word[row])
            row, weight = row[owner], weight[owner] * self.probability[arc]
            if not len(row):
                break
            cell, inverse = np.unique(row * self.states + self.target[arc], return_inverse=True)
            weight = np.bincount(inverse, weight)
            row, state = cell // self.states, cell % self.states
            total = np.bincount(row, weight, sentences)
            alive = total > 0
            scale[alive] += np.log(total[alive])
            weight = weight / total[row]
            done = row[state == self.final]
            answer[done] = scale[done]
            going = state != self.final
            row, state, weight = row[going], state[going], weight[going]
        return answer

    def _arcs(self, state: np.ndarray, word: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """All arcs that leave state[i] with word[i]: (which i, which arc), both (M,)."""
        key = state * (self.unknown + 1) + word
        low = np.searchsorted(self._key, key)
        return _ranges(low, np.searchsorted(self._key, key, side="right"))

    def visits(self) -> np.ndarray:
        """(S,) probability that a sentence passes through each state (no path visits a state twice)."""
        here: np.ndarray = np.zeros(self.states)
        here[0] = 1.0
        total = here.copy()
        for _ in range(self.max_length + 1):
            here = np.bincount(self.target, here[self.source] * self.probability, self.states)
            total += here
        return total

    def path_entropy(self) -> float:
        """Entropy of the paths, in nats; equal to that of the sentences if and only if no sentence has two paths."""
        surprise = -self.probability * np.log(self.probability)
        return float(self.visits()[self.source] @ surprise)

    def mean_length(self) -> float:
        """Expected number of words in a sentence."""
        return float(self.visits()[:-1].sum() - 1.0)  # each visit writes a word, the last the end

    def ambiguity(self) -> list[str] | None:
        """A sentence with two paths, or None if there is none: the exact test of unambiguity.

        Two paths of one sentence are a path through the product of the automaton with itself that leaves the
        diagonal and comes back. All states are accessible and co-accessible, so leaving starts at any state.
        """
        choices = self._last - self._first
        state, arc = _ranges(self._first, self._last + 1)
        levels: list[Level] = []
        seen = np.zeros(0, dtype=np.int64)  # sorted
        left, right, parent = state, state, state
        while len(left):
            if levels:
                swap = choices[left] > choices[right]  # the state with fewer arcs is looked up in the other
                left, right = np.where(swap, right, left), np.where(swap, left, right)
                owner, arc = _ranges(self._first[left], self._last[left] + 1)
                right, parent = right[owner], owner
            word = self.word[arc]
            other, twin = self._arcs(right, word)
            left, right, word, parent = self.target[arc[other]], self.target[twin], word[other], parent[other]
            apart = left != right
            if levels and not apart.all():
                index = int(np.flatnonzero(~apart)[0])
                return self._witness(levels, int(word[index]), int(parent[index]), int(left[index]))
            left, right, word, parent = left[apart], right[apart], word[apart], parent[apart]
            pair, first = np.unique(
                np.minimum(left, right) * self.states + np.maximum(left, right), return_index=True
            )
            place = np.searchsorted(seen, pair)
            new = np.append(seen, -1)[place] != pair
            seen = np.sort(np.concatenate([seen, pair[new]]), kind="stable")  # two sorted runs: a merge
            left, right, word, parent = (column[first[new]] for column in (left, right, word, parent))
            levels.append(Level(word, parent))
        return None

    def _witness(self, levels: Sequence[Level], word: int, parent: int, meet: int) -> list[str]:
        """The words of two paths that diverge at some state and meet again, completed to a sentence."""
        middle = [word]
        for level in reversed(levels):
            middle.append(int(level.word[parent]))
            parent = int(level.parent[parent])
        prefix: list[int] = []  # any way from the start to the state `parent`, and from `meet` to the end
        state = parent
        while state != 0:
            arc = int(np.flatnonzero(self.target == state)[0])
            prefix.append(int(self.word[arc]))
            state = int(self.source[arc])
        suffix: list[int] = []
        state = meet
        while state != self.final:
            arc = int(self._first[state])
            suffix.append(int(self.word[arc]))
            state = int(self.target[arc])
        path = prefix[::-1] + middle[::-1] + suffix
        return [self.words[i] for i in path if i != self.end]


def _ranges(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ranges low[i]..high[i]-1 laid end to end: (which i, the value), both of length sum(high - low)."""
    size = np.maximum(high - low, 0)
    owner = np.repeat(np.arange(len(low)), size)
    start = np.cumsum(size) - size
    return owner, np.arange(len(owner)) - start[owner] + low[owner]
