"""Rewards arrive at the sentence and the token they are of; the wave is the classic algorithm, faster."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from toy import LENGTH, VOCABULARY, every_sentence, players, verdict

from textgan.sampling import Draw, Greedy
from textgan.strategies.rollouts import prefix_values, roll_out
from textgan.types import Discriminator, Generator, Objective, Prompt, State, Text, Verdict, Vocabulary

WIDE = Vocabulary(100)
FILLER = 99


class Filler(Generator):
    """Goes on with one word for ever, so that what is not that word was in the prefix."""

    vocabulary = WIDE

    def start(self, prompt: Prompt) -> State:
        return {"count": torch.zeros(prompt.size)}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        logits = torch.zeros(len(token), WIDE.size)
        logits[:, FILLER] = 100.0
        return logits, state


class Telltale(Discriminator):
    """Scores 100 * (which sentence this is a prefix of) + (tokens kept), read from the text itself."""

    def embed(self, text: Text) -> Tensor:
        return text.ids.unsqueeze(-1).double()

    def forward(self, embeddings: Tensor, mask: Tensor, labels: Tensor | None = None) -> Verdict:
        ids = embeddings.squeeze(-1)
        score = 100 * (ids[:, 0] - 10) + (ids != FILLER).logical_and(mask).sum(1)
        return Verdict(score, embeddings.flatten(1))


class ScoreIsReward:
    def reward(self, real: Verdict, fake: Verdict) -> Tensor:
        return fake.score


def test_a_reward_that_encodes_its_place_arrives_there() -> None:
    lengths = [5, 3, 1, 4, 2, 5]
    ids = torch.zeros(6, 5, dtype=torch.long)
    mask = torch.zeros(6, 5, dtype=torch.bool)
    for row, length in enumerate(lengths):
        ids[row, :length] = 10 + row
        mask[row, :length] = True
        if length < 5:
            ids[row, length - 1] = 10 + row if length == 1 else WIDE.eos
    text = Text(ids, mask)
    objective: Objective = ScoreIsReward()  # type: ignore[assignment]
    completions = roll_out(Filler(), text, 3, Greedy(), 5, rows_at_once=4)
    values, _ = prefix_values(completions, text, Telltale(), objective, verdict(0.0), rows_at_once=7)
    wanted = torch.zeros(6, 5, dtype=torch.double)
    for row, length in enumerate(lengths):
        for position in range(length):
            wanted[row, position] = 100 * row + position + 1
    assert torch.equal(values.double(), wanted)


class WritesItsLabel(Filler):
    """Goes on with a word of the label that it was asked for."""

    def start(self, prompt: Prompt) -> State:
        assert prompt.labels is not None
        return {"label": prompt.labels}

    def step(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        return 100.0 * one_hot(60 + state["label"], WIDE.size), state


class TellsTheLabel(Discriminator):
    """Scores a sentence by its label alone."""

    def embed(self, text: Text) -> Tensor:
        return text.ids.unsqueeze(-1).double()

    def forward(self, embeddings: Tensor, mask: Tensor, labels: Tensor | None = None) -> Verdict:
        assert labels is not None
        return Verdict(labels.double(), embeddings.flatten(1))


def test_rollouts_are_written_and_judged_by_the_label_of_their_sentence() -> None:
    lengths, labels = torch.tensor([5, 3, 1, 4, 2, 5]), torch.tensor([7, 2, 5, 0, 3, 1])
    mask = torch.arange(5) < lengths.unsqueeze(1)
    text = Text(torch.full((6, 5), 10).masked_fill(~mask, WIDE.pad), mask, labels)
    objective: Objective = ScoreIsReward()  # type: ignore[assignment]
    completions = roll_out(WritesItsLabel(), text, 2, Greedy(), 5, rows_at_once=4)
    written = completions.text.ids[torch.arange(5) >= completions.kept.unsqueeze(1)]
    assert torch.equal(written, (60 + labels[completions.sentence]).repeat_interleave(5 - completions.kept))
    values, _ = prefix_values(completions, text, TellsTheLabel(), objective, verdict(0.0), rows_at_once=7)
    assert torch.equal(values, labels.unsqueeze(1) * mask.double())


def test_completions_keep_their_prefix_and_end_at_eos() -> None:
    generator, _ = players()
    text = every_sentence()
    torch.manual_seed(0)
    completions = roll_out(generator, text, 4, Draw(), LENGTH, from_empty=True)
    written = completions.text
    proper = int(text.mask.sum())  # prefixes of 0 .. length-1 tokens
    assert len(written) == 4 * proper
    for row in range(len(written)):
        kept, origin = int(completions.kept[row]), int(completions.sentence[row])
        assert torch.equal(written.ids[row, :kept], text.ids[origin, :kept])
        length = int(written.mask[row].sum())
        assert kept < length <= LENGTH
        ended = (written.ids[row, :length] == VOCABULARY.eos).nonzero().flatten().tolist()
        assert ended == [length - 1] or (ended == [] and length == LENGTH)
        assert (written.ids[row, length:] == VOCABULARY.pad).all()


def test_rollouts_follow_the_policy_given_the_prefix() -> None:
    """Completions of one prefix are distributed as the policy's sentences that begin with it."""
    generator, _ = players()
    text = every_sentence()
    target = 22  # some sentence of three words
    kept = 1
    torch.manual_seed(0)
    completions = roll_out(generator, text[target : target + 1], 30_000, Draw(), LENGTH)
    drawn = completions.text[completions.kept == kept]
    with torch.no_grad():
        probability = generator.log_prob(text).double().sum(1).exp()
    matches = (text.ids[:, 0] == text.ids[target, 0]) & text.mask[:, 0]
    conditional = torch.where(matches, probability, 0.0)
    conditional = conditional / conditional.sum()
    seen = torch.zeros(len(text), dtype=torch.double)
    for index in matches.nonzero().flatten().tolist():
        seen[index] = (drawn.ids == text.ids[index]).all(1).sum()
    assert seen.sum() == len(drawn)
    expected = conditional * len(drawn)
    chi_square = ((seen - expected).square() / expected)[matches].sum()
    assert chi_square < 40  # 12 degrees of freedom: exceeded once in 10,000 tries


def test_the_empty_prefix_is_valued_by_its_own_rollouts() -> None:
    generator, discriminator = players()
    text = every_sentence()[:6]
    torch.manual_seed(0)
    completions = roll_out(generator, text, 500, Draw(), LENGTH, from_empty=True)
    objective: Objective = ScoreIsReward()  # type: ignore[assignment]
    _, empty = prefix_values(completions, text, discriminator, objective, verdict(0.0))
    with torch.no_grad():
        probability = generator.log_prob(every_sentence()).sum(1).exp()
        expected = (probability * discriminator.judge(every_sentence()).score).sum()
    assert (empty - expected).abs().max() < 0.25 * discriminator.judge(every_sentence()).score.std()
