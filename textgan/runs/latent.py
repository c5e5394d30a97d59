"""Interpolation and analogies in a run's latent space, decoded to text (Zhao et al. 2018, section 6).

For a run whose generator has latent codes. Sentences are decoded from codes, so even the ends of an interpolation are
the run's reconstructions of the two given sentences.
"""

from __future__ import annotations

import torch
from torch import Tensor

from textgan.errors import Mistake
from textgan.generators.latent import Latent
from textgan.runs.loaded import LoadedRun
from textgan.sampling import Greedy
from textgan.types import Prompt, Text


def interpolate(run: LoadedRun, first: str, last: str, steps: int = 5) -> list[str]:
    """`steps` sentences at equal distances on the line between two codes, both ends included. Raises Mistake."""
    if steps < 2:
        raise Mistake(f"--steps: expected 2 or more, since both ends are included, got {steps}")
    codes = _codes(run, [first, last])
    share = torch.linspace(0, 1, steps, device=codes.device).unsqueeze(1)  # (steps, 1)
    return _decode(run, (1 - share) * codes[0] + share * codes[1])


def analogy(run: LoadedRun, like: str, unlike: str, text: str) -> str:
    """The sentence at code(like) - code(unlike) + code(text). Raises Mistake."""
    plus, minus, base = _codes(run, [like, unlike, text])
    return _decode(run, (plus - minus + base).unsqueeze(0))[0]


@torch.no_grad()
def _codes(run: LoadedRun, sentences: list[str]) -> Tensor:
    """(N,Z)."""
    rows = run.tokenizer.encode(sentences)
    for sentence, row in zip(sentences, rows, strict=True):
        if not row:
            raise Mistake(f"{sentence!r} has no token; give a sentence")
        if lacking := run.tokenizer.lacking(sentence):
            raise Mistake(f"{sentence!r} has a word that is not in the run's vocabulary: {lacking}")
        if len(row) >= run.length:
            raise Mistake(f"{sentence!r} has {len(row)} tokens; the run takes at most {run.length - 1}")
    ended = [[*row, run.tokenizer.eos] for row in rows]
    ids = torch.full((len(rows), max(map(len, ended))), run.tokenizer.pad)
    for place, row in enumerate(ended):
        ids[place, : len(row)] = torch.tensor(row)
    sizes = torch.tensor([len(row) for row in ended])
    mask = torch.arange(ids.shape[1]) < sizes.unsqueeze(1)
    return _generator(run).encode(Text(ids, mask).to(run.engine.device))


@torch.no_grad()
def _decode(run: LoadedRun, codes: Tensor) -> list[str]:
    generator = _generator(run)
    prompt = Prompt(len(codes), code=generator.placed(codes))
    text = generator.write(prompt, run.length, Greedy())
    rows, ends = text.ids.tolist(), text.mask.sum(1).tolist()
    return run.tokenizer.decode([row[:end] for row, end in zip(rows, ends, strict=True)])


def _generator(run: LoadedRun) -> Latent:
    if not isinstance(run.generator, Latent):
        raise Mistake(
            f"{run.path}: its generator has no latent codes; train a recipe that has them, such as arae-short"
        )
    return run.generator
