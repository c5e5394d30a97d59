"""A generator with a relational memory in place of an LSTM cell (RelGAN, Nie et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from textgan.generators.recurrent import FORBIDDEN, Init, initialise
from textgan.machine.products import linear
from textgan.parts.ranges import Depth, Share, Size
from textgan.types import Choice, Generator, Prompt, State, Text, Vocabulary, read_labels


class Relational(Generator):
    """Relational memory core (Santoro et al. 2018, section 3): `slots` rows that attend to each other and to the input.

    At each token, with memory M (S,D) and input x (D): queries from M, keys and values from [M; x], multi-head
    attention; M + attention, layer norm, + MLP, layer norm; then gates a row: M' = i tanh(that) + f M.
    D = heads * head_size; layers: of the MLP. The memory begins as the identity's first rows, as Santoro's code has
    it. The output layer reads all slots. classes > 0: a label's embedding is added to every input; embedding,
    dropout, init: as in `lstm`.

    One attention block a token, the published setting; for one block, the rows of [M; x] that Santoro computes for
    the input itself are thrown away, and are not computed here. A gate is a number for each place of the memory
    ("memory" style), and the forget gate is biased by 1.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 32,
        slots: Size = 1,
        heads: Size = 2,
        head_size: Size = 64,
        layers: Depth = 2,
        dropout: Share = 0.0,
        init: Init = "uniform",
        classes: int = 0,
    ) -> None:
        super().__init__()
        for name, value in {"slots": slots, "heads": heads, "head_size": head_size, "layers": layers}.items():
            if value < 1:
                raise ValueError(f"{name}: {value}; expected 1 or more")
        size = heads * head_size
        self.vocabulary = vocabulary
        self.slots, self.heads, self.size = slots, heads, size
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.labels = nn.Embedding(classes, embedding) if classes else None
        self.dropout = nn.Dropout(dropout)
        self.enter = nn.Linear(embedding, size)
        self.attention = nn.Linear(size, 3 * size)  # queries, keys and values
        self.mlp = nn.ModuleList(nn.Linear(size, size) for _ in range(layers))
        self.gates_of_input = nn.Linear(size, 2 * size)
        self.gates_of_memory = nn.Linear(size, 2 * size)
        self.output = nn.Linear(slots * size, vocabulary.size)
        self.forbidden: Tensor
        forbidden = torch.zeros(vocabulary.size)
        forbidden[list(vocabulary.forbidden)] = FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)
        initialise(self, init)
        # Made last: what `initialise` does to biases would take a norm's gain away.
        self.norms = nn.ModuleList([nn.LayerNorm(3 * size), nn.LayerNorm(size), nn.LayerNorm(size)])

    def start(self, prompt: Prompt) -> State:
        memory = torch.eye(self.slots, self.size, device=self.table.weight.device)
        state = {"memory": memory.expand(prompt.size, -1, -1)}  # (B, S, D)
        if self.labels is not None:
            if prompt.labels is None:
                raise ValueError("this generator writes by label: the prompt needs labels (B,)")
            state["label"] = read_labels(self.labels, prompt.labels)  # (B, E)
        return state

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        x = token.read(self.table.weight) if isinstance(token, Choice) else self.table(token)  # (B, E)
        if "label" in state:
            x = x + state["label"]
        memory = self._advance(state["memory"], *self._enter(x))
        return self.read_out(memory.flatten(1)), {**state, "memory": memory}

    def states(self, text: Text) -> Tensor:
        bos = torch.full_like(text.ids[:, :1], self.vocabulary.bos)
        x = self.table(torch.cat([bos, text.ids[:, :-1]], 1))  # (B, T, E)
        if self.labels is not None:
            if text.labels is None:
                raise ValueError("this generator writes by label: the text needs labels (B,)")
            x = x + read_labels(self.labels, text.labels).unsqueeze(1)
        memory = self.start(Prompt(len(text), text.labels))["memory"]
        memories = []
        # What the input alone decides is computed for all tokens at once; the memory has to go one by one.
        for projected, gates in zip(*(part.unbind(1) for part in self._enter(x)), strict=True):
            memory = self._advance(memory, projected, gates)
            memories.append(memory.flatten(1))
        return torch.stack(memories, 1)  # (B, T, S * D)

    def read_out(self, states: Tensor) -> Tensor:
        return linear(self.dropout(states), self.output.weight, self.output.bias + self.forbidden)

    def _enter(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The input's queries, keys and values (...,3D) and its part of the gates (...,2D)."""
        x = self.enter(self.dropout(x))
        return self.norms[0](self.attention(x)), self.gates_of_input(x)

    def _advance(self, memory: Tensor, projected: Tensor, gates: Tensor) -> Tensor:
        """The memory (B,S,D) after one input: its projection (B,3D), its gates (B,2D)."""
        attended, first, second = self.norms
        own = attended(self.attention(memory))  # (B, S, 3D)
        both = torch.cat([own, projected.unsqueeze(1)], 1)  # (B, S+1, 3D)
        # (B, heads, S or S+1, head size): a head's columns lie together
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in both.chunk(3, -1)
        )
        query = query[:, :, : self.slots] * query.shape[-1] ** -0.5
        share = (query @ key.transpose(2, 3)).softmax(-1)  # (B, heads, S, S+1)
        found = (share @ value).transpose(1, 2).flatten(2)  # (B, S, D)
        changed = hidden = first(memory + found)
        for layer in self.mlp:
            hidden = layer(hidden).relu()
        changed = second(changed + hidden)
        gates = gates.unsqueeze(1) + self.gates_of_memory(memory.tanh())
        taken, kept = gates.chunk(2, -1)
        return taken.sigmoid() * changed.tanh() + (kept + 1).sigmoid() * memory
