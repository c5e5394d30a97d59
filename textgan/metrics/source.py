"""Likelihood under the true source of the text, where it is known (a grammar, an oracle).

Both measure quality alone, and need neither references nor a tokenizer of ours. A generator that repeats one good
sentence does well on both, so read them together with the likelihood of held-out text (`nll`) or self-BLEU.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textgan.data.corpus import Source, token_counts
from textgan.errors import Mistake
from textgan.metrics.samples import Samples, Score, signature


def grammaticality(sentences: Sequence[str], source: Source) -> float:
    """The share of sentences, in [0, 1], that the source can generate (finite `log_prob`); higher is better.

    Blind spots: variety, and how likely a sentence is. Mistake if there are no sentences.
    """
    if not sentences:
        raise Mistake("grammaticality: there is no sentence to score; give at least one")
    return float(np.isfinite(source.log_prob(sentences)).mean())


def source_nll(sentences: Sequence[str], source: Source) -> float:
    """Nats per token under the smoothed source, over all sentences; EOS counts as a token, unless all
    of the source's sentences have the same length.

    In [0, inf); lower is better down to the source's own rate (entropy over mean length). Below it the texts are
    too likely: a sign of collapse. Blind spot: variety. A single very unlikely sentence weighs heavily. Source: Yu et
    al. 2017 (NLL_oracle), here per token and smoothed. Mistake if there are no sentences.
    """
    if not sentences:
        raise Mistake("source-nll: there is no sentence to score; give at least one")
    return -float(np.sum(source.log_prob_smoothed(sentences))) / _tokens(sentences, source)


def _tokens(sentences: Sequence[str], source: Source) -> int:
    return max(1, int(token_counts(source, sentences).sum()))  # EOS may not count, so there may be none


def measure_source(samples: Samples) -> dict[str, Score]:
    """`source-nll` and `grammaticality`. Absent if the source is unknown or there is no text."""
    if samples.source is None or not samples.texts:
        return {}
    hyps = len(samples.texts)
    signature_text = signature(
        "source-nll", hyps=hyps, tokens=_tokens(samples.texts, samples.source), smoothed=True
    )
    return {
        "source-nll": Score(source_nll(samples.texts, samples.source), signature_text),
        "grammaticality": Score(
            grammaticality(samples.texts, samples.source), signature("grammaticality", hyps=hyps)
        ),
    }
