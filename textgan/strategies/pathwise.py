"""The generator turn shared by `gumbel` and `embedding`: the gradient passes through the generated text itself."""

from __future__ import annotations

import torch

from textgan.types import Sampler, Situation, Turn


def pathwise_turn(situation: Situation, sampler: Sampler) -> Turn:
    """Write text that keeps its graph, judge it, and return the objective's generator loss."""
    discriminator, objective = situation.discriminator, situation.objective
    fake = situation.generator.write(situation.prompt, situation.length, sampler)
    with torch.no_grad():
        verdict_real = discriminator.judge(situation.real)
    verdict_fake = discriminator.judge(fake)
    loss = objective.generator_loss(verdict_real, verdict_fake)
    with torch.no_grad():
        reward = objective.reward(verdict_real, verdict_fake).mean()
    return Turn(loss, fake.detach(), {"g-loss": loss.detach(), "reward": reward})
