"""Protocols for BLEU and self-BLEU from the literature, as data: which sentences, which tokens, which references.

Smoothing is method 1 (epsilon 0.1) everywhere. The preset's name is part of the signature of its scores.
Departures: where a toolkit drew its sentences at random or generated new ones, we take the first lines of the
file, so that two calls agree; where it called nltk's word_tokenize (`texygen`, `relgan`, `textgan-pytorch`, the
last on lower-cased text), we use `treebank`, which differs only in taking each line as one sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from textgan.errors import Mistake, did_you_mean
from textgan.metrics.ngram import ORDERS, sentence_bleu, sentence_self_bleu
from textgan.metrics.samples import Samples, signature
from textgan.metrics.tokens import SPLIT, TREEBANK, TREEBANK_LOWER, WHITESPACE, Cut

Lines = Sequence[str]
SMOOTHING = "method1(0.1)"


@dataclass(frozen=True)
class Scored:
    """One value for each sentence, (N,) in [0, 1], and the signature of their mean."""

    values: np.ndarray
    signature: str


@dataclass(frozen=True)
class Bleu:
    """BLEU of the first `hyps` texts against the first `refs` references; None is all of them."""

    hyps: int | None = None
    refs: int | None = None
    cut: Cut = SPLIT
    orders: tuple[int, ...] = ORDERS

    def score(self, texts: Lines, references: Lines, preset: str | None) -> dict[str, Scored]:
        """`bleu-2` ...; empty if either side is empty."""
        hyps, refs = texts[: self.hyps], references[: self.refs]
        if not hyps or not refs:
            return {}
        found = sentence_bleu(hyps, refs, n=self.orders, cut=self.cut)
        return _signed("bleu", found, self.cut, {"refs": len(refs)}, {}, preset)


@dataclass(frozen=True)
class Pool:
    """The sentences that self-BLEU scores, their references, and the facts for its signature.

    against None: each against all the others (leave one out).
    """

    hyps: Lines
    against: Lines | None
    before: dict[str, object] = field(default_factory=dict)
    after: dict[str, object] = field(default_factory=dict)


def leave_one_out(texts: Lines, hyps: int | None) -> Pool | None:
    """Each of the first `hyps` texts against the others of these."""
    kept = texts[:hyps]
    return Pool(kept, None, after={"loo": True}) if len(kept) > 1 else None


def with_itself(texts: Lines, hyps: int | None) -> Pool | None:
    """The first `hyps` against all texts, including the sentence itself.

    A known bug, kept for comparison: every sentence of n tokens or more then scores 1, whatever its text.
    """
    return Pool(texts[:hyps], texts, before={"refs": len(texts)}, after={"self": "in"}) if texts else None


def against_the_next(texts: Lines, hyps: int | None, most: int = 10_000) -> Pool | None:
    """The first `hyps` against the texts that follow them, `most` at most."""
    if hyps is None or len(texts) <= hyps:
        return None
    others = texts[hyps : hyps + most]
    return Pool(texts[:hyps], others, before={"refs": len(others)}, after={"self": "out"})


@dataclass(frozen=True)
class SelfBleu:
    """Self-BLEU: `pool` chooses the texts and their references; absent if there are too few texts."""

    hyps: int | None = None
    pool: Callable[[Lines, int | None], Pool | None] = leave_one_out
    cut: Cut = SPLIT
    orders: tuple[int, ...] = ORDERS

    def score(self, texts: Lines, preset: str | None) -> dict[str, Scored]:
        """`self-bleu-2` ...; empty where there are too few texts."""
        pool = self.pool(texts, self.hyps)
        if pool is None:
            return {}
        if pool.against is None:
            found = sentence_self_bleu(pool.hyps, n=self.orders, cut=self.cut)
        else:
            found = sentence_bleu(pool.hyps, pool.against, n=self.orders, cut=self.cut)
        return _signed("self-bleu", found, self.cut, pool.before, pool.after, preset)


@dataclass(frozen=True)
class Preset:
    """A protocol for BLEU and self-BLEU, its origin (`note`), and a warning for its users (`caution`)."""

    name: str | None
    note: str
    bleu: Bleu = field(default_factory=Bleu)
    self_bleu: SelfBleu = field(default_factory=SelfBleu)
    caution: str = ""

    def score(self, metric: str, samples: Samples) -> dict[str, Scored]:
        """`metric` is bleu or self-bleu. What cannot be measured is absent."""
        if metric == "bleu":
            return self.bleu.score(samples.texts, samples.references, self.name)
        return self.self_bleu.score(samples.texts, self.name)


def _signed(
    metric: str,
    found: dict[int, np.ndarray],
    cut: Cut,
    before: dict[str, object],
    after: dict[str, object],
    preset: str | None,
) -> dict[str, Scored]:
    def told(n: int) -> str:
        facts = {"n": n, "hyps": len(found[n]), **before, **cut.signature, "smooth": SMOOTHING, **after}
        return signature(metric, **facts, preset=preset)

    return {f"{metric}-{n}": Scored(values, told(n)) for n, values in found.items()}


USUAL = Preset(None, "all texts, all references, split tokens, leave one out: what the suite measures")
PRESETS: dict[str, Preset] = {
    str(preset.name): preset
    for preset in (
        Preset(
            "texygen-paper",
            "the tables of Texygen (Zhu et al. 2018), reproduced from its released samples to .002",
            self_bleu=SelfBleu(cut=WHITESPACE),
        ),
        Preset(
            "texygen",
            "Texygen's released code: self-BLEU far below that of its paper, as the pool is smaller",
            bleu=Bleu(refs=500, cut=TREEBANK),
            self_bleu=SelfBleu(hyps=500, cut=TREEBANK),
        ),
        Preset(
            "relgan",
            "RelGAN's released code (Nie et al. 2019)",
            bleu=Bleu(hyps=100, cut=TREEBANK),
            self_bleu=SelfBleu(hyps=200, pool=with_itself, cut=TREEBANK),
            caution="each sentence is among its own references, so self-BLEU is 1 by construction",
        ),
        Preset(
            "textgan-pytorch",
            "TextGAN-PyTorch's released code: n up to 4",
            bleu=Bleu(hyps=200, cut=TREEBANK_LOWER, orders=ORDERS[:3]),
            self_bleu=SelfBleu(hyps=200, pool=against_the_next, cut=TREEBANK_LOWER, orders=ORDERS[:3]),
        ),
        Preset(
            "falling-short",
            "Language GANs Falling Short (Caccia et al. 2020): text that is tokenised with spaces already",
            bleu=Bleu(cut=WHITESPACE),
            self_bleu=SelfBleu(cut=WHITESPACE),
        ),
    )
}


def preset(name: str) -> Preset:
    """The preset of that name; Mistake, with a suggestion, if there is none."""
    if name not in PRESETS:
        raise Mistake(f"--preset: there is no preset {name!r}.{did_you_mean(name, PRESETS)}")
    return PRESETS[name]
