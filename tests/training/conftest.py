"""A corpus and recipes small enough to train for real in a test."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from textgan.assembly.recipe import Recipe

SUBJECTS = ["a dog", "the cat", "one small bird", "my friend", "a very old man"]
VERBS = ["sees", "likes", "follows", "forgets"]
OBJECTS = ["the red ball", "a house", "some fish , bread and wine", "it", "the other one", "a long road"]


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.txt"
    lines = [f"{s} {v} {o} ." for s, v, o in itertools.product(SUBJECTS, VERBS, OBJECTS)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def small_recipe(corpus_file: Path) -> Callable[..., Recipe]:
    """A recipe of the library on the small corpus with small models; the overrides given win."""

    def make(name: str, *overrides: str) -> Recipe:
        small = [
            f"corpus.path={corpus_file}",
            "corpus.validation=20",
            "corpus.test=30",
            "length=16",
            "generator.embedding=8",
            "generator.hidden=12",
            "discriminator.embedding=8",
            "discriminator.filters=4",
            "train.adversarial.batch=8",
            "train.adversarial.steps=4",
            "train.adversarial.d_steps=2",
            "evaluate={every: 2, samples: 20, final: 30}",
            "metrics=[bleu, self-bleu, nll]",
            "threads=1",
        ]
        if name != "wgan-gp-short":
            small += ["train.mle.epochs=2", "train.mle.batch=16"]
        if name not in ("wgan-gp-short", "relgan-short"):
            small += ["train.discriminator.steps=3", "train.discriminator.batch=8"]
        if name == "relgan-short":
            small = [one for one in small if not one.startswith("generator.hidden")]
            small += ["generator.head_size=6"]
        if name == "mle-short":
            others = ("discriminator", "train.discriminator", "train.adversarial")
            small = [one for one in small if not one.startswith(others)]
        given = [override.partition("=")[0] for override in overrides]
        kept = [
            one for one in small if not any(f"{one}=".startswith((f"{key}=", f"{key}.")) for key in given)
        ]
        return Recipe.load(name, [*kept, *overrides])

    return make
