"""Cooperative training against sums over every sentence of the toy game."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch
from torch import Tensor
from toy import LENGTH, VOCABULARY, every_sentence, flat, players, real_text

from textgan.discriminators.mediator import Mediator
from textgan.errors import Mistake
from textgan.objectives.adversarial import Minimax
from textgan.objectives.likelihood import Likelihood
from textgan.strategies.cooperative import Cooperative, token_divergence
from textgan.types import Choice, Generator, Prompt, Situation, Text, Verdict


def _mediator(seed: int = 5) -> Mediator:
    torch.manual_seed(seed)
    mediator = Mediator(VOCABULARY, embedding=4, hidden=5)
    with torch.no_grad():
        for parameter in mediator.parameters():
            parameter.mul_(2)
    return mediator.eval().requires_grad_(False)


def _agreeing(generator: Generator) -> Mediator:
    """A mediator that says what the generator says."""
    mediator = Mediator(VOCABULARY, embedding=3, hidden=4)
    mediator.model.load_state_dict(generator.state_dict())
    return mediator.eval()


def _by_prefix(generator: Generator, mediator: Mediator) -> tuple[Tensor, Tensor]:
    """(probability of every prefix, its divergence over the next word), one prefix at a time."""
    text = every_sentence()
    chances = generator.log_prob(text).sum(1).exp().tolist()
    reached: dict[tuple[int, ...], float] = defaultdict(float)
    for row, mask, chance in zip(text.ids.tolist(), text.mask.tolist(), chances, strict=True):
        for length in range(sum(mask)):
            reached[tuple(row[:length])] += chance
    divergences = []
    for prefix in reached:
        ids = torch.tensor([[*prefix, 0]])
        one = Text(ids, torch.ones_like(ids, dtype=torch.bool))
        log_g = generator.logits(one)[0, -1].log_softmax(-1)
        log_m = mediator.model.logits(one)[0, -1].log_softmax(-1)
        terms = [log_g[w].exp() * (log_g[w] - log_m[w]) for w in range(VOCABULARY.size)]
        divergences.append(torch.stack(terms).sum())
    return torch.tensor(list(reached.values())), torch.stack(divergences)


def _gradient(loss: Tensor, generator: Generator) -> Tensor:
    return flat(torch.autograd.grad(loss, list(generator.parameters())))


def test_the_gradient_is_that_of_the_divergence_at_every_prefix() -> None:
    """Exactly: the written sentences' losses, each by its chance, against a sum over the 13 prefixes."""
    generator, mediator = players()[0], _mediator()
    chances, divergences = _by_prefix(generator, mediator)
    assert len(chances) == 13  # the empty one, three of one word, nine of two
    text = every_sentence()
    weight = generator.log_prob(text).detach().sum(1).exp()
    found = (weight * token_divergence(generator, mediator, text).sum(1)).sum()
    truth = (chances * divergences).sum()
    assert float(found.detach()) == pytest.approx(float(truth.detach()), abs=1e-6)
    found, truth = _gradient(found, generator), _gradient(truth, generator)
    assert (found - truth).norm() < 1e-5 * truth.norm()


def test_summed_over_the_prefixes_it_is_the_divergence_of_sentences() -> None:
    generator, mediator = players()[0], _mediator()
    text = every_sentence()
    log_g = generator.log_prob(text).sum(1)
    log_m = mediator.judge(text).per_token
    assert log_m is not None
    whole = (log_g.exp() * (log_g - log_m.sum(1))).sum()
    by_token = (log_g.exp() * token_divergence(generator, mediator, text).sum(1)).sum()
    assert float(by_token.detach()) == pytest.approx(float(whole.detach()), abs=1e-6)


def test_a_turn_is_the_mean_over_what_it_wrote() -> None:
    generator, mediator = players()[0], _mediator()
    strategy = Cooperative()
    strategy.begin(generator)
    torch.manual_seed(1)
    game = Situation(generator, mediator, Likelihood(), real_text(), Prompt(4096), LENGTH, 0.0)
    turn = strategy.turn(game)
    kept = token_divergence(generator, mediator, turn.fake)
    assert not (kept * ~turn.fake.mask).any()
    assert float(turn.loss.detach()) == pytest.approx(float((kept.sum() / 4096).detach()), abs=1e-6)
    chances, divergences = _by_prefix(generator, mediator)
    truth = _gradient((chances * divergences).sum(), generator)
    assert (_gradient(turn.loss, generator) - truth).norm() < 0.04 * truth.norm()
    assert all(parameter.grad is None for parameter in mediator.parameters())
    per_token = (kept.sum() / turn.fake.mask.sum()).detach()
    assert torch.allclose(turn.log["divergence"], per_token, atol=1e-6)


