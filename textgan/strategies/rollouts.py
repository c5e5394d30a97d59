"""Monte-Carlo rollouts as one wave over all prefixes.

Row by row, rolling out every prefix of a T-token sentence costs T * T / 2 steps. Here the prefix's state is
carried along, and at every position the rollouts that begin there join those already under way in one batch:
T steps in all, and no prefix is read twice. Finished rollouts leave the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from textgan.types import Discriminator, Generator, Objective, Prompt, Sampler, State, Text, Verdict


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
    rows_at_once: int = 8192,
) -> Completions:
    """`count` completions by `policy` of every proper prefix of every sentence (of the empty one: `from_empty`).

    Proper: at least one token of the sentence follows. rows_at_once bounds the memory of one step's logits.
    """
    size, width = text.ids.shape
    device = text.ids.device
    prefixes = policy.start(Prompt(size, text.labels))
    token = torch.full((size,), policy.vocabulary.bos, device=device)
    begins = [text.mask[:, kept].nonzero().squeeze(-1).repeat_interleave(count) for kept in range(width)]
    if not from_empty:
        begins[0] = begins[0][:0]
    sentence = torch.cat(begins)  # (N,)
    kept = torch.cat([torch.full_like(rows, position) for position, rows in enumerate(begins)])  # (N,)
    ids = torch.full((len(sentence), length), policy.vocabulary.pad, device=device)
    position = torch.arange(width, device=device)
    ids[:, :width] = torch.where(position < kept.unsqueeze(1), text.ids[sentence], ids[:, :width])
    mask = torch.zeros_like(ids, dtype=torch.bool)
    mask[:, :width] = position < kept.unsqueeze(1)

    under_way = sentence[:0]  # rows of `ids` that are being written
    state = {name: value[:0] for name, value in prefixes.items()}
    joined = 0
    for now in range(length):
        if now < width:
            logits, prefixes = policy.step(token, prefixes)
            token = text.ids[:, now]
            starters = begins[now]
            first = sampler(logits[starters]).ids if len(starters) else starters
        else:
            first = starters = sentence[:0]
        going = (
            _advance(policy, ids[under_way, now - 1], state, sampler, rows_at_once)
            if now
            else (under_way, state)
        )
        rows = torch.cat([under_way, torch.arange(joined, joined + len(starters), device=device)])
        joined += len(starters)
        chosen = torch.cat([going[0], first])
        state = {name: torch.cat([going[1][name], prefixes[name][starters]]) for name in state}
        ids[rows, now] = chosen
        mask[rows, now] = True
        unfinished = (chosen != policy.vocabulary.eos).nonzero().squeeze(-1)
        under_way = rows[unfinished]
        state = {name: value[unfinished] for name, value in state.items()}
        if now >= width and not len(under_way):
            break
    labels = text.labels[sentence] if text.labels is not None else None
    return Completions(Text(ids, mask, labels), sentence, kept)


def _advance(
    policy: Generator, token: Tensor, state: State, sampler: Sampler, rows_at_once: int
) -> tuple[Tensor, State]:
    """One step and one draw for any number of rows, at most `rows_at_once` of them in memory as logits."""
    chosen, after = [token[:0]], [{name: value[:0] for name, value in state.items()}]
    for begin in range(0, len(token), rows_at_once):
        piece = slice(begin, begin + rows_at_once)
        logits, new = policy.step(token[piece], {name: value[piece] for name, value in state.items()})
        chosen.append(sampler(logits).ids)
        after.append(new)
    return torch.cat(chosen), {name: torch.cat([piece[name] for piece in after]) for name in state}


@torch.no_grad()
def prefix_values(
    completions: Completions,
    text: Text,
    discriminator: Discriminator,
    objective: Objective,
    real: Verdict,
    *,
    rows_at_once: int = 4096,
) -> tuple[Tensor, Tensor]:
    """Q (B,T): the mean reward of the completions that keep tokens 0..t, and of the empty prefix (B,).

    A sentence's last token gets the reward of the sentence itself; positions after it are 0. The empty
    prefix's value is 0 where no rollout began there.
    """
    size, width = text.ids.shape
    pieces = [completions.text[i : i + rows_at_once] for i in range(0, len(completions.text), rows_at_once)]
    judged = [objective.reward(real, discriminator.judge(piece)) for piece in pieces]
    whole = objective.reward(real, discriminator.judge(text))  # (B,)
    sums = torch.zeros(size, width + 1, device=whole.device, dtype=whole.dtype)
    counts = torch.zeros_like(sums)
    if judged:
        place = (completions.sentence, completions.kept)
        rewards = torch.cat(judged)
        sums.index_put_(place, rewards, accumulate=True)
        counts.index_put_(place, torch.ones_like(rewards), accumulate=True)
    means = sums / counts.clamp(min=1)  # (B, T+1): by number of kept tokens
    values = means[:, 1:]
    values[torch.arange(size, device=whole.device), text.mask.sum(1) - 1] = whole
    return values, means[:, 0]
