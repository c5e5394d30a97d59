"""All interfaces on one page: what the parts of a text GAN pass to each other.

A generator writes `Text` for a `Prompt`. A discriminator reads it and returns a `Verdict`. An objective turns verdicts
into losses and rewards. A strategy carries that signal back to the generator, one `Turn` for each `Situation`.
To write a part of your own, implement one of the interfaces below; docs/extending.md has an example of each.

Shapes: B sentences, T tokens, P prefix tokens, V vocabulary, E embedding, H hidden state, F features, K classes,
Z latent code. The batch axis always comes first, and axes are transposed by name, never reordered with `view`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    """A request to a generator: write `size` sentences, with these labels (B,) and starting with this prefix (B,P).

    code (B,Z): latent codes to decode, for a generator that has a latent space; None draws them at random.
    """

    size: int
    labels: Tensor | None = None
    prefix: Tensor | None = None
    code: Tensor | None = None


@dataclass(frozen=True)
class Verdict:
    """A discriminator's judgement of a batch of sentences.

    score (B,): higher means more real; a logit unless the objective reads it otherwise. features (B,F): what the
    score is computed from.
    classes (B,K): class logits, from a discriminator that predicts the label. per_token (B,T): a score for each
    token, from a discriminator that scores every prefix; 0 where mask is 0. mask (B,T): the text's weight when it
    was judged (`Text.weight`). labels (B,), ids (B,T): those of the judged text.
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


@dataclass(frozen=True)
class Completed:
    """N sentences that go on from prefixes of others, all of `kept` tokens.

    text: the whole sentences. sentence (N,): the row, in another text, of the sentence that each prefix is of.
    """

    text: Text
    sentence: Tensor
    kept: int


State = dict[str, Tensor]
"""What a model carries from one token to the next, by name; every tensor has the batch axis first."""

Sampler = Callable[[Tensor], Choice]
"""Chooses the next token from logits (B,V), which it may overwrite in place."""


