"""A pretrained sentence encoder, frozen or fine-tuned, with a small head as the discriminator; reads text, not ids."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from textgan.errors import Mistake
from textgan.parts.ranges import Share
from textgan.pretrained import fetch
from textgan.types import Discriminator, Text, Verdict, Vocabulary, read_labels


class Pretrained(Discriminator):
    """Ids are decoded to readable text, which the encoder's own tokenizer reads: score = head(pooled states).

    model: a folder or hub name for transformers. pool: the `mean` of the encoder's last states over the tokens that
    are no padding, or the `first` ([CLS]). The features are brought to mean 0 and deviation 1 over their F numbers,
    as encoders differ in scale by far. hidden: of one more layer in the head; 0 is a linear head. dropout: on what
    the head reads. classes > 0: score + <label, features> (projection, Miyato & Koyama 2018).

    frozen: the encoder is not trained, always in eval mode, and no part of the checkpoints, so that a run needs it
    again where it was; the features of the last `cache` different sentences are kept. False trains it with the head
    (give the discriminator's optimiser a rate such as 5e-5). at_once: sentences the encoder reads together. precision:
    of the encoder's products, `bf16` or the run's own; the score is worked out in the run's.

    Text of its own words passes no gradient: Mistake for relaxed text, so use `reinforce` and no penalty. Two
    caveats: features depend in their last digits on the sentences they are computed with, so a resumed run is the
    one that was never stopped bit for bit only with `cache: 0`; and what decoding loses (unknown words, doubled
    spaces) the discriminator does not see.
    """

    reads_relaxed = False

    def __init__(
        self,
        vocabulary: Vocabulary,
        decode: Callable[[Sequence[Sequence[int]]], list[str]],
        *,
        model: str,
        frozen: bool = True,
        pool: Literal["mean", "first"] = "mean",
        hidden: int = 0,
        dropout: Share = 0.1,
        cache: int = 50_000,
        at_once: int = 64,
        precision: Literal["run", "bf16"] = "run",
        classes: int = 0,
    ) -> None:
        super().__init__()
        for name, value, least in (("hidden", hidden, 0), ("cache", cache, 0), ("at_once", at_once, 1)):
            if value < least:
                raise ValueError(f"{name}: {value}; expected {least} or more")
        self.vocabulary = vocabulary
        self.decode = decode
        self.tokenizer, encoder = fetch(model, _read, "discriminator.model")
        if self.tokenizer.pad_token is None:  # GPT-2 and its like; what is padded has no weight
            self.tokenizer.pad_token = self.tokenizer.eos_token
        self.tokenizer.padding_side = "right"  # so that the first token is the first
        known = getattr(encoder.config, "max_position_embeddings", None) or 512
        self.longest = int(min(self.tokenizer.model_max_length, known, 512))
        self.frozen, self.pool, self.at_once = frozen, pool, at_once
        self.bf16 = precision == "bf16"
        size = int(encoder.config.hidden_size)
        self._cache = _Recent(cache) if frozen else _Recent(0)
        # torch does not look into lists
        self._frozen: list[Any] = [encoder.requires_grad_(False)] if frozen else []
        self.encoder = None if frozen else encoder
        self.norm = nn.LayerNorm(size, elementwise_affine=False)
        self.dropout = nn.Dropout(dropout)
        deep = [nn.Linear(size, hidden), nn.ReLU(), nn.Dropout(dropout)] if hidden else []
        self.head = nn.Sequential(*deep, nn.Linear(hidden or size, 1))
        self.labels = nn.Embedding(classes, size) if classes else None

    def embed(self, text: Text) -> Tensor:
        raise Mistake(_WORDS_ONLY)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        raise Mistake(_WORDS_ONLY)

    def judge(self, text: Text) -> Verdict:
        if text.relaxed:
            raise Mistake(_WORDS_ONLY)
        # Positions after the end are padding whatever stands there, and padding is no text.
        ids = text.ids.masked_fill(~text.mask, self.vocabulary.pad)
        features = self.norm(self.features(self.decode(ids.tolist())).to(ids.device))
        if self.training and self.noise:
            features = features + self.noise * torch.randn_like(features)
        read = self.dropout(features)
        score = self.head(read).squeeze(-1)
        if self.labels is not None:
            if text.labels is None:
                raise ValueError("this discriminator judges by label: the text needs labels (B,)")
            score = score + (read_labels(self.labels, text.labels) * read).sum(-1)
        return Verdict(score, features, labels=text.labels, mask=text.mask, ids=text.ids)

    def features(self, sentences: Sequence[str]) -> Tensor:
        """Pooled states (B,F) of readable sentences, each different one encoded once; with a graph if trained."""
        held = {sentence: self._cache.get(sentence) for sentence in dict.fromkeys(sentences)}
        new = sorted((sentence for sentence, found in held.items() if found is None), key=len)
        for begin in range(0, len(new), self.at_once):
            piece = new[begin : begin + self.at_once]
            with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
                held |= zip(piece, self._encode(piece).unbind(), strict=True)
        for sentence in new:
            self._cache.put(sentence, held[sentence])
        return torch.stack([found for found in map(held.__getitem__, sentences) if found is not None])

    def _encode(self, sentences: list[str]) -> Tensor:
        encoder: Any = self._frozen[0] if self.frozen else self.encoder
        device = next(self.head.parameters()).device
        if self.frozen:
            encoder.to(device).eval()
        read = self.tokenizer(
            sentences, padding=True, truncation=True, max_length=self.longest, return_tensors="pt"
        ).to(device)
        weight = read["attention_mask"].unsqueeze(-1)
        if not weight.shape[1]:  # empty sentences alone, and a tokenizer that puts nothing around them
            return torch.zeros(len(sentences), encoder.config.hidden_size, device=device)
        with torch.autocast(device.type, torch.bfloat16) if self.bf16 else nullcontext():
            found = encoder(**read).last_hidden_state
        states = found.float().masked_fill(weight == 0, 0.0)  # (B, T, F)
        if self.pool == "first":
            return states[:, 0]
        return states.sum(1) / weight.sum(1).clamp(min=1)


class _Recent:
    """The features of the sentences that were asked for last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held: OrderedDict[str, Tensor] = OrderedDict()

    def get(self, sentence: str) -> Tensor | None:
        found = self.held.get(sentence)
        if found is not None:
            self.held.move_to_end(sentence)
        return found

    def put(self, sentence: str, features: Tensor | None) -> None:
        if self.size and features is not None:
            self.held[sentence] = features.clone()  # a row of its own, and not a view that keeps the batch
            if len(self.held) > self.size:
                self.held.popitem(last=False)


def _read(where: str, here: bool) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(where, local_files_only=here, trust_remote_code=False)
    return tokenizer, AutoModel.from_pretrained(where, local_files_only=here, trust_remote_code=False)


_WORDS_ONLY = (
    "discriminator: a pretrained encoder reads words of its own, through which no gradient passes; set strategy to "
    "'reinforce', without a penalty"
)
