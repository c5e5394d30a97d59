"""Each estimator against the exact gradient, found by listing every sentence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus
from toy import (
    LENGTH,
    VOCABULARY,
    WORDS,
    estimates,
    every_sentence,
    exact_gradient,
    expected_reward,
    flat,
    players,
    real_text,
)

from textgan.objectives.adversarial import Minimax, NonSaturating, RelativisticAverage
from textgan.strategies.gumbel import Gumbel
from textgan.strategies.reinforce import Reinforce
from textgan.strategies.rollouts import Completions, roll_out
from textgan.types import Discriminator, Prompt, Situation, Text

BASELINES = ["none", "batch", "ema", "leave-one-out", "q-difference"]
CASES = [(baseline, rollouts) for baseline in BASELINES for rollouts in (0, 2)]
CASES.remove(("q-difference", 0))


def test_the_sentences_are_all_there_is() -> None:
    generator, _ = players()
    probability = generator.log_prob(every_sentence()).detach().double().sum(1).exp().sum()
    assert float(probability) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("baseline", "rollouts"), CASES)
def test_reinforce_matches_the_exact_gradient(baseline: str, rollouts: int) -> None:
    generator, discriminator = players()
    objective = Minimax()
    truth = exact_gradient(generator, discriminator, objective)
    torch.manual_seed(1)
    strategy = Reinforce(rollouts=rollouts, rollout_lag=0.0, baseline=baseline)  # type: ignore[arg-type]
    found = estimates(strategy, generator, discriminator, objective, batch=256, repeats=40)
    error = found.std(0) / len(found) ** 0.5
    deviations = ((found.mean(0) - truth) / error.clamp(min=1e-9))[truth != 0]
    # Some 130 coordinates: the largest of as many standard normals stays below 4.5 but once in 1,500 tries.
    assert deviations.abs().max() < 4.5
    # And the error is small enough for a wrong estimator to be seen: 10% off in scale, or any wrong token.
    assert error.norm() < 0.07 * truth.norm()
    assert (found.mean(0) - truth).norm() < 0.1 * truth.norm()


@pytest.mark.parametrize("objective", [NonSaturating(), Minimax(bounded_reward=False)])
def test_reinforce_follows_any_objective(objective: object) -> None:
    generator, discriminator = players(seed=3)
    truth = exact_gradient(generator, discriminator, objective)  # type: ignore[arg-type]
    torch.manual_seed(2)
    found = estimates(Reinforce(rollouts=0), generator, discriminator, objective, batch=256, repeats=40)  # type: ignore[arg-type]
    assert (found.mean(0) - truth).norm() < 0.1 * truth.norm()


def test_reinforce_follows_an_objective_of_means() -> None:
    """Minus the generator's loss where the batch is the whole distribution: its mean score is the expected one."""
    generator, discriminator = players(seed=3)
    real, score = discriminator.judge(real_text()).score, discriminator.judge(every_sentence()).score
    probability = generator.log_prob(every_sentence()).sum(1).exp()  # (40,)
    on_fake = probability @ softplus(real.mean() - score)
    on_real = softplus(real - probability @ score).mean()
    truth = flat(torch.autograd.grad(-on_fake - on_real, list(generator.parameters())))
    torch.manual_seed(2)
    found = estimates(Reinforce(0), generator, discriminator, RelativisticAverage(), batch=1024, repeats=40)
    assert (found.mean(0) - truth).norm() < 0.03 * truth.norm()


def test_baselines_and_rollouts_lower_the_variance() -> None:
    generator, discriminator = players()
    spread = {}
    for name, strategy in {
        "none": Reinforce(rollouts=0, baseline="none"),
        "leave-one-out": Reinforce(rollouts=0, baseline="leave-one-out"),
        "rollouts": Reinforce(rollouts=8, rollout_lag=0.0, baseline="leave-one-out"),
    }.items():
        torch.manual_seed(4)
        spread[name] = float(estimates(strategy, generator, discriminator, Minimax(), 128, 200).var(0).sum())
    assert spread["leave-one-out"] < 0.5 * spread["none"]
    assert spread["rollouts"] < 0.8 * spread["leave-one-out"]


