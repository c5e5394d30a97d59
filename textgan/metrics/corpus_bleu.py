"""Corpus BLEU as sacreBLEU defines it, under sacreBLEU's own signature.

Counts are summed over the corpus before they are divided (Papineni et al. 2002), unlike `bleu`, which is a mean
over sentences. Source: Post 2018, *A Call for Clarity in Reporting BLEU Scores*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.ngram import matches_and_closest
from textgan.metrics.samples import Samples, Score
from textgan.metrics.tokens import interned


def corpus_bleu(
    sentences: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> tuple[float, str]:
    """sacreBLEU's corpus BLEU-4, from 0 to 100, and its signature; higher is better. Every sentence is
    compared with all references.

    The tokenizer, the smoothing and the formula are sacreBLEU's; the counting is ours, because sacreBLEU's
    goes through all references for each sentence. Equal to `sacrebleu.metrics.BLEU().corpus_score` with
    each reference as a stream. Blind spots: those of `bleu`; a BLEU above that of real text means text
    concentrated on common phrases, not quality. Mistake if either side is empty or sacreBLEU has no such tokenizer.
    """
    if not sentences or not references:
        counts = f"{len(sentences)} sentences against {len(references)} references"
        raise Mistake(f"corpus-bleu: {counts}; give at least one of each")
    from sacrebleu.metrics.bleu import BLEU

    if tokenize not in BLEU.TOKENIZERS:
        raise Mistake(
            f"corpus-bleu.tokenize: sacrebleu has no tokenizer {tokenize!r}; choose one of {', '.join(BLEU.TOKENIZERS)}"
        )
    bleu = BLEU(tokenize=tokenize, lowercase=lowercase)
    bleu.num_refs = len(references)  # for the signature; sacrebleu takes it from its streams
    corpus = interned(_cut(tokenize, lowercase), sentences, references)
    orders, amount = bleu.max_ngram_order, len(sentences)
    matches, lengths, closest = matches_and_closest(corpus, amount, orders)
    score = BLEU.compute_bleu(
        correct=[int(found.sum()) for found in matches],
        total=[int(np.maximum(lengths - order, 0).sum()) for order in range(orders)],
        sys_len=int(lengths.sum()),
        ref_len=int(closest.sum()),
        smooth_method=bleu.smooth_method,
        smooth_value=bleu.smooth_value,
        effective_order=bleu.effective_order,
        max_ngram_order=orders,
    )
    return float(score.score), str(bleu.get_signature())


@lru_cache
def _cut(tokenize: str, lowercase: bool) -> Callable[[str], list[str]]:
    """sacreBLEU's tokens of a line. `13a` works word by word, so each distinct word is tokenised once."""
    from sacrebleu.metrics.bleu import BLEU

    tokenizer = BLEU(tokenize=tokenize).tokenizer
    fold = str.lower if lowercase else str

    def whole(text: str) -> list[str]:
        return list(tokenizer(fold(text).rstrip()).split())

    words = lru_cache(maxsize=1 << 16)(whole)

    def by_word(text: str) -> list[str]:
        if "\n" in text:  # where `13a` joins words
            return whole(text)
        return list(chain.from_iterable(map(words, text.split())))

    return by_word if tokenize == "13a" else whole


def measure_corpus_bleu(samples: Samples) -> dict[str, Score]:
    """`corpus-bleu`, from 0 to 100. Absent where either side is empty."""
    if not samples.texts or not samples.references:
        return {}
    value, signature_text = corpus_bleu(samples.texts, samples.references)
    return {"corpus-bleu": Score(value, f"corpus-bleu|hyps:{len(samples.texts)}|{signature_text}")}
