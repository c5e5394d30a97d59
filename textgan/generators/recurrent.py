"""LSTM and GRU generators.

`step` and `logits` share one set of weights: the cell functions advance one token, the fused layers run a
teacher-forced pass over a whole batch. Dropout stands between our own layers and not inside them, so that a
policy can be run without dropout while the layers stay in the mode that their GPU backward pass needs.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from textgan.machine.products import linear
from textgan.parts.ranges import Depth, Share, Size
from textgan.types import Choice, Generator, Prompt, State, Text, Vocabulary, read_labels

Init = Literal["uniform", "truncated-normal", "torch"]
FORBIDDEN = -1e9  # finite: probability 0 exactly in float32, and p * log p stays 0 where -inf would give NaN


class Recurrent(Generator):
    """What LSTM and GRU share: embedding, layers, dropout, output, optional label embedding.

    embedding, hidden: sizes; layers: how many are stacked; dropout: on the layers' inputs and on the output, in MLE
    training only; variational: with one mask for all tokens, layers and the output of a sentence (Gal & Ghahramani
    2016, as the code of Caccia et al. 2020 has it), so that embedding and hidden must be equal; tie: the output layer
    is the embedding table (through a projection if hidden differs from embedding); init: `uniform` in ±1/sqrt(d),
    `truncated-normal` with deviation 1/sqrt(d) cut at two deviations (d: the weight's last dimension), or `torch`,
    each layer's own. classes > 0: a label's embedding is added to every input; of the label -1, not known, nothing is
    added.
    """

    layer_type: type[nn.LSTM] | type[nn.GRU]

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        hidden: Size = 128,
        layers: Depth = 1,
        dropout: Share = 0.0,
        variational: bool = False,
        tie: bool = False,
        init: Init = "uniform",
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.hidden = hidden
        self.table = nn.Embedding(vocabulary.size, embedding)
        sizes = [embedding] + [hidden] * (layers - 1)
        self.layers = nn.ModuleList(self.layer_type(size, hidden, batch_first=True) for size in sizes)
        if variational and embedding != hidden:
            raise ValueError(
                f"variational: one mask fits embedding {embedding} and hidden {hidden} if they are equal"
            )
        self.dropout = nn.Dropout(dropout)
        self.variational = variational
        self.labels = nn.Embedding(classes, embedding) if classes else None
        self.project = nn.Linear(hidden, embedding) if tie and hidden != embedding else nn.Identity()
        self.output = nn.Linear(embedding if tie else hidden, vocabulary.size)
        if tie:
            self.output.weight = self.table.weight
        self.forbidden: Tensor
        forbidden = torch.zeros(vocabulary.size)
        forbidden[list(vocabulary.forbidden)] = FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)
        initialise(self, init)

    def start(self, prompt: Prompt) -> State:
        device = self.table.weight.device
        state = {
            name: torch.zeros(prompt.size, len(self.layers), self.hidden, device=device)
            for name in self._carried
        }
        if self.labels is not None:
            if prompt.labels is None:
                raise ValueError("this generator writes by label: the prompt needs labels (B,)")
            state["label"] = read_labels(self.labels, prompt.labels)  # (B, E)
        return state

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        x = token.read(self.table.weight) if isinstance(token, Choice) else self.table(token)  # (B, E)
        if "label" in state:
            x = x + state["label"]
        after: dict[str, list[Tensor]] = {name: [] for name in self._carried}
        for index, layer in enumerate(self.layers):
            carried = [state[name][:, index] for name in self._carried]
            new = self._cell(self.dropout(x), carried, layer)
            x = new[0]
            for name, value in zip(self._carried, new, strict=True):
                after[name].append(value)
        carried_on = {name: torch.stack(values, 1) for name, values in after.items()}
        return self.read_out(x), {**state, **carried_on}

    def states(self, text: Text) -> Tensor:
        bos = torch.full_like(text.ids[:, :1], self.vocabulary.bos)
        x = self.table(torch.cat([bos, text.ids[:, :-1]], 1))  # (B, T, E)
        if self.labels is not None:
            if text.labels is None:
                raise ValueError("this generator writes by label: the text needs labels (B,)")
            x = x + read_labels(self.labels, text.labels).unsqueeze(1)
        mask = self.dropout(torch.ones_like(x[:, :1])) if self.variational else None  # (B, 1, E)
        for layer in self.layers:
            x, _ = layer(self.dropout(x) if mask is None else x * mask)
        return x if mask is None else x * mask

    def read_out(self, states: Tensor) -> Tensor:
        # In the bias, the ban costs V additions and not one for every logit of the batch.
        states = states if self.variational else self.dropout(states)
        return linear(self.project(states), self.output.weight, self.output.bias + self.forbidden)

    @property
    def _carried(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _cell(self, x: Tensor, carried: list[Tensor], layer: nn.Module) -> tuple[Tensor, ...]:
        raise NotImplementedError


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), the generator of most text GANs."""

    layer_type = nn.LSTM
    _carried = ("h", "c")

    def _cell(self, x: Tensor, carried: list[Tensor], layer: nn.Module) -> tuple[Tensor, ...]:
        return torch.lstm_cell(x, carried, *cell_weights(layer))


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014)."""

    layer_type = nn.GRU
    _carried = ("h",)

    def _cell(self, x: Tensor, carried: list[Tensor], layer: nn.Module) -> tuple[Tensor, ...]:
        return (torch.gru_cell(x, carried[0], *cell_weights(layer)),)


def cell_weights(layer: nn.Module) -> list[Tensor]:
    """W_ih, W_hh, b_ih, b_hh of a fused layer, for the cell functions."""
    return [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, layer.bias_hh_l0]  # type: ignore[list-item]


def initialise(module: nn.Module, init: Init) -> None:
    """Weights of two or more dimensions by `init`, biases at zero; `torch` leaves every layer's own start."""
    if init == "torch":
        return
    for parameter in module.parameters():
        if parameter.dim() < 2:
            nn.init.zeros_(parameter)
            continue
        deviation = parameter.shape[-1] ** -0.5
        if init == "uniform":
            nn.init.uniform_(parameter, -deviation, deviation)
        else:
            nn.init.trunc_normal_(parameter, std=deviation, a=-2 * deviation, b=2 * deviation)
