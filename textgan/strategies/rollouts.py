"""Monte-Carlo rollouts of all prefixes in one pass.

One prefix after the other, the rollouts of a T-token sentence take T * T / 2 steps. Here the prefix's state is carried
along, and at every position the rollouts that begin there join those already under way in one batch: T steps in all,
and no prefix is read twice. Finished rollouts leave the batch. On a GPU that needs one synchronisation per step, which
costs little compared with continuing them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.machine.products import DRAWN
from textgan.machine.products import rows_at_once as rows_of_logits
from textgan.objectives.joint import apart
from textgan.types import Completed, Discriminator, Generator, Objective, Prompt, Sampler, Text, Verdict


@dataclass(frozen=True)
class Completions:
    """N complete sentences, each a prefix of a generated sentence and a sampled continuation.

    text: the N sentences. sentence (N,): the row of the sentence whose prefix it keeps. kept (N,): the prefix's length
    in tokens.
    """

    text: Text
    sentence: Tensor
    kept: Tensor


@torch.no_grad()
def roll_out(
    policy: Generator,
    text: Text,
    count: int,
    sampler: Sampler,
    length: int,
    *,
    from_empty: bool = False,
    rows_at_once: int | None = None,
) -> Completions:
    """`count` completions by `policy` of every proper prefix of every sentence.

    A proper prefix leaves at least one token of the sentence. The empty prefix is included only with `from_empty`.
    rows_at_once: how many rows of logits are computed together; by default what suits the device's cache or memory.
    """
    size, width = text.ids.shape
    device = text.ids.device
    at_once = rows_at_once or rows_of_logits(policy.vocabulary.size, device, DRAWN)
    follows = text.mask.cpu().T.clone()  # (T, B): whether more than t tokens; one synchronisation for all
    follows[0] &= from_empty
    begins = (follows.sum(1) * count).tolist()
    kept, sentence = (
        found.repeat_interleave(count).to(device) for found in follows.nonzero().unbind(1)
    )  # (N,), (N,)
    position = torch.arange(length, device=device)
    mask = position < kept.unsqueeze(1)  # (N, length)
    ids = torch.full(mask.shape, policy.vocabulary.pad, device=device)
    ids[:, :width] = torch.where(mask[:, :width], text.ids[sentence], ids[:, :width])

    prefixes = policy.start(Prompt(size, text.labels))
    states = {name: value.new_empty(len(sentence), *value.shape[1:]) for name, value in prefixes.items()}
    token = torch.full((size,), policy.vocabulary.bos, device=device)
    under_way = sentence[:0]  # rows of `ids` that are being written
    joined = 0
    for now in range(length):
        for rows in under_way.split(at_once):
            logits, after = policy.step(
                ids[rows, now - 1], {name: value[rows] for name, value in states.items()}
            )
            ids[rows, now] = sampler(logits).ids
            for name, value in after.items():
                states[name][rows] = value.to(states[name].dtype)  # half precision under autocast on a GPU
        if now < width:
            logits, prefixes = policy.step(token, prefixes)
            token = text.ids[:, now]
            starters = torch.arange(joined, joined + begins[now], device=device)
            for rows in starters.split(at_once):
                ids[rows, now] = sampler(logits[sentence[rows]]).ids
                for name, value in prefixes.items():
                    states[name][rows] = value[sentence[rows]].to(states[name].dtype)
            joined += len(starters)
            under_way = torch.cat([under_way, starters])
        mask[under_way, now] = True
        under_way = under_way[ids[under_way, now] != policy.vocabulary.eos]
        if now >= width and not len(under_way):
            break
    labels = text.labels[sentence] if text.labels is not None else None
    return Completions(Text(ids, mask, labels), sentence, kept)


@torch.no_grad()
def prefix_values(
    completions: Completions,
    text: Text,
    discriminator: Discriminator,
    objective: Objective,
    real: Verdict,
    *,
    rows_at_once: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Values Q (B,T), the mean reward of the completions that keep tokens 0..t, and those of the empty prefix (B,).

    A sentence's last token gets the reward of the sentence itself; positions after it are 0. The empty prefix's value
    is 0 if no rollout began there. The discriminator reads the completions sorted by length, so that short ones are
    not padded to the longest.
    """
    size, width = text.ids.shape
    whole = objective.reward(real, discriminator.judge(text))  # (B,)
    objective, real = apart(objective, real)  # ranks differ in their number of pieces
    sums = torch.zeros(size, width + 1, device=whole.device, dtype=whole.dtype)
    counts = torch.zeros_like(sums)
    pieces = _pieces(completions, rows_at_once)
    for piece, verdict in zip(pieces, discriminator.judge_completed(text, pieces), strict=True):
        reward = objective.reward(real, verdict)
        sums[:, piece.kept].index_add_(0, piece.sentence, reward)
        counts[:, piece.kept].index_add_(0, piece.sentence, torch.ones_like(reward))
    means = sums / counts.clamp(min=1)  # (B, T+1): by number of kept tokens
    values = means[:, 1:]
    values[torch.arange(size, device=whole.device), text.mask.sum(1) - 1] = whole
    return values, means[:, 0]


def _pieces(completions: Completions, rows_at_once: int | None) -> list[Completed]:
    """Every completion once, in pieces of equal prefix length, no wider than their longest."""
    lengths = completions.text.mask.sum(1)
    order = (completions.kept * (completions.text.ids.shape[1] + 1) + lengths).argsort(stable=True)
    at_once = rows_at_once or (1024 if order.device.type == "cpu" else 8192)
    chosen = []
    begin = 0
    for kept, count in enumerate(torch.bincount(completions.kept).tolist()):
        chosen += [(kept, rows) for rows in order[begin : begin + count].split(at_once) if len(rows)]
        begin += count
    longest = lengths[torch.stack([rows[-1] for _, rows in chosen])].tolist() if chosen else []
    return [
        Completed(completions.text[rows].narrowed(most), completions.sentence[rows], kept)
        for (kept, rows), most in zip(chosen, longest, strict=True)
    ]
