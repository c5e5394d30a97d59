"""A small LSTM language model of given sentences, for metrics that need one: trained in seconds, reproducibly.

Its vocabulary is the SIZE most frequent words of a real text. All other words form one class, <unk>, which has a
probability like any word; within the class, each distinct word is equally likely. The model's probabilities are
mixed with a share of `NOISE` of the uniform distribution, so that every sentence has a finite likelihood.

It is trained on the CPU, on one thread, with its own random stream: values do not depend on the machine's load, and
a training run that is being evaluated is not affected.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from textgan.data.corpus import Split
from textgan.errors import Mistake

if TYPE_CHECKING:
    from torch import Tensor

    from textgan.data.tokenizers import Tokenizer
    from textgan.generators.recurrent import LSTM
    from textgan.types import Text

FEWEST = 50
"""Fewest sentences to train a language model on; with fewer, the metric is absent."""

SIZE = 2000
NOISE = 0.01
LONGEST = 64
_width, _batch, _epochs, _rate = 64, 32, 2, 2e-2
_fewest_steps, _most_steps = 150, 1200


class Corpus:
    """Sentences that compare by a digest of their text, so that they can be the key of a cache."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)

    @cached_property
    def digest(self) -> str:
        digest = hashlib.sha256()
        for text in self.texts:
            raw = text.encode("utf-8", "surrogatepass")
            digest.update(len(raw).to_bytes(8, "little") + raw)
        return digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Corpus) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True)
class Words:
    """A model's vocabulary. folded: how many distinct words the class <unk> stands for."""

    tokenizer: Tokenizer
    folded: int

    @property
    def signature(self) -> str:
        return f"word-{self.tokenizer.size}"


@dataclass(frozen=True)
class Nats:
    """Summed negative log-likelihood in nats, with counts of tokens (EOS included), sentences and unknown words."""

    nats: float
    tokens: int
    sentences: int
    unknown: int


class LanguageModel:
    """An LSTM over `words`; `train` makes one."""

    def __init__(self, net: LSTM, words: Words, place: str) -> None:
        self.net, self.words, self.place = net, words, place

    def nats(self, texts: Sequence[str]) -> Nats:
        """The texts' negative log-likelihood; finite. Empty texts are skipped; Mistake if all are empty.

        p(w) = ((1 - NOISE) p_LSTM(class of w) + NOISE / classes) / words in the class. Texts are truncated to
        LONGEST words.
        """
        import torch

        unk = self.words.tokenizer.unk
        classes = self.words.tokenizer.size - 2  # <pad> and <bos> are never predicted
        nats, tokens, unknown, sentences = 0.0, 0, 0, 0
        with _apart(), torch.no_grad():
            for _, text in self._batches(texts):
                chance = (1 - NOISE) * self.net.log_prob(text).double().exp() + NOISE / classes  # (B, T)
                nats -= float((chance.log() * text.mask).sum())
                tokens += int(text.mask.sum())
                unknown += int((text.mask & (text.ids == unk)).sum())
                sentences += len(text)
        return Nats(nats + unknown * math.log(max(1, self.words.folded)), tokens, sentences, unknown)

    def features(self, texts: Sequence[str]) -> np.ndarray:
        """(N, F) float64: per text, the mean of the hidden states that predict its tokens, EOS included.

        Empty texts have no row; Mistake if all are empty.
        """
        import torch

        found: list[Tensor] = []
        order: list[Tensor] = []
        with _apart(), torch.no_grad():
            for rows, text in self._batches(texts):
                bos = torch.full_like(text.ids[:, :1], self.net.vocabulary.bos)
                states = self.net.table(torch.cat([bos, text.ids[:, :-1]], 1))  # (B, T, E)
                for layer in self.net.layers:
                    states, _ = layer(states)
                weight = text.mask.unsqueeze(-1).float()
                found.append((states * weight).sum(1) / weight.sum(1))  # (B, F)
                order.append(rows)
        features = torch.cat(found)[torch.cat(order).argsort()]
        return features.double().numpy()

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[Tensor, Text]]:
        """All texts that are not empty, sorted by length, in batches with their row indices."""
        text = _encode(texts, self.words.tokenizer, self.place)
        lengths = text.mask.sum(1)  # (N,)
        for rows in lengths.argsort(stable=True).split(256):
            batch = text[rows]
            width = int(lengths[rows].max())
            yield rows, type(text)(batch.ids[:, :width], batch.mask[:, :width])


@lru_cache(maxsize=8)
def words_of(real: Corpus) -> Words:
    """The vocabulary of a real text: its SIZE most frequent words, lower-case, punctuation split off."""
    from textgan.data import tokenizers

    every = tokenizers.word(real.texts, lowercase=True, attach=False).size
    kept = tokenizers.word(real.texts, lowercase=True, attach=False, max_size=SIZE)
    return Words(kept, every - kept.size + 1)  # plus one, for words not in the real text


@dataclass(frozen=True)
class Parts:
    """Real text to train on, and held-out real text. on: the name of the former in a signature."""

    real: Sequence[str]
    heldout: Sequence[str]
    on: str


def parts(references: Sequence[str], learnt: Sequence[str] | None) -> Parts:
    """The training set and the references; without a training set, the references split into odd and even ones."""
    if learnt:
        return Parts(learnt, references, "train")
    return Parts(references[::2], references[1::2], "half-of-refs")


def train(texts: Sequence[str], words: Words, *, seed: int = 0, place: str = "lm") -> LanguageModel:
    """A language model of the texts: LSTM of 64 units, tied, Adam, two epochs (150 to 1,200 batches of 32).

    The same texts, words and seed give the same model. Mistake if no text has a word. It is far from the best
    possible likelihood of the text: use it for ranking, and compare its values only with each other.
    """
    import torch

    from textgan.data.batches import Batches, Encoded
    from textgan.generators.recurrent import LSTM
    from textgan.machine.streams import seeded
    from textgan.types import Vocabulary

    tokenizer = words.tokenizer
    text = _encode(texts, tokenizer, place)
    batches = Batches(Encoded(text, text.mask), _batch, seed, bucket=True)
    steps = min(max(_epochs * batches.steps_per_epoch, _fewest_steps), _most_steps)
    with _apart(), seeded(seed), torch.inference_mode(False), torch.enable_grad():
        # unk=None: <unk> may be written, and is learnt like a word
        vocabulary = Vocabulary(tokenizer.size, tokenizer.pad, tokenizer.bos, tokenizer.eos, unk=None)
        net = LSTM(vocabulary, embedding=_width, hidden=_width, tie=True)
        optimizer = torch.optim.Adam(net.parameters(), lr=_rate)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _rate, total_steps=steps, pct_start=0.1)
        for _ in range(steps):
            batch, mask = batches.next()
            loss = -net.log_prob(batch).sum() / mask.sum()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            rate.step()
    return LanguageModel(net.eval().requires_grad_(False), words, place)


@lru_cache(maxsize=4)
def shared(texts: Corpus, real: Corpus, seed: int = 0) -> LanguageModel:
    """`train`, cached for the last four texts: a sweep over temperatures trains the model of real text once."""
    return train(texts.texts, words_of(real), seed=seed)


def _encode(texts: Sequence[str], tokenizer: Tokenizer, place: str) -> Text:
    from textgan.data.batches import encode

    if not texts:
        raise Mistake(f"{place}: there is no sentence to score; give at least one")
    return encode(Split(list(texts)), tokenizer, LONGEST, overlong="truncate", place=place)[0].text


@contextmanager
def _apart() -> Iterator[None]:
    """Run on one thread: with more, the order of sums, and so the last digit, could change."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
