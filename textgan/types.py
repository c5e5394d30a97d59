"""The whole vocabulary of the toolkit on one page: what the parts hand to each other.

One alphabet of shapes: B sentences, T tokens, P prefix tokens, V vocabulary, E embedding, F features,
K classes. Time and batch are never reordered with `view`; the batch axis always comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from textgan.machine.products import log_prob_at, rows_at_once, whole_slabs
from textgan.machine.ranks import ALONE, Ranks
from textgan.text import Choice as Choice
from textgan.text import Text as Text
from textgan.text import Vocabulary as Vocabulary
from textgan.text import read_labels as read_labels


@dataclass(frozen=True)
class Prompt:
    """What a generator is asked for: `size` sentences, of these labels (B,), beginning with this prefix (B,P).

    code (B,Z): the point of its latent space to write from, for a generator that has one; None draws it.
    """

    size: int
    labels: Tensor | None = None
    prefix: Tensor | None = None
    code: Tensor | None = None


@dataclass(frozen=True)
class Verdict:
    """A discriminator's judgement: score (B,), higher is more real (a logit); features (B,F).

    classes (B,K): logits of the classes, from a judge that tells them. per_token (B,T): a score of each token, from a
    judge that reads along; 0 outside the mask (B,T), the weight it was judged with, which comes along. labels (B,) and
    ids (B,T): those of the text that was judged.
    """

    score: Tensor
    features: Tensor
    classes: Tensor | None = None
    per_token: Tensor | None = None
    labels: Tensor | None = None
    mask: Tensor | None = None
    ids: Tensor | None = None

    def __getitem__(self, rows: slice) -> Verdict:
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        return Verdict(**{name: value[rows] for name, value in held.items() if value is not None})


State = dict[str, Tensor]
"""What a recurrent generator carries from token to token; every tensor has the batch axis first."""

Sampler = Callable[[Tensor], Choice]
"""Chooses the next token from logits (B,V), which it may overwrite."""


class Generator(nn.Module):
    """Writes text token by token. Forbidden tokens have no probability, in every method alike.

    A subclass gives `start`, `step`, `states` and `read_out`; the loop over time and the likelihood are the same.
    `has_likelihood` is False for a generator that puts out vectors: it then overrides `write` instead. `reads_judge`
    is True for one that reads the discriminator's features while it writes. `writes_vectors`: its text is vectors of
    the corpus's space. `reconstructs`: its `log_prob` is of a text given that text's own code, to be trained by but
    no likelihood.
    """

    vocabulary: Vocabulary
    has_likelihood = True
    reads_judge = False
    writes_vectors = False
    reconstructs = False

    def meet(self, judge: Discriminator) -> None:
        """Called once, before play. A generator that keeps the judge must hide it from `parameters()`."""

    def start(self, prompt: Prompt) -> State:
        """The state before the first token."""
        raise NotImplementedError

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        """Read one token, ids (B,) or a relaxed choice; return the next token's logits (B,V) and the state."""
        raise NotImplementedError

    def states(self, text: Text) -> Tensor:
        """Teacher-forced (B,T,H): what the output layer reads at position t, given the tokens before t."""
        raise NotImplementedError

    def read_out(self, states: Tensor) -> Tensor:
        """The output layer, on any number of positions: (...,H) -> logits (...,V)."""
        raise NotImplementedError

    def logits(self, text: Text) -> Tensor:
        """Teacher-forced logits (B,T,V), position t given the tokens before t; one parallel pass."""
        return self.read_out(self.states(text))

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Write whole sentences of at most `length` tokens, EOS included; (B,T) with T the longest written.

        On a CPU, finished sentences leave the batch, unless a gradient is to run through what was written. On a
        GPU to know which have finished would mean to wait for the device at every token.
        """
        state = self.start(prompt)
        device = next(iter(state.values())).device
        ids = torch.full((prompt.size, length), self.vocabulary.pad, device=device)
        mask = torch.zeros_like(ids, dtype=torch.bool)
        rows = torch.arange(prompt.size, device=device)  # the sentences of the batch
        alive = torch.ones_like(rows, dtype=torch.bool)  # those of them that have not ended
        token = torch.full_like(rows, self.vocabulary.bos)
        present = torch.ones(prompt.size, device=device)
        relaxed: list[Choice] = []
        presence: list[Tensor] = []
        read: Tensor | Choice = token
        for position in range(length):
            logits, state = self.step(read, state)  # (B, V)
            if prompt.prefix is not None and position < prompt.prefix.shape[1]:
                choice = Choice(prompt.prefix[rows, position])
            else:
                choice = sampler(logits)
            token = choice.ids.masked_fill(~alive, self.vocabulary.pad)
            ids[rows, position] = token
            mask[rows, position] = alive
            alive = alive & (token != self.vocabulary.eos)
            read = token
            if choice.relaxed is not None:
                relaxed.append(choice)
                if choice.read_back:
                    read = choice
                    presence.append(present)
                    present = present * (1 - choice.share(self.vocabulary.eos))
            elif device.type == "cpu" and not relaxed:
                kept = alive.nonzero().squeeze(-1)
                if len(kept) < len(rows):
                    rows, alive, read = rows[kept], alive[kept], token[kept]
                    state = {name: value[kept] for name, value in state.items()}
            if device.type == "cpu" and not presence and not alive.any():
                break
        ids, mask = ids[:, : position + 1], mask[:, : position + 1]
        present_at = torch.stack(presence, 1) if presence else None  # (B, T)
        return Text(ids, mask, prompt.labels, tuple(relaxed) or None, presence=present_at)

    def log_prob(self, text: Text) -> Tensor:
        """Teacher-forced log-probability of each token, nats, (B,T); 0 outside the mask.

        No more logits are kept than the device's cache or memory is good for: beyond that they are computed in
        pieces, and again for the gradient.
        """
        states, ids, mask = self.states(text).flatten(0, 1), text.ids.flatten(), text.mask.flatten()
        places = None
        if mask.device.type == "cpu":  # a GPU would have to be waited for to know which positions hold tokens
            places = mask.nonzero().squeeze(-1)
            chosen = whole_slabs(places)
            states, ids = states[chosen], ids[chosen]
        at_once = rows_at_once(self.vocabulary.size, ids.device)
        pieces = list(zip(states.split(at_once), ids.split(at_once), strict=True))
        if len(pieces) == 1:
            found = self._chosen(states, ids)
        else:
            found = torch.cat([checkpoint(self._chosen, *piece, use_reentrant=False) for piece in pieces])
        if places is None:
            return found.masked_fill(~mask, 0.0).view(text.ids.shape)
        whole = torch.zeros_like(mask, dtype=found.dtype).index_copy(0, places, found[: len(places)])
        return whole.view(text.ids.shape)

    def teach(self, text: Text) -> Tensor:
        """What teacher forcing raises for each token of real text, (B,T), 0 outside the mask: its log-probability."""
        return self.log_prob(text)

    def credit(self, text: Text, values: Tensor) -> tuple[Tensor, Tensor | None]:
        """What a score-function strategy weights each token's log-probability with, (B,T), by default the values.

        values (B,T): the tokens' worth by the judge. Second, what else this generator raises, (B,T), 0 outside the
        mask and with a graph, or None.
        """
        return values, None

    def _chosen(self, states: Tensor, ids: Tensor) -> Tensor:
        """Log-probability (N,) of tokens (N,) given the states (N,H) before them."""
        return log_prob_at(self.read_out(states), ids)


class Discriminator(nn.Module):
    """Judges text. `embed` is the one entrance for ids, relaxed tokens and vectors.

    reads_vectors: its table is the space that a generator of vectors writes in. reads_relaxed: it can be read through
    `embed`, and not ids alone, as pathwise strategies and gradient penalties need it. one_by_one: a verdict depends on
    its sentence alone, so that real and written text may share a batch. feature_size: F of a judge that gives the
    features of every prefix (`features_along`, `read_on`); 0 for one that does not. noise: deviation of the normal
    noise on what is judged in training mode (instance noise, Sonderby et al. 2017); the trainer sets it.
    tells_classes: its verdicts have `classes`.
    """

    reads_vectors = False
    reads_relaxed = True
    one_by_one = True
    feature_size = 0
    noise = 0.0
    tells_classes = False

    def members(self) -> list[Discriminator]:
        """The judges that learn each by a loss of its own: this one, or those that it is made of."""
        return [self]

    def meet(self, generator: Generator) -> None:
        """Called once, before play. A judge that keeps the generator must hide it from `parameters()`."""

    def embed(self, text: Text) -> Tensor:
        """(B,T,E), weighted by `text.weight`, so zero outside the mask."""
        raise NotImplementedError

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        """Judge embeddings (B,T,E); nothing where weight (B,T), a mask or presence, is 0 changes the verdict."""
        raise NotImplementedError

    def judge(self, text: Text) -> Verdict:
        embeddings = self.embed(text)
        if self.training and self.noise:
            # Where a token is absent there is none: the noise of padding would tell how long the batch is.
            embeddings = embeddings + self.noise * torch.randn_like(embeddings) * text.weight.unsqueeze(-1)
        return replace(self(embeddings, text.weight, text.labels), labels=text.labels, ids=text.ids)

    def judge_both(self, real: Text, fake: Text) -> tuple[Verdict, Verdict]:
        """`judge` of each, in one batch where that is the same: the weights are then read once."""
        if not self.one_by_one or real.relaxed or fake.relaxed:
            return self.judge(real), self.judge(fake)
        verdict = self.judge(real.joined(fake))
        return verdict[: len(real)], verdict[len(real) :]

    def shared(self, text: Text) -> list[Tensor]:
        """What the verdicts on many continuations of these sentences have in common; for `judge_continued`."""
        return []

    def judge_continued(self, text: Text, shared: list[Tensor], sentence: Tensor, kept: int) -> Verdict:
        """`judge` of text whose first `kept` tokens are those of the sentences (B,) of `shared`."""
        return self.judge(text)

    def features_along(self, text: Text) -> Tensor:
        """(B,T+1,F): at t the features that `judge` gives the first t tokens; in one pass, without dropout."""
        raise NotImplementedError

    def begin_reading(self, size: int) -> State:
        """The state of `size` sentences before their beginning."""
        raise NotImplementedError

    def read_on(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        """`features_along` token by token: features (B,F) of what was read. BOS, the first, is no part of it."""
        raise NotImplementedError


class Objective(Protocol):
    """What the two players want. Losses are means over the batch, scalars to minimise.

    One whose reward of a sentence depends on the other written ones has `of_the_batch = True`; rollouts, whose
    completions are no batch of the generator's, are then refused.
    """

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
    to be written, the most tokens a sentence may have, and the phase's progress in [0, 1]. Where several ranks train
    together, the texts are this one's share, and the objective is that of the joint batch; the mean of the ranks'
    gradients must be that of one process with all of it.
    """

    generator: Generator
    discriminator: Discriminator
    objective: Objective
    real: Text
    prompt: Prompt
    length: int
    progress: float
    ranks: Ranks = ALONE


