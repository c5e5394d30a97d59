"""How well the generator predicts held-out real text: `nll` and `perplexity`, per known token.

Words outside the vocabulary are skipped and counted: no probability is claimed for them, and the signature
says how many there were. Two figures are comparable only where the tokens and the unknown words are the
same. The end of a sentence is a token like any other. (The tables of the literature often show the
likelihood of *training* text, averaged over padding too; this is neither.)
"""

from __future__ import annotations

import math

from textgan.metrics.samples import Samples, Score, signature


def measure_likelihood(samples: Samples) -> dict[str, Score]:
    """`nll`: nats per known held-out token, in [0, inf); `perplexity`: its exponential (inf above about 709 nats).

    Lower is better. It sees missing variety; blind spot: quality, as a model that mixes nonsense with real text at
    equal odds loses no more than log 2 nats a sentence (Theis et al. 2016).

    Unknown words are skipped and counted in the signature. Absent where the generator has no likelihood or
    no token was known.
    """
    held_out = samples.heldout_nll() if samples.heldout_nll is not None else None
    if held_out is None or held_out.tokens == 0:
        return {}
    nll = held_out.nats / held_out.tokens
    values = {"nll": nll, "perplexity": math.exp(nll) if nll < 709 else math.inf}
    facts = {
        "sentences": held_out.sentences,
        "tokens": held_out.tokens,
        "unknown": f"{held_out.unknown}(skipped)",
    }
    return {name: Score(value, signature(name, **facts)) for name, value in values.items()}