class Generator(nn.Module):
    """Writes text token by token. Forbidden tokens (`Vocabulary.forbidden`) have probability 0 in every method.

    A subclass implements `start`, `step`, `states` and `read_out`; sampling (`write`) and the likelihood (`log_prob`)
    are built on these. A generator without a likelihood overrides `write` instead. Flags:
    has_likelihood: `log_prob` is the model's likelihood of a text; False for a generator whose output is vectors or
    distributions.
    reads_judge: it reads the discriminator's features while it writes.
    writes_vectors: its output is vectors in the space of the corpus's word vectors.
    reconstructs: `log_prob` is that of a text given the text's own latent code: a reconstruction loss to train with,
    not a likelihood.
    """

    vocabulary: Vocabulary
    has_likelihood = True
    reads_judge = False
    writes_vectors = False
    reconstructs = False

    def meet(self, judge: Discriminator) -> None:
        """Called once, before training. A generator that keeps the discriminator must hide it from `parameters()`."""

    def start(self, prompt: Prompt) -> State:
        """The state before the first token."""
        raise NotImplementedError

    def step(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        """Read one token, ids (B,) or a relaxed choice; return the next token's logits (B,V) and the new state."""
        raise NotImplementedError

    def states(self, text: Text) -> Tensor:
        """Teacher-forced hidden states (B,T,H): the output layer's input at position t, given the tokens before t."""
        raise NotImplementedError

    def read_out(self, states: Tensor) -> Tensor:
        """The output layer, for any number of positions: (...,H) -> logits (...,V)."""
        raise NotImplementedError

    def logits(self, text: Text) -> Tensor:
        """Teacher-forced logits (B,T,V), those at position t given the tokens before t; one parallel pass."""
        return self.read_out(self.states(text))

    def write(self, prompt: Prompt, length: int, sampler: Sampler) -> Text:
        """Write sentences of at most `length` tokens, EOS included: text (B,T).

        On a CPU, finished sentences leave the batch, and T is the longest sentence's length. Where tokens are relaxed,
        the gradient needs every step. On a GPU, asking which sentences have finished would synchronise with the device
        at every token. In both cases the loop runs to T = `length`, with padding after each sentence's end.
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
        """Teacher-forced log-probability of each token in nats, (B,T); 0 outside the mask.

        Logits that would exceed the device's cache or memory are computed in pieces, and recomputed in the backward
        pass.
        """
        states, ids, mask = self.states(text).flatten(0, 1), text.ids.flatten(), text.mask.flatten()
        places = None
        if mask.device.type == "cpu":  # on a GPU, finding the positions that hold tokens would synchronise
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
        """What teacher forcing maximises for each token of real text, (B,T), 0 outside the mask; default `log_prob`."""
        return self.log_prob(text)

    def credit(self, text: Text, values: Tensor) -> tuple[Tensor, Tensor | None]:
        """Turn the values of the tokens (B,T), as the strategy estimated them, into this generator's own credit.

        Returns two things: the credit (B,T), which weights each token's log-probability (by default the values
        themselves); and a further term to maximise, (B,T), 0 outside the mask and with a graph, or None.
        """
        return values, None

    def _chosen(self, states: Tensor, ids: Tensor) -> Tensor:
        """Log-probability (N,) of tokens (N,) given the states (N,H) before them."""
        return log_prob_at(self.read_out(states), ids)


class Discriminator(nn.Module):
    """Judges text. A subclass implements `embed` and `forward`; `judge` calls both.

    All text enters through `embed`: ids, relaxed tokens and vectors. Flags:
    reads_vectors: its embedding table is the space that a generator of vectors writes in.
    reads_relaxed: it accepts relaxed tokens, as pathwise strategies and gradient penalties need; False for one that
    reads ids only.
    one_by_one: a sentence's verdict does not depend on the rest of the batch, so real and generated text may share
    one.
    feature_size: F, if it gives the features of every prefix (`features_along`, `begin_reading`, `read_on`); else 0.
    noise: standard deviation of the Gaussian noise added to the embeddings in training mode (instance noise, Sonderby
    et al. 2017); set by the trainer.
    tells_classes: its verdicts have `classes`.
    """

    reads_vectors = False
    reads_relaxed = True
    one_by_one = True
    feature_size = 0
    noise = 0.0
    tells_classes = False

    def members(self) -> list[Discriminator]:
        """The discriminators that each have a loss of their own: this one, or the members of an ensemble."""
        return [self]

    def meet(self, generator: Generator) -> None:
        """Called once, before training. A discriminator that keeps the generator must hide it from `parameters()`."""

    def embed(self, text: Text) -> Tensor:
        """Embeddings (B,T,E), multiplied by `text.weight`, so zero outside the mask."""
        raise NotImplementedError

    def forward(self, embeddings: Tensor, weight: Tensor, labels: Tensor | None = None) -> Verdict:
        """Judge embeddings (B,T,E). Positions where weight (B,T), `Text.weight`, is 0 must not affect the verdict."""
        raise NotImplementedError

    def judge(self, text: Text) -> Verdict:
        """The verdict on a batch of text, with instance noise in training mode."""
        embeddings = self.embed(text)
        if self.training and self.noise:
            # No noise on padding: it would reveal how far the batch is padded.
            embeddings = embeddings + self.noise * torch.randn_like(embeddings) * text.weight.unsqueeze(-1)
        return replace(self(embeddings, text.weight, text.labels), labels=text.labels, ids=text.ids)

    def judge_both(self, real: Text, fake: Text) -> tuple[Verdict, Verdict]:
        """`judge` of both texts; in one batch, which is faster, where the verdicts are the same."""
        if not self.one_by_one or real.relaxed or fake.relaxed:
            return self.judge(real), self.judge(fake)
        verdict = self.judge(real.joined(fake))
        return verdict[: len(real)], verdict[len(real) :]

    def judge_completed(self, text: Text, pieces: Sequence[Completed]) -> Iterator[Verdict]:
        """`judge` of every piece; what completions of the same sentences, `text`, have in common is read once."""
        return (self.judge(piece.text) for piece in pieces)

    def features_along(self, text: Text) -> Tensor:
        """(B,T+1,F): at t, the features that `judge` gives the first t tokens; one pass, without dropout."""
        raise NotImplementedError

    def begin_reading(self, size: int) -> State:
        """The state for `read_on` of `size` sentences of which nothing has been read."""
        raise NotImplementedError

    def read_on(self, token: Tensor | Choice, state: State) -> tuple[Tensor, State]:
        """`features_along` one token at a time: the features (B,F) of the prefix so far, and the new state.

        The first token is BOS, which does not count as part of the prefix.
        """
        raise NotImplementedError


class Objective(Protocol):
    """The losses of discriminator and generator, and the reward for score-function strategies.

    Losses are means over the batch: scalars to minimise. If the reward of a sentence depends on the other generated
    sentences of its batch, set `of_the_batch = True`. Rollouts are then refused, because the completions of prefixes
    are not a batch drawn from the generator.
    """

    def discriminator_loss(self, real: Verdict, fake: Verdict) -> Tensor: ...

    def generator_loss(self, real: Verdict, fake: Verdict) -> Tensor: ...

    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        """The reward (B,) of each sentence of `fake`, higher is better: what a score-function strategy maximises."""
        ...

    def value(self, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """Scalars for the log, by name: the game's value V(D,G) and the implied divergence, or a distance."""
        ...


