"""Convolution windows of many sentences as sums of rows that are looked up, without a product for each window.

A convolution multiplies every token's embedding by its weights anew in each window that the token stands in: E * F
products for each. They depend on the word and on its place in the window alone. Where far more tokens are read than
there are words, as in rollouts, every word is multiplied once for every place, and a window of k tokens is the sum of
k such rows of F numbers. The results are those of the convolution up to rounding.

Meant for CPUs (benchmarks/RESULTS.md, section 6, has what it is worth).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from textgan.machine.products import Windows
from textgan.types import Completed, Text

_TOKENS_A_WORD = 12  # to make a word's rows takes as long as to read about ten tokens by them
_ROWS, _FEATURES = 50_000_000, 50_000_000  # numbers in memory: of one convolution's rows, of what is returned
_NOTHING, _PAST_THE_END = 0, 1  # what stands before the words


def worth_it(convolutions: Sequence[Windows], pieces: Sequence[Completed]) -> bool:
    """Whether `highest_beyond` is quicker here than the convolutions, and its rows fit into memory."""
    if not pieces or pieces[0].sentence.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
        return False
    words = len(_words(pieces))
    tokens = sum(int(piece.text.mask.sum()) for piece in pieces)
    each = max(layer.out_channels * layer.kernel_size[0] for layer in convolutions)
    return words * _TOKENS_A_WORD <= tokens and words * each <= _ROWS


@torch.no_grad()
def highest_beyond(
    table: Tensor, convolutions: Sequence[Windows], text: Text, pieces: Sequence[Completed]
) -> Iterator[Tensor]:
    """For each piece, the maxima (N,F) of the windows that reach beyond the prefixes; F of all convolutions.

    table (V,E): the embeddings; text: the sentences that the prefixes are of. One convolution after the other reads
    all the pieces, since the rows of one may fit into the processor's cache.
    """
    features = sum(layer.out_channels for layer in convolutions)
    for group in _groups(pieces, _FEATURES // features):
        words = _words(group)
        number = torch.zeros(len(table), dtype=torch.int32)  # (V,): which rows are a word's
        number[words] = torch.arange(2, len(words) + 2, dtype=torch.int32)
        embeddings = pad(table[words], (0, 0, 2, 0))
        prefixes, *numbers = (
            number[read.ids].masked_fill_(~read.mask, _PAST_THE_END)
            for read in (text, *(piece.text for piece in group))
        )
        found = table.new_empty(sum(len(piece.text) for piece in group), features)
        highest = found.split([len(piece.text) for piece in group])
        column = 0
        for layer in convolutions:
            rows = _Rows(layer, embeddings, prefixes)
            for piece, written, place in zip(group, numbers, highest, strict=True):
                rows.read(written, piece, out=place[:, column : column + layer.out_channels])
            column += layer.out_channels
        yield from highest


class _Rows:
    """Of one convolution: k rows of F sums for nothing, k for what is past the end, k for each word, by their place in
    the window; and, after these, what the windows across the ends of the prefixes have inside them."""

    def __init__(self, layer: Windows, embeddings: Tensor, prefixes: Tensor) -> None:
        count, size, self.width = layer.weight.shape  # F, E, k
        self.prefixes = prefixes  # (B, T)
        self.kept = 0
        self.parts = self.width * len(embeddings)
        self.sums = embeddings.new_empty(self.parts + len(prefixes) * (self.width - 1), count)
        by_place = layer.weight.permute(1, 2, 0).reshape(size, -1)
        torch.mm(embeddings, by_place, out=self.sums[: self.parts].view(len(embeddings), -1))
        if layer.bias is not None:  # once in every window, with its last token
            self.sums[self.width - 1 : self.parts : self.width] += layer.bias
        # A window whose last token is past the sentence's end does not count.
        self.sums[_PAST_THE_END * self.width + self.width - 1] = -torch.inf

    def read(self, written: Tensor, piece: Completed, out: Tensor) -> None:
        """Into out (N,F): the maximum of the windows of `written` (N,T), the piece's words, beyond its prefixes."""
        width, kept = self.width, piece.kept
        if kept != self.kept:
            self._read_prefixes(kept)
        begin = max(0, kept - width + 1)
        window, place = _places(begin, max(1, written.shape[1] - width + 1), width)
        # Of a window across the prefix's end, the part inside it stands in for its last token.
        left = window + place >= kept - 1
        window, place = window[left], place[left]
        found = pad(written, (0, max(0, width - written.shape[1]))).index_select(1, window + place)  # (N, M)
        if not begin:  # the sentence's first window counts, however short the sentence is
            last = found[:, (window == 0).sum() - 1]
            last.masked_fill_(last == _PAST_THE_END, _NOTHING)
        found = found.mul_(width).add_(place)
        across = (window + place == kept - 1).nonzero().squeeze(1)
        first = self.parts + piece.sentence.unsqueeze(1) * (kept - begin)
        found[:, across] = (first + torch.arange(len(across))).int()
        torch.amax(self._sum(found, window), 1, out=out)

    def _read_prefixes(self, kept: int) -> None:
        window, place = _places(max(0, kept - self.width + 1), kept, self.width)
        inside = window + place < kept
        window, place = window[inside], place[inside]
        if len(window):
            found = self.prefixes.index_select(1, window + place).mul_(self.width).add_(place)
            parts = self._sum(found, window).flatten(0, 1)
            self.sums[self.parts : self.parts + len(parts)] = parts
        self.kept = kept

    def _sum(self, found: Tensor, window: Tensor) -> Tensor:
        """Rows `found` (N,M), summed where they are of the same window (M,): (N,W,F)."""
        size, each = found.shape
        begins = pad(window.diff().nonzero().squeeze(1) + 1, (1, 0)).int()  # (W,)
        bags = begins + torch.arange(size, dtype=torch.int32).unsqueeze(1) * each  # (N, W)
        return embedding_bag(found.flatten(), self.sums, bags.flatten(), mode="sum").view(*bags.shape, -1)


def _words(pieces: Sequence[Completed]) -> Tensor:
    return torch.cat([piece.text.ids[piece.text.mask] for piece in pieces]).unique()


def _groups(pieces: Sequence[Completed], rows: int) -> Iterator[Sequence[Completed]]:
    """The pieces in order, as many at a time as have no more than `rows` sentences, and one at least."""
    held = 0
    begins = [0]
    for place, piece in enumerate(pieces):
        held += len(piece.text)
        if held > rows and place > begins[-1]:
            begins.append(place)
            held = len(piece.text)
    for begin, end in pairwise([*begins, len(pieces)]):
        yield pieces[begin:end]


def _places(begin: int, end: int, width: int) -> tuple[Tensor, Tensor]:
    """Every place of the windows that begin at begin, begin + 1, ... end - 1: which window, and where in it."""
    window = torch.arange(begin, end).repeat_interleave(width)
    return window, torch.arange(width).repeat(max(0, end - begin))
