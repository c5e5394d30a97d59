"""The classic algorithms as they are usually written, plain and slow: what the quick ones are held against.

They share their weights with our parts, so that the same inputs must give the same numbers: one rollout at a time
from the sentence's first token, `torch.multinomial`, Conv2d over (T, E), one-hot real text, padding in every product.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, one_hot

from textgan.discriminators.cnn import CNN
from textgan.generators.recurrent import LSTM


class ClassicGenerator(nn.Module):
    """An LSTM generator of one layer, run token by token."""

    def __init__(self, ours: LSTM) -> None:
        super().__init__()
        self.table, self.output, self.layer = ours.table, ours.output, ours.layers[0]
        self.vocabulary, self.forbidden, self.hidden = ours.vocabulary, ours.forbidden, ours.hidden

    def step(
        self, token: Tensor, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """token (B,) ids or (B,V) relaxed; log-probabilities (B,V) of the next."""
        x = self.table(token) if token.dim() == 1 else token @ self.table.weight
        out, state = self.layer(x.unsqueeze(1), state)
        return (self.output(out.squeeze(1)) + self.forbidden).log_softmax(-1), state

    @torch.no_grad()
    def write(self, prefix: Tensor, length: int) -> Tensor:
        """Sentences (B,length) that go on from prefix (B,P), read from its first token; pad after the end."""
        size, given = prefix.shape
        token = torch.full((size,), self.vocabulary.bos)
        state, written = None, []
        alive = torch.ones(size, dtype=torch.bool)
        for position in range(length):
            log_probs, state = self.step(token, state)
            token = (
                prefix[:, position] if position < given else torch.multinomial(log_probs.exp(), 1).squeeze(1)
            )
            token = torch.where(alive, token, self.vocabulary.pad)
            alive = alive & (token != self.vocabulary.eos)
            written.append(token)
        return torch.stack(written, 1)

    def log_prob(self, ids: Tensor) -> Tensor:
        """(B,T) of ids (B,T), padding and all."""
        bos = torch.full_like(ids[:, :1], self.vocabulary.bos)
        out, _ = self.layer(self.table(torch.cat([bos, ids[:, :-1]], 1)))
        log_probs = (self.output(out) + self.forbidden).log_softmax(-1)  # (B, T, V)
        return log_probs.gather(-1, ids.unsqueeze(-1)).squeeze(-1)

    def relaxed(self, size: int, length: int, temperature: float) -> Tensor:
        """Straight-through Gumbel-Softmax tokens (B,T,V), each read as a one-hot by the next step."""
        token = torch.full((size,), self.vocabulary.bos)
        state, written = None, []
        for _ in range(length):
            logits, state = self.step(token, state)
            noise = -torch.log(-torch.log(torch.rand_like(logits) + 1e-20) + 1e-20)
            soft = ((logits + noise) / temperature).softmax(-1)
            token = one_hot(soft.argmax(-1), logits.shape[-1]) + soft - soft.detach()
            written.append(token)
        return torch.stack(written, 1)


class ClassicJudge(nn.Module):
    """A CNN over (T, E) images, as for pictures."""

    def __init__(self, ours: CNN) -> None:
        super().__init__()
        self.ours = ours

    def embed_one_hot(self, tokens: Tensor) -> Tensor:
        """(B,T,V) times the table, (B,T,E)."""
        return tokens @ self.ours.table.weight

    def forward(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Score (B,) of embeddings (B,T,E) whose sentences end where the mask (B,T) does."""
        discriminator = self.ours
        image = (embeddings * mask.unsqueeze(-1)).unsqueeze(1)  # (B, 1, T, E)
        pooled = []
        for width, layer in zip(discriminator.widths, discriminator.convolutions, strict=True):
            kernel = layer.weight.transpose(1, 2).unsqueeze(1)  # (F, 1, k, E)
            found = conv2d(image, kernel, layer.bias).squeeze(-1).relu()  # (B, F, T-k+1)
            inside = torch.cat([torch.ones_like(mask[:, :1]), mask[:, width:]], 1).unsqueeze(1)
            pooled.append(found.masked_fill(~inside, 0.0).amax(-1))
        features = torch.cat(pooled, 1)
        if discriminator.highway is not None:
            change, gate = nn.functional.linear(
                features, discriminator.highway.weight, discriminator.highway.bias
            ).chunk(2, -1)
            gate = gate.sigmoid()
            features = gate * change.relu() + (1 - gate) * features
        return discriminator.score(discriminator.dropout(features)).squeeze(-1)

    def judge(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self(self.ours.table(ids), mask)


def mask_of(ids: Tensor, pad: int) -> Tensor:
    return ids != pad


@torch.no_grad()
def classic_values(
    generator: ClassicGenerator, discriminator: ClassicJudge, ids: Tensor, rollouts: int, length: int
) -> Tensor:
    """Q (B,T) in probabilities, as SeqGAN has it: for every rollout and every prefix, write it out and judge it."""
    pad = generator.vocabulary.pad
    values = torch.zeros(ids.shape)
    for _ in range(rollouts):
        for kept in range(1, ids.shape[1]):
            whole = generator.write(ids[:, :kept], length)
            values[:, kept - 1] += discriminator.judge(whole, mask_of(whole, pad)).sigmoid() / rollouts
    mask = mask_of(ids, pad)
    last = mask.sum(1, keepdim=True) - 1
    values.scatter_(1, last, discriminator.judge(ids, mask).sigmoid().unsqueeze(1))
    return values * mask
