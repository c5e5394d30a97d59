"""The whole vocabulary of the toolkit on one page: what the parts hand to each other.

One alphabet of shapes: B sentences, T tokens, P prefix tokens, V vocabulary, E embedding, F features,
K classes. Time and batch are never reordered with `view`; the batch axis always comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class Vocabulary:
    """The token ids a model must know of. `forbidden`: ids that a generator never emits (pad, bos, unk).

    Pretrained tokenizers often use one id for bos and eos, which must then stay allowed.
    """

    size: int
    pad: int = 0
    bos: int = 1
    eos: int = 2
    unk: int | None = 3

    @property
    def forbidden(self) -> tuple[int, ...]:
        return tuple(i for i in (self.pad, self.bos, self.unk) if i is not None and i != self.eos)


@dataclass(frozen=True)
class Text:
    """Sentences, as ids and, where a pathwise strategy wrote them, as relaxed tokens or vectors too.

    ids (B,T) int64; mask (B,T) bool, True up to and including EOS (everywhere if the sentence reached the
    length limit without one); labels (B,) int64; probs (B,T,V) relaxed one-hots; vectors (B,T,E).
    presence (B,T) float, of relaxed text: how far the sentence has not ended before this token, the product of
    1 - p(EOS) over the tokens before. It is the mask where tokens are one-hots, and lets the gradient reach the
    decision to end: with the mask alone, Gumbel's bias does not vanish at low temperature.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor | None = None
    probs: Tensor | None = None
    vectors: Tensor | None = None
    presence: Tensor | None = None

    @property
    def weight(self) -> Tensor:
        """How much of each position there is, (B,T): presence where the text is relaxed, else the mask."""
        return self.mask if self.presence is None else self.presence

    def __len__(self) -> int:
        return self.ids.shape[0]

    def _map(self, change: Callable[[Tensor], Tensor]) -> Text:
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(value) for name, value in held.items() if value is not None})

    def to(self, device: torch.device | str) -> Text:
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def detach(self) -> Text:
        return self._map(lambda tensor: tensor.detach())

    def __getitem__(self, rows: Any) -> Text:
        """The sentences that `rows` (a slice, or an index or bool tensor) selects."""
        return self._map(lambda tensor: tensor[rows])


@dataclass(frozen=True)
class Prompt:
    """What a generator is asked for: `size` sentences, of these labels (B,), beginning with this prefix (B,P)."""

    size: int
    labels: Tensor | None = None
    prefix: Tensor | None = None


@dataclass(frozen=True)
class Verdict:
    """A discriminator's judgement: score (B,), higher is more real (a logit); features (B,F)."""

    score: Tensor
    features: Tensor


@dataclass(frozen=True)
class Choice:
    """One position's tokens: ids (B,) int64 and, from a pathwise sampler, relaxed (B,V) with a graph.

    read_back: the generator reads the relaxed token next; False: it reads the id, the judge the relaxed token.
    """

    ids: Tensor
    relaxed: Tensor | None = None
    read_back: bool = True


State = dict[str, Tensor]
"""What a recurrent generator carries from token to token; every tensor has the batch axis first."""

Sampler = Callable[[Tensor], Choice]
"""Chooses the next token from logits (B,V)."""


