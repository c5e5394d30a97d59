"""A language model as the discriminator (Lu et al. 2019): it learns the mixture of real and generated text."""

from __future__ import annotations

import torch
from torch import Tensor

from textgan.errors import Mistake
from textgan.generators.recurrent import LSTM, Init
from textgan.parts.ranges import Depth, Share, Size
from textgan.types import Discriminator, Text, Verdict, Vocabulary


class Mediator(Discriminator):
    """An LSTM language model that reads text token by token.

    score: the mean log-likelihood of a sentence's known tokens, nats per token. per_token: the log-likelihood of each
    token, 0 for <unk>, to which it assigns no probability. features: the mean of the states before the output layer.
    Train it with `objective: likelihood`; `strategy: cooperative` learns from it.

    The arguments are those of the generator `lstm`; the published size is twice the generator's, with dropout 0.5.
    Mistake for relaxed text and vectors, which have no likelihood.
    """

    reads_relaxed = False

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        hidden: Size = 128,
        layers: Depth = 1,
        dropout: Share = 0.5,
        tie: bool = False,
        init: Init = "uniform",
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.model = LSTM(
            vocabulary,
            embedding=embedding,
            hidden=hidden,
            layers=layers,
            dropout=dropout,
            tie=tie,
            init=init,
            classes=classes,
        )

    def states(self, text: Text) -> Tensor:
        """Teacher-forced (B,T,H): what the next word's log-probabilities at position t are read out from."""
        return self.model.states(text)

    def read_out(self, states: Tensor) -> Tensor:
        """(...,H) -> logits (...,V) of the next word."""
        return self.model.read_out(states)

    def embed(self, text: Text) -> Tensor:
        raise Mistake(_WORDS_ONLY)

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        raise Mistake(_WORDS_ONLY)

    def judge(self, text: Text) -> Verdict:
        if text.relaxed:
            raise Mistake(_WORDS_ONLY)
        forbidden = torch.tensor(self.model.vocabulary.forbidden, dtype=torch.long, device=text.ids.device)
        known = text.mask & ~torch.isin(text.ids, forbidden)
        per_token = self.model.log_prob(text).masked_fill(~known, 0.0)
        score = per_token.sum(1) / known.sum(1).clamp(min=1)
        weight = text.mask.unsqueeze(-1)
        features = (self.states(text).detach() * weight).sum(1) / weight.sum(1)
        return Verdict(score, features, per_token=per_token, labels=text.labels)


_WORDS_ONLY = (
    "discriminator: a mediator gives the likelihood of words, and needs a strategy that writes them "
    "(cooperative, reinforce) and no gradient penalty"
)
