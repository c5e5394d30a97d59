"""The likelihood of the samples under a language model of real text, and of real text under a model of the samples.

Both are in nats per token (EOS is a token), in [0, inf), lower is better (`lm-score` only down to real text's own
value). Read them together: they are the quality and the diversity measures of Cífka et
al. 2018, "Eval all, trust a few, do wrong to none" (arXiv:1804.07972), and Semeniuta et al. 2018, "On accurate
evaluation of GANs for language generation" (arXiv:1806.04936); the reverse one was first used by Zhao et al. 2018,
"Adversarially regularized autoencoders". These papers give perplexities, the exponential.

Real text is `train` if it is given, and the references are held out. Without it, the references' 1st, 3rd, 5th ...
sentence are the real text and the others are held out. The vocabulary is that of the real text for every file of
samples, so that values of two generators can be compared; see `language_model` for unknown words.
"""

from __future__ import annotations

from collections.abc import Sequence

from textgan.errors import Mistake
from textgan.metrics.language_model import (
    FEWEST,
    LONGEST,
    Corpus,
    Nats,
    Parts,
    parts,
    shared,
    train,
    words_of,
)
from textgan.metrics.samples import Samples, Score, signature


def lm_score(sentences: Sequence[str], real: Sequence[str], *, seed: int = 0) -> float:
    """Nats per token of the sentences under a language model trained on the real ones; best near real text's own.

    Range [0, inf). Above the value of held-out real text, lower is better; below it the text is likelier than
    real text, so neither direction counts as better. Blind to diversity: one likely sentence, repeated, scores below
    real text, and so do samples of a low temperature. Sentences copied from `real` score too well. Mistake if `real`
    has fewer than FEWEST sentences.
    """
    return _per_token(_scored(sentences, real, seed))


def reverse_lm(
    sentences: Sequence[str], heldout: Sequence[str], real: Sequence[str], *, seed: int = 0
) -> float:
    """Nats per token of held-out real text under a language model trained on the sentences; lower is better.

    Range [0, inf). It falls with the number of sentences: compare at equal numbers, and with the value of as
    many real ones. Sensitive to missing variety and missing quality, but hardly to a few bad sentences, or to
    long-range order, which a small model does not learn. real: gives the vocabulary. Mistake for fewer than FEWEST
    sentences.
    """
    return _per_token(_reversed(sentences, heldout, real, seed))


def _scored(sentences: Sequence[str], real: Sequence[str], seed: int) -> Nats:
    _enough(real, "lm-score", "real")
    corpus = Corpus(real)
    return shared(corpus, corpus, seed).nats(sentences)


def _reversed(sentences: Sequence[str], heldout: Sequence[str], real: Sequence[str], seed: int) -> Nats:
    _enough(sentences, "reverse-lm", "generated")
    return train(sentences, words_of(Corpus(real)), seed=seed, place="reverse-lm").nats(heldout)


def _enough(sentences: Sequence[str], place: str, kind: str) -> None:
    if len(sentences) < FEWEST:
        raise Mistake(
            f"{place}: {len(sentences)} {kind} sentences are too few to train a language model; give {FEWEST} or more"
        )


def _per_token(found: Nats) -> float:
    return found.nats / found.tokens


def measure_lm(samples: Samples, *, seed: int = 0) -> dict[str, Score]:
    """`lm-score` and `reverse-lm`; each absent with fewer than FEWEST sentences to train its model on."""
    split = parts(samples.references, samples.train)
    if len(split.real) < FEWEST:
        return {}
    scores: dict[str, Score] = {}
    if any(text.strip() for text in samples.texts):
        found = _scored(samples.texts, split.real, seed)
        scores["lm-score"] = Score(_per_token(found), _told("lm-score", found, samples, split, seed))
    if len(samples.texts) >= FEWEST and "lm-score" in scores and split.heldout:
        found = _reversed(samples.texts, split.heldout, split.real, seed)
        scores["reverse-lm"] = Score(_per_token(found), _told("reverse-lm", found, samples, split, seed))
    return scores


def _told(name: str, found: Nats, samples: Samples, split: Parts, seed: int) -> str:
    return signature(
        name,
        hyps=len(samples.texts),
        real=f"{len(split.real)}({split.on})",
        scored=found.sentences,
        tokens=found.tokens,
        unknown=f"{found.unknown}(shared)",
        lm="lstm-64",
        tok=words_of(Corpus(split.real)).signature,
        case="lower",
        longest=LONGEST,
        seed=seed,
    )