class Generator(nn.Module):
    """Writes text token by token. Forbidden tokens have no probability, in every method alike.

    A subclass gives `start`, `step` and `logits`; the loop over time and the likelihood are the same for all.
    `has_likelihood` is False for a generator that puts out vectors: it then overrides `write` instead.
    """

    vocabulary: Vocabulary
    has_likelihood = True

    def start(self, prompt: Prompt) -> State:
        """The state before the first token."""
        raise NotImplementedError

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """Read one token, (B,) ids or (B,V) relaxed one-hot; return the next token's logits (B,V) and the state."""
        raise NotImplementedError

    def logits(self, text: Text) -> Tensor:
        """Teacher-forced logits (B,T,V), position t given the tokens before t; one parallel pass."""
        raise NotImplementedError

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Write whole sentences of at most `length` tokens, EOS included; (B,T) with T the longest written."""
        state = self.start(prompt)
        device = next(iter(state.values())).device
        token = torch.full((prompt.size,), self.vocabulary.bos, device=device)
        alive = torch.ones(prompt.size, dtype=torch.bool, device=device)
        ids, mask, relaxed, presence = [], [], [], []
        present = torch.ones(prompt.size, device=device)
        for position in range(length):
            logits, state = self.step(token, state)  # (B, V)
            if prompt.prefix is not None and position < prompt.prefix.shape[1]:
                choice = Choice(prompt.prefix[:, position])
            else:
                choice = sampler(logits)
            ids.append(choice.ids.masked_fill(~alive, self.vocabulary.pad))
            mask.append(alive)
            alive = alive & (choice.ids != self.vocabulary.eos)
            token = ids[-1]
            if choice.relaxed is not None:
                relaxed.append(choice.relaxed)
                if choice.read_back:
                    token = choice.relaxed
                    presence.append(present)
                    present = present * (1 - choice.relaxed[:, self.vocabulary.eos])
            # On a GPU the look at `alive` would wait for the device at every token; there it is not worth it.
            if device.type == "cpu" and not presence and not alive.any():
                break
        probs = torch.stack(relaxed, 1) if relaxed else None  # (B, T, V)
        present_at = torch.stack(presence, 1) if presence else None  # (B, T)
        return Text(torch.stack(ids, 1), torch.stack(mask, 1), prompt.labels, probs, presence=present_at)

    def log_prob(self, text: Text) -> Tensor:
        """Teacher-forced log-probability of each token, nats, (B,T); 0 outside the mask."""
        logits = self.logits(text)  # (B, T, V)
        loss = cross_entropy(logits.flatten(0, 1), text.ids.flatten(), reduction="none")
        return -loss.unflatten(0, text.ids.shape).masked_fill(~text.mask, 0.0)


class Discriminator(nn.Module):
    """Judges text. `embed` is the one entrance for ids, relaxed tokens and vectors.

    reads_vectors: its table is the space that a generator of vectors writes in.
    """

    reads_vectors = False

    def embed(self, text: Text) -> Tensor:
        """(B,T,E), weighted by `text.weight`, so zero outside the mask."""
        raise NotImplementedError

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        """Judge embeddings (B,T,E); nothing where weight (B,T), a mask or presence, is 0 changes the verdict."""
        raise NotImplementedError

    def judge(self, text: Text) -> Verdict:
        return self(self.embed(text), text.weight, text.labels)


class Objective(Protocol):
    """What the two players want. Losses are means over the batch, scalars to minimise."""

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor: ...

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor: ...

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """(B,) of `fake`, higher is better: what a score-function strategy maximises."""
        ...

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """The game's value under its own name, for the log: V(D,G) and the implied divergence, or a distance."""
        ...


class Penalty(Protocol):
    """A term added to the discriminator's loss."""

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor: ...


@dataclass(frozen=True)
class Situation:
    """What a strategy meets at a generator turn.

    Both players (the judge in eval mode, its parameters fixed), what they want, a batch of real text, what is
    to be written, the most tokens a sentence may have, and the phase's progress in [0, 1].
    """

    generator: Generator
    discriminator: Discriminator
    objective: Objective
    real: Text
    prompt: Prompt
    length: int
    progress: float


@dataclass(frozen=True)
class Turn:
    """One generator turn: the loss to minimise (scalar), what was written, and numbers for the log (scalars)."""

    loss: Tensor
    fake: Text
    log: dict[str, Tensor]


class Strategy(nn.Module):
    """How text is written for the judge and how the judgement gets back to the generator.

    A module so that what it keeps (a lagging rollout policy, a running baseline) is saved with the run.
    """

    def begin(self, generator: Generator) -> None:
        """Called once, with the pretrained generator, when adversarial training begins (or is resumed)."""

    def sampler(self, progress: float) -> Sampler:
        """How the next token is chosen; progress of adversarial training in [0, 1]."""
        raise NotImplementedError

    def judge_sampler(self, progress: float) -> Sampler:
        """How text is written for the judge to learn from: as for a turn, unless a cheaper way writes the same."""
        return self.sampler(progress)

    def turn(self, situation: Situation) -> Turn:
        """Write `prompt.size` sentences, have them judged, and return the generator's loss."""
        raise NotImplementedError

    def after_step(self, generator: Generator) -> None:
        """Called after each generator update."""
