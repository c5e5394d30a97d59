"""Monte-Carlo rollouts as one wave over all prefixes.

Row by row, rolling out every prefix of a T-token sentence costs T * T / 2 steps. Here the prefix's state is
carried along, and at every position the rollouts that begin there join those already under way in one batch:
T steps in all, and no prefix is read twice. Finished rollouts leave the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.products import rows_at_once as rows_of_logits
from textgan.types import Discriminator, Generator, Objective, Prompt, Sampler, Text, Verdict


@dataclass(frozen=True)
class Completions:
    """N whole sentences, each a prefix of a written one and its continuation.

    text: N sentences; sentence (N,): whose prefix it is; kept (N,): how many tokens the prefix has.
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
    """`count` completions by `policy` of every proper prefix of every sentence (of the empty one: `from_empty`).

    Proper: at least one token of the sentence follows. rows_at_once bounds how many rows of logits are in memory;
    by default what the device's cache or memory is good for.
    """
    size, width = text.ids.shape
    device = text.ids.device
    at_once = rows_at_once or rows_of_logits(policy.vocabulary.size, device)
    begins = [text.mask[:, kept].nonzero().squeeze(-1).repeat_interleave(count) for kept in range(width)]
    if not from_empty:
        begins[0] = begins[0][:0]
    sentence = torch.cat(begins)  # (N,)
    kept = torch.cat([torch.full_like(rows, position) for position, rows in enumerate(begins)])  # (N,)
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
                states[name][rows] = value
        if now < width:
            logits, prefixes = policy.step(token, prefixes)
            token = text.ids[:, now]
            starters = torch.arange(joined, joined + len(begins[now]), device=device)
            for rows in starters.split(at_once):
                ids[rows, now] = sampler(logits[sentence[rows]]).ids
                for name, value in prefixes.items():
                    states[name][rows] = value[sentence[rows]]
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
    """Q (B,T): the mean reward of the completions that keep tokens 0..t, and of the empty prefix (B,).

    A sentence's last token gets the reward of the sentence itself; positions after it are 0. The empty
    prefix's value is 0 where no rollout began there. The judge reads them by length, so that short ones are not
    padded to the longest.
    """
    size, width = text.ids.shape
    at_once = rows_at_once or (512 if text.ids.device.type == "cpu" else 8192)
    lengths, order = completions.text.mask.sum(1).sort(stable=True)
    judged = []
    for begin, longest in enumerate(_last_of_each(lengths, at_once)):
        rows = order[begin * at_once : (begin + 1) * at_once]
        piece = completions.text[rows].narrowed(longest)
        judged.append(objective.reward(real, discriminator.judge(piece)))
    whole = objective.reward(real, discriminator.judge(text))  # (B,)
    sums = torch.zeros(size, width + 1, device=whole.device, dtype=whole.dtype)
    counts = torch.zeros_like(sums)
    if judged:
        place = (completions.sentence[order], completions.kept[order])
        rewards = torch.cat(judged)
        sums.index_put_(place, rewards, accumulate=True)
        counts.index_put_(place, torch.ones_like(rewards), accumulate=True)
    means = sums / counts.clamp(min=1)  # (B, T+1): by number of kept tokens
    values = means[:, 1:]
    values[torch.arange(size, device=whole.device), text.mask.sum(1) - 1] = whole
    return values, means[:, 0]


def _last_of_each(sizes: Tensor, at_once: int) -> list[int]:
    """The last number of each piece, in one look at the device; none if there is no piece."""
    return torch.stack([piece[-1] for piece in sizes.split(at_once)]).tolist() if len(sizes) else []
