"""The synthetic oracle (Yu et al. 2017, section 4): text sampled from a fixed LSTM whose likelihood is exact.

The LSTM has random weights from N(0, 1) and writes sentences of fixed length without an end token: w0 is the start
token (and is not written), followed by `length` words of w0 .. w4999. To compare with published figures, use a
vocabulary of all words (`tokenizer: {name: numbered}`), the same `length` in the recipe, and `overlong: truncate`, so
that no sentence has an end token. Does not import torch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from textgan.data.corpus import Source, Split
from textgan.data.splits import MOST
from textgan.errors import Mistake

_HIDDEN = 32
_PUBLISHED = Path("oracle") / "seqgan_lstm.npz"
_FOREIGN = -50.0  # nats: log-probability of a word outside the vocabulary, in the smoothed likelihood only
_BLOCK = 50  # words per block when a word is drawn in two stages
_GATES = ("i", "f", "o", "c")

Weights = dict[str, np.ndarray]
"""embedding (V,32); W, U (32,4*32) and b (4*32,) of the gates i f o c; W_out (32,V), b_out (V,)."""


class Recurrence:
    """A distribution over sentences of `length` words (a `Source`), given by the weights of an LSTM.

    Likelihoods are computed in float64, samples in float32. `ends` is False: all sentences have the same length, so
    their end is not a token.
    """

    ends = False

    def __init__(self, weights: Weights, length: int) -> None:
        self.length = length
        self.size = len(weights["b_out"])
        self._weights = {
            precision: {name: value.astype(precision) for name, value in weights.items()}
            for precision in ("float32", "float64")
        }

    def sample(self, count: int, seed: int | np.random.SeedSequence) -> np.ndarray:
        """`count` independent sentences as word numbers, (count, T); the same seed gives the same sentences."""
        draw = np.random.default_rng(seed)
        return np.concatenate([self._walk(rows, draw)[0] for rows in _pieces(count)])

    def tokens(self, sentence: str) -> list[str]:
        """The words: `w12 w7` -> ['w12', 'w7']."""
        return sentence.split()

    def log_prob(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, exact nats per sentence; -inf if the length is wrong or a word is unknown."""
        words = [self._numbers(sentence) for sentence in sentences]
        answer = np.full(len(words), -np.inf)
        own = np.array([len(row) == self.length and -1 not in row for row in words], dtype=bool)
        if own.any():
            answer[own] = self._likelihood(np.array([words[i] for i in np.flatnonzero(own)])).sum(1)
        return answer

    def log_prob_smoothed(self, sentences: Sequence[str]) -> np.ndarray:
        """(N,) float64, finite: `log_prob` where that is finite, else the LSTM's log-probability of the words given.

        An unknown word costs 50 nats and is read as w0. Departure from the grammars, which mix with noise: 20 uniform
        words cost 170 nats, less than a poor generator's sentences do, so noise would hide how poor they are.
        """
        words = [self._numbers(sentence) for sentence in sentences]
        width = max(map(len, words), default=0)
        ids = np.array([row + [-1] * (width - len(row)) for row in words], dtype=np.int64)
        ids = ids.reshape(len(words), width)  # also where there are none: (N, T)
        there = np.arange(width) < np.array([len(row) for row in words])[:, None]
        nats = np.where(ids < 0, _FOREIGN, self._likelihood(np.maximum(ids, 0)))
        return np.asarray(np.where(there, nats, 0.0).sum(1))

    def entropy(self) -> float:
        """Nats per sentence, estimated: the exact entropy of each next word, averaged over 2,000 sampled sentences.

        The standard error is about 0.1 nats, a thousandth of the value.
        """
        return self._entropy

    @cached_property
    def _entropy(self) -> float:
        return self.entropy_over(2_000)

    def entropy_over(self, count: int, seed: int = 0) -> float:
        """`entropy` estimated from `count` sampled sentences."""
        draw = np.random.default_rng(seed)
        return float(np.concatenate([self._walk(rows, draw)[1] for rows in _pieces(count)]).mean())

    def _numbers(self, sentence: str) -> list[int]:
        return [
            int(word[1:]) if word[:1] == "w" and word[1:].isdecimal() and int(word[1:]) < self.size else -1
            for word in self.tokens(sentence)
        ]

    def _walk(self, rows: int, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(sentences (rows, T), the entropies of their next words summed over time (rows,))."""
        weights = self._weights["float32"]
        written = np.zeros((rows, self.length), np.int64)
        entropy = np.zeros(rows)
        token = np.zeros(rows, np.int64)
        state = _start(rows, "float32")
        for position in range(self.length):
            logits, state = _step(weights, token, state)
            logits -= logits.max(1, keepdims=True)
            chances = np.exp(logits)
            total = chances.sum(1)
            entropy += np.log(total) - np.einsum("nv,nv->n", chances, logits) / total
            written[:, position] = token = _drawn(chances, draw)
        return written, entropy

    def _likelihood(self, ids: np.ndarray) -> np.ndarray:
        """Log-probability of each word given the preceding ones, (N,T)."""
        weights = self._weights["float64"]
        answer = np.zeros(ids.shape)
        begin = 0
        for rows in _pieces(len(ids)):
            piece = ids[begin : begin + rows]
            token = np.zeros(rows, np.int64)
            state = _start(rows, "float64")
            for position in range(ids.shape[1]):
                logits, state = _step(weights, token, state)
                token = piece[:, position]
                logits -= logits.max(1, keepdims=True)
                chosen = logits[np.arange(rows), token]
                answer[begin : begin + rows, position] = chosen - np.log(np.exp(logits).sum(1))
            begin += rows
        return answer


class Oracle:
    """Text from the SeqGAN oracle: `size`, `validation` and `test` sentences of `length` words.

    Mistake if one of these is below 1.

    Uses the published weights if `$TEXTGAN_DATA/oracle/seqgan_lstm.npz` exists, else weights drawn from N(0, 1) with
    `weights_seed`; `notes` says which. Setting `weights_seed`, or `words` other than 5,000, forces drawn weights.
    `seed` draws the sentences; the three splits come from independent streams. The papers' figures at T = 40 use
    other weights, with an entropy of 4.07 nats per token; these have 5.75 at T = 20 and 5.73 at T = 40.
    """

    label_names: tuple[str, ...] = ()

    def __init__(
        self,
        length: int = 20,
        size: int = 10_000,
        validation: int = 1_000,
        test: int = 2_000,
        seed: int = 0,
        words: int = 5_000,
        weights_seed: int | None = None,
    ) -> None:
        counts = {"length": length, "size": size, "validation": validation, "test": test}
        for key, count in counts.items():
            if count < 1:
                raise Mistake(f"corpus.{key}: {count} is too few; expected 1 or more")
            if count > MOST:
                raise Mistake(f"corpus.{key}: {count} is too many; expected {MOST:,} or fewer")
        if words < 2:
            raise Mistake(f"corpus.words: {words} is too few; expected 2 or more")
        if words > 1_000_000:
            raise Mistake(f"corpus.words: {words} is too many; expected 1,000,000 or fewer")
        for key, value in (("seed", seed), ("weights_seed", weights_seed or 0)):
            if value < 0:
                raise Mistake(f"corpus.{key}: {value} is negative; expected 0 or more")
        weights = published() if weights_seed is None and words == 5_000 else None
        self.name = "oracle" if weights is not None else "oracle-drawn"
        oracle = Recurrence(weights if weights is not None else drawn(words, weights_seed or 0), length)
        self.source: Source | None = oracle
        streams = np.random.SeedSequence(seed).spawn(3)
        self.train, self.validation, self.test = (
            Split([" ".join([f"w{word}" for word in row]) for row in oracle.sample(count, stream).tolist()])
            for count, stream in zip((size, validation, test), streams, strict=True)
        )
        origin = "published" if weights is not None else f"drawn with seed {weights_seed or 0}"
        self.notes = [f"oracle: the weights are {origin}; {words:,} words, sentences of {length}"]


def published() -> Weights | None:
    """The weights behind the paper's figures, from $TEXTGAN_DATA; None if they are not there."""
    root = os.environ.get("TEXTGAN_DATA")
    path = Path(root) / _PUBLISHED if root else None
    if path is None or not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as held:
        gates = {
            letter: np.concatenate([held[f"{letter}_{gate}"] for gate in _GATES], axis=-1) for letter in "WUb"
        }
        return {**gates, **{name: held[name] for name in ("embedding", "W_out", "b_out")}}


def drawn(words: int, seed: int) -> Weights:
    """Weights from N(0, 1), initialised like the published ones."""
    draw = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embedding": (words, _HIDDEN),
        "W": (_HIDDEN, 4 * _HIDDEN),
        "U": (_HIDDEN, 4 * _HIDDEN),
        "b": (4 * _HIDDEN,),
        "W_out": (_HIDDEN, words),
        "b_out": (words,),
    }
    return {name: draw.standard_normal(shape) for name, shape in shapes.items()}


