"""LeakGAN's generator (Guo et al. 2018): a manager sets goals in the discriminator's features, a worker writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize, pad

from textgan.errors import Mistake
from textgan.generators.recurrent import FORBIDDEN, Init, cell_weights, initialise
from textgan.machine.products import linear
from textgan.parts.ranges import Share, Size
from textgan.types import Choice, Discriminator, Generator, Prompt, State, Text, Vocabulary, read_labels


class _Kept:
    """Holds the discriminator out of `parameters()`; a copy of the generator reads the same one."""

    def __init__(self, discriminator: Discriminator) -> None:
        self.discriminator = discriminator

    def __deepcopy__(self, memo: object) -> _Kept:
        return self


class ManagerWorker(Generator):
    """LeakGAN's hierarchical generator (Guo et al. 2018, "Methodology"), which reads the discriminator as it writes.

    Before each token the discriminator gives its features f (F) of the prefix. The manager, an LSTM over them, sets a
    goal of length 1 in their space. The worker, an LSTM over the tokens, gives every word an embedding of `goal`
    numbers, O (V,goal); the logits are O w, w the projection of the sum of the last `horizon` goals (c in the paper),
    the newest included. embedding, hidden (of both LSTMs), dropout (on the worker), init, classes: as in `lstm`.

    The two learn apart. Manager: the cosine between its goal and the change of the features over the next `horizon`
    tokens (up to the sentence's end, where fewer are left) is raised, times the token's value, which should be 0 or
    more; times 1 on real text. Worker, and the projection of the goals: likelihood on real text, and REINFORCE with
    the intrinsic reward, the mean cosine between the last goals and the change since each of them. No
    gradient runs from the worker to the manager, nor from either to the discriminator.

    Departures: manager and worker take their steps at once, which is the same as by turns, since they share no
    weight; no temperature in training; the first goals are summed as far as there are any.
    """

    reads_judge = True
    manager: nn.LSTM
    goal: nn.Linear
    project: nn.Linear

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        embedding: Size = 64,
        hidden: Size = 128,
        goal: Size = 16,
        horizon: Size = 4,
        dropout: Share = 0.0,
        init: Init = "uniform",
        classes: int = 0,
    ) -> None:
        super().__init__()
        for name, value in {"goal": goal, "horizon": horizon}.items():
            if value < 1:
                raise ValueError(f"{name}: {value}; expected 1 or more")
        self.vocabulary = vocabulary
        self.hidden, self.goal_size, self.horizon, self.init = hidden, goal, horizon, init
        self.table = nn.Embedding(vocabulary.size, embedding)
        self.labels = nn.Embedding(classes, embedding) if classes else None
        self.worker = nn.LSTM(embedding, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        # O w is linear in the products of w's and the worker's numbers: one layer of them, O itself is never built.
        self.output = nn.Linear(goal * (hidden + 1), vocabulary.size, bias=False)
        self.forbidden: Tensor
        forbidden = torch.zeros(vocabulary.size)
        forbidden[list(vocabulary.forbidden)] = FORBIDDEN
        self.register_buffer("forbidden", forbidden, persistent=False)
        initialise(self, init)

    def meet(self, judge: Discriminator) -> None:
        size = judge.feature_size
        if not size:
            raise Mistake(
                "discriminator: the generator needs features of every prefix, which this discriminator "
                "does not give; set discriminator to cnn"
            )
        self._kept = _Kept(judge)
        device = self.table.weight.device
        self.manager = nn.LSTM(size, self.hidden, batch_first=True).to(device)
        self.goal = nn.Linear(self.hidden, size).to(device)
        self.project = nn.Linear(size, self.goal_size, bias=False).to(device)
        for layer in (self.manager, self.goal, self.project):
            initialise(layer, self.init)

    def start(self, prompt: Prompt) -> State:
        zeros = torch.zeros(prompt.size, self.hidden, device=self.table.weight.device)
        state = {name: zeros for name in ("h", "c", "manager-h", "manager-c")}
        state["goals"] = zeros.new_zeros(prompt.size, self.horizon, self.goal_size)  # the last, projected
        if self.labels is not None:
            if prompt.labels is None:
                raise ValueError("this generator writes by label: the prompt needs labels (B,)")
            state["label"] = read_labels(self.labels, prompt.labels)  # (B, E)
        with self._reading() as discriminator:
            return state | _named("judge-", discriminator.begin_reading(prompt.size))

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        with self._reading() as discriminator:
            kept = {name: value for name, value in state.items() if name.startswith("judge-")}
            features, read = discriminator.read_on(
                token, {name.removeprefix("judge-"): value for name, value in kept.items()}
            )
        carried = [state["manager-h"], state["manager-c"]]
        manager_h, manager_c = torch.lstm_cell(features, carried, *cell_weights(self.manager))
        newest = self.project(self._goal_of(manager_h).detach()).unsqueeze(1)
        goals = torch.cat([state["goals"][:, 1:], newest], 1)
        x = token.read(self.table.weight) if isinstance(token, Choice) else self.table(token)  # (B, E)
        if "label" in state:
            x = x + state["label"]
        h, c = torch.lstm_cell(self.dropout(x), [state["h"], state["c"]], *cell_weights(self.worker))
        after = {"h": h, "c": c, "manager-h": manager_h, "manager-c": manager_c, "goals": goals}
        logits = self.read_out(self._products(h, goals.sum(1)))
        return logits, {**state, **after, **_named("judge-", read)}

    def states(self, text: Text) -> Tensor:
        goals = self._goals(self._features(text))
        projected = pad(self.project(goals.detach()), (0, 0, self.horizon - 1, 0))
        width = text.ids.shape[1]
        directions = torch.stack([projected[:, at : at + width] for at in range(self.horizon)]).sum(0)
        bos = torch.full_like(text.ids[:, :1], self.vocabulary.bos)
        x = self.table(torch.cat([bos, text.ids[:, :-1]], 1))  # (B, T, E)
        if self.labels is not None:
            if text.labels is None:
                raise ValueError("this generator writes by label: the text needs labels (B,)")
            x = x + read_labels(self.labels, text.labels).unsqueeze(1)
        h, _ = self.worker(self.dropout(x))
        return self._products(h, directions)

    def read_out(self, states: Tensor) -> Tensor:
        return linear(states, self.output.weight, self.forbidden)

    def teach(self, text: Text) -> Tensor:
        features = self._features(text)
        return self.log_prob(text) + self._agreement(text, features, self._goals(features))

    def credit(self, text: Text, values: Tensor) -> tuple[Tensor, Tensor | None]:
        features = self._features(text)
        goals = self._goals(features)
        return self._intrinsic(text, features, goals.detach()), values * self._agreement(
            text, features, goals
        )

    def _agreement(self, text: Text, features: Tensor, goals: Tensor) -> Tensor:
        """cos(f_(t+c) - f_t, g_t), (B,T), with a graph to the goals; 0 outside the mask."""
        length = text.mask.sum(1, keepdim=True)
        ahead = torch.arange(goals.shape[1], device=goals.device) + self.horizon
        places = torch.minimum(ahead, length).unsqueeze(-1).expand_as(goals)  # (B, T, F)
        return cosine_similarity(features.gather(1, places) - features[:, :-1], goals, -1) * text.mask

    def _intrinsic(self, text: Text, features: Tensor, goals: Tensor) -> Tensor:
        """The mean over i = 1..c of cos(f_t - f_(t-i), g_(t-i)), f_t with the token, (B,T); 0 outside the mask."""
        total = torch.zeros_like(goals[..., 0])
        width = goals.shape[1]
        for back in range(1, min(self.horizon, width) + 1):
            change = features[:, back:] - features[:, : width + 1 - back]  # (B, T - back + 1, F)
            total[:, back - 1 :] += cosine_similarity(change, goals[:, : width + 1 - back], -1)
        count = torch.arange(1, width + 1, device=goals.device).clamp(max=self.horizon)
        return total / count * text.mask

    def _features(self, text: Text) -> Tensor:
        """Of every prefix, (B,T+1,F)."""
        with self._reading() as discriminator:
            return discriminator.features_along(text).float()

    def _goals(self, features: Tensor) -> Tensor:
        """One before each token, (B,T,F), from the features of what stands before it."""
        return self._goal_of(self.manager(features[:, :-1])[0])

    def _goal_of(self, hidden: Tensor) -> Tensor:
        return normalize(self.goal(hidden), dim=-1)

    def _products(self, hidden: Tensor, direction: Tensor) -> Tensor:
        """(...,H) and w (...,k): all products, and w itself for the bias of O: (..., k * (H+1))."""
        hidden = pad(self.dropout(hidden), (0, 1), value=1.0)
        return (direction.unsqueeze(-1) * hidden.unsqueeze(-2)).flatten(-2)

    @contextmanager
    def _reading(self) -> Iterator[Discriminator]:
        """The discriminator in eval mode and without gradients, whichever of the two models is being trained."""
        discriminator = self._kept.discriminator
        was_training = discriminator.training
        discriminator.eval()
        try:
            with torch.no_grad():
                yield discriminator
        finally:
            discriminator.train(was_training)


def _named(prefix: str, state: State) -> State:
    return {prefix + name: value for name, value in state.items()}
