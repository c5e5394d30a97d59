"""The quick algorithms give what the classic ones do: the same scores, the same gradient, the same distribution."""

from __future__ import annotations

import torch
from classic import ClassicGenerator, ClassicJudge, classic_values
from toy import LENGTH, VOCABULARY, every_sentence, flat

from textgan.discriminators.cnn import CNN
from textgan.generators.recurrent import LSTM
from textgan.objectives.adversarial import Minimax
from textgan.sampling import Draw
from textgan.strategies.rollouts import prefix_values, roll_out
from textgan.types import Prompt, Text, Vocabulary

WIDE = Vocabulary(700)


def _text() -> Text:
    torch.manual_seed(2)
    lengths = torch.randint(1, 13, (40,))
    mask = torch.arange(12) < lengths.unsqueeze(1)
    ids = torch.randint(4, WIDE.size, mask.shape).masked_fill(~mask, WIDE.pad)
    return Text(ids, mask)


def _discriminator() -> CNN:
    torch.manual_seed(3)
    return CNN(WIDE, embedding=8, widths=[1, 2, 5, 12], filters=[6, 5, 4, 3]).eval()


def _generator() -> LSTM:
    torch.manual_seed(4)
    return LSTM(WIDE, embedding=6, hidden=9).eval()


def test_scores_and_their_gradient() -> None:
    ours, text = _discriminator(), _text()
    classic = ClassicJudge(ours)
    mine, theirs = ours.judge(text).score, classic.judge(text.ids, text.mask)
    assert torch.allclose(mine, theirs, atol=1e-5)
    hot = torch.nn.functional.one_hot(text.ids, WIDE.size).float()
    assert torch.allclose(classic(classic.embed_one_hot(hot), text.mask), mine, atol=1e-5)
    weights = torch.randn(len(text))
    parameters = list(ours.parameters())
    got = flat(torch.autograd.grad((mine * weights).sum(), parameters))
    wanted = flat(torch.autograd.grad((theirs * weights).sum(), parameters))
    assert (got - wanted).norm() < 1e-5 * wanted.norm()


def test_likelihood_and_its_gradient() -> None:
    ours, text = _generator(), _text()
    mine = ours.log_prob(text)
    theirs = ClassicGenerator(ours).log_prob(text.ids) * text.mask
    assert torch.allclose(mine, theirs, atol=1e-5)
    weights = torch.randn(text.ids.shape)
    parameters = list(ours.parameters())
    got = flat(torch.autograd.grad((mine * weights).sum(), parameters))
    wanted = flat(torch.autograd.grad((theirs * weights).sum(), parameters))
    assert (got - wanted).norm() < 1e-5 * wanted.norm()


def test_likelihood_in_pieces_is_the_same(monkeypatch: object) -> None:
    ours, text = _generator(), _text()
    whole = ours.log_prob(text)
    weights = torch.randn(text.ids.shape)
    parameters = list(ours.parameters())
    wanted = flat(torch.autograd.grad((whole * weights).sum(), parameters))
    monkeypatch.setattr("textgan.types.rows_at_once", lambda row, device: 16)  # type: ignore[attr-defined]
    pieces = ours.log_prob(text)
    assert torch.allclose(pieces, whole, atol=1e-6)
    got = flat(torch.autograd.grad((pieces * weights).sum(), parameters))
    assert (got - wanted).norm() < 1e-5 * wanted.norm()


def test_sentences_follow_the_same_distribution() -> None:
    """Both against the exact probabilities of all 40 sentences."""
    torch.manual_seed(0)
    ours = LSTM(VOCABULARY, embedding=3, hidden=4).eval()
    text = every_sentence()
    expected = ours.log_prob(text).sum(1).exp().detach().double() * 40_000
    with torch.no_grad():
        mine = ours.write(Prompt(40_000), LENGTH, Draw()).ids
    theirs = ClassicGenerator(ours).write(torch.zeros(40_000, 0, dtype=torch.long), LENGTH)
    for ids in (mine, theirs):
        seen = torch.stack([(ids == row).all(1).sum() for row in text.ids]).double()
        assert seen.sum() == 40_000
        assert ((seen - expected).square() / expected).sum() < 90  # 39 degrees of freedom: once in 100,000


def test_rollout_values_agree_within_their_noise() -> None:
    torch.manual_seed(0)
    ours = LSTM(VOCABULARY, embedding=3, hidden=4).eval()
    discriminator = CNN(VOCABULARY, embedding=4, widths=[1, 2, 3], filters=8).eval()
    text = every_sentence()
    objective, count = Minimax(), 400
    with torch.no_grad():
        completions = roll_out(ours, text, count, Draw(), LENGTH)
        real = discriminator.judge(text)
        mine, _ = prefix_values(completions, text, discriminator, objective, real)
        assert torch.allclose(objective.reward(real, real), real.score.sigmoid())  # the reward is D(x)
    theirs = classic_values(ClassicGenerator(ours), ClassicJudge(discriminator), text.ids, count, LENGTH)
    spread = objective.reward(real, real).std()
    assert (mine - theirs).abs().max() < 6 * (2 / count) ** 0.5 * spread
    assert torch.equal(mine[~text.mask], torch.zeros_like(mine[~text.mask]))