def test_where_the_generator_writes_the_data_nothing_is_left_to_learn() -> None:
    """The best mediator of data that the generator writes is the generator; both gradients are then 0."""
    generator = players()[0]
    mediator = _agreeing(generator)
    text = every_sentence()
    weight = generator.log_prob(text).detach().sum(1).exp()
    log_m = mediator.judge(text).per_token
    assert log_m is not None
    mixture = -(weight * log_m.sum(1)).sum()  # E over the data, and over the generator's text: the same
    for gradient in torch.autograd.grad(mixture, list(mediator.parameters())):
        assert gradient.abs().max() < 1e-6
    loss = token_divergence(generator, mediator, text)
    assert loss.abs().max() < 1e-6
    assert _gradient((weight * loss.sum(1)).sum(), generator).abs().max() < 1e-6


def test_its_objective_has_its_optimum_at_the_mixture() -> None:
    """A mediator with a free choice of distribution, fitted to real and written text of different lengths."""
    real, fake = every_sentence()[:4], every_sentence()[30:32]
    mediator = Mediator(VOCABULARY, embedding=16, hidden=32, dropout=0.0)
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(mediator.parameters(), lr=1e-2)
    for _ in range(300):
        loss = Likelihood().discriminator_loss(*mediator.judge_both(real, fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    both = mediator.judge(real.joined(fake)).per_token
    assert both is not None
    assert both.sum(1).exp().tolist() == pytest.approx([1 / 8] * 4 + [1 / 4] * 2, abs=0.01)


def test_pieces_give_what_one_pass_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    generator, mediator, text = players()[0], _mediator(), every_sentence()
    whole = token_divergence(generator, mediator, text)
    monkeypatch.setattr("textgan.strategies.cooperative.rows_at_once", lambda *_: 7)
    pieces = token_divergence(generator, mediator, text)
    assert torch.allclose(pieces, whole, atol=1e-6)
    expected, found = _gradient(whole.sum(), generator), _gradient(pieces.sum(), generator)
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_logged_likelihoods_are_of_whole_sentences() -> None:
    """Sums over tokens -1 and -3 - 2 of real, -4 of generated text: means -3 and -4."""
    real = Verdict(torch.zeros(2), torch.zeros(2, 1), per_token=torch.tensor([[-1.0, 0.0], [-3.0, -2.0]]))
    fake = Verdict(torch.zeros(1), torch.zeros(1, 1), per_token=torch.tensor([[-4.0, 0.0]]))
    told = {name: float(value) for name, value in Likelihood().value(real, fake).items()}
    assert told == {"mixture-nll": 3.5, "mixture-gap": 1.0}


def test_unknown_words_and_padding_are_not_scored() -> None:
    mediator = _mediator()
    text = Text(torch.tensor([[4, 3, 5, 2]]), torch.ones(1, 4, dtype=torch.bool))
    verdict = mediator.judge(text)
    assert verdict.per_token is not None and verdict.per_token[0, 1] == 0
    assert torch.allclose(verdict.features, mediator.states(text).mean(1), atol=1e-6)
    known = mediator.model.log_prob(text)[0, [0, 2, 3]]
    assert float(verdict.score) == pytest.approx(float(known.mean()), abs=1e-6)
    wide = Text(torch.tensor([[4, 3, 5, 2, 0, 0]]), torch.tensor([[True] * 4 + [False] * 2]))
    again = mediator.judge(wide)
    assert torch.allclose(again.score, verdict.score) and torch.allclose(again.features, verdict.features)


def test_mistakes() -> None:
    generator, discriminator = players()
    game = Situation(generator, discriminator, Minimax(), real_text(), Prompt(4), LENGTH, 0.0)
    with pytest.raises(Mistake, match="discriminator=mediator"):
        Cooperative().turn(game)
    with pytest.raises(Mistake, match="discriminator=mediator"):
        Cooperative().meet(discriminator, Minimax())
    with pytest.raises(Mistake, match="discriminator=mediator"):
        Likelihood().discriminator_loss(discriminator.judge(real_text()), discriminator.judge(real_text()))
    text = real_text()
    relaxed = Text(text.ids, text.mask, choices=tuple(Choice(ids) for ids in text.ids.T))
    with pytest.raises(Mistake, match="likelihood of words"):
        _mediator().judge(relaxed)
