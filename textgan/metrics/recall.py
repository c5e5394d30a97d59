"""Backward BLEU: how much of the real text the samples cover, and its harmonic mean with BLEU.

Source: Shi et al. 2018, *Toward Diverse Text Generation with Inverse Reinforcement Learning*, sec. 5 (BLEU_F,
BLEU_B, BLEU_HA). Departures: sentence BLEU with method-1 smoothing against all sentences of the other side,
like `bleu`; the harmonic mean is taken of the two corpus means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textgan.metrics.ngram import ORDERS, bleu
from textgan.metrics.samples import Samples, Score, signature
from textgan.metrics.smoothing import EPSILON, Smoothing
from textgan.metrics.tokens import SPLIT, Sentence, split


def backward_bleu(
    sentences: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """BLEU-n of each reference against all the sentences, mean over the references, in [0, 1], by n; higher
    is better: the model can write what people wrote.

    Blind spots: it grows with the number of sentences, so compare at equal numbers only; nonsense among the
    sentences costs nothing. Mistake if either side is empty.
    """
    return bleu(references, sentences, n=n, smoothing=smoothing, cut=cut)


def harmonic_bleu(
    sentences: Sequence[Sentence],
    references: Sequence[Sentence],
    *,
    n: Sequence[int] = ORDERS,
    smoothing: Smoothing = "method1",
    cut: Callable[[str], list[str]] = split,
) -> dict[int, float]:
    """2FB / (F + B) of BLEU-n (F) and backward BLEU-n (B), in [0, 1], by n; higher is better; 0 if both are 0.

    Blind spots: those of both. Real text against itself is below 1, and shows what a good value is. Mistake
    if either side is empty.
    """
    forward = bleu(sentences, references, n=n, smoothing=smoothing, cut=cut)
    backward = backward_bleu(sentences, references, n=n, smoothing=smoothing, cut=cut)
    sums = {order: forward[order] + backward[order] for order in n}
    return {k: 2 * forward[k] * backward[k] / total if total else 0.0 for k, total in sums.items()}


def measure_backward_bleu(samples: Samples) -> dict[str, Score]:
    """`backward-bleu-2` .. `-5` and `harmonic-bleu-2` .. `-5`. Absent where either side is empty."""
    if not samples.texts or not samples.references:
        return {}
    facts = {"hyps": len(samples.texts), "refs": len(samples.references), **SPLIT.signature}
    smooth = f"method1({EPSILON['method1']})"
    return {
        f"{name}-{n}": Score(value, signature(name, n=n, **facts, smooth=smooth))
        for name, measured in (("backward-bleu", backward_bleu), ("harmonic-bleu", harmonic_bleu))
        for n, value in measured(samples.texts, samples.references, cut=SPLIT).items()
    }
