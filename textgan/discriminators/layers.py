"""Layers shared by the discriminators that read token by token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm as normalise

Cell = Literal["lstm", "gru"]


_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


class _Weights(nn.Module):
    """Those of a recurrent layer, with its names and its start, and nothing else."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        for name in _NAMES:
            self.register_parameter(name, getattr(layer, name))


class Layer(nn.Module):
    """One LSTM or GRU layer over (B,T,E): its states (B,T,F). spectral_norm: on both of its weights.

    torch's own modules keep a list of the weights they were made with, in which a normalised weight is never
    seen, and which cannot be copied; normalised weights are therefore held bare.
    """

    def __init__(self, cell: Cell, inputs: int, hidden: int, spectral_norm: bool = False) -> None:
        super().__init__()
        self.cell = cell
        self.hidden = hidden
        layer = (nn.LSTM if cell == "lstm" else nn.GRU)(inputs, hidden, batch_first=True)
        self.weights: nn.Module = _Weights(layer) if spectral_norm else layer
        if spectral_norm:
            for name in _NAMES[:2]:
                normalise(self.weights, name)

    def forward(self, inputs: Tensor) -> Tensor:
        weights = [getattr(self.weights, name) for name in _NAMES]
        start = inputs.new_zeros(1, len(inputs), self.hidden)
        # Always as in training, which differs in nothing here and is what a GPU's backward pass needs.
        how = (weights, True, 1, 0.0, True, False, True)
        lstm = self.cell == "lstm"
        found = torch.lstm(inputs, (start, start), *how) if lstm else torch.gru(inputs, start, *how)
        states: Tensor = found[0]
        return states


def fixed_table(
    table: Literal["corpus", "random"], size: int, embedding: int, vectors: Callable[[int], Tensor] | None
) -> nn.Embedding:
    """Unit vectors that are not trained: the corpus's word vectors, or random directions."""
    if table == "corpus":
        if vectors is None:
            raise ValueError("table: 'corpus' needs the corpus's word vectors, and none were handed in")
        return nn.Embedding.from_pretrained(vectors(embedding), freeze=True)
    directions = nn.functional.normalize(torch.randn(size, embedding), dim=-1)
    return nn.Embedding.from_pretrained(directions, freeze=True)


def ends(weight: Tensor) -> Tensor:
    """How likely each token is a sentence's last, (B,T): 1 at the last where weight is a mask.

    The weights of a sentence never rise, so what is lost from a token to the next is the share that ends there.
    """
    after = torch.cat([weight[:, 1:], torch.zeros_like(weight[:, :1])], 1)
    return weight - after


def at_end(values: Tensor, weight: Tensor) -> Tensor:
    """Values (B,T,F) where the sentences end, (B,F): an expectation over the ends where text is relaxed."""
    return (ends(weight.to(values.dtype)).unsqueeze(1) @ values).squeeze(1)