def test_gumbel_bias_vanishes_with_the_temperature() -> None:
    """Also through the decision to end: with a hard mask in place of presence, a quarter of the gradient is lost."""
    objective = Minimax(bounded_reward=False)  # its reward is minus its generator loss, exactly

    def bias(temperature: float, by_mask: bool = False) -> float:
        generator, discriminator = players(seed=1)
        truth = exact_gradient(generator, discriminator, objective)
        if by_mask:
            discriminator.judge = lambda text: discriminator(*_masked(discriminator, text))  # type: ignore[method-assign]
        torch.manual_seed(5)
        strategy = Gumbel(temperature, hard=False)
        found = estimates(strategy, generator, discriminator, objective, batch=4096, repeats=20)
        assert found.std(0).norm() / 20**0.5 < 0.03 * truth.norm()  # what follows is bias, not noise
        return float((found.mean(0) - truth).norm() / truth.norm())

    biases = [bias(2.0), bias(0.5), bias(0.1)]
    assert biases[0] > 2 * biases[1] > 4 * biases[2]
    assert biases[2] < 0.08
    assert bias(0.1, by_mask=True) > 0.2


def _masked(discriminator: Discriminator, text: Text) -> tuple[Tensor, Tensor]:
    text = replace(text, presence=None)
    return discriminator.embed(text), text.mask


def test_gumbel_draws_are_those_of_the_generator() -> None:
    """The ids under the noise are exact draws at any temperature: the mean reward is the expected one."""
    generator, discriminator = players()
    torch.manual_seed(6)
    fake = generator.write(Prompt(20_000), 3, Gumbel(0.7).sampler(0.0))
    seen = torch.zeros(VOCABULARY.size).index_add(0, fake.ids[:, 0], torch.ones(len(fake)))
    wanted = generator.logits(fake[:1])[0, 0].softmax(-1)
    assert torch.allclose(seen / len(fake), wanted, atol=0.02)
    reward = (
        Minimax().reward(discriminator.judge(fake), discriminator.judge(Text(fake.ids, fake.mask))).detach()
    )
    wanted_reward = float(expected_reward(generator, discriminator, Minimax()).detach())
    assert abs(float(reward.mean()) - wanted_reward) < 4 * float(reward.std()) / len(fake) ** 0.5


@pytest.mark.parametrize("term", ["entropy", "kl"])
def test_entropy_is_raised_and_the_divergence_lowered(term: str) -> None:
    """What the term adds to the gradient, against that of its mean per token over every sentence there is."""
    start, discriminator = players()
    generator, _ = players(seed=9)
    text = every_sentence()
    probability = generator.log_prob(text).sum(1).exp().detach()  # (40,): prefixes are taken as given
    ours, theirs = generator.logits(text).log_softmax(-1), start.logits(text).log_softmax(-1).detach()
    each = -(ours.exp() * ours).sum(-1) if term == "entropy" else -(ours.exp() * (ours - theirs)).sum(-1)
    mean = (probability @ (each * text.mask).sum(1)) / (probability @ text.mask.sum(1).float())
    truth = 0.5 * flat(torch.autograd.grad(mean, list(generator.parameters())))
    found = []
    for weight in (0.5, 0.0):
        strategy = Reinforce(rollouts=0, **{term: weight})
        strategy.begin(start)
        strategy.begin = lambda generator: None  # type: ignore[method-assign]  # the generator has moved since
        torch.manual_seed(3)  # the same sentences: only the term is different
        found.append(estimates(strategy, generator, discriminator, Minimax(), batch=8192, repeats=1)[0])
    assert (found[0] - found[1] - truth).norm() < 0.05 * truth.norm()


@pytest.mark.parametrize("lag", [0.8, 0.0])
def test_completions_are_the_rollout_policy_s(lag: float, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, discriminator = players()
    strategy = Reinforce(rollouts=2, rollout_lag=lag)
    strategy.begin(generator)
    assert (strategy.rollout_policy is None) == (lag == 0)
    word = WORDS[1]
    if strategy.rollout_policy is not None:
        strategy.rollout_policy.output.bias[word] += 100  # type: ignore[union-attr, operator, index]
    seen: list[Completions] = []

    def watched(*given: Any, **options: Any) -> Completions:
        seen.append(roll_out(*given, **options))
        return seen[-1]

    monkeypatch.setattr("textgan.strategies.reinforce.roll_out", watched)
    torch.manual_seed(0)
    strategy.turn(Situation(generator, discriminator, Minimax(), real_text(), Prompt(64), LENGTH, 0.0))
    (made,) = seen
    after = made.text.mask & (torch.arange(made.text.ids.shape[1]) >= made.kept.unsqueeze(1))
    assert after.any() and bool((made.text.ids[after] == word).all()) == (lag > 0)
