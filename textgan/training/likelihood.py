"""The generator's likelihood of real text, over known tokens only."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.data.batches import Encoded, ordered
from textgan.products import rows_at_once
from textgan.types import Generator, Text


def token_loss(log_prob: Tensor, known: Tensor) -> Tensor:
    """Mean negative log-likelihood, nats per known token; (B,T) each. Padding and unknown words do not count."""
    return -(log_prob * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def heldout_nats(
    generator: Generator, encoded: Encoded, engine: Accelerator, batch: int = 256
) -> tuple[float, int]:
    """(nats, known tokens) of a whole split, dropout off. The caller's mode is restored."""
    was_training = generator.training
    generator.eval()
    nats, tokens = 0.0, 0
    for text, known in ordered(encoded, batch):
        text, known = text.to(engine.device), known.to(engine.device)
        with engine.autocast():
            log_prob = generator.log_prob(text)
        nats -= float((log_prob.double() * known).sum())
        tokens += int(known.sum())
    generator.train(was_training)
    return nats, tokens


@torch.no_grad()
def mean_entropy(generator: Generator, text: Text) -> Tensor:
    """Mean entropy of the next-token distribution along sentences, nats a token; a few logits at a time."""
    states, weight = generator.states(text).flatten(0, 1), text.mask.flatten()
    total = states.new_zeros(())
    at_once = rows_at_once(generator.vocabulary.size, states.device)
    for rows, counts in zip(states.split(at_once), weight.split(at_once), strict=True):
        log_probs = generator.read_out(rows).float().log_softmax(-1)
        total -= ((log_probs.exp() * log_probs).sum(-1) * counts).sum()
    return total / weight.sum()