class Penalty(Protocol):
    """A term added to the discriminator's loss."""

    def __call__(self, discriminator: Discriminator, real: Text, fake: Text) -> Tensor: ...


@dataclass(frozen=True)
class Situation:
    """Everything a strategy needs for one generator update.

    discriminator: in eval mode, its parameters fixed. real: a batch of real text. prompt: what to write. length: the
    most tokens per sentence, EOS included. progress: of the phase, in [0, 1].
    With several ranks (distributed training), real and prompt are this rank's share, and the objective is computed
    over the joint batch; the mean of the ranks' gradients must equal the gradient of one process with the whole batch.
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
    """The result of one generator turn.

    loss: scalar, to minimise. fake: the text that was written, detached. log: scalars by name, for the metrics.
    """

    loss: Tensor
    fake: Text
    log: dict[str, Tensor]


class Strategy(nn.Module):
    """How the generator writes text for the discriminator, and how the learning signal gets back to it.

    It is a module so that its state (a lagging rollout policy, a running baseline) is saved with the run.
    pathwise: the gradient of the objective's generator loss passes through the generated text itself; False for a
    score-function strategy, which uses the objective's reward.
    """

    pathwise = False

    def meet(self, judge: Discriminator, objective: Objective) -> None:
        """Called once, before training and before any file is written. Raises Mistake if one of them does not fit."""

    def begin(self, generator: Generator) -> None:
        """Called with the generator as it then is, when a phase that uses the strategy begins or is resumed."""

    def sampler(self, progress: float) -> Sampler:
        """How the next token is chosen in a generator turn; progress of adversarial training in [0, 1]."""
        raise NotImplementedError

    def judge_sampler(self, progress: float) -> Sampler:
        """How the fakes that train the discriminator are sampled: as in a turn, unless a cheaper way is equivalent."""
        return self.sampler(progress)

    def first_samplers(self) -> tuple[Sampler, ...]:
        """The samplers that `judge_sampler(0.0)` may return.

        Two strategies with equal ones train the discriminator on the same text before the adversarial phase.
        """
        return (self.judge_sampler(0.0),)

    def turn(self, situation: Situation) -> Turn:
        """Write `prompt.size` sentences, have them judged, and return the generator's loss. Takes no optimiser step."""
        raise NotImplementedError

    def after_step(self, generator: Generator) -> None:
        """Called after each generator update."""
