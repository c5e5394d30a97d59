"""A recipe's generator and discriminator (the players of the game), with weights of earlier runs where it asks."""

from __future__ import annotations

import torch

from textgan.assembly.fitting import check_one_space
from textgan.assembly.material import Material
from textgan.assembly.part import is_own, part
from textgan.assembly.recipe import Recipe
from textgan.assembly.rehearsal import rehearse_generator, rehearse_judge
from textgan.assembly.starting import start_checkpoint, take_judge
from textgan.training import checkpoints
from textgan.types import Discriminator, Generator


def players(
    recipe: Recipe, material: Material, device: torch.device
) -> tuple[Generator, Discriminator | None]:
    """Build both on `device` and let them `meet`; None in place of a discriminator if there is none. Raises Mistake."""
    settings = recipe.settings
    classes = len(material.corpus.label_names)
    handed = {
        "vocabulary": material.tokenizer.vocabulary,
        "vectors": material.vectors,
        "length": settings.length,
        "classes": classes,
    }
    generator: Generator = part(recipe, "generator", **handed).to(device)
    given: Discriminator | None = part(recipe, "discriminator", **handed, decode=material.tokenizer.decode)
    discriminator = given or Discriminator()
    check_one_space(generator, discriminator)
    discriminator = discriminator.to(device)
    generator.meet(discriminator)
    if settings.start:
        # Only after `meet`, where a generator that reads the discriminator adds layers of its size.
        start = start_checkpoint(settings.start)
        checkpoints.load_player(start, "generator", generator)
        if generator.reads_judge:
            checkpoints.load_player(start, "discriminator", discriminator)
    discriminator.meet(generator)
    if settings.judge:
        take_judge(settings.judge, discriminator, generator, material.tokenizer, settings)
    _rehearse(recipe, generator, given, classes)
    return generator, given


def _rehearse(
    recipe: Recipe, generator: Generator, discriminator: Discriminator | None, classes: int
) -> None:
    """Try out a generator or discriminator from a user's own file; the toolkit's own are covered by tests."""
    length = recipe.settings.length
    if is_own(recipe, "generator", generator):
        rehearse_generator(generator, length, classes)
    if discriminator is not None and is_own(recipe, "discriminator", discriminator):
        rehearse_judge(discriminator, generator.vocabulary, length, classes)
