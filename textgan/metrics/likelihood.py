"""How well the generator predicts held-out real text: `nll` and `perplexity` per known token, and per sentence.

Words outside the vocabulary are skipped, as the model gives them no probability; the signature says how many there
were. Compare two values only if tokens and unknown words are the same. EOS counts as a token. (Published tables
often show the likelihood of *training* text, averaged over padding too; this is neither.)
"""

from __future__ import annotations

import math

from textgan.metrics.samples import Samples, Score, signature


def measure_likelihood(samples: Samples) -> dict[str, Score]:
    """`nll`: nats per known held-out token, in [0, inf); `perplexity`: its exponential (inf above about 709 nats);
    `nll-per-sentence`: nats per held-out sentence.

    Lower is better. Sensitive to missing variety. Blind spot: quality, as a model that mixes nonsense with real
    text half and half loses no more than log 2 nats a sentence (Theis et al. 2016).

    Unknown words are skipped and counted in the signature. Absent if the generator has no likelihood or no token is
    known.
    """
    held_out = samples.heldout_nll() if samples.heldout_nll is not None else None
    if held_out is None or held_out.tokens == 0:
        return {}
    nll = held_out.nats / held_out.tokens
    values = {"nll": nll, "perplexity": math.exp(nll) if nll < 709 else math.inf}
    values["nll-per-sentence"] = held_out.nats / held_out.sentences
    facts = {
        "sentences": held_out.sentences,
        "tokens": held_out.tokens,
        "unknown": f"{held_out.unknown}(skipped)",
    }
    return {name: Score(value, signature(name, **facts)) for name, value in values.items()}
