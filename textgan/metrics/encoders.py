"""Sentence vectors for Fréchet distance and MAUVE; the encoder is a parameter and part of the signature.

`lm`, the default, needs no download: each sentence is the mean hidden state of a small LSTM language model of
real text that is not among the references it is compared with: of the training set, or where that is not given
of the references' 1st, 3rd, 5th ... sentence, and then only the others are compared with. (A model trained on
the references themselves memorises them: MAUVE of 600 fresh captions of the same grammar was .68 under it, where
two fresh sets get .96.) For the same reason samples copied from the training set look unlike held-out text.

Anything else is a `transformers` encoder, by folder or hub name: the mean of its last hidden states over the tokens
that are not padding.

The two measure different things. `lm` has learnt which words follow which in real text, but not their meaning, and it
cannot tell unknown words apart. A pretrained encoder represents meaning, but may hardly notice broken grammar. Values
under different encoders are not comparable, nor are values under `lm` for two different real texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.language_model import FEWEST, Corpus, parts, shared
from textgan.metrics.samples import Samples, Score, signature
from textgan.pretrained import fetch, on_gpu

LM = "lm"
FEWEST_COMPARED = 100
"""Fewest sentences on each side to compare features."""


@dataclass(frozen=True)
class Pair:
    """Features (N, F) of the samples, (M, F) of the references, float64; told: the encoder's name in the signature."""

    samples: np.ndarray
    references: np.ndarray
    told: str


def encode_pair(
    sentences: Sequence[str],
    references: Sequence[str],
    encoder: str = LM,
    *,
    train: Sequence[str] | None = None,
    seed: int = 0,
) -> Pair:
    """Features of both sides; empty sentences are skipped.

    encoder: `lm`, or a folder or hub name for transformers. train, seed: for `lm`. The features of the last eight
    texts are cached, so that a sweep encodes its references once. Mistake if a side has no sentence, if `lm` has
    fewer than FEWEST sentences to train on, or if the encoder cannot be loaded.
    """
    split = parts(references, train)
    if encoder == LM and len(split.real) < FEWEST:
        raise Mistake(
            f"encoder: {LM} cannot be trained on {len(split.real)} sentences; give {FEWEST} or more in train "
            f"(or {2 * FEWEST} references), or name a transformers encoder"
        )
    against = split.heldout if encoder == LM else references
    if not any(map(str.strip, sentences)) or not any(map(str.strip, against)):
        raise Mistake("encoder: there is no sentence to encode; give at least one on each side")
    texts, others = Corpus(sentences), Corpus(against)
    if encoder != LM:
        return Pair(_by_transformers(texts, encoder), _by_transformers(others, encoder), encoder)
    real = Corpus(split.real)
    return Pair(_by_lm(texts, real, seed), _by_lm(others, real, seed), f"{LM}({split.on})")


def encode_samples(samples: Samples, fewest: int, encoder: str = LM, *, seed: int = 0) -> Pair | None:
    """The features that a metric compares; None if either side has fewer than `fewest` sentences."""
    split = parts(samples.references, samples.train)
    against = split.heldout if encoder == LM else samples.references
    if min(len(samples.texts), len(against)) < fewest or (encoder == LM and len(split.real) < FEWEST):
        return None
    pair = encode_pair(samples.texts, samples.references, encoder, train=samples.train, seed=seed)
    return pair if min(len(pair.samples), len(pair.references)) >= fewest else None


def compare_features(
    name: str,
    samples: Samples,
    measure: Callable[[np.ndarray, np.ndarray], float],
    encoder: str,
    seed: int,
    facts: Callable[[int, int], dict[str, object]] = lambda n, m: {},
    drawn: bool = False,
) -> dict[str, Score]:
    """The score `name`: `measure` of both sides' features; absent where either has fewer than FEWEST_COMPARED.

    facts: more facts for the signature, given the numbers of sentences. drawn: whether `measure` itself uses the
    seed; training `lm` always does.
    """
    pair = encode_samples(samples, FEWEST_COMPARED, encoder, seed=seed)
    if pair is None:
        return {}
    n, m = len(pair.samples), len(pair.references)
    used = seed if drawn or encoder == LM else None
    signature_text = signature(name, hyps=n, refs=m, encoder=pair.told, pool="mean", **facts(n, m), seed=used)
    return {name: Score(measure(pair.samples, pair.references), signature_text)}


@lru_cache(maxsize=8)
def _by_lm(texts: Corpus, real: Corpus, seed: int) -> np.ndarray:
    features = shared(real, real, seed).features(texts.texts)
    features.flags.writeable = False
    return features


@lru_cache(maxsize=8)
def _by_transformers(texts: Corpus, name: str, batch: int = 64) -> np.ndarray:
    import torch

    tokenizer, model = _load(name)
    chosen = sorted((text for text in texts.texts if text.strip()), key=len)  # features need no order
    found = []
    with torch.no_grad():
        for begin in range(0, len(chosen), batch):
            read = tokenizer(
                chosen[begin : begin + batch],
                padding=True,
                truncation=True,
                max_length=_longest(tokenizer, model),
                return_tensors="pt",
            ).to(model.device)
            states = model(**read).last_hidden_state  # (B, T, F)
            weight = read["attention_mask"].unsqueeze(-1).to(states.dtype)
            found.append((states * weight).sum(1) / weight.sum(1).clamp(min=1))
    features: np.ndarray = torch.cat(found).cpu().double().numpy()
    features.flags.writeable = False
    return features


def check_encoder(name: str) -> None:
    """Mistake if it cannot be loaded, so that this is found before any work is done."""
    if name != LM:
        _load(name)


@lru_cache(maxsize=1)
def _load(name: str) -> tuple[Any, Any]:
    tokenizer, model = fetch(
        name,
        _read,
        "encoder",
        f"`{LM}`, a folder that transformers can load, or a hub name (which needs a network connection)",
    )
    if tokenizer.pad_token is None:  # as in GPT-2; padding has no weight in the mean
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer, on_gpu(model)


def _read(where: str, here: bool) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=here, trust_remote_code=False)
    return tokenizer, AutoModel.from_pretrained(where, local_files_only=here, trust_remote_code=False).eval()


def _longest(tokenizer: Any, model: Any) -> int:
    known = getattr(model.config, "max_position_embeddings", None) or 512
    return int(min(tokenizer.model_max_length, known, 512))
