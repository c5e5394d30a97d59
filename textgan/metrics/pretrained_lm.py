"""Likelihood of the samples under a pretrained language model.

The model was trained on other text, so a generator gains nothing by copying its training set, and it judges meaning
where n-grams cannot. Blind to diversity: a lower temperature makes text likelier, so compare at equal diversity only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from textgan.errors import Mistake
from textgan.metrics.once import once
from textgan.metrics.samples import Samples, Score, signature
from textgan.pretrained import fetch, in_one_file, on_gpu

LONGEST = 512  # of the model's tokens; longer sentences are truncated
HALF = "@bf16"
_AT_ONCE = 32


def pretrained_nll(sentences: Sequence[str], model: str) -> float:
    """Nats per token of the model's own tokenizer, in [0, inf): total nats over total tokens of all sentences.

    model: a causal language model of transformers, by folder or hub name; it computes in float32, or in
    bfloat16 if `@bf16` is appended (faster on a processor with bfloat16 units). Each sentence
    stands alone, behind the beginning that the model's tokenizer knows; one without such a sign is scored from its
    second token on. Text is taken as it is written, with its spaces between punctuation. Mistake where there is no
    such model, or no token.
    """
    nats, tokens = nats_and_tokens(sentences, model)
    if not tokens.sum():
        raise Mistake(
            "pretrained-lm: there is no token to score; give at least one sentence that is not empty"
        )
    return float(nats.sum() / tokens.sum())


def nats_and_tokens(sentences: Sequence[str], model: str) -> tuple[np.ndarray, np.ndarray]:
    """The negative log-likelihood of each sentence, (N,) nats, and its number of scored tokens, (N,)."""
    found: tuple[np.ndarray, np.ndarray] = once(
        ("pretrained-lm", model, tuple(sentences)), lambda: _scored(sentences, model)
    )
    return found


def _scored(sentences: Sequence[str], name: str) -> tuple[np.ndarray, np.ndarray]:
    import torch

    tokenizer, model = _load(name)
    first = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    ids = [first + tokenizer(text, add_special_tokens=False)["input_ids"][:LONGEST] for text in sentences]
    nats, tokens = np.zeros(len(ids)), np.array([max(0, len(one) - 1) for one in ids])
    order = sorted((i for i in range(len(ids)) if tokens[i]), key=lambda i: len(ids[i]))
    device = next(model.parameters()).device
    with torch.inference_mode():
        for begin in range(0, len(order), _AT_ONCE):
            rows = order[begin : begin + _AT_ONCE]
            longest = len(ids[rows[-1]])
            padded = torch.tensor([ids[i] + [0] * (longest - len(ids[i])) for i in rows], device=device)
            mask = torch.tensor([[j < len(ids[i]) for j in range(longest)] for i in rows], device=device)
            logits = model(input_ids=padded, attention_mask=mask.long()).logits[:, :-1].float()
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), padded[:, 1:].flatten(), reduction="none"
            )
            nats[rows] = (loss.view(len(rows), -1) * mask[:, 1:]).sum(1).cpu().double().numpy()
    return nats, tokens


def check_model(name: str) -> None:
    """Mistake if it cannot be loaded."""
    _load(name)


@lru_cache(maxsize=1)
def _load(name: str) -> tuple[Any, Any]:
    where = name.removesuffix(HALF)
    read = partial(_read, precision="float32" if where == name else "bfloat16")
    tokenizer, model = fetch(where, read, "metrics.pretrained-lm")
    return tokenizer, on_gpu(model.eval())


def _read(where: str, here: bool, precision: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"local_files_only": here, "trust_remote_code": False, **in_one_file(where)}
    tokenizer = AutoTokenizer.from_pretrained(where, **options)
    return tokenizer, AutoModelForCausalLM.from_pretrained(where, dtype=precision, **options)


def measure_pretrained_lm(samples: Samples, *, model: str) -> dict[str, Score]:
    """`pretrained-nll`; absent where the samples hold no token. model: see `pretrained_nll`."""
    nats, tokens = nats_and_tokens(samples.texts, model)
    if not tokens.sum():
        return {}
    where = model.removesuffix(HALF)
    name = Path(where).name if Path(where).is_dir() else where
    facts = {"hyps": len(samples.texts), "model": name, "precision": "fp32" if where == model else "bf16"}
    signature_text = signature("pretrained-nll", **facts, tok="its own", longest=LONGEST)
    return {"pretrained-nll": Score(float(nats.sum() / tokens.sum()), signature_text)}
