"""The generator's likelihood of real text, over known tokens only."""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor

from textgan.data.batches import Encoded, ordered
from textgan.machine.products import rows_at_once
from textgan.machine.ranks import ALONE, Ranks
from textgan.types import Generator, Text


def token_loss(log_prob: Tensor, known: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """Mean negative log-likelihood, nats per known token; (B,T) each. Padding and unknown words do not count.

    Of several ranks, by the mean number of their tokens: a rank of short sentences weighs less.
    """
    return -(log_prob * known).sum() / ranks.mean_count(known.sum()).clamp(min=1)


@torch.no_grad()
def heldout_nats(
    generator: Generator,
    encoded: Encoded,
    engine: Accelerator,
    batch: int = 256,
    ranks: Ranks = ALONE,
) -> tuple[float, int]:
    """(nats, known tokens) of a whole split, dropout off. The caller's mode is restored.

    Each rank reads its share of the batches; their sums are added in the order of the split, so that as many batches
    give the same number, bit for bit, by however many ranks they were read.
    """
    was_training = generator.training
    generator.eval()
    sums: list[tuple[float, int]] = []
    for number, (text, known) in enumerate(ordered(encoded, batch)):
        sums.append((0.0, 0))
        if number % ranks.count != ranks.rank:
            continue
        with engine.autocast():
            log_prob = generator.log_prob(text.to(engine.device))
        # In float64, which not every GPU has; to fetch the numbers is to wait for the GPU, once a batch.
        sums[-1] = float((log_prob.cpu().double() * known).sum()), int(known.sum())
    generator.train(was_training)
    if not ranks.alone:  # only one of them has anything else than 0 to add
        sums = [
            (nats, int(tokens))
            for nats, tokens in ranks.total(torch.tensor(sums, dtype=torch.float64)).tolist()
        ]
    nats, tokens = 0.0, 0
    for of_batch, count in sums:
        nats -= of_batch
        tokens += count
    return nats, tokens


@torch.no_grad()
def mean_entropy(generator: Generator, text: Text, ranks: Ranks = ALONE) -> Tensor:
    """Mean entropy of the next-token distribution along sentences, nats a token; a few logits at a time."""
    states, weight = generator.states(text).flatten(0, 1), text.mask.flatten()
    total = states.new_zeros(())
    at_once = rows_at_once(generator.vocabulary.size, states.device)
    for rows, counts in zip(states.split(at_once), weight.split(at_once), strict=True):
        log_probs = generator.read_out(rows).float().log_softmax(-1)
        total -= ((log_probs.exp() * log_probs).sum(-1) * counts).sum()
    return total / ranks.mean_count(weight.sum())