@dataclass(frozen=True)
class Turn:
    """One generator turn: the loss to minimise (scalar), what was written, and numbers for the log (scalars)."""

    loss: Tensor
    fake: Text
    log: dict[str, Tensor]


class Strategy(nn.Module):
    """How text is written for the judge and how the judgement gets back to the generator.

    A module so that what it keeps (a lagging rollout policy, a running baseline) is saved with the run.
    pathwise: it follows the objective's loss through the written text, and not its reward.
    """

    pathwise = False

    def meet(self, judge: Discriminator, objective: Objective) -> None:
        """Called once, before play and before any file is made. Mistake where one of them is not what it needs."""

    def begin(self, generator: Generator) -> None:
        """Called once, with the pretrained generator, when adversarial training begins (or is resumed)."""

    def sampler(self, progress: float) -> Sampler:
        """How the next token is chosen; progress of adversarial training in [0, 1]."""
        raise NotImplementedError

    def judge_sampler(self, progress: float) -> Sampler:
        """How text is written for the judge to learn from: as for a turn, unless a cheaper way writes the same."""
        return self.sampler(progress)

    def first_samplers(self) -> tuple[Sampler, ...]:
        """What `judge_sampler` chooses from before the game: where these are equal, so is what a judge learns from."""
        return (self.judge_sampler(0.0),)

    def turn(self, situation: Situation) -> Turn:
        """Write `prompt.size` sentences, have them judged, and return the generator's loss."""
        raise NotImplementedError

    def after_step(self, generator: Generator) -> None:
        """Called after each generator update."""
