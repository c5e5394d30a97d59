"""What the two strategies share whose gradient runs through the written text itself."""

from __future__ import annotations

import torch

from textgan.types import Discriminator, Generator, Objective, Prompt, Sampler, Text, Turn


def pathwise_turn(
    generator: Generator,
    discriminator: Discriminator,
    objective: Objective,
    real: Text,
    prompt: Prompt,
    length: int,
    sampler: Sampler,
) -> Turn:
    """Write with a graph, judge, and take the objective's generator loss."""
    fake = generator.write(prompt, length, sampler)
    with torch.no_grad():
        verdict_real = discriminator.judge(real)
    verdict_fake = discriminator.judge(fake)
    loss = objective.generator_loss(verdict_real, verdict_fake)
    with torch.no_grad():
        reward = objective.reward(verdict_real, verdict_fake).mean()
    return Turn(loss, fake.detach(), {"g-loss": loss.detach(), "reward": reward})