def _start(rows: int, precision: str) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((rows, _HIDDEN), precision), np.zeros((rows, _HIDDEN), precision)


def _step(
    weights: Weights, token: np.ndarray, state: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """(logits of the next word (N,V), state) after reading token (N,)."""
    hidden, cell = state
    inner = weights["embedding"][token] @ weights["W"] + hidden @ weights["U"] + weights["b"]
    gate_in, gate_forget, gate_out = np.split(_sigmoid(inner[:, : 3 * _HIDDEN]), 3, axis=1)
    cell = gate_forget * cell + gate_in * np.tanh(inner[:, 3 * _HIDDEN :])
    hidden = gate_out * np.tanh(cell)
    return hidden @ weights["W_out"] + weights["b_out"], (hidden, cell)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray((1 + np.tanh(x / 2)) / 2)  # without overflow


def _drawn(chances: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One word per row, (N,), from weights (N,V): first a block of words by its sum, then a word within the block."""
    rows, size = chances.shape
    if missing := -size % _BLOCK:
        chances = np.pad(chances, ((0, 0), (0, missing)))
    blocks = chances.reshape(rows, -1, _BLOCK)
    block = _inverse(blocks.sum(2), draw)
    inside = _inverse(blocks[np.arange(rows), block], draw)
    return np.minimum(block * _BLOCK + inside, size - 1)


def _inverse(weights: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    sums = weights.cumsum(1, dtype=np.float64)  # (N, M)
    point = draw.random((len(sums), 1)) * sums[:, -1:]
    return np.asarray(np.minimum((sums <= point).sum(1), sums.shape[1] - 1))


def _pieces(count: int) -> Iterator[int]:
    """`count` split into parts small enough for their logits to stay in the CPU cache."""
    while count > 0:
        yield min(count, 128)
        count -= 128
