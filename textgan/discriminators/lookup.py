"""Convolution windows of many sentences as sums of rows that are looked up, without a product for each window.

A convolution multiplies every token's embedding by its weights anew in each window that the token stands in: E * F
products for each. They depend on the word and on its place in the window alone. Where far more tokens are read than
there are words, as in rollouts, every word is multiplied once for every place, and a window of k tokens is the sum of
k such rows of F numbers. The results are those of the convolution up to rounding.

Meant for CPUs (benchmarks/RESULTS.md, section 6, has what it is worth).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from textgan.machine.products import Windows
from textgan.types import Text

_TOKENS_A_WORD = 8  # to make a word's rows takes as long as to read some tokens by them
_MOST_NUMBERS = 150_000_000  # in all rows together: 600 MB
_NOTHING, _PAST_THE_END = 0, 1  # what stands before the words


@dataclass(frozen=True)
class _Rows:
    """Of one convolution. sums (rows, F): k for nothing, k for what is past the end, k for each word, by their place
    in the window; from `parts` on, room for what the windows across the prefixes' ends have inside these."""

    width: int
    sums: Tensor
    parts: int
    bias: Tensor

    def windows(self, numbers: Tensor, begins: Tensor) -> Tensor:
        """Sums of the rows `numbers` (N,M), from each of `begins` (W,) to the next: (N,W,F)."""
        size, each = numbers.shape
        bags = begins.int() + torch.arange(size, dtype=torch.int32).unsqueeze(1) * each  # (N, W)
        summed = embedding_bag(numbers.flatten(), self.sums, bags.flatten(), mode="sum")
        return summed.view(*bags.shape, -1)


class WindowSums:
    """What the windows of `completions` hold that reach beyond their prefixes.

    table (V,E): the embeddings; convolutions: of several widths; text: the sentences that the prefixes are of.
    """

    @torch.no_grad()
    def __init__(self, table: Tensor, convolutions: Sequence[Windows], text: Text, completions: Text) -> None:
        words = _words(completions)
        self.number = torch.zeros(len(table), dtype=torch.int32)  # (V,): which rows are a word's
        self.number[words] = torch.arange(2, len(words) + 2, dtype=torch.int32)
        self.prefixes = self._numbers(text)  # (B, T)
        self.kept = 0
        embeddings = pad(table[words], (0, 0, 2, 0))
        self.rows = [_rows_of(layer, embeddings, len(text)) for layer in convolutions]

    @torch.no_grad()
    def highest(self, piece: Text, sentence: Tensor, kept: int) -> Iterator[Tensor]:
        """For every width, the maximum (N,F) of the windows that reach beyond the first `kept` tokens.

        piece: some of the completions; sentence (N,): the row in `text` of each one's prefix.
        """
        if kept != self.kept:
            self._read_prefixes(kept)
        longest = piece.ids.shape[1]
        numbers = self._numbers(piece)
        for rows in self.rows:
            width = rows.width
            begin = max(0, kept - width + 1)
            window, place = _places(begin, max(1, longest - width + 1), width)
            # Of a window across the prefix's end, the part inside it stands in for its last token.
            left = window + place >= kept - 1
            window, place = window[left], place[left]
            found = pad(numbers, (0, max(0, width - longest))).index_select(1, window + place)  # (N, M)
            if not begin:  # the sentence's first window counts, however short the sentence is
                last = found[:, (window == 0).sum() - 1]
                last.masked_fill_(last == _PAST_THE_END, _NOTHING)
            found = found.mul_(width).add_(place)
            across = (window + place == kept - 1).nonzero().squeeze(1)
            first = rows.parts + sentence.unsqueeze(1) * (kept - begin)
            found[:, across] = (first + torch.arange(len(across))).int()
            yield rows.windows(found, _begins(window)).amax(1) + rows.bias

    def _read_prefixes(self, kept: int) -> None:
        for rows in self.rows:
            window, place = _places(max(0, kept - rows.width + 1), kept, rows.width)
            inside = window + place < kept
            window, place = window[inside], place[inside]
            if len(window):
                found = self.prefixes.index_select(1, window + place).mul_(rows.width).add_(place)
                parts = rows.windows(found, _begins(window)).flatten(0, 1)
                rows.sums[rows.parts : rows.parts + len(parts)] = parts
        self.kept = kept

    def _numbers(self, text: Text) -> Tensor:
        return self.number[text.ids].masked_fill_(~text.mask, _PAST_THE_END)


def worth_it(convolutions: Sequence[Windows], completions: Text) -> bool:
    """Whether `WindowSums` are quicker here than the convolutions, and fit into memory."""
    if completions.ids.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    words = len(_words(completions))
    each = sum(layer.out_channels * layer.kernel_size[0] for layer in convolutions)
    return words * _TOKENS_A_WORD <= int(completions.mask.sum()) and words * each <= _MOST_NUMBERS


def _rows_of(layer: Windows, embeddings: Tensor, sentences: int) -> _Rows:
    weight = layer.weight  # (F, E, k)
    count, size, width = weight.shape
    parts = width * len(embeddings)
    sums = embeddings.new_empty(parts + sentences * (width - 1), count)
    by_place = weight.permute(1, 2, 0).reshape(size, width * count)
    torch.mm(embeddings, by_place, out=sums[:parts].view(len(embeddings), -1))
    sums[
        _PAST_THE_END * width + width - 1
    ] = -torch.inf  # a window that ends past the sentence's end counts nothing
    assert layer.bias is not None
    return _Rows(width, sums, parts, layer.bias)


def _words(text: Text) -> Tensor:
    return text.ids[text.mask].unique()


def _places(begin: int, end: int, width: int) -> tuple[Tensor, Tensor]:
    """Every place of the windows that begin at begin, begin + 1, ... end - 1: which window, and where in it."""
    window = torch.arange(begin, end).repeat_interleave(width)
    return window, torch.arange(width).repeat(max(0, end - begin))


def _begins(window: Tensor) -> Tensor:
    """Where each window begins in a list of their places."""
    return torch.cat([torch.zeros(1, dtype=torch.long), window.diff().nonzero().squeeze(1) + 1])
