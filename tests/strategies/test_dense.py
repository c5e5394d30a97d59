"""Dense rewards: returns by hand, and the gradient against the sum over every sentence there is."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from toy import VOCABULARY, estimates, every_sentence, flat, players, real_text

from textgan.discriminators.recurrent import RecurrentJudge
from textgan.errors import Mistake
from textgan.objectives.adversarial import Minimax
from textgan.objectives.per_token import PerToken
from textgan.strategies.dense import Dense, returns
from textgan.types import Generator, Prompt, Situation


def _discriminator() -> RecurrentJudge:
    torch.manual_seed(8)
    discriminator = RecurrentJudge(VOCABULARY, embedding=4, hidden=8, dropout=0.5)
    with torch.no_grad():
        discriminator.score.weight.mul_(8)
    return discriminator.eval().requires_grad_(False)


def test_returns_by_hand() -> None:
    rewards = torch.tensor([[1.0, -1.0, 0.5], [0.25, 0.0, 0.0]])  # the second sentence has one token
    wanted = torch.tensor([[1 - 0.5 + 0.125, -1 + 0.25, 0.5], [0.25, 0.0, 0.0]])
    assert torch.equal(returns(rewards, 0.5), wanted)
    assert torch.equal(returns(rewards, 0.0), rewards)
    assert torch.equal(returns(rewards, 1.0), torch.tensor([[0.5, -0.5, 0.5], [0.25, 0.0, 0.0]]))


def _rewards(discriminator: RecurrentJudge) -> Tensor:
    objective = PerToken()
    return objective.token_reward(discriminator.judge(real_text()), discriminator.judge(every_sentence()))


def _exact(generator: Generator, discriminator: RecurrentJudge, discount: float) -> Tensor:
    """For every prefix, its probability times the gradient of the expected return that follows it."""
    text = every_sentence()
    log_prob = generator.log_prob(text)  # (40, T)
    rewards = _rewards(discriminator)
    total = torch.zeros(())
    for position in range(text.ids.shape[1]):
        before = log_prob[:, :position].sum(1).exp().detach()  # of the prefix, which is given
        after = log_prob[:, position:].sum(1).exp()
        follows = sum(
            (
                discount ** (later - position) * rewards[:, later]
                for later in range(position, rewards.shape[1])
            ),
            torch.zeros(len(text)),
        )
        # What comes after this token is drawn as it is: its gradient is counted at its own position.
        after = log_prob[:, position].exp() * (after / log_prob[:, position].exp()).detach()
        total = total + (before * after * follows)[text.mask[:, position]].sum()
    return flat(torch.autograd.grad(total, list(generator.parameters())))


@pytest.mark.parametrize("discount", [1.0, 0.4])
def test_the_gradient_is_that_of_the_discounted_returns(discount: float) -> None:
    generator, _ = players()
    discriminator = _discriminator()
    truth = _exact(generator, discriminator, discount)
    if discount == 1:  # then it is the gradient of one number, the expected sum of rewards
        probability = generator.log_prob(every_sentence()).sum(1).exp()
        value = (probability * _rewards(discriminator).sum(1)).sum()
        whole = flat(torch.autograd.grad(value, list(generator.parameters())))
        assert torch.allclose(truth, whole, atol=1e-6)
    torch.manual_seed(1)
    found = estimates(Dense(discount, decay=0.9), generator, discriminator, PerToken(), batch=256, repeats=60)
    error = found.std(0) / len(found) ** 0.5
    deviations = ((found.mean(0) - truth) / error.clamp(min=1e-9))[truth != 0]
    assert deviations.abs().max() < 4.5
    assert error.norm() < 0.05 * truth.norm()
    assert (found.mean(0) - truth).norm() < 0.08 * truth.norm()
    other = _exact(generator, discriminator, 0.0)
    assert (found.mean(0) - other).norm() > 4 * (
        found.mean(0) - truth
    ).norm()  # a wrong discount would be seen


def test_the_log_is_of_tokens() -> None:
    generator, discriminator = players()[0], _discriminator()
    turn = Dense(0.5).turn(Situation(generator, discriminator, PerToken(), real_text(), Prompt(9), 3, 0.0))
    judged = discriminator.judge(turn.fake)
    rewards = PerToken().token_reward(judged, judged)
    tokens = turn.fake.mask.sum()
    assert torch.allclose(turn.log["reward"], rewards.sum() / tokens, atol=1e-6)
    assert torch.allclose(turn.log["return"], returns(rewards, 0.5).sum() / tokens, atol=1e-6)


def test_what_it_cannot_work_with_is_refused() -> None:
    generator, discriminator = players()
    with pytest.raises(Mistake, match="'per-token'"):
        Dense().meet(discriminator, Minimax())
    with pytest.raises(Mistake, match="'per-token'"):
        Dense().turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(4), 3, 0.0))
    with pytest.raises(Mistake, match="'recurrent'"):
        Dense().turn(Situation(generator, discriminator, PerToken(), real_text(), Prompt(4), 3, 0.0))
    with pytest.raises(ValueError, match="discount"):
        Dense(discount=1.2)
