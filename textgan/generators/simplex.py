"""Generators driven by noise that output a distribution over the vocabulary at every position, for a critic to read.

The text is the likeliest word of each position; the critic reads the distributions themselves, mixed by its table
(Gulrajani et al. 2017, section 5; Press et al. 2017; Rajeswar et al. 2017). No sentence has a likelihood, and all
the variety comes from the noise.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from textgan.generators.recurrent import FORBIDDEN
from textgan.machine.products import Windows
from textgan.parts.ranges import Size
from textgan.types import Choice, Generator, Prompt, Sampler, Text, Vocabulary, read_labels


class NoiseLSTM(Generator):
    """An LSTM cell driven by noise that reads its own last distribution back (Press et al. 2017, section 2).

    noise: size of z, which sets the start and, drawn anew, joins every input. Departures from Press et al., who have
    a GRU and draw one z a sentence: with noise at every position variety does not rest on the first state alone.
    """

    has_likelihood = False

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        hidden: Size = 256,
        noise: Size = 64,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.noise = noise
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.begin = nn.Linear(noise, 2 * hidden)
        self.cell = nn.LSTMCell(embedding + noise, hidden)
        self.output = nn.Linear(hidden, vocabulary.size)
        self.labels = nn.Embedding(classes, noise) if classes else None
        self.forbidden: Tensor
        self.register_buffer("forbidden", _ban(vocabulary), persistent=False)

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Sentences as distributions with a graph; ids are the likeliest words. The sampler is not used."""
        _no_prefix(prompt)
        draw = torch.randn(
            prompt.size, length + 1, self.noise, device=self.forbidden.device
        )  # (B, T+1, noise)
        if self.labels is not None:
            draw = draw + _label(self.labels, prompt).unsqueeze(1)
        h, c = self.begin(draw[:, -1]).tanh().chunk(2, -1)
        x = self.table.weight[self.vocabulary.bos].expand(prompt.size, -1)
        written = []
        for position in range(length):
            h, c = self.cell(torch.cat([x, draw[:, position]], -1), (h, c))
            soft = (self.output(h) + self.forbidden).softmax(-1)  # (B, V)
            x = soft @ self.table.weight
            written.append(soft)
        return text_of(torch.stack(written, 1), self.vocabulary, prompt.labels)


class Deconvolution(Generator):
    """All positions at once: noise z, a linear layer to (length, hidden), residual 1-D convolutions, a softmax.

    The generator of Gulrajani et al. 2017 (their character model), which Rajeswar et al. 2017 take over: `blocks` of
    relu, convolution, relu, convolution, added to their input with the factor 0.3; `width` is that of the windows.
    Text shorter than the run's length is written by the first positions alone.
    """

    has_likelihood = False

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        length: int,
        hidden: Size = 256,
        blocks: Annotated[int, Field(ge=0, le=1000)] = 5,
        width: Size = 5,
        noise: Size = 128,
        classes: int = 0,
    ) -> None:
        super().__init__()
        if width % 2 == 0:
            raise ValueError(f"width: {width} has no middle; give an odd number, such as {width + 1}")
        self.vocabulary = vocabulary
        self.length = length
        self.noise = noise
        self.begin = nn.Linear(noise, length * hidden)
        self.blocks = nn.ModuleList(_Residual(hidden, width) for _ in range(blocks))
        self.output = nn.Linear(hidden, vocabulary.size)
        self.labels = nn.Embedding(classes, noise) if classes else None
        self.forbidden: Tensor
        self.register_buffer("forbidden", _ban(vocabulary), persistent=False)

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Sentences as distributions with a graph; ids are the likeliest words. The sampler is not used.

        length: at most that of the run, or ValueError.
        """
        _no_prefix(prompt)
        if length > self.length:
            raise ValueError(f"this generator has {self.length} positions, and {length} were asked for")
        z = torch.randn(prompt.size, self.noise, device=self.forbidden.device)
        if self.labels is not None:
            z = z + _label(self.labels, prompt)
        x = self.begin(z).view(prompt.size, self.length, -1)[
            :, :length
        ]  # (B, T, hidden): its last axis split
        for block in self.blocks:
            x = block(x)
        soft = (self.output(x) + self.forbidden).softmax(-1)  # (B, T, V)
        return text_of(soft, self.vocabulary, prompt.labels)


class _Residual(nn.Module):
    """x + 0.3 * convolutions of x, (B,T,hidden) as it came."""

    def __init__(self, hidden: Size, width: int) -> None:
        super().__init__()
        self.first, self.second = Windows(hidden, hidden, width), Windows(hidden, hidden, width)
        self.margin = width // 2

    def forward(self, x: Tensor) -> Tensor:
        change = x
        for layer in (self.first, self.second):
            change = layer(nn.functional.pad(change.relu(), (0, 0, self.margin, self.margin)))
        return x + 0.3 * change


def text_of(soft: Tensor, vocabulary: Vocabulary, labels: Tensor | None = None) -> Text:
    """Text from distributions (B,T,V): the likeliest words up to the first EOS, and what a discriminator may read.

    `presence` is the probability that no EOS came before, so that the gradient reaches the sentence's length.
    """
    ids = soft.argmax(-1)
    ends = ids == vocabulary.eos
    mask = ends.long().cumsum(1) - ends.long() == 0  # no EOS before
    ids = ids.masked_fill(~mask, vocabulary.pad)
    going_on = (1 - soft[:, :-1, vocabulary.eos]).cumprod(1)
    presence = torch.cat([torch.ones_like(soft[:, :1, 0]), going_on], 1)  # (B, T)
    choices = tuple(Choice(one, relaxed) for one, relaxed in zip(ids.unbind(1), soft.unbind(1), strict=True))
    return Text(ids, mask, labels, choices, presence=presence)


def _ban(vocabulary: Vocabulary) -> Tensor:
    ban = torch.zeros(vocabulary.size)
    ban[list(vocabulary.forbidden)] = FORBIDDEN
    return ban


def _no_prefix(prompt: Prompt) -> None:
    if prompt.prefix is not None:
        raise ValueError("a generator driven by noise cannot continue a given prefix")


def _label(table: nn.Embedding, prompt: Prompt) -> Tensor:
    """What is added to the noise for the labels asked for, (B,noise)."""
    if prompt.labels is None:
        raise ValueError("this generator writes by label: the prompt needs labels (B,)")
    return read_labels(table, prompt.labels)
