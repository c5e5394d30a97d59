"""The pull back to the start: its gradient against the exact one, found by listing every sentence."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from toy import LENGTH, estimates, every_sentence, exact_gradient, flat, players, real_text

from textgan.objectives.adversarial import LogOdds, Minimax
from textgan.strategies.gradients import Estimates, estimate
from textgan.strategies.reinforce import Reinforce
from textgan.types import Generator, Prompt, Situation


def moved(generator: Generator, seed: int = 7) -> Generator:
    """Another policy of the same make."""
    other = copy.deepcopy(generator)
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.4)
    return other


def divergence(generator: Generator, start: Generator) -> torch.Tensor:
    """KL(generator || start) of whole sentences, nats, by the sum over all of them."""
    log_prob = generator.log_prob(every_sentence()).sum(1)
    return (log_prob.exp() * (log_prob - start.log_prob(every_sentence()).sum(1).detach())).sum()


@pytest.mark.parametrize(("baseline", "rollouts"), [("none", 0), ("leave-one-out", 0), ("q-difference", 2)])
def test_the_anchored_gradient_is_exact(baseline: str, rollouts: int) -> None:
    start, discriminator = players()
    generator, objective, weight = moved(start), Minimax(), 0.3
    parameters = list(generator.parameters())
    pull = flat(torch.autograd.grad(divergence(generator, start), parameters))
    truth = exact_gradient(generator, discriminator, objective) - weight * pull
    strategy = Reinforce(rollouts=rollouts, rollout_lag=0.0, baseline=baseline, anchor=weight)  # type: ignore[arg-type]
    strategy.begin(start)
    strategy.begin = lambda generator: None  # type: ignore[method-assign]  # the generator has moved since
    torch.manual_seed(1)
    found = estimates(strategy, generator, discriminator, objective, batch=256, repeats=40)
    error = found.std(0) / len(found) ** 0.5
    deviations = ((found.mean(0) - truth) / error.clamp(min=1e-9))[truth != 0]
    assert deviations.abs().max() < 4.5
    assert error.norm() < 0.07 * truth.norm()
    assert (found.mean(0) - truth).norm() < 0.1 * truth.norm()
    assert (
        weight * pull.norm() > 0.5 * truth.norm()
    )  # without the pull, or with its sign turned, this would fail


def test_at_the_start_there_is_no_pull() -> None:
    generator, discriminator = players()
    losses = {}
    for weight in (0.0, 5.0):
        strategy = Reinforce(rollouts=0, anchor=weight)
        strategy.begin(generator)
        torch.manual_seed(2)
        turn = strategy.turn(
            Situation(generator, discriminator, Minimax(), real_text(), Prompt(64), LENGTH, 0.0)
        )
        losses[weight] = flat(torch.autograd.grad(turn.loss, list(generator.parameters())))
    assert torch.allclose(losses[0.0], losses[5.0], atol=1e-6)
    assert turn.log["anchor"].abs() < 1e-6


def test_the_logged_drift_estimates_the_divergence() -> None:
    start, discriminator = players()
    generator = moved(start)
    strategy = Reinforce(rollouts=0, anchor=0.1)
    strategy.begin(start)
    torch.manual_seed(3)
    turn = strategy.turn(
        Situation(generator, discriminator, Minimax(), real_text(), Prompt(20_000), LENGTH, 0.0)
    )
    per_sentence = turn.log["anchor"] * turn.fake.mask.sum() / len(turn.fake)
    assert float(per_sentence) == pytest.approx(float(divergence(generator, start).detach()), rel=0.05)
    assert "kl" not in turn.log
    lonely = Reinforce(
        rollouts=0, baseline="none", anchor=0.1
    )  # one sentence has no others to be held against
    lonely.begin(start)
    turn = lonely.turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(1), LENGTH, 0.0))
    assert turn.loss.isfinite()


def test_the_logged_divergence_of_the_next_token() -> None:
    start, discriminator = players()
    generator = moved(start)
    strategy = Reinforce(rollouts=0, kl=0.1)
    strategy.begin(start)
    turn = strategy.turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(50), LENGTH, 0.0))
    ours, theirs = generator.logits(turn.fake).log_softmax(-1), start.logits(turn.fake).log_softmax(-1)
    each = (ours.exp() * (ours - theirs)).sum(-1)
    assert torch.allclose(turn.log["kl"], each[turn.fake.mask].mean().detach(), atol=1e-6)
    score = discriminator.judge(turn.fake).score
    assert torch.allclose(turn.log["reward"], score.sigmoid().mean(), atol=1e-6)


def test_a_strategy_in_mid_game_is_measured_with_its_own_anchor() -> None:
    """The bias against the exact gradient: none as it is, and that of the lost pull where it begins anew."""
    start, discriminator = players()
    generator, objective = moved(start), Minimax()
    pull = flat(torch.autograd.grad(divergence(generator, start), list(generator.parameters())))
    exact = Estimates.exact(exact_gradient(generator, discriminator, objective) - pull)
    place = Situation(generator, discriminator, objective, real_text(), Prompt(1024), LENGTH, 0.0)
    strategy = Reinforce(rollouts=0, anchor=1.0)
    strategy.begin(start)
    assert estimate(strategy, place, 60, begin=False).against(exact).bias < 0.06
    lost = float(pull.double().norm() / exact.mean.norm())
    assert estimate(strategy, place, 60).against(exact).bias == pytest.approx(lost, abs=0.06) and lost > 0.5


def test_a_rollout_policy_that_lags_behind_a_moving_generator_has_a_bias() -> None:
    """Measured where a game has come to, and not with a rollout policy that begins there."""
    generator, discriminator = players()
    place = Situation(generator, discriminator, LogOdds(), real_text(), Prompt(64), LENGTH, 0.0)
    lagging = Reinforce(rollouts=4, rollout_lag=0.8, baseline="q-difference")
    lagging.begin(generator)
    optimizer = torch.optim.Adam(generator.parameters(), lr=5e-2)
    torch.manual_seed(0)
    for _ in range(8):
        optimizer.zero_grad()
        lagging.turn(place).loss.backward()
        optimizer.step()
        lagging.after_step(generator)
    place = replace(place, prompt=Prompt(512))
    exact = Estimates.exact(exact_gradient(generator, discriminator, LogOdds()))
    fresh = Reinforce(rollouts=4, rollout_lag=0.0, baseline="q-difference")
    assert estimate(fresh, place, 60).against(exact).bias < 0.03
    assert estimate(lagging, place, 60, begin=False).against(exact).bias > 0.1
